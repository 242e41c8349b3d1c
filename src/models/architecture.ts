import * as z from 'zod';
import {HypermorphError} from '../errors.js';
import {explainContradiction, must, type Contradiction} from '../explain-schema.js';

/** No network that fits into a machine has more of anything; numbers beyond come from damaged or hostile files. */
const MOST = {
  levels: 10,
  layers: 64,
  width: 16_384,
  channels: 1024,
  resolution: 1024,
  steps: 30,
} as const;

const count = (most: number) => z.int().positive().max(most);
const features = z.array(count(MOST.width)).min(1);

/** A U-Net of its own kernels that tells the labels in one image, at the image's resolution. */
const labellerSchema = z.strictObject({
  labels: count(MOST.channels).describe('How many there are beside the background.'),
  encoder: features
    .default([16, 32, 64])
    .describe('Features of its convolutions, finest level first.'),
  decoder: features
    .default([64, 32, 32, 16])
    .describe('Deepest level first; what is beyond the levels follows at the finest one.'),
});

/** What a registration network is made of; with its weights, everything that is needed to run it. */
export const architectureSchema = z.strictObject({
  dimensions: z.union([z.literal(2), z.literal(3)]).default(3),
  hyperparameters: z
    .int()
    .nonnegative()
    .max(MOST.channels)
    .default(1)
    .describe(
      '0 is a plain VoxelMorph network: its convolutions hold their own kernels, and there is no hypernetwork. In training the first is lambda, the second the weight of the label maps (`loss.labels`).',
    ),
  hypernetwork: z
    .strictObject({
      layers: count(MOST.layers).default(6),
      units: count(MOST.width).default(128),
      rank: count(MOST.width)
        .nullable()
        .default(null)
        .describe(
          'Numbers that a last, linear layer leaves for the convolutions to be generated from; null is its units themselves.',
        ),
    })
    .prefault({}),
  unet: z
    .strictObject({
      encoder: features
        .default([16, 32, 32, 32])
        .describe('Features of its convolutions, finest level first.'),
      decoder: features
        .default([32, 32, 32, 32, 32, 16, 16])
        .describe('Deepest level first; what is beyond the levels follows at the finest one.'),
      convolutionsPerLevel: count(MOST.layers).default(1),
    })
    .prefault({}),
  inputResolution: count(MOST.resolution)
    .default(1)
    .describe(
      'Divisor of the image size at which the network that registers reads its images, a power of 2: 2 is the mean of every 2 x 2 x 2 voxels. A labeller reads the images themselves.',
    ),
  velocityResolution: count(MOST.resolution)
    .default(2)
    .describe(
      'Divisor of the image size: 2 is a velocity of half as many voxels along every axis.',
    ),
  integrationResolution: count(MOST.resolution)
    .default(2)
    .describe('The same of the grid on which the velocity is integrated.'),
  integrationSteps: z
    .int()
    .nonnegative()
    .max(MOST.steps)
    .default(7)
    .describe('Squarings; 0 takes the velocity for the displacement.'),
  bidirectional: z
    .boolean()
    .default(false)
    .describe(
      'Warps the fixed image to the moving one, too, and is judged by both images, and by label maps on both grids.',
    ),
  labeller: labellerSchema
    .optional()
    .describe(
      'A small U-Net beside it that tells the labels in each image, so that a refinement can compare them; without it there is none.',
    ),
  movingChannels: count(MOST.channels).default(1),
  fixedChannels: count(MOST.channels).default(1),
  fill: z
    .number()
    .nullable()
    .default(null)
    .describe('Value outside the moving image; null repeats its edge.'),
});

/** The settings of a network, all of them. */
export type Architecture = z.infer<typeof architectureSchema>;

/** What tells the labels in an image. */
export type Labeller = z.infer<typeof labellerSchema>;

/** What of an architecture lays out a U-Net. */
export type UnetArchitecture = Pick<
  Architecture,
  'unet' | 'inputResolution' | 'velocityResolution' | 'movingChannels' | 'fixedChannels'
>;

/** One convolution of the U-Net, in the order in which it runs. */
export interface ConvolutionSpec {
  /** The original's name: `enc_conv_<level>_<k>`, `dec_conv_<level>_<k>` or `dec_final_conv_<k>`. */
  readonly name: string;
  readonly inputChannels: number;
  readonly outputChannels: number;
}

/** The U-Net as a list of levels, each a list of convolutions. */
export interface UnetPlan {
  /** Finest first; each level ends in a skip and a max-pool by 2. */
  readonly encoder: readonly (readonly ConvolutionSpec[])[];
  /** Deepest first; after level l the result is up-sampled by 2 and joined with skip l where `joinsSkip[l's index]`. */
  readonly decoder: readonly (readonly ConvolutionSpec[])[];
  /** One per decoder level: whether up-sampling and concatenation follow it. */
  readonly joinsSkip: readonly boolean[];
  readonly final: readonly ConvolutionSpec[];
  /** Channels of the U-Net's result, the input of the flow convolution. */
  readonly outputChannels: number;
}

