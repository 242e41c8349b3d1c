import type {CommandContext} from '../../context.js';
import {writeTransform} from '../../write-transform.js';
import type {ComposeOptions} from './options.js';

/** The command `compose`. */
export async function run(options: ComposeOptions, context: CommandContext): Promise<void> {
  const {transform = [], output} = options;
  await writeTransform({...options, transforms: transform, target: output}, context);
}
