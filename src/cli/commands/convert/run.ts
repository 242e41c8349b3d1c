import type {CommandContext} from '../../context.js';
import {parseTransform} from '../../transform-words.js';
import {writeTransform} from '../../write-transform.js';
import type {ConvertOptions} from './options.js';

/** The command `convert`. */
export async function run(
  options: ConvertOptions,
  context: CommandContext,
  [source, target]: readonly string[],
): Promise<void> {
  await writeTransform({...options, transforms: [parseTransform(source)], target}, context);
}
