import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../../src/errors.js';
import {diceLoss} from '../../src/losses/dice.js';
import {klLoss} from '../../src/losses/kl.js';
import {mutualInformation} from '../../src/losses/mutual-information.js';
import {lnccLoss, mseLoss, tukeyLoss} from '../../src/losses/similarity.js';
import {lnccMap} from '../../src/ops/lncc.js';
import {smoothness, type Penalty} from '../../src/ops/smoothness.js';
import {onEveryEngine} from '../support/engines.js';
import {goldenCases, goldenInputs, type GoldenCase} from './support/golden.js';
import {GoldenReport} from './support/golden-report.js';
import {gradientsOf, toGolden, toTensors} from './support/tensors.js';

const report = new GoldenReport(['losses']);
after(() => console.log(report.table()));

type Tensors = Record<string, tf.Tensor>;

/** Options of a case without those that are null, which stand for defaults. */
function given(golden: GoldenCase, names: Record<string, string>): Record<string, never> {
  const entries = Object.entries(names).map(([ours, theirs]) => [ours, golden.args[theirs]]);
  return Object.fromEntries(entries.filter(([, value]) => value !== null)) as Record<string, never>;
}

function runLoss(golden: GoldenCase, inputs: Tensors): tf.Tensor {
  const {args} = golden;
  const {y_true: fixed, y_pred: moved, vox_weight: weight} = inputs;
  switch (args.loss) {
    case 'MSE': {
      // The original's class gives one number over the batch, ours one per item.
      return tf.mean(mseLoss(args.image_sigma as number)(fixed, moved));
    }
    case 'NCC':
      return lnccLoss(given(golden, {window: 'win', epsilon: 'eps', signed: 'signed'}))(
        fixed,
        moved,
      );
    case 'TukeyBiweight':
      return tf.mean(tukeyLoss(args.c as number)(fixed, moved));
    case 'Grad': {
      const rough = smoothness(moved, args.penalty as Penalty, weight);
      return tf.mul(rough, (args.loss_mult as number | null) ?? 1);
    }
    case 'Dice':
      return diceLoss(fixed, moved);
    case 'KL':
      return klLoss(moved, {priorLambda: args.prior_lambda as number});
    case 'MutualInformation':
      return tf.neg(mutualInformation(fixed, moved, mutualInformationOptions(golden)));
    default:
      return mutualInformation(fixed, moved, mutualInformationOptions(golden));
  }
}

function mutualInformationOptions(golden: GoldenCase) {
  return given(golden, {
    bins: 'nb_bins',
    alpha: 'soft_bin_alpha',
    minimum: 'min_clip',
    maximum: 'max_clip',
  });
}

onEveryEngine('golden losses', (engine) => {
  for (const golden of goldenCases('losses')) {
    test(`${golden.name} gives the original's numbers`, () => {
      if (!golden.works) {
        checkRefusal(golden);
        report.pass(engine, golden, 'bin centres cannot be given, here as in the original');
        return;
      }
      tf.tidy(() => {
        const {y_true: fixed, ...rest} = toTensors(goldenInputs(golden));
        if ('cc' in golden.outputs) {
          report.check(engine, golden, 'cc', toGolden(lnccMap(fixed, rest.y_pred)));
          return;
        }
        report.check(engine, golden, 'value', toGolden(runLoss(golden, {y_true: fixed, ...rest})));
        const {vox_weight: weight, y_pred: moved} = rest;
        const gradients = gradientsOf(
          (tensors) =>
            runLoss(golden, {y_true: fixed, ...(weight && {vox_weight: weight}), ...tensors}),
          {y_pred: moved},
        );
        report.check(engine, golden, 'grad', toGolden(gradients.y_pred));
      });
    });
  }
  test('every case ran', () => {
    assert.deepEqual(report.missing(engine), []);
  });
});

function checkRefusal(golden: GoldenCase): void {
  const image = tf.zeros([1, 4, 4, 4, 1]);
  assert.throws(
    () => mutualInformation(image, image, {bins: golden.args.bin_centers as number}),
    (error) => error instanceof HypermorphError && error.code === 'E_RANGE',
  );
}
