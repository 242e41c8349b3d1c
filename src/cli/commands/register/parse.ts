import {HypermorphError} from '../../../errors.js';
import type {NamedHyperparameters} from '../../../models/hyperparameters.js';
import type {PerImage} from '../../../registration/prepare.js';
import {parseNumber} from '../../numbers.js';

/** `3` for both images, `0,10` for the fixed and for the moving one. */
export function parsePerImage(
  text: string,
  parse: (text: string) => number | undefined,
): number | PerImage | undefined {
  const at = text.indexOf(',');
  if (at < 0) return parse(text);
  return {fixed: parse(text.slice(0, at)), moving: parse(text.slice(at + 1))};
}

/** `--refine`. */
export function parseRefine(text: string): 'auto' | 'none' | number {
  if (text === 'auto' || text === 'none') return text;
  const steps = parseNumber(text);
  if (Number.isInteger(steps) && steps >= 1) return steps;
  throw new HypermorphError(
    'E_USAGE',
    `--refine must be auto, none or a whole number from 1, got ${text}.`,
  );
}

/** `--lambda` and `--hyper name=value` as numbers by name. */
export function parseHyperparameters({
  lambda,
  hyper = [],
}: {
  readonly lambda?: string;
  readonly hyper?: readonly string[];
}): NamedHyperparameters {
  const values = new Map<string, {readonly option: string; readonly value: number}>();
  const set = (name: string, option: string, text: string) => {
    const value = parseNumber(text);
    if (Number.isNaN(value)) {
      const got = text === '' ? 'nothing' : text;
      throw new HypermorphError('E_USAGE', `${option} must be a number, got ${got}.`);
    }
    const earlier = values.get(name);
    if (earlier !== undefined) {
      throw new HypermorphError(
        'E_USAGE',
        `${name} must be given once, got ${earlier.option} and ${option}.`,
      );
    }
    values.set(name, {option, value});
  };
  if (lambda !== undefined) set('lambda', '--lambda', lambda);
  for (const pair of hyper) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new HypermorphError('E_USAGE', `--hyper must be name=value, got "${pair}".`);
    }
    const name = pair.slice(0, at);
    set(name, `--hyper ${name}`, pair.slice(at + 1));
  }
  return Object.fromEntries([...values].map(([name, {value}]) => [name, value]));
}
