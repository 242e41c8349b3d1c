import {HypermorphError} from '../errors.js';

/**
 * A whole number that an option was given; undefined without the option.
 *
 * @throws {HypermorphError} E_USAGE if it is none, or below the minimum.
 */
export function parseWhole(
  text: string | undefined,
  {option, minimum}: {readonly option: string; readonly minimum: number},
): number | undefined {
  if (text === undefined) return undefined;
  const value = parseNumber(text);
  if (Number.isInteger(value) && value >= minimum) return value;
  throw new HypermorphError(
    'E_USAGE',
    `${option} must be a whole number from ${minimum}, got "${text}".`,
  );
}

/**
 * A finite number that an option was given; undefined without the option.
 *
 * @throws {HypermorphError} E_USAGE if it is none.
 */
export function parseFinite(
  text: string | undefined,
  {option}: {readonly option: string},
): number | undefined {
  if (text === undefined) return undefined;
  const value = parseNumber(text);
  if (Number.isFinite(value)) return value;
  throw new HypermorphError('E_USAGE', `${option} must be a number, got "${text}".`);
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  ...{K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40},
};

/**
 * An amount of memory, in bytes: `8G`, `500M`, `1.5 GiB`; undefined without the option.
 *
 * @throws {HypermorphError} E_USAGE if it is none.
 */
export function parseBytes(
  text: string | undefined,
  {option}: {readonly option: string},
): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT])(?:i?B)?$/i.exec(text.trim());
  const bytes = match === null ? 0 : Number(match[1]) * BYTES_PER_UNIT[match[2].toUpperCase()];
  if (bytes > 0) return bytes;
  throw new HypermorphError(
    'E_USAGE',
    `${option} must be an amount of memory with its unit, such as 8G or 500M, got "${text}".`,
  );
}

/** A number as a text says it; NaN where it says none, also where it is empty. */
export function parseNumber(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
