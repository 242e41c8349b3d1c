/**
 * What bfloat16 changes: registers a pair in float32 and in bfloat16 and compares the displacements. The table of
 * docs/performance.md comes from here. Any processor will do: without AVX512_BF16 the same numbers are computed without the
 * instructions, more slowly.
 *
 *   node --import tsx scripts/compare-precision.ts <model.safetensors> <fixed> <moving> [lambda ...]
 */
import * as tf from '@tensorflow/tfjs-core';
import {runnerOn} from '../src/kernels/voxel-operation.js';
import type {Precision} from '../src/engines/engine.js';
import {NATIVE_BACKEND} from '../src/engines/native/backend.js';
import {registerNativeBackend} from '../src/engines/native/register-backend.js';
import {VOXEL_KERNELS} from '../src/engines/native/kernels/index.js';
import {readImage} from '../src/formats/images/read-image.js';
import {openModel} from '../src/models/open-model.js';
import {registerPair, type NamedVolume} from '../src/registration/register-pair.js';

const [modelPath, fixedPath, movingPath, ...lambdas] = process.argv.slice(2);
const backend = registerNativeBackend();
await tf.setBackend(NATIVE_BACKEND);
const model = await openModel(modelPath);

async function readNamed(path: string): Promise<NamedVolume> {
  return {...(await readImage(path)), name: path};
}
const [fixed, moving] = [await readNamed(fixedPath), await readNamed(movingPath)];

function register(precision: Precision, lambda: number) {
  backend.precision = precision;
  return registerPair({
    ...{fixed, moving, model, hyperparameters: [lambda], outputs: ['warp']},
    engine: runnerOn(backend.addon, VOXEL_KERNELS),
  });
}

/** Lengths of the differences of two warps, component slowest, mm. */
function compareWarps(a: Float32Array, b: Float32Array): {mean: number; largest: number} {
  const voxels = a.length / 3;
  let [sum, largest] = [0, 0];
  for (let n = 0; n < voxels; n++) {
    const along = [0, 1, 2].map((axis) => a[axis * voxels + n] - b[axis * voxels + n]);
    const length = Math.hypot(...along);
    sum += length;
    largest = Math.max(largest, length);
  }
  return {mean: sum / voxels, largest};
}

const spacing = model.description.grid.spacingMm?.[0];
console.log(`instruction set ${backend.addon.isa()}, network voxels of ${spacing ?? '?'} mm`);
console.log(
  '| lambda | displacement mm | difference mm, mean | largest | NCC float32 | bf16 | SDlogJ float32 | bf16 |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const lambda of lambdas.length > 0 ? lambdas.map(Number) : [0.05, 0.3, 0.95]) {
  const exact = await register('float32', lambda);
  const rounded = await register('bf16', lambda);
  const {mean, largest} = compareWarps(exact.outputs.warp!, rounded.outputs.warp!);
  const cells = [
    String(lambda),
    exact.summary.displacement.maximumMm.toFixed(2),
    mean.toFixed(4),
    largest.toFixed(3),
    ...[exact, rounded].map(({summary}) => summary.similarity.after.ncc?.toFixed(5)),
    ...[exact, rounded].map(({summary}) => summary.jacobian.sdLogJacobian?.toFixed(4)),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
