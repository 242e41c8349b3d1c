import {HypermorphError} from '../../../errors.js';
import {requireWritable, writeFileAtomically} from '../../../formats/files.js';
import {evaluateFiles} from '../../../workflows/evaluate-files.js';
import type {TransformInput} from '../../../workflows/transform-chain.js';
import {requireName, requireSeparateFiles, TABLE_NAME} from '../../../workflows/output-paths.js';
import type {CliContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable} from '../../output.js';
import {parseOneWay} from '../../transform-words.js';
import type {EvaluateOptions} from './options.js';
import {csvOf, tableOf} from './results.js';

/** The command `evaluate`. */
export async function run(options: EvaluateOptions, context: CliContext): Promise<void> {
  const logger = await createLogger(context, options);
  const {images, labels, landmarks, voxelsOf, onlyLabels, mask, csv} = options;
  const {path: warp, convention: warpConvention}: Partial<TransformInput> =
    options.warp === undefined ? {} : parseOneWay(options.warp, '--warp');
  const {window, bins} = options;
  if (landmarks !== undefined && landmarks.length > 2) requireTwo('--landmarks', landmarks);
  const voxels = requireTwo('--voxels-of', voxelsOf);
  if (csv !== undefined) {
    const inputs = [images, labels, landmarks, voxelsOf, warp, mask].flat();
    requireName(csv, TABLE_NAME);
    await requireSeparateFiles(
      inputs.filter((path) => path !== undefined),
      [csv],
      'evaluate',
    );
    await requireWritable(csv);
  }
  const evaluation = await evaluateFiles({
    images: requireTwo('--images', images),
    labels: requireTwo('--labels', labels),
    ...{warp, warpConvention},
    mask,
    landmarks,
    landmarkSystem: voxels ? {kind: 'voxels', images: voxels} : {kind: options.landmarksIn},
    wantedLabels: onlyLabels,
    resample: options.resample === true,
    ...(window === undefined ? {} : {window}),
    ...(bins === undefined ? {} : {bins}),
  });
  evaluation.warnings.forEach((warning) => logger.warn(warning));
  if (csv !== undefined) await writeFileAtomically(csv, csvOf(evaluation));
  if (options.json === true) writeJson(context.stdout, evaluation);
  else writeTable(context.stdout, tableOf(evaluation));
}

/** @throws {HypermorphError} E_USAGE if an option was not given exactly two files. */
function requireTwo(
  option: string,
  files: readonly string[] | undefined,
): readonly [string, string] | undefined {
  if (files === undefined) return undefined;
  if (files.length === 2) return [files[0], files[1]];
  throw new HypermorphError(
    'E_USAGE',
    `evaluate: ${option} must be two files, the fixed one first, got ${files.length}.`,
  );
}
