import {z} from 'zod';
import {HypermorphError} from '../errors.js';
import {architectureSchema, planUnet} from './architecture.js';

/** Version of the model file that this code writes and reads. */
export const MODEL_FORMAT_VERSION = 1;

/** The two ends of each anatomical axis, as the letters of an orientation. */
const AXIS_ENDS = ['LR', 'PA', 'IS'];

const hyperparameterValues = z.array(z.number());

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
  normalisation: z.discriminatedUnion('kind', [
    z.strictObject({kind: z.literal('none')}),
    z.strictObject({kind: z.literal('minmax')}),
    z.strictObject({
      kind: z.literal('percentile'),
      low: z.number().min(0).max(100),
      high: z.number().min(0).max(100),
    }),
  ]),
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

/** What a description without contradictions must fulfil beyond its fields: pairs of path and requirement. */
function* findContradictions(
  description: DescriptionObject,
): Generator<readonly [path: string, requirement: string]> {
  const {architecture, grid, normalisation, hyperparameters, recommended} = description;
  const {dimensions} = architecture;
  try {
    planUnet(architecture);
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    yield ['architecture', error.message];
  }
  if (grid.spacingMm && grid.spacingMm.length !== dimensions) {
    yield ['grid.spacingMm', `must have ${dimensions} numbers`];
  }
  if (grid.trainingShape.length !== dimensions) {
    yield ['grid.trainingShape', `must have ${dimensions} numbers`];
  }
  if (grid.orientation !== null && !isOrientation(grid.orientation, dimensions)) {
    yield [
      'grid.orientation',
      `must name ${dimensions} different axes, such as ${'RAS'.slice(0, dimensions)}`,
    ];
  }
  if (normalisation.kind === 'percentile' && normalisation.low >= normalisation.high) {
    yield ['normalisation', 'low must be below high'];
  }
  if (hyperparameters.length !== architecture.hyperparameters) {
    yield ['hyperparameters', `must have ${architecture.hyperparameters} entries`];
  }
  for (const [n, {minimum, maximum, recommended: value}] of hyperparameters.entries()) {
    if (minimum > maximum) yield [`hyperparameters.${n}`, 'minimum must not exceed maximum'];
    if (value !== undefined && (value < minimum || value > maximum)) {
      yield [`hyperparameters.${n}.recommended`, `must lie in [${minimum}, ${maximum}]`];
    }
  }
  for (const [dataSet, {overall, labels}] of Object.entries(recommended ?? {})) {
    const lists = [...(overall ? [overall] : []), ...Object.values(labels ?? {})];
    if (lists.some((values) => values.length !== hyperparameters.length)) {
      yield [`recommended.${dataSet}`, `must have ${hyperparameters.length} numbers each`];
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
  for (const [path, message] of findContradictions(context.value)) {
    context.issues.push({code: 'custom', path: path.split('.'), message, input: context.value});
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
  const [issue] = result.error.issues;
  const path = issue.path.map(String).join('.');
  throw new HypermorphError(
    'E_WEIGHTS',
    `${where}: the model description is wrong at ${path === '' ? 'its top' : path}: ${issue.message}.`,
    {cause: result.error},
  );
}
