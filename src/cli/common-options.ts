import {type Command, Option} from 'commander';
import type {EngineName} from '../engines/engine.js';
import type {LogOptions} from './logger.js';
import {parseBytes} from './numbers.js';

/** Options that every command has. */
export type CommonOptions = LogOptions;

export function addCommonOptions(command: Command): Command {
  return command
    .optionsGroup('Messages:')
    .option('--json', 'print the result as JSON, and messages and errors on stderr likewise')
    .addOption(
      new Option('-q, --quiet', 'no message but errors; results are printed as ever').conflicts(
        'verbose',
      ),
    )
    .option('--verbose', 'say more, for finding out what goes wrong')
    .addOption(
      new Option(
        '--log-format <format>',
        'messages on stderr as sentences, or as JSON, one object a line (default: pretty; json with --json)',
      ).choices(['pretty', 'json']),
    );
}

export type EngineChoice = 'auto' | EngineName;

export function addEngineOption(command: Command): Command {
  const names: readonly EngineChoice[] = ['auto', 'tensorflow', 'native', 'javascript'];
  return command.addOption(
    new Option('--engine <name>', 'what computes').choices(names).default('auto'),
  );
}

/** Long computations are estimated before they begin. */
export function addMemoryOption(command: Command): Command {
  return command.option(
    '--max-memory <size>',
    'refuse what is sure to take more memory, such as 8G or 500M (default: what the machine has)',
    (text) => parseBytes(text, {option: '--max-memory'}),
  );
}

/** A command as a user would type it, and what it is for. */
export interface Example {
  readonly purpose: string;
  readonly command: string;
}

const EXAMPLES = new WeakMap<Command, readonly Example[]>();

/** Show examples under a command's help; the documentation shows them too, and a test runs them. */
export function addExamples(command: Command, examples: readonly Example[]): Command {
  EXAMPLES.set(command, examples);
  const lines = examples.map(({purpose, command: text}) => `  ${purpose}\n    $ ${text}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n\n')}`);
}

export function examplesOf(command: Command): readonly Example[] {
  return EXAMPLES.get(command) ?? [];
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
