import {HypermorphError} from '../../../errors.js';
import {resolveLinks} from '../../../formats/files.js';
import {importKerasModel, type KerasImportOptions} from '../../../models/keras-import.js';
import {isOrientation} from '../../../models/model-description.js';
import {writeModel} from '../../../models/model-file.js';
import type {ImportOptions} from './options.js';
import type {CliContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable} from '../../output.js';

/** The command `import`. */
export async function run(
  options: ImportOptions,
  context: CliContext,
  [source, target]: readonly string[],
): Promise<void> {
  const logger = await createLogger(context, options);
  if (!/\.safetensors$/i.test(target)) {
    throw new HypermorphError(
      'E_USAGE',
      `import: the name of the model must end in .safetensors, got ${target}.`,
    );
  }
  if ((await resolveLinks(source)) === (await resolveLinks(target))) {
    throw new HypermorphError(
      'E_USAGE',
      `import: the input must not be overwritten, got ${target}.`,
    );
  }
  const spacing = parseSpacing(options.spacing);
  const normalisation = parseNormalisation(options.normalisation);
  const model = await importKerasModel(source, {normalisation});
  const {architecture, hyperparameters, grid} = model.description;
  const {dimensions} = architecture;
  const description = {
    ...model.description,
    grid: {
      ...grid,
      spacingMm: spacingFor(dimensions, spacing),
      orientation: orientationFor(dimensions, options.orientation, grid.orientation),
    },
  };
  await writeModel(target, {description, weights: model.weights}, {storage: options.storage});
  const names = hyperparameters.map(({name}) => name);
  logger.debug(`architecture ${JSON.stringify(architecture)}`);
  if (options.json === true) {
    writeJson(context.stdout, {source, target, description});
    return;
  }
  writeTable(context.stdout, [
    ['model', target],
    ['hyperparameters', names.length === 0 ? 'none' : names.join(', ')],
  ]);
}

function parseSpacing(text: string): number[] | null {
  if (text === 'fixed') return null;
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.some((mm) => !(mm > 0 && mm < Infinity))) {
    throw new HypermorphError(
      'E_USAGE',
      `import: --spacing must be "fixed" or positive numbers such as 1 or 1,1,1.5, got "${text}".`,
    );
  }
  return numbers;
}

/** One number per axis of the model. */
function spacingFor(dimensions: number, spacing: readonly number[] | null): number[] | null {
  if (spacing === null) return null;
  if (spacing.length === 1) return new Array<number>(dimensions).fill(spacing[0]);
  if (spacing.length !== dimensions) {
    throw new HypermorphError(
      'E_USAGE',
      `import: --spacing must be "fixed", one number, or ${dimensions} numbers for a model of ${dimensions} dimensions, got ${spacing.join(',')}.`,
    );
  }
  return [...spacing];
}

/** The axes of the model as the user says them, or else as they are by default. */
function orientationFor(
  dimensions: number,
  given: string | undefined,
  usual: string | null,
): string | null {
  if (given === undefined) return usual;
  if (given === 'fixed') return null;
  const letters = given.toUpperCase();
  if (!isOrientation(letters, dimensions)) {
    throw new HypermorphError(
      'E_USAGE',
      `import: --orientation must be "fixed" or name ${dimensions} different axes, such as ${'RAS'.slice(0, dimensions)}, for a model of ${dimensions} dimensions, got "${given}".`,
    );
  }
  return letters;
}

function parseNormalisation(text: string): NonNullable<KerasImportOptions['normalisation']> {
  if (text === 'none' || text === 'minmax') return {kind: text};
  const [kind, low, high, ...rest] = text.split(':');
  if (kind !== 'percentile' || rest.length > 0 || !arePercentiles(low, high)) {
    throw new HypermorphError(
      'E_USAGE',
      `import: --normalisation must be minmax, none or percentile:LOW:HIGH (percentile:0.5:99.5), got "${text}".`,
    );
  }
  return {kind: 'percentile', low: Number(low), high: Number(high)};
}

function arePercentiles(low = '', high = ''): boolean {
  const isGiven = low.trim() !== '' && high.trim() !== '';
  return isGiven && Number(low) >= 0 && Number(low) < Number(high) && Number(high) <= 100;
}
