import {run} from '../../src/cli/program.js';

/** What a command line did. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON lines on stderr; empty with pretty logs. */
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
  const logs = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as CliResult['logs'][number]);
  return {code, stdout, stderr, logs};
}
