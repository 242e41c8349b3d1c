import {
  describeFile,
  type ImageDescription,
  type ModelFileDescription,
} from '../../../workflows/describe-file.js';
import type {CommonOptions} from '../../common-options.js';
import type {CommandContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable, type Row} from '../../output.js';

/** The command `info`. */
export async function run(
  options: CommonOptions,
  context: CommandContext,
  [path]: readonly string[],
): Promise<void> {
  const logger = await createLogger(context, options);
  const file = await describeFile(path);
  if (file.kind === 'image') {
    file.warnings.forEach((warning) => logger.warn(context.inOptionWords(warning)));
  }
  if (options.json === true) writeJson(context.stdout, file);
  else writeTable(context.stdout, file.kind === 'image' ? imageRows(file) : modelRows(file));
}

function imageRows(image: ImageDescription): Row[] {
  const storage = [
    image.format,
    image.byteOrder,
    ...(image.compressed ? ['gzip'] : []),
    ...(image.pair ? ['two files'] : []),
  ];
  const scaling = image.scaling;
  const origin = image.affine.offset;
  return [
    ['file', image.path],
    ['kind', image.intentMeaning],
    ['size', `${image.shape.join(' x ')}${image.volumes > 1 ? `, ${image.volumes} volumes` : ''}`],
    ['spacing', `${image.spacing.map((mm) => round(mm)).join(' x ')} mm`],
    ['orientation', `${image.orientation}${image.orientationKnown ? '' : ' (assumed)'}`],
    ['placement', placementOf(image)],
    ['first voxel', `${origin.map((mm) => round(mm)).join(', ')} mm (right, front, up)`],
    [
      'numbers',
      `${image.datatype}${image.readable ? '' : ' (cannot be read)'}${
        scaling === null ? '' : `, times ${scaling.slope} plus ${scaling.intercept}`
      }`,
    ],
    ['storage', storage.join(', ')],
    ...(image.descriptionText === '' ? [] : [['text', image.descriptionText] as const]),
  ];
}

function placementOf({geometrySource, codes: given}: ImageDescription): string {
  if (given === null) return geometrySource === 'assumed' ? 'unknown' : 'from the header';
  const codes = `qform code ${given.qform}, sform code ${given.sform}`;
  return geometrySource === 'assumed'
    ? `unknown (${codes})`
    : `from the ${geometrySource} (${codes})`;
}

function modelRows(model: ModelFileDescription): Row[] {
  const {architecture: net, grid, normalisation, provenance} = model;
  const rows: Row[] = [
    ['file', model.path],
    [
      'network',
      `${net.dimensions}-D ${net.hyperparameters > 0 ? 'HyperMorph' : 'VoxelMorph'}, ${model.parameters.toLocaleString('en')} numbers`,
    ],
    ['features', `down ${net.unet.encoder.join(' ')}, up ${net.unet.decoder.join(' ')}`],
    ...(net.labeller ? [['labeller', `${net.labeller.labels} labels`] as const] : []),
    [
      'velocity',
      `${net.inputResolution > 1 ? `from images at 1/${net.inputResolution}, ` : ''}at 1/${net.velocityResolution} of the size, integrated at 1/${net.integrationResolution} in ${net.integrationSteps} steps`,
    ],
    [
      'grid',
      `${grid.orientation ?? 'axes of the fixed image'}, ${
        grid.spacingMm === null ? 'spacing of the fixed image' : `${grid.spacingMm.join(' x ')} mm`
      }, sizes multiples of ${grid.multiple}, trained at ${grid.trainingShape.join(' x ')}`,
    ],
    [
      'normalisation',
      normalisation.kind === 'percentile'
        ? `percentiles ${normalisation.low} to ${normalisation.high}`
        : normalisation.kind,
    ],
    ...fieldOfViewRows(model),
    ...model.hyperparameters.map(({name, minimum, maximum, recommended}): Row => [
      name,
      `${minimum} to ${maximum}${recommended === undefined ? '' : `, recommended ${recommended}`}`,
    ]),
  ];
  for (const [dataSet, best] of Object.entries(model.recommended ?? {})) {
    const add = (values: readonly number[], data: string) => {
      const named = model.hyperparameters.map(({name}, n) => `${name} ${values[n]}`);
      rows.push(['recommended', `${named.join(', ')} for ${data}`]);
    };
    if (best.overall) add(best.overall, dataSet);
    for (const [label, values] of Object.entries(best.labels ?? {})) {
      add(values, `${dataSet}, label ${label}`);
    }
  }
  for (const [name, value] of Object.entries(provenance)) {
    if (typeof value === 'string' || typeof value === 'number') rows.push([name, String(value)]);
  }
  if (provenance.imported) rows.push(['imported from', provenance.imported.file]);
  rows.push(['content hash', model.contentHash]);
  return rows;
}

function fieldOfViewRows({fieldOfView}: ModelFileDescription): Row[] {
  if (fieldOfView === undefined) return [];
  const {smallestMm, largestMm} = fieldOfView;
  const ranges = smallestMm.map((smallest, axis) => `${smallest} to ${largestMm[axis]}`);
  return [['made for', `images of ${ranges.join(' x ')} mm`]];
}

function round(value: number): string {
  return String(Number(value.toFixed(4)));
}
