import type {Logger} from 'pino';
import {printable} from './printable.js';
import type {CliContext} from './context.js';

export type {Logger};

export interface LogOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly logFormat?: 'pretty' | 'json' | undefined;
}

/** Whether a command line wants its messages for programs: told so, or because its result is for one. */
export function isJson({json, logFormat}: LogOptions): boolean {
  return logFormat === undefined ? json === true : logFormat === 'json';
}

/** Log lines on stderr: sentences for people, coloured on a terminal, or JSON lines for programs. */
export async function createLogger(
  {stderr}: Pick<CliContext, 'stderr'>,
  logOptions: LogOptions = {},
): Promise<Logger> {
  const {default: pino} = await import('pino');
  const {quiet, verbose} = logOptions;
  const level = quiet === true ? 'error' : verbose === true ? 'debug' : 'info';
  const options = {level, base: null, messageKey: MESSAGE_KEY};
  if (isJson(logOptions)) return pino(options, {write: (line) => stderr.write(line)});
  const {default: pretty} = await import('pino-pretty');
  const prettify = pretty.prettyFactory({
    // https://no-color.org: any text that is not empty.
    colorize: stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
    messageKey: MESSAGE_KEY,
    ignore: 'time',
    hideObject: true,
    messageFormat: (log, messageKey) => withHint(linesOf(log[messageKey]), log.hint),
  });
  return pino(options, {write: (line) => stderr.write(prettify(JSON.parse(line)))});
}

const MESSAGE_KEY = 'message';

/** A stack has lines; each of them is made printable. */
function linesOf(message: unknown): string {
  return String(message).split('\n').map(printable).join('\n');
}

function withHint(message: string, hint: unknown): string {
  return typeof hint === 'string' ? `${message}\n      ${printable(hint)}` : message;
}
