import * as z from 'zod';
import {HypermorphError} from '../errors.js';
import {baseNameOf} from '../formats/bytes.js';
import {readFileBytes} from '../formats/files.js';
import {named} from '../formats/named.js';
import {sha256} from '../platform.js';
import {
  architectureSchema,
  findArchitectureContradictions,
  sizeMultiple,
  type Architecture,
} from './architecture.js';
import {explainContradiction, explainFaults} from '../explain-schema.js';
import {roundHalfToEven} from './field-sizes.js';
import {decodeKerasFile, type KerasFile, type KerasWeight} from './keras-file.js';
import {isOrientation, type ModelDraft} from './model-description.js';
import {completeDescription, type Model, type WeightTensor} from './model-file.js';
import {listWeights} from './weight-specs.js';

/** What a Keras file does not say about its model. */
export interface KerasImportOptions {
  /** mm per voxel along the network's axes, one number for all or one each; 1 unless told. Null: the spacing of the fixed image. */
  readonly spacingMm?: readonly number[] | null | undefined;
  /** Where the network's axes run to; RAS unless told, RA for slices. Null: the axes of the fixed image. */
  readonly orientation?: string | null | undefined;
  /** Min-max unless told. */
  readonly normalisation?: ModelDraft['normalisation'] | undefined;
  /** Named in error messages and in the provenance; the path unless told. */
  readonly name?: string;
}

/** No network has more of anything. */
const count = z.int().positive().max(16_384);

const sharedArguments = {
  inshape: z.array(count).min(2).max(3),
  nb_unet_features: z
    .union([count, z.tuple([z.array(count), z.array(count)])])
    .nullable()
    .default(null),
  nb_unet_levels: count.max(12).nullable().default(null),
  unet_feat_mult: z.number().positive().max(16).default(1),
  nb_unet_conv_per_level: count.max(64).default(1),
  int_steps: z.int().nonnegative().max(30).default(7),
  svf_resolution: count.default(1),
  int_resolution: count.default(2),
  /** Old name of int_resolution; goes before it. */
  int_downsize: count.nullable().default(null),
  /** Old name of svf_resolution 2; goes before it. */
  unet_half_res: z.boolean().default(false),
  bidir: z.boolean().default(false),
  src_feats: count.default(1),
  trg_feats: count.default(1),
  fill_value: z.number().nullable().default(null),
  /** Which field is the last output of the Keras model; the network is the same. */
  reg_field: z.string().default('preintegrated'),
  name: z.string().optional(),
  metadata: z.unknown().optional(),
  use_probs: z.literal(false).default(false),
  input_model: z.null().default(null),
  hyp_model: z.null().default(null),
};

/** Arguments of the two classes with the defaults of their constructors; a file may leave out any but `inshape`. */
const argumentsByClass = {
  VxmDense: z.strictObject({
    ...sharedArguments,
    nb_hyp_params: z.literal(0).default(0),
    nb_hyp_layers: count.default(6),
    nb_hyp_units: count.default(128),
  }),
  HyperVxmDense: z.strictObject({
    ...sharedArguments,
    nb_hyp_params: count.default(1),
    nb_hyp_layers: count.default(6),
    nb_hyp_units: count.default(128),
  }),
} as const;

type Arguments = z.infer<(typeof argumentsByClass)[keyof typeof argumentsByClass]>;

function fail(text: string, cause?: unknown): never {
  throw new HypermorphError('E_WEIGHTS', text, {cause});
}

/** Features per convolution; a number is spread over levels: f_l = round(n m^l), encoder f_0..f_{L-2}, decoder f_{L-1}..f_0. */
function listFeatures(args: Arguments): {encoder?: readonly number[]; decoder?: readonly number[]} {
  const {nb_unet_features: features, nb_unet_levels: levels} = args;
  if (features === null) return {};
  if (Array.isArray(features)) return {encoder: features[0], decoder: features[1]};
  if (levels === null) {
    fail(`nb_unet_levels must be given where nb_unet_features is a number (${features}).`);
  }
  const perLevel = Array.from({length: levels}, (_, level) =>
    roundHalfToEven(features * args.unet_feat_mult ** level),
  );
  const repeat = (list: readonly number[]) =>
    list.flatMap((value) => new Array<number>(args.nb_unet_conv_per_level).fill(value));
  return {encoder: repeat(perLevel.slice(0, -1)), decoder: repeat([...perLevel].reverse())};
}

function parseArguments({className, config}: KerasFile): Arguments {
  if (className !== 'VxmDense' && className !== 'HyperVxmDense') {
    fail(`the model must be a VxmDense or HyperVxmDense, got ${className}.`);
  }
  const schema: z.ZodType<Arguments> = argumentsByClass[className];
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const [fault] = explainFaults(schema, config, result.error, {whole: 'the list of arguments'});
  return fail(`the ${className} cannot be imported: ${fault}`, result.error);
}

