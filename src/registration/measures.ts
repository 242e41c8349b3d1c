import {SUM_MOMENTS, MEASURE_DETERMINANTS, type ComparedImages} from '../kernels/measures.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {
  jacobianMeasureOf,
  SMALLEST_DETERMINANT,
  type JacobianMeasure,
} from '../evaluation/deformation.js';
import {similarityOf, type Similarity} from '../evaluation/similarity.js';
import type {IntensityScale} from '../volume/intensity.js';
import {networkToFixed, type RegistrationGeometry} from './geometry.js';

/** Similarity before and after, over the same voxels. The mean square is of intensities that are scaled as for the network. */
export interface SimilarityChange {
  readonly before: Similarity;
  readonly after: Similarity;
  /** Voxels of the fixed grid that count: inside the moving image before and after. */
  readonly voxels: number;
}

/**
 * Similarity of the fixed image with the moving one before and after, over the same voxels.
 *
 * @param images.before - The moving image on the fixed grid without the displacement; NaN marks what lies outside it.
 * @param images.after - The moved image, likewise.
 */
export function measureSimilarity(
  images: ComparedImages,
  scales: {readonly fixed: IntensityScale; readonly moving: IntensityScale},
  engine: KernelRunner,
): SimilarityChange {
  const fixed = 1 / (scales.fixed.high - scales.fixed.low);
  const moving = 1 / (scales.moving.high - scales.moving.low);
  const sums = engine.run(SUM_MOMENTS, images, {fixed, moving});
  const {voxels, f, ff} = sums;
  const offset = scales.moving.low * moving - scales.fixed.low * fixed;
  return {
    before: similarityOf({voxels, f, ff, m: sums.b, mm: sums.bb, fm: sums.fb}, offset),
    after: similarityOf({voxels, f, ff, m: sums.a, mm: sums.aa, fm: sums.fa}, offset),
    voxels,
  };
}

/** @param jacobian - [I, J, K] on the network grid, tensor order. */
export function measureJacobian(
  jacobian: Float32Array,
  geometry: RegistrationGeometry,
  engine: KernelRunner,
): JacobianMeasure {
  const {network, fixed} = geometry;
  const bounds = network.isFixedGrid
    ? null
    : {toVoxel: networkToFixed(geometry), shape: fixed.shape};
  const found = engine.run(
    MEASURE_DETERMINANTS,
    jacobian,
    network.shape,
    bounds,
    SMALLEST_DETERMINANT,
  );
  return jacobianMeasureOf(found);
}
