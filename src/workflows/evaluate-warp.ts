import {
  jacobianMeasureOf,
  learn2regSdLogJacobian,
  SMALLEST_DETERMINANT,
  type JacobianMeasure,
} from '../evaluation/deformation.js';
import {isWithin, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import {MEASURE_DETERMINANTS} from '../kernels/measures.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {VoxelArray} from '../kernels/voxels.js';
import {displacementOn, mapPoints} from '../transforms/apply.js';
import {jacobianOn} from '../transforms/jacobian.js';
import type {DisplacementTransform} from '../transforms/transform.js';

/** Regularity and size of a warp, over the voxels that count. */
export interface WarpMeasure extends JacobianMeasure {
  /** Voxels that count. */
  readonly voxels: number;
  readonly learn2regSdLogJacobian: number | null;
  readonly meanMm: number | null;
  readonly maximumMm: number | null;
}

/**
 * Measure a warp over the voxels of its own grid where it has a displacement.
 *
 * @param mask - On that grid, i fastest: voxels that are 0 do not count. Null: all count.
 * @param engine - Has been started.
 */
export function measureWarp(
  warp: DisplacementTransform,
  mask: VoxelArray | null,
  engine: KernelRunner,
): WarpMeasure {
  const {grid} = warp.field;
  const isLeftOut = (n: number) => mask !== null && mask[n] === 0;
  const determinants = jacobianOn(warp, grid, engine);
  for (let n = 0; n < determinants.length; n++) if (isLeftOut(n)) determinants[n] = NaN;
  const finite = determinants.filter((value) => Number.isFinite(value));
  const shape: Triple = [finite.length, 1, 1];
  const found = engine.run(MEASURE_DETERMINANTS, finite, shape, null, SMALLEST_DETERMINANT);
  return {
    voxels: finite.length,
    ...jacobianMeasureOf(found),
    learn2regSdLogJacobian: learn2regSdLogJacobian(determinants, grid.shape),
    ...measureLengths(warp, grid, isLeftOut, engine),
  };
}

function measureLengths(
  warp: DisplacementTransform,
  grid: Grid,
  isLeftOut: (n: number) => boolean,
  engine: KernelRunner,
): Pick<WarpMeasure, 'meanMm' | 'maximumMm'> {
  const {values} = displacementOn(warp, grid, engine);
  const voxels = values.length / 3;
  let [counted, sum, maximum] = [0, 0, 0];
  for (let n = 0; n < voxels; n++) {
    const length = Math.hypot(values[n], values[n + voxels], values[n + 2 * voxels]);
    if (Number.isNaN(length) || isLeftOut(n)) continue;
    counted++;
    sum += length;
    maximum = Math.max(maximum, length);
  }
  return counted === 0
    ? {meanMm: null, maximumMm: null}
    : {meanMm: sum / counted, maximumMm: maximum};
}

/** Where a warp takes points, RAS mm; null for those outside its grid or next to a voxel without a displacement. */
export function warpPoints(
  points: readonly Triple[],
  warp: DisplacementTransform,
): readonly (Triple | null)[] {
  return mapPoints(warp, points).map((moved, n) =>
    isWithin(warp.field.grid, points[n]) && moved.every(Number.isFinite) ? moved : null,
  );
}
