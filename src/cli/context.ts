import type {Command} from 'commander';

/** Where text goes: a stream of the process, or a test's collector. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a command gets from its surroundings. */
export interface CliContext {
  /** Results only. */
  readonly stdout: TextSink;
  /** Everything else. */
  readonly stderr: TextSink;
  /** Aborted when the user interrupts. */
  readonly signal?: AbortSignal | undefined;
  /** Called before long computations, during which JavaScript waits. */
  readonly onComputing?: (() => void) | undefined;
}

/** The same for one command. */
export interface CommandContext extends CliContext {
  /** A message of the library in the words of the command's options. */
  readonly inOptionWords: (text: string) => string;
  /** The parser with all commands. */
  readonly program: Command;
}
