import {run} from '../../src/cli/program.js';

/** What a command line did. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The messages on stderr. */
  readonly logs: readonly {readonly level: number; readonly msg: string; readonly hint?: string}[];
}

/** Run a command line in this process; its streams are no terminals. */
export async function runCli(
  argv: readonly string[],
  options: {readonly signal?: AbortSignal; readonly isTTY?: boolean} = {},
): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const {signal, isTTY = false} = options;
  const code = await run(argv, {
    stdout: {write: (text) => (stdout += text), isTTY},
    stderr: {write: (text) => (stderr += text), isTTY},
    signal,
  });
  return {code, stdout, stderr, logs: parseLogs(stderr)};
}

const LEVELS = {DEBUG: 20, INFO: 30, WARN: 40, ERROR: 50};

/** Log lines, be they JSON or sentences with a hint below. */
function parseLogs(stderr: string): CliResult['logs'] {
  const logs: {level: number; msg: string; hint?: string}[] = [];
  for (const line of stderr.split('\n')) {
    const [, level, msg] = /^(DEBUG|INFO|WARN|ERROR): (.*)$/.exec(line) ?? [];
    if (line.startsWith('{')) {
      const {message, ...log} = JSON.parse(line) as CliResult['logs'][number] & {message: string};
      logs.push({...log, msg: message});
    } else if (level !== undefined) {
      logs.push({level: LEVELS[level as keyof typeof LEVELS], msg});
    } else if (line.startsWith(' '.repeat(6)) && logs.length > 0) {
      logs.at(-1)!.hint = line.trim();
    }
  }
  return logs;
}
