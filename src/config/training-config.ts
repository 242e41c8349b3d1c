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
  fieldOfViewSchema,
  findFieldOfViewContradictions,
  stagesSchema,
} from '../models/model-description.js';
import {findLabelContradictions} from './label-contradictions.js';
import {findRecommendationContradictions, recommendedForSchema} from './recommendations.js';
import {sourceSchema} from './sources.js';
import {
  distributionOf,
  findDistributionContradictions,
  weightDistributionSchema,
} from './weight-distribution.js';

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const notNegative = z.number().nonnegative();
const path = z.string().min(1);

const gridSchema = z.strictObject({
  shape: z
    .array(z.int().positive().max(8192))
    .min(2)
    .max(3)
    .optional()
    .describe(
      "Voxels along the network's axes, multiples of 2 to the number of levels; without it 160, 192, 224.",
    ),
  spacingMm: z
    .array(positive)
    .min(2)
    .max(3)
    .nullable()
    .optional()
    .describe(
      "Millimetres per voxel along the network's axes; null takes that of each image; without it 1.",
    ),
  orientation: z
    .string()
    .nullable()
    .optional()
    .describe("Where the network's axes run to; null takes those of each image; without it RAS."),
  centre: z
    .enum(['volume', 'reference'])
    .default('volume')
    .describe(
      '`volume` centres the grid on each image; `reference` is one grid in the world, centred on `reference`.',
    ),
  reference: path.nullable().default(null).describe('The image on whose centre the grid lies.'),
  align: z
    .enum(['none', 'affine'])
    .default('none')
    .describe(
      '`affine` brings every image onto `reference` by an affine first, as a registration with a search for one does with a pair.',
    ),
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
    percentile
      .extend({
        low: percentile.shape.low.default(0),
        high: percentile.shape.high.default(99.9),
      })
      .describe(String(percentile.description)),
  ])
  .default({kind: 'percentile', low: 0, high: 99.9});

const augmentationSchema = z.strictObject({
  rotationDegrees: notNegative.default(0).describe('About every axis.'),
  translationVox: notNegative.default(0).describe('Along every axis, voxels.'),
  scale: notNegative.default(0).describe('Of the logarithm of the scale along each axis.'),
  deformationVox: notNegative.default(0).describe('Of a smooth random velocity, voxels.'),
  deformationScaleVox: positive
    .default(24)
    .describe('Distance over which the random velocity varies, voxels.'),
  gamma: notNegative.default(0).describe('Of the logarithm of a power applied to the intensities.'),
  biasField: notNegative.default(0).describe('Of the logarithm of a smooth factor.'),
  noise: notNegative.default(0).describe('Of white noise; drawn uniformly up to this.'),
  blurVox: notNegative
    .default(0)
    .describe('Largest standard deviation of a Gaussian blur, voxels; drawn uniformly.'),
  flip: z
    .boolean()
    .default(false)
    .describe("Mirror along the network's first axis in half of the pairs."),
});

/** Augmentation that takes intensities to be in [0, 1], and keeps them there. */
export const SCALED_AMOUNTS = ['gamma', 'biasField', 'noise'] as const;

const lossSchema = z.strictObject({
  similarity: similaritySchema.default({kind: 'mse', sigma: 0.05}),
  penalty: z
    .enum(['l1', 'l2'])
    .default('l2')
    .describe('On the differences of the velocity between neighbouring voxels.'),
  smoothnessScale: positive
    .nullable()
    .default(null)
    .describe(
      'Factor of the smoothness; null takes `architecture.integrationResolution`, as the original.',
    ),
  labels: z
    .union([share, weightDistributionSchema])
    .default(0)
    .describe(
      'Share of the overlap of label maps in what stands against the smoothness, for pairs that have label maps: a number, or how it is drawn for every pair, by the kinds of `lambda`, where the network sees it (`architecture.hyperparameters: 2`).',
    ),
  labelsPerStep: z
    .int()
    .positive()
    .default(8)
    .describe('At most so many labels of a pair, drawn anew each time, are compared.'),
});

const optimiserSchema = z.strictObject({
  learningRate: positive.default(1e-4),
  schedule: z
    .enum(['constant', 'cosine'])
    .default('constant')
    .describe('`cosine` lowers the rate to `finalShare` of it over the steps of the run.'),
  finalShare: share.default(0.05),
  warmupSteps: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Steps over which the rate rises to its value.'),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: positive.default(1e-7),
});

const validationSchema = z.strictObject({
  sources: z.array(sourceSchema).default([]).describe('As `sources`; empty: no validation.'),
  pairs: z
    .int()
    .positive()
    .max(10_000)
    .default(4)
    .describe('Pairs, drawn once, the same for every validation.'),
  lambdas: z.array(share).min(1).max(1000).default([0.1, 0.5, 0.9]),
  labels: z
    .array(share)
    .min(1)
    .max(100)
    .default([0.5])
    .describe(
      'For each of these values of `loss.labels` all lambdas are measured, where the network sees it.',
    ),
  everySteps: z.int().positive().default(500),
  seed: z
    .int()
    .nonnegative()
    .default(1)
    .describe('Draws the pairs: trainings of other seeds are measured on the same ones.'),
});

