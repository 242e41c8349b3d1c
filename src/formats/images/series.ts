import {HypermorphError} from '../../errors.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import {named} from '../named.js';
import type {Source} from '../source.js';
import {decodeIntensities, decodeLabels} from './decode.js';
import {isVectorIntent} from './nifti/intents.js';
import {openImage} from './open-image.js';
import {
  placementOf,
  readVolumeBytes,
  requireReadable,
  requireScalars,
  type ImageSource,
} from './source.js';
import type {FileSeries, ReadImageOptions} from './types.js';

/**
 * Read the header of an image of one or many volumes; the volumes are read one by one when they are asked for.
 *
 * @param options.kind - 'label' keeps whole numbers in an integer type, the same for all volumes.
 * @param options.onWarning - Called with what is odd about the voxels, once they are read.
 * @throws {HypermorphError} As `readImage`. `read` throws what is wrong with the voxels; the fault of the file for a vector field.
 */
export async function openSeries(
  source: Source,
  options: Pick<ReadImageOptions, 'geometry' | 'kind'> & {
    readonly onWarning?: (text: string) => void;
  } = {},
): Promise<FileSeries> {
  const file = await openImage(source);
  const {path, volumes, dimensions, intent, timing} = file;
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
    intent,
    further: {
      lengths: volumes > 1 ? dimensions.slice(3) : [],
      ...timing,
    },
    warnings: placement.warnings,
    read: () => readVolumes(file, kind, warn),
  };
}

async function* readVolumes(
  file: ImageSource,
  kind: 'intensity' | 'label',
  warn: (text: string) => void,
): AsyncGenerator<VoxelArray> {
  const {littleEndian, scaling, fault} = file;
  const datatype = requireReadable(file);
  requireScalars(file);
  if (file.volumes > 1 && isVectorIntent(file.intent.code)) {
    throw new HypermorphError(
      fault,
      `${file.path}: must be an image with one number per voxel, got a vector field (${file.dimensions.join(' x ')}).`,
    );
  }
  for await (const bytes of readVolumeBytes(file)) {
    const stored = {bytes, datatype, littleEndian, scaling, fault};
    yield named(file.path, () => {
      if (kind === 'intensity') return decodeIntensities(stored, warn);
      const labels = decodeLabels(stored, warn);
      const isKept = datatype.view !== null && !datatype.isFloat && scaling === null;
      // The smallest type that holds the labels of one volume may be too small for those of the next.
      return isKept || file.volumes === 1 ? labels : Int32Array.from(labels);
    });
  }
}
