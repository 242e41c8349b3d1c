import type {Triple} from '../geometry/triple.js';

/**
 * The squared Euclidean distance from every voxel to the nearest marked one: exact, in time linear in the number of voxels.
 *
 * Axis by axis, d(p) = min over q of (s (p - q))^2 + f(q), the lower envelope of parabolas, where s is the spacing along the
 * axis and f the result of the axes before.
 *
 * @param marked - One number per voxel, i fastest; not 0 marks a voxel.
 * @param spacing - Distance between voxels along i, j, k, in any unit; the axes are taken to be at right angles.
 * @returns Squared distances in that unit, i fastest; Infinity everywhere where no voxel is marked.
 * @see Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012, section 2, algorithm 1.
 */
export function squaredDistances(
  marked: ArrayLike<number>,
  shape: Triple,
  spacing: Triple,
): Float64Array {
  const distances = new Float64Array(marked.length);
  for (let n = 0; n < distances.length; n++) distances[n] = marked[n] === 0 ? Infinity : 0;
  const envelope = createEnvelope(Math.max(...shape));
  const strides = [1, shape[0], shape[0] * shape[1]];
  for (let axis = 0; axis < 3; axis++) {
    const [a, b] = [0, 1, 2].filter((other) => other !== axis);
    for (let y = 0; y < shape[b]; y++) {
      for (let x = 0; x < shape[a]; x++) {
        const start = x * strides[a] + y * strides[b];
        transformLine(distances, envelope, {
          start,
          stride: strides[axis],
          length: shape[axis],
          spacing: spacing[axis],
        });
      }
    }
  }
  return distances;
}

interface Line {
  readonly start: number;
  readonly stride: number;
  readonly length: number;
  readonly spacing: number;
}

/** The lowest parabolas from left to right: where each has its vertex, how high that lies, and where it starts to be the lowest. */
interface Envelope {
  readonly position: Float64Array;
  readonly height: Float64Array;
  readonly from: Float64Array;
}

function createEnvelope(length: number): Envelope {
  return {
    position: new Float64Array(length),
    height: new Float64Array(length),
    from: new Float64Array(length),
  };
}

function transformLine(
  values: Float64Array,
  {position, height, from}: Envelope,
  {start, stride, length, spacing}: Line,
): void {
  let last = -1;
  for (let q = 0, n = start; q < length; q++, n += stride) {
    const f = values[n];
    if (f === Infinity) continue; // No parabola.
    const x = q * spacing;
    let begin = -Infinity;
    while (last >= 0) {
      const previous = position[last];
      begin = (f + x * x - (height[last] + previous * previous)) / (2 * (x - previous));
      if (begin > from[last]) break;
      last--;
    }
    last++;
    position[last] = x;
    height[last] = f;
    from[last] = last === 0 ? -Infinity : begin;
  }
  if (last < 0) return;
  for (let p = 0, n = start, current = 0; p < length; p++, n += stride) {
    const x = p * spacing;
    while (current < last && from[current + 1] < x) current++;
    const distance = x - position[current];
    values[n] = distance * distance + height[current];
  }
}