/** What keeps settings that are sound one by one from making a network; nothing where they do. */
export function* findArchitectureContradictions(
  architecture: Architecture,
): Generator<Contradiction> {
  yield* findUnetContradictions(architecture);
  const {labeller} = architecture;
  if (labeller === undefined) return;
  const levels = Math.log2(sizeMultiple(architecture));
  if (labeller.encoder.length > levels) {
    const requirement = `have at most ${levels} features, so that image sizes are multiples of what it divides by`;
    yield must(['labeller', 'encoder'], requirement, labeller.encoder);
  }
  for (const {path, requirement, value} of findUnetContradictions(unetOfLabeller(labeller))) {
    yield must(['labeller', ...path.slice(1)], requirement, value);
  }
}

function* findUnetContradictions(architecture: UnetArchitecture): Generator<Contradiction> {
  const {encoder, decoder, convolutionsPerLevel} = architecture.unet;
  if (encoder.length % convolutionsPerLevel !== 0) {
    yield must(['unet', 'encoder'], `have a multiple of ${convolutionsPerLevel} features`, encoder);
    return;
  }
  if (encoder.length / convolutionsPerLevel > MOST.levels) {
    yield must(['unet', 'encoder'], `have at most ${MOST.levels} levels`, encoder);
    return;
  }
  if (decoder.length > MOST.width / MOST.layers) {
    yield must(['unet', 'decoder'], `have at most ${MOST.width / MOST.layers} features`, decoder);
    return;
  }
  if (decoder.length < encoder.length) {
    yield must(['unet', 'decoder'], `have at least ${encoder.length} features`, decoder);
  }
  const {inputResolution, velocityResolution} = architecture;
  if (!Number.isInteger(Math.log2(inputResolution))) {
    yield must(['inputResolution'], 'be a power of 2', inputResolution);
  } else if (velocityResolution < inputResolution) {
    const requirement = `be at least inputResolution (${inputResolution})`;
    yield must(['velocityResolution'], requirement, velocityResolution);
  }
  const coarsest = sizeMultiple(architecture);
  if (Math.floor(Math.log2(architecture.velocityResolution)) > Math.log2(coarsest)) {
    yield must(['velocityResolution'], `be at most ${coarsest}`, architecture.velocityResolution);
  }
}

/**
 * Lay out the U-Net's convolutions with their channels.
 *
 * @throws {HypermorphError} E_CONFIG by path and value if the settings contradict each other.
 */
export function planUnet(architecture: UnetArchitecture): UnetPlan {
  const [contradiction] = findUnetContradictions(architecture);
  if (contradiction) throw new HypermorphError('E_CONFIG', explainContradiction(contradiction));
  const {
    encoder: encoderFeatures,
    decoder: decoderFeatures,
    convolutionsPerLevel,
  } = architecture.unet;
  const levels = encoderFeatures.length / convolutionsPerLevel;
  const {inputResolution, velocityResolution} = architecture;
  const skipped = Math.floor(Math.log2(velocityResolution / inputResolution));

  let channels = architecture.movingChannels + architecture.fixedChannels;
  const convolution = (name: string, outputChannels: number): ConvolutionSpec => {
    const spec = {name, inputChannels: channels, outputChannels};
    channels = outputChannels;
    return spec;
  };

  const skipChannels: number[] = [];
  const encoder = Array.from({length: levels}, (_, level) => {
    const convolutions = Array.from({length: convolutionsPerLevel}, (_unused, k) =>
      convolution(`enc_conv_${level}_${k}`, encoderFeatures[level * convolutionsPerLevel + k]),
    );
    skipChannels.push(channels);
    return convolutions;
  });

  const joinsSkip: boolean[] = [];
  const decoder = Array.from({length: levels}, (_, index) => {
    const level = levels - 1 - index;
    const convolutions = Array.from({length: convolutionsPerLevel}, (_unused, k) =>
      convolution(`dec_conv_${level}_${k}`, decoderFeatures[index * convolutionsPerLevel + k]),
    );
    const joins = level >= skipped;
    joinsSkip.push(joins);
    if (joins) channels += skipChannels[level];
    return convolutions;
  });

  const final = decoderFeatures
    .slice(encoderFeatures.length)
    .map((outputChannels, k) => convolution(`dec_final_conv_${k}`, outputChannels));
  return {encoder, decoder, joinsSkip, final, outputChannels: channels};
}

/** How many numbers the kernels are generated from. */
export function codeLength({hypernetwork: {units, rank}}: Architecture): number {
  return rank ?? units;
}

/** Every convolution that the hypernetwork generates (or that holds its own kernel in a VoxelMorph network), in running order. */
export function listConvolutions(architecture: UnetArchitecture): readonly ConvolutionSpec[] {
  const plan = planUnet(architecture);
  return [...plan.encoder.flat(), ...plan.decoder.flat(), ...plan.final];
}

/**
 * Image sizes must be multiples of this along every axis.
 *
 * @example
 * import {architectureSchema, sizeMultiple} from 'hypermorph';
 * sizeMultiple(architectureSchema.parse({})); // 16
 */
export function sizeMultiple({
  unet,
  inputResolution,
}: Pick<Architecture, 'unet' | 'inputResolution'>): number {
  return inputResolution * 2 ** levelsOf(unet);
}

function levelsOf({encoder, convolutionsPerLevel}: Architecture['unet']): number {
  return encoder.length / convolutionsPerLevel;
}

/** The U-Net that tells labels: of one image, at its resolution. */
export function unetOfLabeller({encoder, decoder}: Labeller): UnetArchitecture {
  return {
    unet: {encoder, decoder, convolutionsPerLevel: 1},
    ...{inputResolution: 1, velocityResolution: 1, movingChannels: 1, fixedChannels: 0},
  };
}
