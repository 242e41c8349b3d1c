import {SPLINE_NOISE} from '../kernels/noise.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {Random} from '../random.js';
import {mapTriple, type Triple} from '../geometry/triple.js';

/** A grid, and the engine that runs the loops over its voxels. */
export interface GridContext {
  /** I, J, K. */
  readonly shape: Triple;
  readonly engine: KernelRunner;
}

/** Root of the mean over positions of the sum of the four squared B-spline weights. */
const SPLINE_DEVIATION = Math.sqrt(151 / 315);

/**
 * Noise that varies smoothly: a cubic B-spline through normal numbers on a coarse lattice, scaled to a deviation of about 1.
 *
 * @param scaleVox - Distance between lattice points along every axis, voxels.
 * @returns [I, J, K], k fastest.
 */
export function smoothNoise(
  {shape, engine}: GridContext,
  scaleVox: number,
  random: Random,
): Float32Array {
  const lattice = mapTriple(shape, (length) =>
    length === 1 ? 1 : Math.floor((length - 1) / scaleVox) + 4,
  );
  // Averaging with B-spline weights takes from the deviation along every axis; the gain gives it back.
  const axes = shape.filter((length) => length > 1).length;
  const gain = SPLINE_DEVIATION ** -axes;
  const data = new Float32Array(lattice[0] * lattice[1] * lattice[2]);
  for (let n = 0; n < data.length; n++) data[n] = random.normal(gain);
  return engine.run(SPLINE_NOISE, {data, shape: lattice}, shape, scaleVox);
}

/** Half of a Gaussian of the given deviation, cut at 2.5 deviations: the weights of distances 0, 1 … that sum to 1 over both sides. */
export function gaussianWeights(sigmaVox: number): number[] {
  const radius = Math.max(1, Math.ceil(2.5 * sigmaVox));
  const kernel = Array.from({length: radius + 1}, (_, x) =>
    Math.exp(-(x * x) / (2 * sigmaVox * sigmaVox)),
  );
  const total = kernel.reduce((sum, value, x) => sum + (x === 0 ? value : 2 * value), 0);
  return kernel.map((value) => value / total);
}
