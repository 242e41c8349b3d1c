import {existsSync} from 'node:fs';
import {HypermorphError} from '../errors.js';
import type {FilePair} from '../workflows/output-paths.js';

/**
 * `in:out`, two files of an option.
 *
 * @throws {HypermorphError} E_USAGE if it is not two.
 */
export function splitPair(
  pair: string,
  {option, example}: {readonly option: string; readonly example: string},
): FilePair {
  // Paths may hold colons (C:\labels.nii, a time of day): the one counts that has a file before it, else the last.
  const colons = [...pair.matchAll(/:/g)].map(({index}) => index);
  const at = colons.findLast((index) => existsSync(pair.slice(0, index))) ?? colons.at(-1) ?? -1;
  if (at < 1 || at === pair.length - 1) {
    throw new HypermorphError(
      'E_USAGE',
      `${option} must be two files with a colon between them (${example}), got "${pair}".`,
    );
  }
  return {source: pair.slice(0, at), target: pair.slice(at + 1)};
}

/** `--labels in:out`. */
export function splitLabels(pair: string): FilePair {
  return splitPair(pair, {option: '--labels', example: 'labels.nii.gz:labels_moved.nii.gz'});
}
