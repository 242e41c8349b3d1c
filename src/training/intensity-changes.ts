import {SCALED_AMOUNTS, type Augmentation} from '../config/training-config.js';
import {Random} from '../random.js';
import type {Triple} from '../volume/volume.js';
import {blurInPlace, smoothNoise} from './smooth-noise.js';

type Amounts = Pick<Augmentation, 'gamma' | 'biasField' | 'noise' | 'blurVox'>;

/** Distance over which a bias field varies, as a share of the longest side. */
const BIAS_SCALE = 0.4;
/** Normal numbers that are drawn once and read from random places. */
const NOISE_TABLE = 1 << 16;
const BIAS_SPACING = 4;

let noiseTable: Float32Array | null = null;

/**
 * Change intensities as scanners do, in place: blur, smooth factor, power, noise.
 *
 * @param image - In [0, 1], where it stays, if anything but the blur is switched on; any values otherwise.
 */
export function changeIntensities(
  image: Float32Array,
  shape: Triple,
  amounts: Amounts,
  random: Random,
): void {
  const isScaled = SCALED_AMOUNTS.some((key) => amounts[key] > 0);
  if (!isScaled && amounts.blurVox === 0) return;
  if (amounts.blurVox > 0) blurInPlace(image, shape, random.uniform(0, amounts.blurVox));
  if (amounts.biasField > 0) multiplyByBias(image, shape, amounts.biasField, random);
  const power = amounts.gamma > 0 ? Math.exp(random.normal(amounts.gamma)) : 1;
  const deviation = amounts.noise > 0 ? random.uniform(0, amounts.noise) : 0;
  const noise = deviation > 0 ? (noiseTable ??= drawNoiseTable()) : null;
  let position = random.index(NOISE_TABLE);
  const stride = 2 * random.index(NOISE_TABLE / 2) + 1; // Odd: passes every entry.
  if (!isScaled) return;
  if (power === 1 && noise === null) return clampInPlace(image);
  for (let n = 0; n < image.length; n++) {
    let value = image[n] <= 0 ? 0 : power === 1 ? image[n] : image[n] ** power;
    if (noise !== null) {
      position = (position + stride) & (NOISE_TABLE - 1);
      value += deviation * noise[position];
    }
    image[n] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

function clampInPlace(image: Float32Array): void {
  for (let n = 0; n < image.length; n++) {
    image[n] = image[n] < 0 ? 0 : image[n] > 1 ? 1 : image[n];
  }
}

function drawNoiseTable(): Float32Array {
  const random = new Random(1);
  return Float32Array.from({length: NOISE_TABLE}, () => random.normal());
}

/** exp of smooth noise, computed on every fourth voxel along each axis. */
function multiplyByBias(
  image: Float32Array,
  [lengthI, lengthJ, lengthK]: Triple,
  deviation: number,
  random: Random,
): void {
  const coarse = [lengthI, lengthJ, lengthK].map((length) =>
    Math.ceil(length / BIAS_SPACING),
  ) as unknown as Triple;
  const scale = Math.max(2, (BIAS_SCALE * Math.max(lengthI, lengthJ, lengthK)) / BIAS_SPACING);
  const field = smoothNoise(coarse, scale, random);
  for (let n = 0; n < field.length; n++) field[n] = Math.exp(deviation * field[n]);
  for (let i = 0, n = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      const row =
        (Math.floor(i / BIAS_SPACING) * coarse[1] + Math.floor(j / BIAS_SPACING)) * coarse[2];
      for (let k = 0; k < lengthK; k++, n++) image[n] *= field[row + (k >> 2)];
    }
  }
}
