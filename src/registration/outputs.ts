import type {Bytes} from '../formats/bytes.js';
import {
  encodeNiftiParts,
  geometryFromGrid,
  type NiftiImage,
  type NiftiOutput,
} from '../formats/images/nifti/nifti.js';
import {ITK_VECTORS} from '../formats/transforms/itk.js';
import {VERSION} from '../version.js';
import {portableVoxelKernels, type VoxelKernels} from '../volume/voxel-kernels.js';
import type {Registration} from './register-pair.js';

/** Where each result goes; what is left out is not written. */
export interface OutputPaths {
  readonly moved?: string | undefined;
  readonly warp?: string | undefined;
  readonly inverseWarp?: string | undefined;
  readonly jacobian?: string | undefined;
  readonly velocity?: string | undefined;
  /** In the order of the label maps. */
  readonly labels?: readonly string[];
}

/** Intent of a label map. */
const LABEL = {code: 1002};

/**
 * The files of a registration, uncompressed; their voxels are the registration's memory.
 *
 * Everything on the fixed grid copies the geometry of the fixed image's header, the inverse warp that of the moving image.
 */
export function* encodeRegistration(
  registration: Registration,
  images: {readonly fixed: NiftiImage; readonly moving: NiftiImage},
  paths: OutputPaths,
  kernels: Pick<VoxelKernels, 'areFinite'> = portableVoxelKernels,
): Generator<{readonly path: string; readonly content: Bytes}> {
  const {fixed, moving} = images;
  const onFixed = {shape: fixed.shape, geometry: fixed.geometry};
  const encode = (path: string, what: string, output: NiftiOutput) => ({
    path,
    content: encodeNiftiParts({...output, description: `hypermorph ${VERSION} ${what}`}, (values) =>
      kernels.areFinite(values),
    ),
  });
  if (paths.moved !== undefined) {
    yield encode(paths.moved, 'moved', {...onFixed, data: registration.moved});
  }
  if (paths.warp !== undefined && registration.warp !== null) {
    const data = registration.warp;
    yield encode(paths.warp, 'warp fixed->moving LPS mm', {
      ...onFixed,
      components: 3,
      data,
      intent: ITK_VECTORS,
    });
  }
  if (paths.inverseWarp !== undefined && registration.inverseWarp !== null) {
    const {shape, geometry} = moving;
    const data = registration.inverseWarp;
    const output = {shape, geometry, components: 3, data, intent: ITK_VECTORS} as const;
    yield encode(paths.inverseWarp, 'warp moving->fixed LPS mm', output);
  }
  if (paths.jacobian !== undefined && registration.jacobian !== null) {
    yield encode(paths.jacobian, 'jacobian det fixed->moving', {
      ...onFixed,
      data: registration.jacobian,
    });
  }
  if (paths.velocity !== undefined && registration.velocity !== null) {
    const {network} = registration;
    const {sformCode, qformCode} = fixed.geometry;
    const geometry = geometryFromGrid(network, {code: sformCode || qformCode || 1});
    const data = registration.velocity;
    const output = {
      shape: network.shape,
      geometry,
      components: 3,
      data,
      intent: ITK_VECTORS,
    } as const;
    yield encode(paths.velocity, 'stationary velocity LPS mm', output);
  }
  for (const [n, path] of (paths.labels ?? []).entries()) {
    yield encode(path, 'labels moved', {
      ...onFixed,
      data: registration.labels[n],
      intent: LABEL,
    });
  }
}
