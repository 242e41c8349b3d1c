import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import type {TrainingConfig} from '../../src/config/training-config.js';
import {HypermorphError} from '../../src/errors.js';
import {similarityLoss, similaritySchema} from '../../src/losses/table.js';

const SHAPES = 'sources: [{kind: shapes}]\n';

function decode(text: string, ...overrides: string[]): TrainingConfig {
  return decodeTrainingConfig(SHAPES + text, {where: 'configs/x.yaml', overrides});
}

test('a configuration that only says where its pairs come from has the original defaults', () => {
  const config = decode('');
  assert.deepEqual(config.architecture.unet.encoder, [16, 32, 32, 32]);
  assert.deepEqual(config.architecture.hypernetwork, {layers: 6, units: 128, rank: null});
  assert.deepEqual(config.loss.similarity, {kind: 'mse', sigma: 0.05});
  assert.deepEqual(config.lambda, {kind: 'ends', endProbability: 0.2});
  assert.equal(config.optimiser.learningRate, 1e-4);
  assert.equal(config.optimiser.epsilon, 1e-7);
  assert.equal(config.steps, 600_000);
  assert.equal(config.batch, 1);
});

test('the grid of planes has two numbers and two letters where nothing is said', () => {
  const {shape, spacingMm, orientation} = decode('architecture: {dimensions: 2}').grid;
  assert.deepEqual(
    {shape, spacingMm, orientation},
    {
      shape: [160, 192],
      spacingMm: [1, 1],
      orientation: 'RA',
    },
  );
  assert.equal(decode('').grid.orientation, 'RAS');
  assert.equal(decode('grid: {orientation: null}').grid.orientation, null);
});

