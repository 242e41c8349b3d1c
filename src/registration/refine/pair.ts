import type {Triple} from '../../geometry/triple.js';
import type {LevelLabels} from '../../optimisers/refinement/level.js';

/** Two images on one grid, [I, J, K], k fastest, intensities 0 to 1; the moving one as the alignment places it. */
export interface RefinementPair {
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  readonly shape: Triple;
  /** Size of a voxel along each axis, mm. */
  readonly spacing: Triple;
  /** 1 where a fixed voxel counts, 0 where it does not; null: everywhere. */
  readonly fixedMask?: Float32Array | null;
  /** The same of moving voxels, on the same grid: what the moving image does not cover is 0, too. */
  readonly movingMask?: Float32Array | null;
  /** What is known of the labels of both, the moving ones as the alignment places them; null: nothing. */
  readonly labels?: PairLabels | null;
}

/** Memberships of both images in labels, on the pair's grid or on one that is halved, as the mean of every 2 x 2 x 2 voxels, as often as one likes. */
export type PairLabels = Omit<LevelLabels, 'fixedMask' | 'movingMask'>;

/** A stationary velocity on the pair's grid or on halves of it, as where a refinement begins; [I, J, K, 3], voxels of its own grid. */
export interface RefinementStart extends Pick<RefinedVelocity, 'data' | 'shape'> {
  /** Whether nothing is left to do but what is finer than it; false unless told. */
  readonly isClose?: boolean;
}

/** A stationary velocity on the pair's grid or on one of half its resolution. */
export interface RefinedVelocity {
  /** [I, J, K, 3], voxels of its own grid. */
  readonly data: Float32Array;
  readonly shape: Triple;
  /** Voxels of the pair's grid along a voxel of this one; voxel x of the pair's grid lies at (x - (factor - 1) / 2) / factor. */
  readonly factor: 1 | 2;
}
