import {areFinite} from '../volume/finite.js';
import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import type {Bytes} from '../formats/bytes.js';
import {encodeImage} from '../formats/images/write-image.js';
import {geometryFromGrid} from '../formats/images/nifti/geometry.js';
import type {NiftiGeometry, FileImage, ImageOutput} from '../formats/images/types.js';
import {ITK_VECTORS} from '../formats/transforms/itk.js';
import {OUTPUTS} from '../registration/outputs.js';
import type {Registration} from '../registration/register-pair.js';
import {VERSION} from '../version.js';
import type {Triple} from '../geometry/triple.js';
import type {OutputPaths} from './output-paths.js';

/** Intent of a label map. */
export const LABEL = {code: 1002};

/**
 * The files of a registration, uncompressed; their voxels are the registration's memory.
 *
 * What lies on the grid of an image copies the geometry of that image's header.
 */
export function* encodeRegistration(
  registration: Registration,
  images: {readonly fixed: FileImage; readonly moving: FileImage},
  {outputs, labels}: Pick<OutputPaths, 'outputs' | 'labels'>,
  engine: KernelRunner = PORTABLE,
): Generator<{readonly path: string; readonly content: Bytes}> {
  const encode = (path: string, summary: string, output: ImageOutput) => ({
    path,
    content: encodeImage(
      path,
      {...output, description: `hypermorph ${VERSION} ${summary}`},
      (values) => areFinite(engine, values),
    ),
  });
  const places = {...images, network: placeOfNetwork(registration, images.fixed)};
  for (const {key, summary, grid, components} of OUTPUTS) {
    const [path, data] = [outputs[key], registration.outputs[key]];
    if (path === undefined || data === undefined) continue;
    const {shape, geometry} = places[grid];
    const vector = components === 3 ? {components, intent: ITK_VECTORS} : {};
    yield encode(path, summary, {shape, geometry, data, ...vector});
  }
  const {shape, geometry} = images.fixed;
  for (const [n, {target}] of labels.entries()) {
    const data = registration.labels[n];
    yield encode(target, 'labels moved', {shape, geometry, data, intent: LABEL});
  }
}

/** The network's grid, in the world that the fixed image's header names. */
function placeOfNetwork(
  {network}: Registration,
  {geometry: {sformCode, qformCode}}: FileImage,
): {readonly shape: Triple; readonly geometry: NiftiGeometry} {
  const code = sformCode || qformCode || 1;
  return {shape: network.shape, geometry: geometryFromGrid(network, {code})};
}
