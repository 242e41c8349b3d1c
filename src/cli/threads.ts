import {HypermorphError} from '../errors.js';

/**
 * The engine's option behind `--threads`; empty without it.
 *
 * @throws {HypermorphError} E_USAGE if it is no whole number from 1.
 */
export function parseThreads(command: string, text: string | undefined): {threads?: number} {
  if (text === undefined) return {};
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return {threads};
  throw new HypermorphError(
    'E_USAGE',
    `${command}: --threads must be a whole number from 1, got "${text}".`,
  );
}
