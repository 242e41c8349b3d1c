import {copyFile, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {encodeSeries, writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {goldenCase, goldenModelPath} from '../golden/support/golden.js';
import {writeTinyModel} from './tiny-model.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from './volumes.js';

/** A training that takes a moment. */
const SHAPES = `
architecture:
  hypernetwork: {layers: 2, units: 4}
  unet: {encoder: [4, 4], decoder: [4, 4]}
grid: {shape: [16, 16, 16], spacingMm: [2, 2, 2]}
sources: [{kind: shapes}]
steps: 2
`;

/** Fill a folder with the files that examples of commands and of functions name. */
export async function exampleFolder(folder: string): Promise<string> {
  const shape: Triple = [11, 9, 10];
  const affine = centredAffine(obliqueAffine([0, 5, 0], [4, 4, 4]), shape, [0, 0, 0]);
  const geometry = geometryFromGrid({affine});
  const {data} = imageOf({shape, affine}, blobs);
  for (const name of ['fixed', 'moving']) {
    await writeImage(join(folder, `${name}.nii.gz`), {shape, data, geometry});
  }
  const labels = data.map((value) => (value > 30 ? 2 : 0));
  for (const name of ['labels', 'fixed_labels']) {
    await writeImage(join(folder, `${name}.nii.gz`), {shape, data: labels, geometry});
  }
  await writeImage(join(folder, 'warp.nii.gz'), {
    shape,
    components: 3,
    data: new Float32Array(3 * data.length).fill(0.5),
    geometry,
    intent: {code: 1007},
  });
  const further = {lengths: [2], steps: [2], timeUnit: 8};
  await writeFile(
    join(folder, 'series.nii.gz'),
    encodeSeries('series.nii', {shape, geometry, further}, Readable.from([data, data])),
  );
  await writeFile(join(folder, 'flirt.mat'), '1 0 0 3\n0 1 0 2\n0 0 1 1\n0 0 0 1\n');
  await writeFile(join(folder, 'affine.txt'), encodeItkAffine(Affine.translation([1, 2, 3])));
  for (const name of ['fixed', 'moving']) {
    await writeFile(join(folder, `${name}.csv`), 'x,y,z\n1,2,3\n4,5,6\n');
  }
  await writeFile(join(folder, 'pairs.csv'), 'fixed,moving\nfixed.nii.gz,moving.nii.gz\n');
  await mkdir(join(folder, 'configs'));
  await writeFile(join(folder, 'configs', 'shapes.yaml'), SHAPES);
  await writeTinyModel(join(folder, 'model.safetensors'));
  await copyFile(goldenModelPath(goldenCase('vxm3d_renamed')), join(folder, 'model.h5'));
  return folder;
}
