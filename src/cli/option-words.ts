import type {Command} from 'commander';
import {HypermorphError} from '../errors.js';

/** Options that are not called as the setting is that they stand for. */
const OPTION_OF: Readonly<Record<string, string>> = {
  hyperparameters: '--hyper',
  transforms: '--transform',
  images: '--image',
  'hyperparameters.lambda': '--lambda',
  overrides: '--set',
  spacingMm: '--spacing',
  velocity: '--svf',
};

/** How a command line says whose numbers a transform holds. */
const NAME_BEFORE_FILE = 'the name before the file (as in fsl:flirt.mat)';

/** Settings of a registration that messages about files name, whichever command reads the file. */
const OF_REGISTER: readonly string[] = ['volume', 'geometry', 'affine', 'background'];

/** A setting as the library writes it in its messages: `geometry: 'sform'`, `resume: true`, `hyperparameters.lambda`. */
const SETTING = /`([a-z][\w.]*)(?:: (?:true|'([^`]*)'|([^`]*)))?`/gi;

/**
 * Say with the options of a command what the library says with the names of its settings. What the command has no option for
 * stays as it is.
 */
export function inOptionWords(text: string, command: Command): string {
  const words = text.replace(SETTING, (setting: string, name: string, ...values: string[]) => {
    if (name === 'convention') return NAME_BEFORE_FILE;
    const option = optionFor(name);
    const isKnown = command.options.some(({long}) => long === option.split(' ')[0]);
    const value = values[0] ?? values[1];
    const written = value === undefined ? option : `${option} ${value}`;
    if (isKnown) return written;
    // A training has such a setting in its configuration.
    const isElsewhere = OF_REGISTER.includes(name) && command.name() !== 'train';
    return isElsewhere ? `${written} of register` : setting;
  });
  return words.startsWith('--') ? `${command.name()}: ${words}` : words;
}

/** An error of the library in the words of a command; any other unchanged. */
export function errorInOptionWords(error: unknown, command: Command): unknown {
  if (!(error instanceof HypermorphError)) return error;
  const {code, message, hint, cause, details} = error;
  const words = inOptionWords(message, command);
  const hintWords = hint === undefined ? undefined : inOptionWords(hint, command);
  if (words === message && hintWords === hint) return error;
  return new HypermorphError(code, words, {
    cause,
    details,
    ...(hintWords === undefined ? {} : {hint: hintWords}),
  });
}

/** The option for a setting of the library: `--inverse-warp` for `inverseWarp`, unless it has a name of its own. */
export function optionFor(setting: string): string {
  const [group, name] = setting.split('.');
  if (setting in OPTION_OF) return OPTION_OF[setting];
  if (name !== undefined && group in OPTION_OF) return `${OPTION_OF[group]} ${name}`;
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
