import type {RegisterFilesSettings} from '../../../workflows/register-files.js';
import {splitLabels} from '../../file-pairs.js';
import {outputAttributes, type RegisterOptions} from './options.js';
import {parseHyperparameters} from './parse.js';

/** The settings of a registration that options say: most are settings as they are. */
export function settingsOf(
  [fixed, moving]: readonly string[],
  options: RegisterOptions,
): RegisterFilesSettings {
  const {affine, labels, json, report} = options;
  return {
    ...options,
    ...{fixed, moving},
    affine: affine === 'none' ? 'headers' : affine,
    hyperparameters: parseHyperparameters(options),
    outputs: Object.fromEntries(
      outputAttributes.map(({key, attribute}) => [key, options[attribute]]),
    ),
    labels: labels?.map(splitLabels),
    hashes: json === true || report !== undefined,
  };
}
