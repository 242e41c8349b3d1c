import {SCALED_AMOUNTS, type Augmentation} from '../config/training-config.js';
import {ADJUST, BIAS_SPACING, BLUR, type Adjustment} from '../kernels/synthesis.js';
import {Random} from '../random.js';
import {mapTriple} from '../geometry/triple.js';
import {gaussianWeights, smoothNoise, type GridContext} from './smooth-noise.js';

type Amounts = Pick<Augmentation, 'gamma' | 'biasField' | 'noise' | 'blurVox'>;

/** Distance over which a bias field varies, as a share of the longest side. */
const BIAS_SCALE = 0.4;
/** Normal numbers that are drawn once and read from random places. */
const NOISE_TABLE = 1 << 16;

let noiseTable: Float32Array | null = null;

/**
 * Change intensities as scanners do, in place: blur, smooth factor, power, noise.
 *
 * @param image - In [0, 1], where it stays, if anything but the blur is switched on; any values otherwise.
 */
export function changeIntensities(
  image: Float32Array,
  context: GridContext,
  amounts: Amounts,
  random: Random,
): void {
  const {shape, engine} = context;
  const isScaled = SCALED_AMOUNTS.some((key) => amounts[key] > 0);
  if (!isScaled && amounts.blurVox === 0) return;
  if (amounts.blurVox > 0) {
    const sigmaVox = random.uniform(0, amounts.blurVox);
    if (sigmaVox > 0) engine.run(BLUR, image, shape, gaussianWeights(sigmaVox));
  }
  const bias = amounts.biasField > 0 ? drawBias(context, amounts.biasField, random) : null;
  const power = amounts.gamma > 0 ? Math.exp(random.normal(amounts.gamma)) : 1;
  const deviation = amounts.noise > 0 ? random.uniform(0, amounts.noise) : 0;
  const position = random.index(NOISE_TABLE);
  const stride = 2 * random.index(NOISE_TABLE / 2) + 1; // Odd: passes every entry.
  if (!isScaled) return;
  const table = deviation > 0 ? (noiseTable ??= drawNoiseTable()) : null;
  const noise = table === null ? null : {table, deviation, position, stride};
  engine.run(ADJUST, image, shape, {bias, power, noise});
}

function drawNoiseTable(): Float32Array {
  const random = new Random(1);
  return Float32Array.from({length: NOISE_TABLE}, () => random.normal());
}

/** Smooth noise on every fourth voxel along each axis. */
function drawBias(
  {shape, engine}: GridContext,
  deviation: number,
  random: Random,
): Adjustment['bias'] {
  const coarse = mapTriple(shape, (length) => Math.ceil(length / BIAS_SPACING));
  const scale = Math.max(2, (BIAS_SCALE * Math.max(...shape)) / BIAS_SPACING);
  const data = smoothNoise({shape: coarse, engine}, scale, random);
  return {data, shape: coarse, deviation};
}
