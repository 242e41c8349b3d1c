import * as z from 'zod';
import {checkContradictions, must, within, type Contradiction} from '../explain-schema.js';
import {similaritySchema} from '../losses/table.js';
import {
  architectureSchema,
  findArchitectureContradictions,
  sizeMultiple,
} from '../models/architecture.js';
import {fieldSizes} from '../models/field-sizes.js';
import {
  findAxesContradictions,
  findNormalisationContradictions,
  normalisationSchema as modelNormalisation,
} from '../models/model-description.js';

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const notNegative = z.number().nonnegative();

/** Paths are read from the folder in which the command runs; `*` and `?` stand for parts of a name, `**` for any folders. */
const fileList = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

/** How often pairs come from this source, in proportion to the other sources. */
const weight = positive.default(1);

const shapesSource = z.strictObject({
  kind: z.literal('shapes'),
  weight,
  /** Number of different label maps, made once at the start. */
  maps: z.int().positive().default(16),
  /** Number of shapes in each map. */
  labels: z.int().min(2).max(255).default(16),
  /** Distance over which the outlines vary, voxels. */
  scaleVox: positive.default(16),
});

/** Where pairs of images come from. */
const sourceSchema = z.discriminatedUnion('kind', [
  /** Two different scans of the list, drawn independently. */
  z.strictObject({kind: z.literal('scans'), weight, images: fileList}),
  /** One atlas, always fixed, and a scan of the list. */
  z.strictObject({kind: z.literal('atlas'), weight, atlas: z.string().min(1), images: fileList}),
  /** Given pairs. */
  z.strictObject({
    kind: z.literal('pairs'),
    weight,
    pairs: z.array(z.strictObject({fixed: z.string().min(1), moving: z.string().min(1)})).min(1),
  }),
  /** Images painted from label maps in random contrasts, the same contrast for both. */
  z.strictObject({
    kind: z.literal('labels'),
    weight,
    images: fileList,
    /** How often label 0 is replaced by random shapes, one map for both images. */
    scenery: share.default(0),
  }),
  /** Images painted from random shapes: no data needed. */
  shapesSource,
]);

const gridSchema = z.strictObject({
  /** Voxels along the network's axes. */
  shape: z.array(z.int().positive()).min(2).max(3).optional(),
  /** mm per voxel along the network's axes; null takes that of each image. */
  spacingMm: z.array(positive).min(2).max(3).nullable().optional(),
  /** Where the network's axes run to; null takes those of each image. */
  orientation: z.string().nullable().optional(),
  /** `volume`: the grid is centred on each image; `reference`: one grid in the world, centred on `reference`. */
  centre: z.enum(['volume', 'reference']).default('volume'),
  reference: z.string().min(1).nullable().default(null),
});

/** The original's grid; planes have the first two of everything. */
const DEFAULT_GRID = {shape: [160, 192, 224], spacingMm: [1, 1, 1], orientation: 'RAS'} as const;

function completeGrid(grid: z.infer<typeof gridSchema>, dimensions: 2 | 3) {
  const {
    shape = DEFAULT_GRID.shape.slice(0, dimensions),
    spacingMm = DEFAULT_GRID.spacingMm.slice(0, dimensions),
    orientation = DEFAULT_GRID.orientation.slice(0, dimensions),
  } = grid;
  return {...grid, shape, spacingMm, orientation};
}

const [unscaled, minmax, percentile] = modelNormalisation.options;

const normalisationSchema = z
  .discriminatedUnion('kind', [
    unscaled,
    minmax,
    percentile.extend({
      low: percentile.shape.low.default(0),
      high: percentile.shape.high.default(99.9),
    }),
  ])
  .default({kind: 'percentile', low: 0, high: 99.9});

