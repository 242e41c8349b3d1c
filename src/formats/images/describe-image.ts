import type {Source} from '../source.js';
import {intentMeaning} from './nifti/intents.js';
import {openImage} from './open-image.js';
import {placementOf} from './source.js';
import type {FileDescription, ReadImageOptions} from './types.js';

/**
 * What a file says about itself, from its header alone.
 *
 * @throws {HypermorphError} E_IO if it cannot be read, E_NIFTI or, of another format, E_IMAGE if the header makes no sense.
 * @example
 * import {describeImage} from 'hypermorph';
 * const {shape, warnings} = await describeImage('fixed.nii.gz'); // reads the header alone
 * shape; // [11, 9, 10]
 */
export async function describeImage(
  from: Source,
  options: Pick<ReadImageOptions, 'geometry'> = {},
): Promise<FileDescription> {
  const source = await openImage(from);
  const {path, files, intent} = source;
  const placement = placementOf(source, options);
  return {
    path,
    format: source.format,
    byteOrder: source.littleEndian ? 'little-endian' : 'big-endian',
    compressed: source.compressed,
    pair: files.length > 1,
    dimensions: source.dimensions,
    shape: source.shape,
    volumes: source.volumes,
    datatype: source.datatype.name,
    readable: source.datatype.kind === 'readable',
    scaling: source.scaling,
    affine: placement.affine,
    spacing: placement.affine.spacing,
    orientation: placement.affine.orientation,
    orientationKnown: placement.source !== 'assumed',
    geometrySource: placement.source,
    codes: source.codes,
    unit: placement.geometry.unit,
    intent,
    intentMeaning: intentMeaning(intent.code, intent.name),
    descriptionText: source.description,
    warnings: placement.warnings,
  };
}
