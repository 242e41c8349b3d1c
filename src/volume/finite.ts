import {FIND_EXTREMES} from '../kernels/intensities.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';

/**
 * Whether all numbers are finite, at the speed of memory.
 *
 * Infinite and NaN become NaN when they are multiplied by zero, and NaN survives every addition. Four sums, because one alone
 * would wait for each addition.
 */
export function isFiniteArray(values: Float32Array | Float64Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let n = 0; n < whole; n += 4) {
    a += values[n] * 0;
    b += values[n + 1] * 0;
    c += values[n + 2] * 0;
    d += values[n + 3] * 0;
  }
  for (let n = whole; n < values.length; n++) a += values[n] * 0;
  return a + b + c + d === 0;
}

/** Whether all numbers are finite, on all threads of an engine. */
export function areFinite(engine: KernelRunner, values: Float32Array): boolean {
  return engine.run(FIND_EXTREMES, values).finite === values.length;
}
