import type {CommandContext} from '../../context.js';
import {parseTransform} from '../../transform-words.js';
import {writeTransform} from '../../write-transform.js';
import type {ConvertOptions} from '../convert/options.js';

/** The command `invert`. */
export async function run(
  options: ConvertOptions,
  context: CommandContext,
  [source, target]: readonly string[],
): Promise<void> {
  const transforms = [parseTransform(source)];
  await writeTransform({...options, transforms, target, inverse: true}, context);
}
