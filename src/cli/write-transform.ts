import {
  convertTransforms,
  type ConvertTransformsSettings,
} from '../workflows/convert-transforms.js';
import type {CommonOptions} from './common-options.js';
import type {CommandContext} from './context.js';
import {writeJson, writeTable} from './output.js';
import {createReporter} from './progress-events.js';
import type {TargetOptions} from './transform-words.js';

/** What `convert`, `compose` and `invert` do: one file from one transform or several. */
export async function writeTransform(
  {to, ...options}: CommonOptions & TargetOptions & Omit<ConvertTransformsSettings, 'convention'>,
  context: CommandContext,
): Promise<void> {
  const {onProgress, clear} = await createReporter(options, context);
  const {transforms, target, inverse, fixed, moving, engine} = options;
  const written = await convertTransforms(
    {transforms, target, convention: to, inverse, fixed, moving, engine},
    {onProgress},
  ).finally(clear);
  if (options.json === true) return writeJson(context.stdout, written);
  writeTable(context.stdout, [
    [written.kind, target],
    ['convention', `${written.convention}: ${written.meaning}`],
  ]);
}
