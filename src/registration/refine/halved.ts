import type {Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {halfShape} from '../../optimisers/refinement/level.js';
import {HALVE} from '../../optimisers/refinement/operations.js';

/** The images of one resolution of a refinement, and where they count; null: everywhere. */
export interface LevelImages {
  readonly shape: Triple;
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  readonly fixedMask: Float32Array | null;
  readonly movingMask: Float32Array | null;
}

/** The next coarser resolution: the mean of every 2 x 2 x 2 voxels. */
export function halvedImages(
  {shape, fixed, moving, fixedMask, movingMask}: LevelImages,
  engine: KernelRunner,
): LevelImages {
  const halve = (image: Float32Array) => engine.run(HALVE, image, shape);
  return {
    shape: halfShape(shape),
    fixed: halve(fixed),
    moving: halve(moving),
    fixedMask: fixedMask && halve(fixedMask),
    movingMask: movingMask && halve(movingMask),
  };
}
