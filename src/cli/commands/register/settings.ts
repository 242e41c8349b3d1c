import type {RegisterFilesSettings} from '../../../workflows/register-files.js';
import {splitLabels} from '../../file-pairs.js';
import {parseOneWay} from '../../transform-words.js';
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
    ...affineOf(affine),
    hyperparameters: parseHyperparameters(options),
    outputs: Object.fromEntries(
      outputAttributes.map(({key, attribute}) => [key, options[attribute]]),
    ),
    labels: labels?.map(splitLabels),
    hashes: json === true || report !== undefined,
  };
}

/** A kind, or a file with the name of its convention before it. */
function affineOf(
  affine: string | undefined,
): Pick<RegisterFilesSettings, 'affine' | 'affineConvention'> {
  if (affine === undefined) return {};
  if (affine === 'none') return {affine: 'headers'};
  const {path, convention} = parseOneWay(affine, '--affine');
  return {affine: path, affineConvention: convention};
}
