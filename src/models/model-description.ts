import * as z from 'zod';
import {HypermorphError} from '../errors.js';
import {
  checkContradictions,
  explainFaults,
  must,
  within,
  type Contradiction,
} from '../explain-schema.js';
import {architectureSchema, findArchitectureContradictions} from './architecture.js';

/** Version of the model file that this code writes and reads. */
export const MODEL_FORMAT_VERSION = 1;

/** The two ends of each anatomical axis, as the letters of an orientation. */
const AXIS_ENDS = ['LR', 'PA', 'IS'];

const hyperparameterValues = z.array(z.number());

const percentile = z.number().min(0).max(100);

/** How intensities are brought to [0, 1]. */
export const normalisationSchema = z.discriminatedUnion('kind', [
  z.strictObject({kind: z.literal('none')}).describe('Taken as they are.'),
  z.strictObject({kind: z.literal('minmax')}).describe('From the smallest to the largest.'),
  z
    .strictObject({kind: z.literal('percentile'), low: percentile, high: percentile})
    .describe('From one percentile to another; what is beyond is cut.'),
]);

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');

/** What registering does around a network. */
export const stagesSchema = z.strictObject({
  affine: z.enum(['auto', 'headers']),
  refine: z.enum(['auto', 'none']),
  keep: z.enum(['best', 'last']),
});

const sizeMm = z.number().positive().max(1e4);

/** Images that a model is for, by their sizes in mm along left-right, back-front, down-up. */
export const fieldOfViewSchema = z.strictObject({
  smallestMm: z.tuple([sizeMm, sizeMm, sizeMm]),
  largestMm: z.tuple([sizeMm, sizeMm, sizeMm]),
});

export type FieldOfView = z.infer<typeof fieldOfViewSchema>;

/** Everything about a model but its weights. Arrays over axes have one entry per dimension of the architecture. */
const descriptionObject = z.strictObject({
  formatVersion: z.literal(MODEL_FORMAT_VERSION),
  architecture: architectureSchema,
  /** The grid on which the network sees its images. */
  grid: z.strictObject({
    /** mm per voxel along the network's axes. Null: the spacing of the fixed image. */
    spacingMm: z.array(z.number().min(1e-4).max(1e4)).nullable(),
    /** Where the network's axes run to, e.g. `RAS`. Null: the axes of the fixed image. */
    orientation: z.string().nullable(),
    /** Sizes must be multiples of this along every axis. */
    multiple: z.int().positive().max(1024),
    /** Number of voxels along the network's axes in training. */
    trainingShape: z.array(
      z
        .int()
        .positive()
        .max(1 << 20),
    ),
  }),
  /** How intensities are brought to [0, 1], per image. */
  normalisation: normalisationSchema,
  /** The trained range of every hyperparameter, in the order of the network's input. */
  hyperparameters: z.array(
    z.strictObject({
      name: z.string().min(1),
      minimum: z.number(),
      maximum: z.number(),
      /** What to use when the user says nothing. */
      recommended: z.number().optional(),
    }),
  ),
  /** What registering does around the network unless told otherwise; see `stagesOf`. */
  stages: stagesSchema.optional(),
  /** Share of the labels that a labeller tells in what a refinement sets against the smoothness; 0.5 unless told. */
  labelWeight: z.number().min(0).max(1).optional(),
  /** Of those that come with the program, the one is chosen that names the field of view of both images; see `isMadeFor`. */
  fieldOfView: fieldOfViewSchema.optional(),
  /** By the kind of data, in words: the best hyperparameters over all labels and for single ones. */
  recommended: z
    .record(
      z.string().min(1),
      z.strictObject({
        overall: hyperparameterValues.optional(),
        labels: z.record(z.string().min(1), hyperparameterValues).optional(),
      }),
    )
    .optional(),
  /** Where the weights come from. Further entries are kept. */
  provenance: z.looseObject({
    /** Name and version of the program that trained or imported the model. */
    tool: z.string().optional(),
    toolVersion: z.string().optional(),
    /** ISO 8601; of earlier models. */
    date: z.string().optional(),
    /** The merged training configuration. */
    config: z.record(z.string(), z.unknown()).optional(),
    /** What it was trained on, in words. */
    data: z.string().optional(),
    steps: z.int().nonnegative().optional(),
    seed: z.number().optional(),
    loss: z.string().optional(),
    /** For models of other programs: the file that they were read from. */
    imported: z
      .looseObject({
        file: z.string(),
        sha256: z.string(),
        className: z.string(),
        config: z.record(z.string(), z.unknown()),
      })
      .optional(),
  }),
  /** SHA-256 over all tensors in the order of their names, see `hashWeights`. */
  contentHash: hash,
  /** SHA-256 of everything else that is said here, see `hashDescription`; files of earlier versions have none. */
  descriptionHash: hash.optional(),
});

type DescriptionObject = z.infer<typeof descriptionObject>;