function toArchitecture(args: Arguments): Architecture {
  const settings = {
    dimensions: args.inshape.length,
    hyperparameters: args.nb_hyp_params,
    hypernetwork: {layers: args.nb_hyp_layers, units: args.nb_hyp_units},
    unet: {...listFeatures(args), convolutionsPerLevel: args.nb_unet_conv_per_level},
    velocityResolution: args.unet_half_res ? 2 : args.svf_resolution,
    integrationResolution: args.int_downsize ?? args.int_resolution,
    integrationSteps: args.int_steps,
    bidirectional: args.bidir,
    movingChannels: args.src_feats,
    fixedChannels: args.trg_feats,
    fill: args.fill_value,
  };
  const result = architectureSchema.safeParse(settings);
  if (!result.success) {
    const [fault] = explainFaults(architectureSchema, settings, result.error, {whole: 'they'});
    return fail(`the model's arguments do not make a network: ${fault}`, result.error);
  }
  const [contradiction] = findArchitectureContradictions(result.data);
  if (contradiction) {
    const reason = explainContradiction(contradiction);
    return fail(`the model's arguments do not make a network: ${reason}`);
  }
  return result.data;
}

/** As Keras does it: the n-th weight of the file is the n-th of the network, whatever their names. */
function assignByOrder(
  architecture: Architecture,
  stored: readonly KerasWeight[],
): Map<string, WeightTensor> {
  const specs = listWeights(architecture);
  if (stored.length !== specs.length) {
    fail(`the network of this model must have ${specs.length} weights, got ${stored.length}.`);
  }
  return new Map(
    specs.map(({name, shape}, n) => {
      const weight = stored[n];
      if (weight.shape.join() !== shape.join()) {
        fail(
          `weight ${n + 1} ("${weight.name}", ours "${name}") must have shape [${shape.join(', ')}], got [${weight.shape.join(', ')}].`,
        );
      }
      return [name, {shape, data: weight.data}] as const;
    }),
  );
}

/** The network of a Keras file. */
async function readNetwork(bytes: Uint8Array) {
  const file = await decodeKerasFile(bytes);
  const args = parseArguments(file);
  const architecture = toArchitecture(args);
  return {file, args, architecture, weights: assignByOrder(architecture, file.weights)};
}

/**
 * Import a network that the original VoxelMorph or HyperMorph (class `VxmDense` or `HyperVxmDense`, Keras 2) saved as `.h5`.
 *
 * Weights are taken by order, as the original loads them. Every hyperparameter gets the range [0, 1] that HyperMorph trains.
 *
 * @param source - A path, or the bytes of the file.
 * @returns Description (with content hash) and weights in the order of `listWeights`, to be written by `writeModel`.
 * @throws {HypermorphError} E_WEIGHTS if the file is not such a model, or damaged; E_IO if it cannot be read; E_USAGE if spacing
 *   or orientation do not fit its dimensions.
 * @example
 * import {importKerasModel, writeModel} from 'hypermorph';
 * const model = await importKerasModel('model.h5');
 * model.description.provenance.imported?.className; // 'VxmDense'
 * await writeModel('imported.safetensors', model);
 */
export async function importKerasModel(
  source: string | Uint8Array,
  options: KerasImportOptions = {},
): Promise<Model> {
  const where = options.name ?? (typeof source === 'string' ? source : 'Keras model');
  const bytes = typeof source === 'string' ? await readFileBytes(source) : source;
  const {file, args, architecture, weights} = await named(where, () => readNetwork(bytes));
  const {dimensions} = architecture;
  const draft: ModelDraft = {
    architecture,
    grid: {
      spacingMm: spacingFor(dimensions, options.spacingMm),
      orientation: orientationFor(dimensions, options.orientation),
      multiple: sizeMultiple(architecture),
      trainingShape: args.inshape,
    },
    normalisation: options.normalisation ?? {kind: 'minmax'},
    hyperparameters: Array.from({length: architecture.hyperparameters}, (_, n) => ({
      name: architecture.hyperparameters === 1 ? 'lambda' : `lambda${n + 1}`,
      minimum: 0,
      maximum: 1,
    })),
    provenance: {
      tool: 'voxelmorph',
      imported: {
        file: baseNameOf(where),
        sha256: sha256([bytes]),
        className: file.className,
        config: {...file.config},
        registrationField: args.reg_field,
        ...(file.kerasVersion !== undefined && {kerasVersion: file.kerasVersion}),
      },
    },
  };
  return {description: completeDescription(draft, weights, where), weights};
}

/** One number per axis of the model. */
function spacingFor(
  dimensions: number,
  spacingMm: readonly number[] | null = [1],
): number[] | null {
  if (spacingMm === null) return null;
  if (spacingMm.length === 1) return new Array<number>(dimensions).fill(spacingMm[0]);
  if (spacingMm.length === dimensions) return [...spacingMm];
  throw new HypermorphError(
    'E_USAGE',
    `\`spacingMm\` must be one number, or ${dimensions} numbers for a model of ${dimensions} dimensions, got ${spacingMm.join(',')}.`,
  );
}

/** The axes of the model in capital letters. */
function orientationFor(
  dimensions: number,
  orientation: string | null = 'RAS'.slice(0, dimensions),
): string | null {
  const letters = orientation?.toUpperCase() ?? null;
  if (letters === null || isOrientation(letters, dimensions)) return letters;
  throw new HypermorphError(
    'E_USAGE',
    `\`orientation\` must name ${dimensions} different axes, such as ${'RAS'.slice(0, dimensions)}, for a model of ${dimensions} dimensions, got "${orientation}".`,
  );
}
