import type {Logger} from 'pino';
import {printable} from './printable.js';
import type {CliContext} from './context.js';

export type {Logger};

export interface LogOptions {
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly logFormat?: 'pretty' | 'json' | undefined;
}

/** Log lines for people or for programs, on stderr: pretty on a terminal, JSON lines elsewhere, unless told otherwise. */
export async function createLogger(
  {stderr}: Pick<CliContext, 'stderr'>,
  {quiet, verbose, logFormat}: LogOptions = {},
): Promise<Logger> {
  const {default: pino} = await import('pino');
  const level = quiet === true ? 'error' : verbose === true ? 'debug' : 'info';
  const format = logFormat ?? (stderr.isTTY === true ? 'pretty' : 'json');
  const options = {level, base: null};
  if (format === 'json') return pino(options, {write: (line) => stderr.write(line)});
  const {default: pretty} = await import('pino-pretty');
  const prettify = pretty.prettyFactory({
    colorize: stderr.isTTY === true,
    ignore: 'time',
    hideObject: true,
    messageFormat: (log, messageKey) => withHint(linesOf(log[messageKey]), log.hint),
  });
  return pino(options, {write: (line) => stderr.write(prettify(JSON.parse(line)))});
}

/** A stack has lines; each of them is made printable. */
function linesOf(message: unknown): string {
  return String(message).split('\n').map(printable).join('\n');
}

function withHint(message: string, hint: unknown): string {
  return typeof hint === 'string' ? `${message}\n      ${printable(hint)}` : message;
}
