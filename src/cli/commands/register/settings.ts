import {HypermorphError} from '../../../errors.js';
import type {RegisterFilesSettings} from '../../../workflows/register-files.js';
import {splitLabels} from '../../file-pairs.js';
import {parseOneWay} from '../../transform-words.js';
import {outputAttributes, type RegisterOptions} from './options.js';
import {parseHyperparameters} from './parse.js';

/** An image by its option or by its place among the arguments. */
function imageOf(
  name: 'fixed' | 'moving',
  argument: string | undefined,
  option: string | undefined,
): string {
  const image = option ?? argument;
  if (image !== undefined && (argument ?? image) === image) return image;
  const got =
    image === undefined ? 'none' : `${argument} among the arguments and --${name} ${option}`;
  throw new HypermorphError('E_USAGE', `register: there must be one ${name} image, got ${got}.`, {
    hint: 'Give both as arguments, <fixed> before <moving>, or both as options, --fixed and --moving.',
  });
}

/** The settings of a registration that options say: most are settings as they are. */
export function settingsOf(
  [fixed, moving]: readonly string[],
  options: RegisterOptions,
): RegisterFilesSettings {
  const {affine, labels, json, report} = options;
  return {
    ...options,
    fixed: imageOf('fixed', fixed, options.fixed),
    moving: imageOf('moving', moving, options.moving),
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
