import {countVoxels} from '../../../geometry/grid.js';
import {halfShape, lanesFor} from '../../../optimisers/refinement/level.js';
import {
  DOUBLE_FIELD,
  HALVE,
  INTEGRATE_FIELD,
  MAKE_LEVEL_MEMORY,
  OPEN_LEVEL,
  SAMPLE_MEMBERSHIPS,
  SHARPEN,
} from '../../../optimisers/refinement/operations.js';
import {LevelMemory} from '../../../optimisers/refinement/level-memory.js';
import {implementLoop} from '../../../kernels/voxel-operation.js';
import type {NativeAddon} from '../addon.js';
import {floatsOf, NativeLevel} from './refinement-level.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** Of the refinement, as src/native/kernels/refine.h says; `size`: I, J, K; fields are [I, J, K, 4]. */
    integrateField(
      size: Int32Array,
      steps: number,
      velocity: Float32Array,
      stack: Float32Array,
    ): void;
    doubleField(size: Int32Array, coarse: Float32Array, fine: Float32Array): void;
    /** `sizes`: I, J, K of the fine image, channels. */
    halve(sizes: Int32Array, fine: Float32Array, coarse: Float32Array): void;
    sharpen(size: Int32Array, shares: Float64Array, image: Float32Array, out: Float32Array): void;
    /** `toVoxel`: twelve numbers, row-major. */
    sampleMemberships(
      size: Int32Array,
      labels: number,
      logOdds: Float32Array,
      toVoxel: Float64Array,
      shape: Int32Array,
      lanes: number,
      out: Float32Array,
    ): void;
  }
}

const openLevel = implementLoop(
  OPEN_LEVEL,
  (addon: NativeAddon, problem, memory = new LevelMemory()) =>
    new NativeLevel(addon, problem, memory),
);

// In small pages: with large ones, on a virtual machine, brains at 1 mm took a twelfth longer and a batch of hippocampi an eighth.
const makeLevelMemory = implementLoop(
  MAKE_LEVEL_MEMORY,
  (_: NativeAddon, levels) => new LevelMemory(new Float32Array(Math.max(...levels.map(floatsOf)))),
);

const halve = implementLoop(HALVE, (addon: NativeAddon, image, shape, channels = 1) => {
  const half = new Float32Array(channels * countVoxels(halfShape(shape)));
  addon.halve(Int32Array.of(...shape, channels), image, half);
  return half;
});

const sharpen = implementLoop(SHARPEN, (addon: NativeAddon, image, shape, shares) => {
  const out = new Float32Array(image.length);
  addon.sharpen(Int32Array.from(shape), Float64Array.from(shares), image, out);
  return out;
});

const doubleField = implementLoop(DOUBLE_FIELD, (addon: NativeAddon, velocity, shape) => {
  const fine = new Float32Array(4 * countVoxels(shape));
  addon.doubleField(Int32Array.from(shape), velocity, fine);
  return fine;
});

const integrateField = implementLoop(
  INTEGRATE_FIELD,
  (addon: NativeAddon, velocity, shape, steps) => {
    const floats = 4 * countVoxels(shape);
    const stack = new Float32Array((steps + 1) * floats);
    addon.integrateField(Int32Array.from(shape), steps, velocity, stack);
    return stack.slice(steps * floats);
  },
);

const sampleMemberships = implementLoop(
  SAMPLE_MEMBERSHIPS,
  (addon: NativeAddon, {logOdds, labels, shape}, toVoxel, onto) => {
    const lanes = lanesFor(labels);
    const out = new Float32Array(lanes * countVoxels(onto));
    addon.sampleMemberships(
      Int32Array.from(shape),
      labels,
      logOdds,
      Float64Array.from(toVoxel.rows),
      Int32Array.from(onto),
      lanes,
      out,
    );
    return out;
  },
);

/** What a refinement runs on. */
export const REFINEMENT_KERNELS = [
  makeLevelMemory,
  openLevel,
  halve,
  sharpen,
  doubleField,
  integrateField,
  sampleMemberships,
];
