import type {Command, Option} from 'commander';

/** An option: how it is written, and what may follow it. */
export interface OptionWords {
  readonly short: string | undefined;
  readonly long: string;
  readonly takesValue: boolean;
  /** Empty where a value may be anything, or the name of a file. */
  readonly choices: readonly string[];
  /** May be given several times. */
  readonly isRepeatable: boolean;
  /** What it is for, a few words. */
  readonly about: string;
}

export interface CommandWords {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionWords[];
  /** What its argument may be; empty where it is a file, or where it has none. */
  readonly choices: readonly string[];
}

/** Every word that a command line may hold, but for names of files. */
export interface ProgramWords {
  readonly commands: readonly CommandWords[];
  readonly options: readonly OptionWords[];
}

/** The words of the parser's own tree. */
export function wordsOf(program: Command): ProgramWords {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    about: brief(command.summary()),
    options: optionsOf(command),
    choices: command.registeredArguments.flatMap(({argChoices}) => argChoices ?? []),
  }));
  const help = {
    ...{name: 'help', about: 'show the help of a command', options: []},
    choices: commands.map(({name}) => name),
  };
  return {commands: [...commands, help], options: optionsOf(program)};
}

function optionsOf(command: Command): readonly OptionWords[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option): option is Option & {long: string} => option.long !== undefined)
    .map(({short, long, description, argChoices = [], ...option}) => ({
      ...{short, long, choices: argChoices, about: brief(description)},
      takesValue: option.required || option.optional,
      isRepeatable: option.variadic || /repeatable$/.test(description),
    }));
}

/** A description up to where its details begin. */
function brief(description: string): string {
  return description.split(/; | \(|\. |: |\.$/)[0];
}
