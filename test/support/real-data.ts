import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {findShared} from '../../scripts/support/shared-folder.js';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** Volumes that come with the repository. */
export const DATA = join(REPOSITORY, 'data');

const collected = findShared('data', 'awkward');

/** The odd files: of the collection where it is there, else the smaller ones of the repository. */
export const ODD_FOLDER = collected ?? join(REPOSITORY, 'test', 'fixtures', 'odd-files');

/** NIfTI files by name; the `.img` of a pair goes with its `.hdr`. */
export const ODD_FILES: readonly string[] = readdirSync(ODD_FOLDER)
  .filter((name) => /\.(nii|hdr)(\.gz)?$/.test(name))
  .sort();

/** For the output: which odd files are tested. */
export const ODD_SET = `${ODD_FILES.length} odd files of ${collected ? 'the large collection' : 'the repository'}`;

/** False where all these odd files are there, else the reason to skip. */
export function missingOddFiles(...names: readonly string[]): string | false {
  const absent = names.filter((name) => !ODD_FILES.includes(name));
  return absent.length === 0 ? false : `only in the large collection: ${absent.join(', ')}`;
}
