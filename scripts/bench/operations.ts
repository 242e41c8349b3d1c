import '../../src/ops/gradients.js';
import type * as tf from '@tensorflow/tfjs-core';
import type {Engine} from '../../src/engines/select.js';
import {gzipBytes} from '../../src/formats/gzip.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {MEASURE_DETERMINANTS, SUM_MOMENTS} from '../../src/kernels/measures.js';
import {MAP_OFFSETS, MEASURE_LENGTHS, SAMPLE_GRID, SAMPLE_MAP} from '../../src/kernels/sampling.js';
import {integrateVelocity} from '../../src/ops/integrate.js';
import {jacobianDeterminant} from '../../src/ops/jacobian.js';
import {lncc} from '../../src/ops/lncc.js';
import {maxPool} from '../../src/ops/max-pool.js';
import {rescaleField} from '../../src/ops/rescale.js';
import {smoothness} from '../../src/ops/smoothness.js';
import {squaredError} from '../../src/ops/squared-error.js';
import {warpTensor} from '../../src/ops/warp.js';
import {noise, waves, waveTensor} from './tensors.js';

/** A function of the tensors by which it is differentiated. */
export type Differentiable = readonly [
  f: (...variables: tf.Tensor[]) => tf.Tensor,
  variables: readonly tf.Tensor[],
];

const field = (size: readonly number[]) => waveTensor(size, 3, 4);

/** Operations on tensors that are measured, by the names that a case says; images have that many channels. */
export const TENSOR_OPERATIONS = {
  maxPool: (size, channels) => [maxPool, [noise([1, ...size, channels])]],
  warp: (size) => [(moving, u) => warpTensor(moving, u), [waveTensor(size, 1, 1), field(size)]],
  integrate: (size) => [(velocity) => integrateVelocity(velocity, {steps: 7}), [field(size)]],
  rescale: (size) => [(u) => rescaleField(u, 2), [field(size.map((length) => length / 2))]],
  jacobian: (size) => [jacobianDeterminant, [field(size)]],
  lncc: (size) => {
    const fixed = noise([1, ...size, 1]);
    return [(moved) => lncc(fixed, moved), [waveTensor(size, 1, 1)]];
  },
  squaredError: (size) => {
    const fixed = noise([1, ...size, 1]);
    return [(moved) => squaredError(fixed, moved), [waveTensor(size, 1, 1)]];
  },
  smoothness: (size) => [(u) => smoothness(u, 'l2'), [field(size)]],
} satisfies Readonly<Record<string, (size: Triple, channels: number) => Differentiable>>;

export type TensorOperationName = keyof typeof TENSOR_OPERATIONS;

/** The images of a command, and a map from one to the other. */
function imagesAndMap(shape: Triple) {
  const turned = Affine.fromMatrix([1, 0.1, 0, -3, -0.1, 1, 0, 4, 0, 0, 1, 0.5]);
  const displacement = {
    toField: Affine.identity,
    linear: [1, 0.1, 0, -0.1, 1, 0, 0, 0, 1] as const,
    field: waves(shape, 3, 4),
    fieldShape: shape,
    degree: 1 as const,
  };
  const nowhere = Affine.scaling([0, 0, 0]);
  return {
    data: waves(shape, 1, 100),
    turned,
    nowhere,
    moved: [{base: turned, displacement}],
    displaced: [{base: nowhere, displacement}],
  };
}

/** Loops over voxels that are measured, by the names that a case says. */
export const VOXEL_OPERATIONS = {
  sampleGrid: (shape, engine) => {
    const {data, turned} = imagesAndMap(shape);
    const options = {interpolation: 'linear', outside: 0} as const;
    return () => engine.run(SAMPLE_GRID, {data, shape}, turned, shape, options);
  },
  sampleMap: (shape, engine) => {
    const {data, moved} = imagesAndMap(shape);
    return () => engine.run(SAMPLE_MAP, {data, shape}, moved, shape, {outside: 0});
  },
  mapOffsets: (shape, engine) => {
    const {displaced, nowhere} = imagesAndMap(shape);
    return () => engine.run(MAP_OFFSETS, displaced, nowhere, shape);
  },
  sumMoments: (shape, engine) => {
    const {data} = imagesAndMap(shape);
    const images = {fixed: data, before: data.slice(), after: data.slice()};
    return () => engine.run(SUM_MOMENTS, images, {fixed: 0.01, moving: 0.01});
  },
  measureLengths: (shape, engine) => {
    const {displaced, nowhere} = imagesAndMap(shape);
    return () => engine.run(MEASURE_LENGTHS, displaced, nowhere, shape);
  },
  measureDeterminants: (shape, engine) => {
    const {data} = imagesAndMap(shape);
    return () => engine.run(MEASURE_DETERMINANTS, data, shape, null, 1e-9);
  },
  gzip: (shape, engine) => {
    const {displaced, nowhere} = imagesAndMap(shape);
    const warp = engine.run(MAP_OFFSETS, displaced, nowhere, shape);
    return () => gzipBytes(new Uint8Array(warp.buffer));
  },
} satisfies Readonly<Record<string, (shape: Triple, engine: Engine) => () => unknown>>;

export type VoxelOperationName = keyof typeof VOXEL_OPERATIONS;