const WRONG: readonly [setting: string, message: string][] = [
  [
    'architecture: {unet: {encoder: [16, 32, -32, 32]}}',
    'architecture.unet.encoder[2] must be a positive integer, got -32.',
  ],
  [
    'architecture: {unet: {encoder: [16, 3.5]}}',
    'architecture.unet.encoder[1] must be an integer, got 3.5.',
  ],
  [
    'architecture: {unet: {encoder: many}}',
    'architecture.unet.encoder must be a list, got "many".',
  ],
  ['steps: soon', 'steps must be a number, got "soon".'],
  ['architecture: {dimensions: 4}', 'architecture.dimensions must be 2 or 3, got 4.'],
  ['lamda: 3', 'lamda must be a known setting, got 3.'],
  ['optimiser: {learningRate: 0}', 'optimiser.learningRate must be a positive number, got 0.'],
  ['optimiser: {rate: 1}', 'optimiser.rate must be a known setting, got 1.'],
  [
    'lambda: {kind: normal}',
    'lambda.kind must be one of "ends", "uniform", "logOdds", "fixed", got "normal".',
  ],
  ['lambda: {kind: fixed, value: 2}', 'lambda.value must be a number of at most 1, got 2.'],
  [
    'lambda: {kind: logOdds, lowest: 9, highest: 2}',
    'lambda.lowest must be below lambda.highest, got 9.',
  ],
  ['grid: {shape: [100, 96, 96]}', 'grid.shape[0] must be a multiple of 16, got 100.'],
  ['grid: {shape: [96, 96]}', 'grid.shape must have 3 numbers, got [96,96].'],
  [
    'grid: {centre: reference}',
    'grid.reference must name an image where grid.centre is "reference", got null.',
  ],
  [
    'grid: {orientation: XYZ}',
    'grid.orientation must name 3 different axes, such as RAS, got "XYZ".',
  ],
  [
    'grid: {orientation: RAL}',
    'grid.orientation must name 3 different axes, such as RAS, got "RAL".',
  ],
  [
    'architecture: {dimensions: 2}\ngrid: {orientation: RAS}',
    'grid.orientation must name 2 different axes, such as RA, got "RAS".',
  ],
  [
    'architecture: {integrationSteps: 0}',
    'architecture.integrationSteps must be at least 1 where velocityResolution is 2, got 0.',
  ],
  [
    'architecture: {integrationResolution: 1}',
    'architecture.integrationResolution must be at least 2 where velocityResolution is 2, got 1.',
  ],
  [
    'architecture: {integrationResolution: 1000}',
    'architecture.integrationResolution must leave at least 2 voxels along every axis of grid.shape, got 1000.',
  ],
  [
    'architecture: {integrationResolution: 5}\ngrid: {shape: [48, 64, 48]}',
    'architecture.integrationResolution must divide grid.shape (48x64x48), got 5.',
  ],
  ['optimiser: {beta1: 1}', 'optimiser.beta1 must be a number below 1, got 1.'],
  ['optimiser: {beta2: 1}', 'optimiser.beta2 must be a number below 1, got 1.'],
  ['architecture: {hyperparameters: 3}', 'architecture.hyperparameters must be 0, 1 or 2, got 3.'],
  ['loss: {labels: 2}', 'loss.labels must be a number of at most 1, got 2.'],
  ['loss: {labels: half}', 'loss.labels must be a number or a group of settings, got "half".'],
  ['loss: {labels: {kind: fixed}}', 'loss.labels.value must be a number, got nothing.'],
  [
    'loss: {labels: {kind: normal}}',
    'loss.labels.kind must be one of "ends", "uniform", "logOdds", "fixed", got "normal".',
  ],
  [
    'loss: {labels: {kind: uniform}}',
    'loss.labels.kind must be "fixed" where architecture.hyperparameters is below 2, got "uniform".',
  ],
  [
    'architecture: {hyperparameters: 2}\nloss: {labels: {kind: logOdds, lowest: 9, highest: 2}}',
    'loss.labels.lowest must be below loss.labels.highest, got 9.',
  ],
  [
    'architecture: {hyperparameters: 0}',
    'lambda.kind must be "fixed" where architecture.hyperparameters is 0, got "ends".',
  ],
  [
    'grid: {align: affine}',
    'grid.centre must be "reference" where grid.align is "affine", got "volume".',
  ],
  [
    'recommendedFor: {brains: {lambda: 0.3, labels: 0.5}}',
    'recommendedFor.brains.labels must be left out where architecture.hyperparameters is 1, got 0.5.',
  ],
  [
    'lambda: {kind: logOdds, lowest: 0.25, highest: 4}\nrecommendedFor: {brains: {lambda: 0.1}}',
    'recommendedFor.brains.lambda must lie in [0.2, 0.8], got 0.1.',
  ],
  ['recommendedFor: {brains: 0.3}', 'recommendedFor.brains must be a group of settings, got 0.3.'],
  ['seed: -1', 'seed must be an integer of at least 0, got -1.'],
  ['storage: int8', 'storage must be one of "float32", "float16", "bfloat16", got "int8".'],
  [
    'architecture: {unet: {encoder: [16, 32, 32, 32], decoder: [32]}}',
    'architecture.unet.decoder must have at least 4 features, got [32].',
  ],
  ['sameLabels: [[3]]', 'sameLabels[0] must be a list of at least 2, got [3].'],
  ['sameLabels: [[3, 42], [42, 7]]', 'sameLabels[1] must name no label twice, got 42.'],
  ['sameLabels: [[3, 0]]', 'sameLabels[0] must have 0 first, if at all, got [3,0].'],
  [
    'architecture: {labeller: {labels: 0}}',
    'architecture.labeller.labels must be a positive integer, got 0.',
  ],
  [
    'architecture: {labeller: {labels: 2, decoder: [8]}}',
    'architecture.labeller.decoder must have at least 3 features, got [8].',
  ],
  [
    'architecture: {unet: {encoder: [8, 8], decoder: [8, 8]}, labeller: {labels: 2}}',
    'architecture.labeller.encoder must have at most 2 features, so that image sizes are multiples of what it divides by, got [16,32,64].',
  ],
  [
    'architecture: {inputResolution: 3}',
    'architecture.inputResolution must be a power of 2, got 3.',
  ],
  [
    'architecture: {inputResolution: 4}',
    'architecture.velocityResolution must be at least inputResolution (4), got 2.',
  ],
];

for (const [setting, message] of WRONG) {
  test(`"${setting}" is refused by path and value`, () => {
    assert.throws(() => decode(setting), {code: 'E_CONFIG', message: `configs/x.yaml: ${message}`});
  });
}

const WRONG_SOURCES: readonly (readonly [sources: string, message: string])[] = [
  [
    '{kind: labels, images: "*.nii"}',
    'sources[0].kind must be another where grid.align is "affine", got "labels".',
  ],
  [
    '{kind: scans, images: "*.nii"}',
    'loss.labels must be 0 where no source has label maps, got 0.5.',
  ],
  [
    '{kind: atlas, atlas: a.nii, images: "*.nii", labels: "*_l.nii"}',
    'sources[0].atlasLabels must be given with `labels`, or neither, got null.',
  ],
  [
    '{kind: pairs, pairs: [{fixed: a.nii, moving: b.nii, fixedLabels: c.nii}]}',
    'sources[0].pairs[0].movingLabels must be given with `fixedLabels`, or neither, got null.',
  ],
];

