import {jacobianFiles} from '../../../workflows/jacobian-files.js';
import type {CommandContext} from '../../context.js';
import {writeJson, writeTable} from '../../output.js';
import {createReporter} from '../../progress-events.js';
import type {JacobianOptions} from './options.js';

/** The command `jacobian`. */
export async function run(options: JacobianOptions, context: CommandContext): Promise<void> {
  const {onProgress, clear} = await createReporter(options, context);
  const {transform = [], reference, output, log, withoutAffine, engine} = options;
  const found = await jacobianFiles(
    {transforms: transform, target: output, reference, logarithm: log, withoutAffine, engine},
    {onProgress},
  ).finally(clear);
  if (options.json === true) return writeJson(context.stdout, found);
  const {folds, foldingFraction, minimum, maximum, sdLogJacobian} = found;
  const show = (value: number | null) => (value === null ? 'unknown' : value.toFixed(4));
  writeTable(context.stdout, [
    ['jacobian', output],
    ['determinant', `${show(minimum)} to ${show(maximum)}`],
    ['folds', `${folds} voxels (${(100 * (foldingFraction ?? 0)).toFixed(4)} %)`],
    ['SDlogJ', show(sdLogJacobian)],
  ]);
}
