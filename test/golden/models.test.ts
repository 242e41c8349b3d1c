import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../../src/errors.js';
import {architectureSchema} from '../../src/models/architecture.js';
import {importKerasModel} from '../../src/models/keras-import.js';
import {RegistrationNetwork, type Prediction} from '../../src/models/registration-network.js';
import {countParameters, listWeights} from '../../src/models/weight-specs.js';
import {onEveryEngine} from '../support/engines.js';
import {
  goldenCases,
  goldenInputs,
  goldenModelPath,
  isAvailable,
  readDefaultListing,
  type GoldenCase,
} from './support/golden.js';
import {GoldenReport} from './support/golden-report.js';
import {toGolden, toTensors} from './support/tensors.js';

const report = new GoldenReport(['models']);
after(() => console.log(report.table()));

/** The original's names of our fields. */
const FIELDS: Readonly<Record<string, keyof Prediction>> = {
  svf: 'velocity',
  preint_flow: 'integrationVelocity',
  postint_flow: 'integrationDisplacement',
  pos_flow: 'displacement',
  neg_flow: 'inverseDisplacement',
  y_source: 'moved',
  y_target: 'movedBack',
};

onEveryEngine('golden models', (engine) => {
  for (const golden of goldenCases('models').filter(isAvailable)) {
    test(`${golden.name} gives the original's numbers`, async () => {
      if (golden.name === 'full_default_listing') {
        checkListing();
        report.pass(engine, golden, 'every layer, shape and count');
      } else if (!golden.works) {
        checkIndivisibleShape(golden);
        report.pass(engine, golden, 'refused, as by the original');
      } else {
        await checkFields(engine, golden);
      }
    });
  }
  test('every case ran', () => {
    assert.deepEqual(report.missing(engine), []);
  });
});

async function checkFields(engine: string, golden: GoldenCase): Promise<void> {
  const {description, weights} = await importKerasModel(goldenModelPath(golden));
  const before = tf.memory().numTensors;
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  const {source: moving, target: fixed} = toTensors(goldenInputs(golden));
  try {
    for (const [index, values] of (golden.hyper_values ?? [undefined]).entries()) {
      tf.tidy(() => {
        const prediction = network.predict({
          moving,
          fixed,
          ...(values && {hyperparameters: tf.tensor2d([[...values]])}),
        });
        const suffix = values ? `.${index}` : '';
        for (const [theirs, ours] of Object.entries(FIELDS)) {
          const field = prediction[ours];
          if (!field || !(theirs + suffix in golden.outputs)) continue;
          report.check(engine, golden, theirs + suffix, toGolden(field));
        }
      });
    }
  } finally {
    network.dispose();
    tf.dispose([moving, fixed]);
  }
  assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
}

function checkIndivisibleShape(golden: GoldenCase): void {
  const shape = golden.args.inshape as number[];
  const network = RegistrationNetwork.create(architectureSchema.parse({hypernetwork: {units: 1}}), {
    seed: 1,
  });
  const image = tf.zeros([1, ...shape, 1]);
  assert.throws(
    () => network.predict({moving: image, fixed: image, hyperparameters: tf.tensor2d([[0.5]])}),
    (error) =>
      error instanceof HypermorphError &&
      error.code === 'E_SHAPE' &&
      error.message === 'network: image sizes must be multiples of 16, got [32, 40, 48].',
  );
  network.dispose();
  image.dispose();
}

interface Listing {
  readonly parameters: number;
  readonly layers: readonly {readonly layer: string; readonly parameters: number}[];
}

/** The original's default network, layer by layer: names and parameter counts. */
function checkListing(): void {
  const listing = readDefaultListing() as Listing;
  const architecture = architectureSchema.parse({});
  const ours = new Map<string, number>();
  for (const {name, shape} of listWeights(architecture)) {
    const layer = name.split('/')[0].replace('hypernetwork_', 'hyp_');
    const length = shape.reduce((product, size) => product * size, 1);
    ours.set(layer, (ours.get(layer) ?? 0) + length);
  }
  const theirs = listing.layers
    .filter(({parameters}) => parameters > 0)
    .map(({layer, parameters}) => [layer.replace('hyper_vxm_dense_', ''), parameters] as const);
  assert.deepEqual([...ours].sort(), [...theirs].sort());
  assert.equal(countParameters(architecture), listing.parameters);
}
