import {withOpenFile} from '../../../formats/files.js';
import {describeNifti, type NiftiDescription} from '../../../formats/images/nifti/nifti.js';
import {readModel} from '../../../models/model-file.js';
import type {ModelDescription} from '../../../models/model-description.js';
import type {CommonOptions} from '../../common-options.js';
import type {CommandContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable, type Row} from '../../output.js';

/** The command `info`: the content of the file decides what it is. */
export async function run(
  options: CommonOptions,
  context: CommandContext,
  [path]: readonly string[],
): Promise<void> {
  const logger = await createLogger(context, options);
  if (await isSafetensors(path)) {
    const {description, weights} = await readModel(path);
    const parameters = [...weights.values()].reduce((sum, {data}) => sum + data.length, 0);
    if (options.json === true) writeJson(context.stdout, {path, parameters, ...description});
    else writeTable(context.stdout, modelRows(path, description, parameters));
    return;
  }
  const description = await describeNifti(path);
  description.warnings.forEach((warning) => logger.warn(context.inOptionWords(warning)));
  if (options.json === true) writeJson(context.stdout, description);
  else writeTable(context.stdout, imageRows(description));
}

/** A safetensors file starts with the length of a JSON text, eight bytes, and that text. */
async function isSafetensors(path: string): Promise<boolean> {
  if (/\.safetensors$/i.test(path)) return true;
  return withOpenFile(path, async (file) => {
    if (file.size < 10) return false;
    const start = await file.read(0, 9);
    const length = new DataView(start.buffer).getBigUint64(0, true);
    return start[8] === '{'.charCodeAt(0) && length < BigInt(file.size);
  });
}

function imageRows(image: NiftiDescription): Row[] {
  const storage = [
    `NIfTI-${image.version}`,
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

function placementOf({geometrySource, qformCode, sformCode}: NiftiDescription): string {
  const codes = `qform code ${qformCode}, sform code ${sformCode}`;
  return geometrySource === 'assumed'
    ? `unknown (${codes})`
    : `from the ${geometrySource} (${codes})`;
}

function modelRows(path: string, model: ModelDescription, parameters: number): Row[] {
  const {architecture: net, grid, normalisation, provenance} = model;
  const rows: Row[] = [
    ['file', path],
    [
      'network',
      `${net.dimensions}-D ${net.hyperparameters > 0 ? 'HyperMorph' : 'VoxelMorph'}, ${parameters.toLocaleString('en')} numbers`,
    ],
    ['features', `down ${net.unet.encoder.join(' ')}, up ${net.unet.decoder.join(' ')}`],
    [
      'velocity',
      `at 1/${net.velocityResolution} of the size, integrated at 1/${net.integrationResolution} in ${net.integrationSteps} steps`,
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
    ...model.hyperparameters.map(({name, minimum, maximum, recommended}): Row => [
      name,
      `${minimum} to ${maximum}${recommended === undefined ? '' : `, recommended ${recommended}`}`,
    ]),
  ];
  for (const [dataSet, best] of Object.entries(model.recommended ?? {})) {
    if (best.overall) rows.push([`best on ${dataSet}`, best.overall.join(', ')]);
    for (const [label, values] of Object.entries(best.labels ?? {})) {
      rows.push([`best on ${dataSet}, ${label}`, values.join(', ')]);
    }
  }
  for (const [name, value] of Object.entries(provenance)) {
    if (typeof value === 'string' || typeof value === 'number') rows.push([name, String(value)]);
  }
  if (provenance.imported) rows.push(['imported from', provenance.imported.file]);
  rows.push(['content hash', model.contentHash]);
  return rows;
}

function round(value: number): string {
  return String(Number(value.toFixed(4)));
}
