import type {CommonOptions} from '../../common-options.js';
import type {CommandContext} from '../../context.js';
import {bashScript} from './bash.js';
import {fishScript} from './fish.js';
import type {Shell} from './options.js';
import {wordsOf, type ProgramWords} from './words.js';
import {zshScript} from './zsh.js';

const SCRIPTS: Readonly<Record<Shell, (words: ProgramWords) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The command `completion`. */
export function run(
  _: CommonOptions,
  {stdout, program}: CommandContext,
  [shell]: readonly string[],
): Promise<void> {
  stdout.write(SCRIPTS[shell as Shell](wordsOf(program)));
  return Promise.resolve();
}