/** Random changes of every image; all zero is no change. Standard deviations unless said otherwise. */
const augmentationSchema = z.strictObject({
  rotationDegrees: notNegative.default(0),
  translationVox: notNegative.default(0),
  /** Of the logarithm of the scale along each axis. */
  scale: notNegative.default(0),
  /** Of a smooth random velocity, voxels. */
  deformationVox: notNegative.default(0),
  /** Distance over which the random velocity varies, voxels. */
  deformationScaleVox: positive.default(24),
  /** Of the logarithm of a power applied to the intensities. */
  gamma: notNegative.default(0),
  /** Of the logarithm of a smooth factor. */
  biasField: notNegative.default(0),
  /** Of white noise. */
  noise: notNegative.default(0),
  /** Largest standard deviation of a Gaussian blur, voxels, drawn uniformly. */
  blurVox: notNegative.default(0),
  /** Mirror along the network's first axis in half of the pairs. */
  flip: z.boolean().default(false),
});

/** Augmentation that takes intensities to be in [0, 1], and keeps them there. */
export const SCALED_AMOUNTS = ['gamma', 'biasField', 'noise'] as const;

const lossSchema = z.strictObject({
  similarity: similaritySchema.default({kind: 'mse', sigma: 0.05}),
  penalty: z.enum(['l1', 'l2']).default('l2'),
  /** Factor of the smoothness; null takes `architecture.integrationResolution`, as the original. */
  smoothnessScale: positive.nullable().default(null),
});

/** How lambda is drawn for every pair. */
const lambdaSchema = z
  .discriminatedUnion('kind', [
    /** With probability `endProbability` one of the ends, else uniform: the original's way. */
    z.strictObject({kind: z.literal('ends'), endProbability: share.default(0.2)}),
    z.strictObject({kind: z.literal('uniform')}),
    /** lambda / (1 - lambda) log-uniform between two odds. */
    z.strictObject({
      kind: z.literal('logOdds'),
      lowest: positive.default(0.01),
      highest: positive.default(100),
    }),
    /** Always one value. */
    z.strictObject({kind: z.literal('fixed'), value: share}),
  ])
  .default({kind: 'ends', endProbability: 0.2});

const optimiserSchema = z.strictObject({
  learningRate: positive.default(1e-4),
  /** `cosine` lowers the rate to `finalShare` of it over the steps of the run. */
  schedule: z.enum(['constant', 'cosine']).default('constant'),
  finalShare: share.default(0.05),
  /** Steps over which the rate rises to its value. */
  warmupSteps: z.int().nonnegative().default(0),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: positive.default(1e-7),
});

const validationSchema = z.strictObject({
  /** Empty: no validation. */
  sources: z.array(sourceSchema).default([]),
  /** Pairs, drawn once, the same for every validation. */
  pairs: z.int().positive().default(4),
  lambdas: z.array(share).min(1).default([0.1, 0.5, 0.9]),
  everySteps: z.int().positive().default(500),
});

/** Every setting of a training, with its default. */
const configObject = z.strictObject({
  /** The network. */
  architecture: architectureSchema.prefault({}),
  grid: gridSchema.prefault({}),
  normalisation: normalisationSchema,
  /** Where the training pairs come from. */
  sources: z.array(sourceSchema).min(1),
  augmentation: augmentationSchema.prefault({}),
  loss: lossSchema.prefault({}),
  lambda: lambdaSchema,
  optimiser: optimiserSchema.prefault({}),
  /** `keras` starts as the original; `balanced` gives generated kernels the spread of He's start (Chang et al., ICLR 2020). */
  initialisation: z.enum(['keras', 'balanced']).default('keras'),
  /** A model file to start from. */
  initialModel: z.string().min(1).nullable().default(null),
  steps: z.int().positive().default(600_000),
  /** Pairs per step. */
  batch: z.int().positive().default(1),
  seed: z.int().nonnegative().default(1),
  checkpointEverySteps: z.int().positive().default(500),
  logEverySteps: z.int().positive().default(10),
  validation: validationSchema.prefault({}),
  /** Of the model. */
  recommendedLambda: share.default(0.3),
  storage: z.enum(['float32', 'float16', 'bfloat16']).default('float32'),
  /** What the model was trained on, in words, for its description. */
  dataDescription: z.string().default(''),
});

/** With the defaults that depend on the number of dimensions. */
const completeConfig = configObject.transform((config) => ({
  ...config,
  grid: completeGrid(config.grid, config.architecture.dimensions),
}));

type ConfigObject = z.output<typeof completeConfig>;