/** What a description must fulfil beyond its single fields. */
function* findContradictions(description: DescriptionObject): Generator<Contradiction> {
  const {architecture, grid, normalisation, hyperparameters, recommended} = description;
  const {dimensions} = architecture;
  yield* within(['architecture'], findArchitectureContradictions(architecture));
  yield* within(['grid'], findAxesContradictions(grid, dimensions));
  yield* within(['normalisation'], findNormalisationContradictions(normalisation));
  yield* within(['fieldOfView'], findFieldOfViewContradictions(description.fieldOfView));
  if (grid.trainingShape.length !== dimensions) {
    yield must(['grid', 'trainingShape'], `have ${dimensions} numbers`, grid.trainingShape);
  }
  if (hyperparameters.length !== architecture.hyperparameters) {
    const requirement = `have ${architecture.hyperparameters} entries`;
    yield must(['hyperparameters'], requirement, hyperparameters);
  }
  for (const [n, {minimum, maximum, recommended: value}] of hyperparameters.entries()) {
    const path = ['hyperparameters', n];
    if (minimum > maximum) yield must([...path, 'minimum'], `be at most ${maximum}`, minimum);
    if (value !== undefined && (value < minimum || value > maximum)) {
      yield must([...path, 'recommended'], `lie in [${minimum}, ${maximum}]`, value);
    }
  }
  for (const [dataSet, best] of Object.entries(recommended ?? {})) {
    const lists = [...(best.overall ? [best.overall] : []), ...Object.values(best.labels ?? {})];
    if (lists.some((values) => values.length !== hyperparameters.length)) {
      yield must(['recommended', dataSet], `have ${hyperparameters.length} numbers each`, best);
    }
  }
}

/** What the axes of a grid must fulfil, in a model as in a training: one spacing and one letter for each. */
export function* findAxesContradictions(
  {
    spacingMm,
    orientation,
  }: {readonly spacingMm: readonly number[] | null; readonly orientation: string | null},
  dimensions: number,
): Generator<Contradiction> {
  if (spacingMm && spacingMm.length !== dimensions) {
    yield must(['spacingMm'], `have ${dimensions} numbers`, spacingMm);
  }
  if (orientation !== null && !isOrientation(orientation, dimensions)) {
    const example = 'RAS'.slice(0, dimensions);
    yield must(
      ['orientation'],
      `name ${dimensions} different axes, such as ${example}`,
      orientation,
    );
  }
}

/** A field of view that no image has would never be chosen. */
export function* findFieldOfViewContradictions(
  fieldOfView: FieldOfView | null | undefined,
): Generator<Contradiction> {
  if (!fieldOfView) return;
  for (const [axis, smallest] of fieldOfView.smallestMm.entries()) {
    const largest = fieldOfView.largestMm[axis];
    if (largest < smallest) yield must(['largestMm', axis], `be at least ${smallest}`, largest);
  }
}

/** The percentiles must have an order. */
export function* findNormalisationContradictions(
  normalisation: z.infer<typeof normalisationSchema>,
): Generator<Contradiction> {
  if (normalisation.kind === 'percentile' && normalisation.low >= normalisation.high) {
    yield must(['low'], 'be below normalisation.high', normalisation.low);
  }
}

/** Whether letters name as many different axes as there are dimensions: `LIA`, or `RA` for planes. */
export function isOrientation(letters: string, dimensions: number): boolean {
  const axes = Array.from(letters, (letter) =>
    AXIS_ENDS.findIndex((ends) => ends.includes(letter)),
  );
  return axes.length === dimensions && !axes.includes(-1) && new Set(axes).size === dimensions;
}

/** The description of a model as the file holds it. Defaults of the architecture are filled in by parsing. */
export const modelDescriptionSchema = descriptionObject.check(
  checkContradictions(findContradictions),
);

/** Everything that a model file says about its model. */
export type ModelDescription = z.infer<typeof modelDescriptionSchema>;

export type RegistrationStages = z.infer<typeof stagesSchema>;

/** The best answer for a pair: an affine first, a refinement after, and the one that fits best. */
export const ALL_STAGES: RegistrationStages = {affine: 'auto', refine: 'auto', keep: 'best'};

/** The network's answer as it is. */
export const NETWORK_ALONE: RegistrationStages = {affine: 'headers', refine: 'none', keep: 'last'};

/** What a model asks for; one of another program answers as it did there. */
export function stagesOf({stages, provenance}: ModelDescription): RegistrationStages {
  return stages ?? (provenance.imported === undefined ? ALL_STAGES : NETWORK_ALONE);
}

/** A description to be completed: `formatVersion` and the hashes are added where it is written. */
export type ModelDraft = Omit<
  z.input<typeof modelDescriptionSchema>,
  'formatVersion' | 'contentHash' | 'descriptionHash'
>;

/**
 * Check a description.
 *
 * @param where - Named in error messages.
 * @throws {HypermorphError} E_WEIGHTS that names the first entry that is wrong; an unknown version is said first.
 */
export function parseDescription(value: unknown, where: string): ModelDescription {
  const version = (value as {formatVersion?: unknown} | null)?.formatVersion;
  if (version !== MODEL_FORMAT_VERSION) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${where}: the format version of the model must be ${MODEL_FORMAT_VERSION}, got ${JSON.stringify(version)}.`,
      {hint: 'A higher version was written by a newer hypermorph: update hypermorph.'},
    );
  }
  const result = modelDescriptionSchema.safeParse(value);
  if (result.success) return result.data;
  const {error} = result;
  const [fault] = explainFaults(modelDescriptionSchema, value, error, {whole: 'it'});
  throw new HypermorphError('E_WEIGHTS', `${where}: in the model description, ${fault}`, {
    cause: error,
  });
}
