import {HypermorphError} from '../../../errors.js';
import {importModel, type ImportModelSettings} from '../../../workflows/import-model.js';
import type {CliContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable} from '../../output.js';
import type {ImportOptions} from './options.js';

/** The command `import`. */
export async function run(
  options: ImportOptions,
  context: CliContext,
  [source, target]: readonly string[],
): Promise<void> {
  const logger = await createLogger(context, options);
  const {spacing, orientation, normalisation, storage, compact} = options;
  const imported = await importModel({
    ...{source, target, storage, compact},
    spacingMm: parseSpacing(spacing),
    orientation: orientation === FIXED ? null : orientation,
    normalisation: parseNormalisation(normalisation),
  });
  const {architecture, hyperparameters} = imported.description;
  logger.debug(`architecture ${JSON.stringify(architecture)}`);
  if (options.json === true) return writeJson(context.stdout, imported);
  const names = hyperparameters.map(({name}) => name);
  writeTable(context.stdout, [
    ['model', target],
    ['hyperparameters', names.length === 0 ? 'none' : names.join(', ')],
  ]);
}

/** What the options call the grid of the fixed image. */
const FIXED = 'fixed';

function parseSpacing(text: string): number[] | null {
  if (text === FIXED) return null;
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.some((mm) => !(mm > 0 && mm < Infinity))) {
    throw new HypermorphError(
      'E_USAGE',
      `import: --spacing must be "fixed" or positive numbers such as 1 or 1,1,1.5, got "${text}".`,
    );
  }
  return numbers;
}

function parseNormalisation(text: string): ImportModelSettings['normalisation'] {
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