function* findContradictions(config: ConfigObject): Generator<Contradiction> {
  const contradictions = [...findNetworkContradictions(config), ...findGridContradictions(config)];
  yield* contradictions;
  if (contradictions.length === 0) {
    yield* within(['architecture'], findFieldContradictions(config));
  }
  yield* findOtherContradictions(config);
}

function* findNetworkContradictions({architecture}: ConfigObject): Generator<Contradiction> {
  yield* within(['architecture'], findArchitectureContradictions(architecture));
  for (const channels of ['movingChannels', 'fixedChannels'] as const) {
    if (architecture[channels] !== 1) {
      yield must(['architecture', channels], 'be 1', architecture[channels]);
    }
  }
}

function* findGridContradictions({architecture, grid}: ConfigObject): Generator<Contradiction> {
  const {dimensions} = architecture;
  if (grid.shape.length !== dimensions) {
    yield must(['grid', 'shape'], `have ${dimensions} numbers`, grid.shape);
  }
  const multiple = sizeMultiple(architecture);
  for (const [axis, length] of grid.shape.entries()) {
    if (Number.isInteger(multiple) && length % multiple !== 0) {
      yield must(['grid', 'shape', axis], `be a multiple of ${multiple}`, length);
    }
  }
  yield* within(['grid'], findAxesContradictions(grid, dimensions));
  if (grid.centre === 'reference' && grid.reference === null) {
    yield must(['grid', 'reference'], 'name an image where grid.centre is "reference"', null);
  }
}

/** The displacement must have the size of the image, and its smoothness must be defined. */
function* findFieldContradictions({architecture, grid}: ConfigObject): Generator<Contradiction> {
  const {velocityResolution, integrationResolution, integrationSteps} = architecture;
  if (velocityResolution > 1 && integrationSteps === 0) {
    const where = `velocityResolution is ${velocityResolution}`;
    yield must(['integrationSteps'], `be at least 1 where ${where}`, integrationSteps);
    return;
  }
  if (velocityResolution > 1 && integrationResolution === 1) {
    const where = `velocityResolution is ${velocityResolution}`;
    yield must(['integrationResolution'], `be at least 2 where ${where}`, integrationResolution);
    return;
  }
  const {shape} = grid;
  const {integration, displacement} = fieldSizes(architecture, shape);
  if (integration.some((length) => length < 2)) {
    const requirement = 'leave at least 2 voxels along every axis of grid.shape';
    yield must(['integrationResolution'], requirement, integrationResolution);
  } else if (displacement.some((length, axis) => length !== shape[axis])) {
    const requirement = `divide grid.shape (${shape.join('x')})`;
    yield must(['integrationResolution'], requirement, integrationResolution);
  }
}

function* findOtherContradictions(config: ConfigObject): Generator<Contradiction> {
  const {architecture, lambda, normalisation} = config;
  const {hyperparameters} = architecture;
  yield* within(['normalisation'], findNormalisationContradictions(normalisation));
  const readsScans = config.sources.some(({kind}) => !['labels', 'shapes'].includes(kind));
  for (const key of SCALED_AMOUNTS) {
    const amount = config.augmentation[key];
    if (normalisation.kind === 'none' && readsScans && amount > 0) {
      yield must(['augmentation', key], 'be 0 where normalisation.kind is "none"', amount);
    }
  }
  if (lambda.kind === 'logOdds' && lambda.lowest >= lambda.highest) {
    yield must(['lambda', 'lowest'], 'be below lambda.highest', lambda.lowest);
  }
  if (hyperparameters > 1) {
    yield must(['architecture', 'hyperparameters'], 'be 0 or 1', hyperparameters);
  }
  if (hyperparameters === 0 && lambda.kind !== 'fixed') {
    yield must(
      ['lambda', 'kind'],
      'be "fixed" where architecture.hyperparameters is 0',
      lambda.kind,
    );
  }
}

export const trainingConfigSchema = completeConfig.check(checkContradictions(findContradictions));

export type TrainingConfig = z.infer<typeof trainingConfigSchema>;
export type Source = z.infer<typeof sourceSchema>;
export type Augmentation = z.infer<typeof augmentationSchema>;
export type LambdaDistribution = TrainingConfig['lambda'];