for (const [source, message] of WRONG_SOURCES) {
  test(`${source} is refused where labels count and images are aligned`, () => {
    const settings =
      'grid: {align: affine, centre: reference, reference: a.nii}\nloss: {labels: 0.5}';
    assert.throws(() => decode(settings, `sources=[${source}]`), {
      code: 'E_CONFIG',
      message: `configs/x.yaml: ${message}`,
    });
  });
}

test('labels that are drawn need label maps, as those of one weight do', () => {
  const settings = 'architecture: {hyperparameters: 2}\nloss: {labels: {kind: uniform}}';
  assert.throws(() => decode(settings, 'sources=[{kind: scans, images: "*.nii"}]'), {
    code: 'E_CONFIG',
    message:
      'configs/x.yaml: loss.labels must be 0 where no source has label maps, got {"kind":"uniform"}.',
  });
});

test('a labeller needs label maps', () => {
  const text = "architecture: {labeller: {labels: 2}}\nsources: [{kind: scans, images: 'a*.nii'}]";
  assert.throws(() => decodeTrainingConfig(text, {where: 'configs/x.yaml', overrides: []}), {
    code: 'E_CONFIG',
    message:
      /^configs\/x\.yaml: architecture\.labeller must be left out where no source has label maps/,
  });
});

test('scans that are not scaled cannot be changed as if they were; painted images can', () => {
  const unscaled = 'normalisation: {kind: none}\naugmentation: {gamma: 0.2, blurVox: 1}';
  assert.equal(decode(unscaled).augmentation.gamma, 0.2);
  assert.throws(() => decode(unscaled, 'sources=[{kind: scans, images: "*.nii"}]'), {
    code: 'E_CONFIG',
    message:
      'configs/x.yaml: augmentation.gamma must be 0 where normalisation.kind is "none", got 0.2.',
  });
});

test('a velocity of full size needs neither integration nor another resolution for it', () => {
  const config = decode(
    'architecture: {velocityResolution: 1, integrationSteps: 0, integrationResolution: 1}',
  );
  assert.equal(config.architecture.integrationSteps, 0);
});

test('every similarity has its defaults, and makes a loss', () => {
  const kinds = similaritySchema.options.map(({shape}) => shape.kind.value);
  assert.deepEqual(kinds, ['mse', 'lncc', 'tukey', 'mutualInformation']);
  for (const kind of kinds) {
    const {similarity} = decode(`loss: {similarity: {kind: ${kind}}}`).loss;
    assert.equal(typeof similarityLoss(similarity), 'function');
  }
});

test('a missing list of sources, an unknown kind and a source without images are named', () => {
  const sources = (text: string) => () => decodeTrainingConfig(text, {where: 'x.yaml'});
  assert.throws(sources('steps: 3'), {message: 'x.yaml: sources must be a list, got nothing.'});
  assert.throws(sources('sources: []'), {
    message: 'x.yaml: sources must be a list of at least 1, got [].',
  });
  assert.throws(sources('sources: [{kind: scans}]'), {
    message: 'x.yaml: sources[0].images must be a text or a list, got nothing.',
  });
  assert.throws(sources('sources: [{kind: movies}]'), {
    message:
      'x.yaml: sources[0].kind must be one of "scans", "atlas", "pairs", "labels", "shapes", got "movies".',
  });
});

test('several faults are all told: the first as message, the others as hint', () => {
  assert.throws(() => decode('batch: 0\nsteps: 0'), {
    message: 'configs/x.yaml: steps must be a positive integer, got 0.',
    hint: 'Also: batch must be a positive integer, got 0.',
  });
});

test('thousands of faults are told in a moment, the first ones', () => {
  const start = performance.now();
  const wrong = new Array<number>(3000).fill(0.5).join(', ');
  assert.throws(() => decode(`architecture: {unet: {encoder: [${wrong}]}}`), {
    message: 'configs/x.yaml: architecture.unet.encoder[0] must be an integer, got 0.5.',
    hint: /architecture\.unet\.encoder\[5\] must be an integer, got 0\.5\. 2994 more must be put right\.$/,
  });
  assert.ok(performance.now() - start < 5000);
});

