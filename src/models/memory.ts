import {HypermorphError} from '../errors.js';
import {
  planUnet,
  unetOfLabeller,
  type Architecture,
  type ConvolutionSpec,
  type UnetArchitecture,
} from './architecture.js';

/** Numbers that one convolution of a network needs: what it reads, what it makes, and the skips that wait meanwhile. */
interface Step {
  readonly input: number;
  readonly output: number;
  readonly waiting: number;
}

/** Follow the sizes through the U-Net, as `runUnet` runs it. */
function stepsOf(
  architecture: UnetArchitecture,
  dimensions: number,
  voxels: number,
): readonly Step[] {
  const plan = planUnet(architecture);
  const shrinkage = 2 ** dimensions;
  const levels = plan.joinsSkip.length;
  const steps: Step[] = [];
  const skips: number[] = [];
  let waiting = 0;
  let size = voxels / architecture.inputResolution ** dimensions;
  let held = size * (architecture.movingChannels + architecture.fixedChannels);
  const convolve = (specs: readonly ConvolutionSpec[]) => {
    for (const {outputChannels} of specs) {
      const output = size * outputChannels;
      steps.push({input: held, output, waiting});
      held = output;
    }
  };
  for (const [level, specs] of plan.encoder.entries()) {
    const joins = plan.joinsSkip[levels - 1 - level];
    convolve(joins ? specs : specs.slice(0, -1));
    skips[level] = joins ? held : 0;
    waiting += skips[level];
    size /= shrinkage;
    held = size * specs[specs.length - 1].outputChannels;
  }
  for (const [index, specs] of plan.decoder.entries()) {
    convolve(specs);
    if (!plan.joinsSkip[index]) continue;
    const skip = skips[levels - 1 - index];
    waiting -= skip;
    held += skip;
    size *= shrinkage;
  }
  convolve(plan.final);
  return steps;
}

/** What runs: the U-Net that registers, and the one that tells labels. */
function unetsOf(architecture: Architecture): readonly UnetArchitecture[] {
  const {labeller} = architecture;
  return labeller === undefined ? [architecture] : [architecture, unetOfLabeller(labeller)];
}

/** Bytes of a number: everything is float32. */
const NUMBER_BYTES = 4;
/** After the network: both images, the displacement (three numbers a voxel), its determinant, and what these are made of. */
const FIELD_NUMBERS = 12;

/**
 * Memory to predict a deformation on a grid and to make its fields: a lower estimate, from sizes alone.
 *
 * @param voxels - Of the network's grid.
 * @returns Bytes.
 */
export function predictionBytes(architecture: Architecture, voxels: number): number {
  const peak = Math.max(
    ...unetsOf(architecture)
      .flatMap((unet) => stepsOf(unet, architecture.dimensions, voxels))
      .map(({input, output, waiting}) => input + output + waiting),
  );
  return NUMBER_BYTES * Math.max(peak + 2 * voxels, FIELD_NUMBERS * voxels);
}

/**
 * Memory of a step of training, where the gradient needs what every convolution made: a lower estimate, from sizes alone.
 *
 * @param voxels - Of the training grid, times the pairs of a step.
 * @returns Bytes.
 */
export function trainingBytes(architecture: Architecture, voxels: number): number {
  const made = unetsOf(architecture)
    .flatMap((unet) => stepsOf(unet, architecture.dimensions, voxels))
    .reduce((sum, {output}) => sum + output, 0);
  return NUMBER_BYTES * (made + FIELD_NUMBERS * voxels);
}

/**
 * Refuse what cannot fit, before anything of it is allocated.
 *
 * @param needs.what - What needs the memory, with its size, for the message.
 * @param needs.hint - What to do.
 * @param limit - Bytes.
 * @throws {HypermorphError} E_MEMORY with both numbers.
 */
export function requireMemory(
  {bytes, what, hint}: {readonly bytes: number; readonly what: string; readonly hint: string},
  limit: number,
): void {
  if (bytes <= limit) return;
  throw new HypermorphError(
    'E_MEMORY',
    `${what} must fit into ${formatBytes(limit)} of memory, got an estimate of ${formatBytes(bytes)}.`,
    {hint},
  );
}

/** `1.5 GiB`, `12 MiB`. */
export function formatBytes(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : [2 ** 20, 'MiB'];
  const value = bytes / unit;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${name}`;
}
