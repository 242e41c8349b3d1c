import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {lnccLoss, mseLoss} from '../../src/losses/similarity.js';
import {importKerasModel} from '../../src/models/keras-import.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {Adam} from '../../src/optimisers/adam.js';
import {lossGradients, type StepInputs} from '../../src/training/step.js';
import {onEveryEngine} from '../support/engines.js';
import {
  goldenCases,
  goldenInputs,
  goldenModelPath,
  goldenWeightNames,
  isAvailable,
  type GoldenCase,
} from './support/golden.js';
import {GoldenReport} from './support/golden-report.js';
import {toGolden, toTensors} from './support/tensors.js';

const report = new GoldenReport(['training']);
after(() => console.log(report.table()));

onEveryEngine('golden training', (engine) => {
  for (const golden of goldenCases('training').filter(isAvailable)) {
    test(`${golden.name}: twelve steps end in the original's weights`, async () => {
      await checkTraining(engine, golden);
    });
  }
  test('every case ran', () => {
    assert.deepEqual(report.missing(engine), []);
  });
});

async function checkTraining(engine: string, golden: GoldenCase): Promise<void> {
  const {args} = golden;
  const {description, weights} = await importKerasModel(goldenModelPath(golden));
  const before = tf.memory().numTensors;
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  const optimiser = new Adam({learningRate: args.lr as number});
  const {moving, fixed} = toTensors(goldenInputs(golden));
  const names = goldenWeightNames(golden);
  const options = {
    similarity: args.image_loss === 'ncc' ? lnccLoss() : mseLoss(args.image_sigma as number),
    penalty: 'l2',
    smoothnessScale: args.loss_mult as number,
  } as const;
  const curve = {total: [] as number[], image: [] as number[], smooth: [] as number[]};

  for (const [step, indices] of golden.pair_indices!.entries()) {
    const pick = (images: tf.Tensor) =>
      tf.tidy(() => tf.gather(images, tf.tensor1d([...indices], 'int32')));
    const values = golden.hyper_values![step];
    const inputs = {
      moving: pick(moving),
      fixed: pick(fixed),
      lambda: tf.tensor1d([...values]),
      hyperparameters: tf.tensor2d(values.map((value) => [value])),
    };
    if (step === 0) checkFirstPrediction(engine, golden, network, inputs);
    const {losses, gradients} = lossGradients(network, inputs, options);
    if (step === 0) {
      for (const [theirs, ours] of names) {
        report.check(engine, golden, `grad0/${theirs}`, toGolden(gradients[ours]));
      }
    }
    optimiser.update(network.weights, gradients);
    curve.total.push(losses.total);
    curve.image.push(losses.similarity);
    curve.smooth.push(losses.smoothness);
    tf.dispose([...Object.values(gradients), ...Object.values(inputs)]);
  }

  for (const [name, values] of Object.entries(curve)) {
    report.check(engine, golden, name, {shape: [values.length], data: Float32Array.from(values)});
  }
  for (const [theirs, ours] of names) {
    report.check(engine, golden, `final/${theirs}`, toGolden(network.weights.get(ours)!));
  }
  network.dispose();
  optimiser.dispose();
  tf.dispose([moving, fixed]);
  assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
}

function checkFirstPrediction(
  engine: string,
  golden: GoldenCase,
  network: RegistrationNetwork,
  inputs: StepInputs,
): void {
  tf.tidy(() => {
    const prediction = network.predict(inputs);
    report.check(engine, golden, 'moved_step0', toGolden(prediction.moved));
    report.check(engine, golden, 'svf_step0', toGolden(prediction.integrationVelocity));
  });
}
