import {HypermorphError} from '../../../errors.js';
import {applyFiles, type AppliedFile} from '../../../workflows/apply-files.js';
import type {CommandContext} from '../../context.js';
import {splitPair} from '../../file-pairs.js';
import {writeJson, writeTable, type Row} from '../../output.js';
import {createReporter} from '../../progress-events.js';
import type {ApplyOptions} from './options.js';

/** The command `apply`: options in, files out. */
export async function run(options: ApplyOptions, context: CommandContext): Promise<void> {
  const {onProgress, clear} = await createReporter(options, context);
  const {transform, reference, image, labels, points, pointsIn, voxelsOf, spacing} = options;
  const {interpolation, labelInterpolation, background, engine, threads} = options;
  const pairs = (texts: readonly string[] | undefined, option: string, example: string) =>
    texts?.map((text) => splitPair(text, {option, example}));
  const applied = await applyFiles(
    {
      ...{transforms: transform, reference, spacingMm: spacing},
      images: pairs(image, '--image', 'moving.nii.gz:moved.nii.gz'),
      labels: pairs(labels, '--labels', 'labels.nii.gz:labels_moved.nii.gz'),
      points: pairs(points, '--points', 'points.csv:points_moved.csv'),
      pointSystem: voxelsOf ? {kind: 'voxels', images: requireTwo(voxelsOf)} : {kind: pointsIn},
      ...{interpolation, labelInterpolation, background, engine, threads},
    },
    {onProgress, signal: context.signal},
  ).finally(clear);
  if (options.json === true) writeJson(context.stdout, applied);
  else writeTable(context.stdout, applied.files.map(rowOf));
}

function rowOf({kind, target, shape, count}: AppliedFile): Row {
  if (shape === null) return [kind, `${target} (${count} points)`];
  const volumes = count === 1 ? '' : `, ${count} volumes`;
  return [kind, `${target} (${shape.join('x')}${volumes})`];
}

function requireTwo(files: readonly string[]): readonly [string, string] {
  if (files.length === 2) return [files[0], files[1]];
  throw new HypermorphError(
    'E_USAGE',
    `apply: --voxels-of must be two files, that of the points first, got ${files.length}.`,
  );
}