const configObject = z.strictObject({
  architecture: architectureSchema.prefault({}).describe('The network.'),
  grid: gridSchema.prefault({}).describe('The grid on which the network sees its images.'),
  normalisation: normalisationSchema.describe('How intensities are brought to [0, 1], per image.'),
  sources: z
    .array(sourceSchema)
    .min(1)
    .describe(
      'Where pairs of images come from. Paths are read from the folder in which the command runs; `*` and `?` stand for parts of a name, `**` for any folders.',
    ),
  sameLabels: z
    .array(z.array(z.number()).min(2))
    .default([])
    .describe(
      'Groups of labels that count as one, such as those of the left and of the right side; a group with 0 first is left out.',
    ),
  augmentation: augmentationSchema
    .prefault({})
    .describe(
      'Random changes of every image: standard deviations, unless said otherwise. All zero is no change.',
    ),
  loss: lossSchema
    .prefault({})
    .describe(
      '(1 - lambda) · ((1 - labels) · similarity - labels · overlap) + lambda · smoothness of the velocity.',
    ),
  lambda: weightDistributionSchema
    .default({kind: 'ends', endProbability: 0.2})
    .describe('How lambda is drawn for every pair.'),
  optimiser: optimiserSchema.prefault({}).describe('Adam.'),
  initialisation: z
    .enum(['keras', 'balanced'])
    .default('keras')
    .describe(
      "`keras` starts as the original; `balanced` gives generated kernels the spread of He's start (Chang et al., ICLR 2020).",
    ),
  initialModel: path
    .nullable()
    .default(null)
    .describe(
      'A model file to start from, of the same architecture; it may lack the labeller, which then begins anew.',
    ),
  trains: z
    .enum(['all', 'labeller'])
    .default('all')
    .describe(
      '`labeller` leaves the network that registers as it is, such as that of `initialModel`, and trains the labeller beside it alone.',
    ),
  steps: z.int().positive().default(600_000),
  batch: z.int().positive().max(1024).default(1).describe('Pairs per step.'),
  seed: z.int().nonnegative().default(1),
  imageMemoryMib: notNegative
    .nullable()
    .default(null)
    .describe(
      "Memory for the images that were read, MiB; null is half of the machine's. What does not fit is read again each time.",
    ),
  volume: z
    .int()
    .nonnegative()
    .nullable()
    .default(null)
    .describe('Which volume of the files that hold several, counted from 0.'),
  geometry: z
    .enum(['auto', 'sform', 'qform'])
    .default('auto')
    .describe('Which placement in the headers to believe.'),
  checkpointEverySteps: z.int().positive().default(500),
  logEverySteps: z.int().positive().default(10),
  validation: validationSchema
    .prefault({})
    .describe(
      'Measured on pairs that are not trained on. `sources` as above; none: no validation.',
    ),
  recommendedLambda: share
    .nullable()
    .default(null)
    .describe(
      'What the model says to use where its user says nothing; null is what the last validation chose (highest Dice among sound deformations), else 0.3.',
    ),
  recommendedLabels: share
    .nullable()
    .default(null)
    .describe('The same of `loss.labels`, where the network sees it; else 0.5.'),
  labelWeight: share
    .nullable()
    .default(null)
    .describe(
      'Share of what the labeller tells (`architecture.labeller`) in what a refinement sets against the smoothness; null is 0.5.',
    ),
  recommendedFor: recommendedForSchema,
  fieldOfView: fieldOfViewSchema
    .nullable()
    .default(null)
    .describe('Sizes of the images it is for, mm along x, y, z; null: it is not chosen by size.'),
  stages: stagesSchema
    .nullable()
    .default(null)
    .describe(
      'What the model asks a registration to do around the network where its user says nothing; null is all: an affine before, a refinement after, and the best is kept.',
    ),
  storage: z
    .enum(['float32', 'float16', 'bfloat16'])
    .default('float32')
    .describe('How the model file holds its weights.'),
  dataDescription: z
    .string()
    .default('')
    .describe("What the model was trained on, in words, for the model's description."),
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
  if (grid.align === 'affine' && grid.centre !== 'reference') {
    yield must(['grid', 'centre'], 'be "reference" where grid.align is "affine"', grid.centre);
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
  const {architecture, lambda, loss, normalisation} = config;
  const {hyperparameters} = architecture;
  yield* within(['normalisation'], findNormalisationContradictions(normalisation));
  yield* within(['fieldOfView'], findFieldOfViewContradictions(config.fieldOfView));
  yield* findLabelContradictions(config);
  const readsScans = config.sources.some(({kind}) => !['labels', 'shapes'].includes(kind));
  for (const key of SCALED_AMOUNTS) {
    const amount = config.augmentation[key];
    if (normalisation.kind === 'none' && readsScans && amount > 0) {
      yield must(['augmentation', key], 'be 0 where normalisation.kind is "none"', amount);
    }
  }
  if (hyperparameters > 2) {
    yield must(['architecture', 'hyperparameters'], 'be 0, 1 or 2', hyperparameters);
  }
  yield* findDistributionContradictions(lambda, ['lambda'], {
    isSeen: hyperparameters > 0,
    unseenWhere: 'architecture.hyperparameters is 0',
  });
  yield* findDistributionContradictions(distributionOf(loss.labels), ['loss', 'labels'], {
    isSeen: hyperparameters > 1,
    unseenWhere: 'architecture.hyperparameters is below 2',
  });
  yield* findRecommendationContradictions(config);
}

export const trainingConfigSchema = completeConfig.check(checkContradictions(findContradictions));

export type TrainingConfig = z.infer<typeof trainingConfigSchema>;
export type Augmentation = z.infer<typeof augmentationSchema>;
