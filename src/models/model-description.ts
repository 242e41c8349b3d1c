import * as z from 'zod';
import {HypermorphError} from '../errors.js';
import {architectureSchema, planUnet} from './architecture.js';
import {explainFaults} from './explain-schema.js';

/** Version of the model file that this code writes and reads. */
export const MODEL_FORMAT_VERSION = 1;

/** The two ends of each anatomical axis, as the letters of an orientation. */
const AXIS_ENDS = ['LR', 'PA', 'IS'];

const hyperparameterValues = z.array(z.number());

const percentile = z.number().min(0).max(100);

/** How intensities are brought to [0, 1]. */
export const normalisationSchema = z.discriminatedUnion('kind', [
  z.strictObject({kind: z.literal('none')}),
  z.strictObject({kind: z.literal('minmax')}),
  z.strictObject({kind: z.literal('percentile'), low: percentile, high: percentile}),
]);

/** Everything about a model but its weights. Arrays over axes have one entry per dimension of the architecture. */
const descriptionObject = z.strictObject({
  formatVersion: z.literal(MODEL_FORMAT_VERSION),
  architecture: architectureSchema,
  /** The grid on which the network sees its images. */
  grid: z.strictObject({
    /** mm per voxel along the network's axes. Null: the spacing of the fixed image. */
    spacingMm: z.array(z.number().positive()).nullable(),
    /** Where the network's axes run to, e.g. `RAS`. Null: the axes of the fixed image. */
    orientation: z.string().nullable(),
    /** Sizes must be multiples of this along every axis. */
    multiple: z.int().positive(),
    /** Number of voxels along the network's axes in training. */
    trainingShape: z.array(z.int().positive()),
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
  /** By data set: the best hyperparameters over all labels and for single ones. */
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
    /** ISO 8601. */
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
  contentHash: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
});

type DescriptionObject = z.infer<typeof descriptionObject>;

/** What a description without contradictions must fulfil beyond its fields: path, requirement, and the value that fails it. */
function* findContradictions(
  description: DescriptionObject,
): Generator<{path: readonly (string | number)[]; requirement: string; value: unknown}> {
  const {architecture, grid, normalisation, hyperparameters, recommended} = description;
  const {dimensions} = architecture;
  const must = (path: readonly (string | number)[], requirement: string, value: unknown) => ({
    path,
    requirement,
    value,
  });
  try {
    planUnet(architecture);
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    const reason = error.message.replace(/\.$/, '');
    yield must(['architecture'], `make a network (${reason})`, architecture);
  }
  if (grid.spacingMm && grid.spacingMm.length !== dimensions) {
    yield must(['grid', 'spacingMm'], `have ${dimensions} numbers`, grid.spacingMm);
  }
  if (grid.trainingShape.length !== dimensions) {
    yield must(['grid', 'trainingShape'], `have ${dimensions} numbers`, grid.trainingShape);
  }
  if (grid.orientation !== null && !isOrientation(grid.orientation, dimensions)) {
    const example = 'RAS'.slice(0, dimensions);
    const requirement = `name ${dimensions} different axes, such as ${example}`;
    yield must(['grid', 'orientation'], requirement, grid.orientation);
  }
  if (normalisation.kind === 'percentile' && normalisation.low >= normalisation.high) {
    yield must(['normalisation', 'low'], 'be below normalisation.high', normalisation.low);
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

/** Whether letters name as many different axes as there are dimensions. */
export /** Whether letters name as many different axes as there are dimensions: `LIA`, or `RA` for planes. */
function isOrientation(letters: string, dimensions: number): boolean {
  const axes = Array.from(letters, (letter) =>
    AXIS_ENDS.findIndex((ends) => ends.includes(letter)),
  );
  return axes.length === dimensions && !axes.includes(-1) && new Set(axes).size === dimensions;
}

/** The description of a model as the file holds it. Defaults of the architecture are filled in by parsing. */
export const modelDescriptionSchema = descriptionObject.check((context) => {
  for (const {path, requirement, value} of findContradictions(context.value)) {
    context.issues.push({
      code: 'custom',
      path: [...path],
      message: `must ${requirement}`,
      params: {value},
      input: value,
    });
  }
});

export type ModelDescription = z.infer<typeof modelDescriptionSchema>;

/** A description to be completed: `formatVersion` and `contentHash` are added where it is written. */
export type ModelDraft = Omit<
  z.input<typeof modelDescriptionSchema>,
  'formatVersion' | 'contentHash'
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
