import {seededRandom} from '../../support/random.js';
import type {Triple} from '../../../src/geometry/triple.js';

/** Smooth blobs, intensities 0 to 1, [I, J, K]; `shift` moves where each voxel looks, in voxels. */
export function blobs(
  shape: Triple,
  seed: number,
  shift: (x: Triple) => Triple = () => [0, 0, 0],
): Float32Array {
  const random = seededRandom(seed);
  const spots = Array.from({length: 150}, () => ({
    at: shape.map((length) => random() * (length - 1)),
    width: 1.5 + 1.5 * random(),
    height: 0.3 + 0.7 * random(),
  }));
  const values = mapVoxels(shape, (x) => {
    const moved = shift(x);
    const read = x.map((value, axis) => value + moved[axis]);
    return spots.reduce((sum, {at, width, height}) => {
      const square = at.reduce((total, centre, axis) => total + (read[axis] - centre) ** 2, 0);
      return sum + height * Math.exp(-square / (2 * width ** 2));
    }, 0);
  });
  const highest = Math.max(...values);
  return Float32Array.from(values, (value) => value / highest);
}

export function mapVoxels([I, J, K]: Triple, value: (x: Triple, n: number) => number): number[] {
  const values: number[] = [];
  for (let i = 0; i < I; i++) {
    for (let j = 0; j < J; j++) {
      for (let k = 0; k < K; k++) values.push(value([i, j, k], values.length));
    }
  }
  return values;
}

/** A padded velocity of independent components in [-size, size]. */
export function randomVelocity(shape: Triple, seed: number, size: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({length: 4 * shape[0] * shape[1] * shape[2]}, (_, n) =>
    n % 4 === 3 || (shape[0] === 1 && n % 4 === 0) ? 0 : size * (2 * random() - 1),
  );
}