test('text that is not YAML is refused with its line', () => {
  assert.throws(() => decode('steps: [1, 2'), {
    code: 'E_CONFIG',
    message: /^configs\/x\.yaml: must be YAML, got an error in line \d+: /,
  });
});

test('an override changes one setting, in lists too, and its value is YAML', () => {
  const config = decode(
    'architecture: {unet: {encoder: [8, 8, 8], decoder: [8, 8, 8]}}',
    'optimiser.learningRate=1e-3',
    'architecture.unet.encoder[2]=64',
    'grid.spacingMm=[2, 2, 2.5]',
    'sources[0].maps=3',
    'loss.similarity={kind: lncc}',
  );
  assert.equal(config.optimiser.learningRate, 1e-3);
  assert.deepEqual(config.architecture.unet.encoder, [8, 8, 64]);
  assert.deepEqual(config.grid.spacingMm, [2, 2, 2.5]);
  assert.deepEqual(config.sources[0], {
    kind: 'shapes',
    weight: 1,
    maps: 3,
    labels: 16,
    scaleVox: 16,
  });
  assert.deepEqual(config.loss.similarity, {kind: 'lncc', window: 9, epsilon: 1e-5, signed: false});
});

test('a wrong override is refused: without value, with a path that leads nowhere, with a wrong value', () => {
  assert.throws(() => decode('', 'steps'), {
    code: 'E_USAGE',
    message: 'an override must have the form path=value, got "steps".',
  });
  assert.throws(() => decode('', 'sources.kind=scans'), {
    code: 'E_USAGE',
    message:
      'an override must lead to a setting through groups and lists that exist, got "sources.kind=scans".',
  });
  assert.throws(() => decode('', 'steps=-3'), {
    code: 'E_CONFIG',
    message: 'configs/x.yaml: steps must be a positive integer, got -3.',
  });
});

test('a pattern without quotes, which YAML takes for an alias, is explained', () => {
  for (const [text, alias] of [
    ['sources: [{kind: scans, images: *.nii.gz}]', '*.nii.gz'],
    ['sources: [{kind: scans, images: [*sub, a.nii]}]', '*sub'],
    ['grid: {reference: *}', '*'],
  ]) {
    assert.throws(
      () => decodeTrainingConfig(text, {where: 'c.yaml'}),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_CONFIG' &&
        /c\.yaml: /.test(error.message),
      alias,
    );
  }
  assert.throws(() => decodeTrainingConfig('a: [*.nii.gz]', {where: 'c.yaml'}), {
    message: 'c.yaml: a text that begins with * must stand in quotes, got *.nii.gz.',
    hint: "Write '*.nii.gz'.",
  });
});

test('aliases of aliases are refused before they fill the memory', () => {
  const ten = (name: string) => `[${new Array<string>(10).fill(name).join(',')}]`;
  const bomb = `a: &a ${ten('1')}\nb: &b ${ten('*a')}\nc: &c ${ten('*b')}\nd: ${ten('*c')}`;
  assert.throws(
    () => decodeTrainingConfig(bomb, {where: 'c.yaml'}),
    /c\.yaml: must be YAML without aliases in aliases, got Excessive alias count/,
  );
});

test('numbers that no machine could follow are refused at once', () => {
  const start = performance.now();
  for (const [setting, says] of [
    ['sources[9999999].x=1', /must change an entry from 0 to 1 of sources, got/],
    ['grid.shape[7]=1', /must change an entry from 0 to 0 of grid\.shape, got/],
    ['validation.pairs=1000000000', /validation\.pairs must be an integer of at most 10000/],
    [
      'architecture.integrationSteps=1000000000',
      /integrationSteps must be an integer of at most 30/,
    ],
    ['architecture.hypernetwork.layers=10000000', /layers must be an integer of at most 64/],
    ['architecture.unet.encoder[0]=99999999', /encoder/],
    ['batch=1000000000', /batch must be an integer of at most 1024/],
  ] as const) {
    assert.throws(
      () => decodeTrainingConfig(SHAPES, {where: 'c.yaml', overrides: [setting]}),
      (error) => error instanceof HypermorphError && says.test(error.message),
      setting,
    );
  }
  const halves = `architecture: {unet: {encoder: [${new Array(3000).fill(0.5).join()}]}}\n${SHAPES}`;
  assert.throws(
    () => decodeTrainingConfig(halves, {where: 'c.yaml'}),
    /encoder\[0\] must be an integer/,
  );
  assert.ok(performance.now() - start < 20_000);
});
