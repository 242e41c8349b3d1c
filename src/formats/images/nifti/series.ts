import {HypermorphError} from '../../../errors.js';
import type {VoxelArray} from '../../../kernels/voxels.js';
import {named} from '../../named.js';
import type {Source} from '../../source.js';
import {decodeIntensities, decodeLabels} from './decode.js';

import {isVectorIntent} from './intents.js';
import {intentOf, openNifti, placementOf, readVolumeBytes, requireReadable} from './source.js';
import type {NiftiSource} from './source.js';
import type {NiftiSeries, ReadNiftiOptions} from './types.js';

/** The bits of xyzt_units that name a unit of time. */
const TIME_BITS = 0x38;

/**
 * Read the header of an image of one or many volumes; the volumes are read one by one when they are asked for.
 *
 * @param options.kind - 'label' keeps whole numbers in an integer type, the same for all volumes.
 * @param options.onWarning - Called with what is odd about the voxels, once they are read.
 * @throws {HypermorphError} As `readNifti`. `read` throws what is wrong with the voxels; E_NIFTI for a vector field.
 */
export async function openNiftiSeries(
  source: Source,
  options: Pick<ReadNiftiOptions, 'geometry' | 'kind'> & {
    readonly onWarning?: (text: string) => void;
  } = {},
): Promise<NiftiSeries> {
  const file = await openNifti(source);
  const {path, fields, volumes, dimensions} = file;
  const placement = placementOf(file, options);
  const {onWarning, kind = 'intensity'} = options;
  const warn = (text: string) => onWarning?.(`${path}: ${text}`);
  return {
    path,
    files: file.files,
    shape: file.shape,
    volumes,
    affine: placement.affine,
    geometry: placement.geometry,
    datatype: file.datatype.name,
    orientationKnown: placement.source !== 'assumed',
    geometrySource: placement.source,
    intent: intentOf(file),
    further: {
      lengths: volumes > 1 ? dimensions.slice(3) : [],
      steps: fields.pixdim.slice(4),
      timeUnit: fields.units & TIME_BITS,
    },
    warnings: [...file.warnings, ...placement.warnings],
    read: () => readVolumes(file, kind, warn),
  };
}

async function* readVolumes(
  file: NiftiSource,
  kind: 'intensity' | 'label',
  warn: (text: string) => void,
): AsyncGenerator<VoxelArray> {
  const {layout, scaling} = file;
  const datatype = requireReadable(file);
  if (file.volumes > 1 && isVectorIntent(file.fields.intentCode)) {
    throw new HypermorphError(
      'E_NIFTI',
      `${file.path}: must be an image with one number per voxel, got a vector field (${file.dimensions.join(' x ')}).`,
    );
  }
  for await (const bytes of readVolumeBytes(file)) {
    const stored = {bytes, datatype, littleEndian: layout.littleEndian, scaling};
    yield named(file.path, () => {
      if (kind === 'intensity') return decodeIntensities(stored, warn);
      const labels = decodeLabels(stored, warn);
      const isKept = datatype.view !== null && !datatype.isFloat && scaling === null;
      // The smallest type that holds the labels of one volume may be too small for those of the next.
      return isKept || file.volumes === 1 ? labels : Int32Array.from(labels);
    });
  }
}
