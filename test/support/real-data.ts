import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** A larger collection of real volumes: beside the repository, or where `HYPERMORPH_TEST_DATA` says. */
export const COLLECTION =
  process.env.HYPERMORPH_TEST_DATA ?? join(REPOSITORY, '..', 'shared', 'data');

/** Volumes that come with the repository. */
export const DATA = join(REPOSITORY, 'data');

const hasCollection = existsSync(join(COLLECTION, 'awkward'));

/** The odd files: of the collection where it is there, else the smaller ones of the repository. */
export const ODD_FOLDER = hasCollection
  ? join(COLLECTION, 'awkward')
  : join(REPOSITORY, 'test', 'fixtures', 'odd-files');

/** NIfTI files by name; the `.img` of a pair goes with its `.hdr`. */
export const ODD_FILES: readonly string[] = readdirSync(ODD_FOLDER)
  .filter((name) => /\.(nii|hdr)(\.gz)?$/.test(name))
  .sort();

/** For the output: which odd files are tested. */
export const ODD_SET = `${ODD_FILES.length} odd files of ${hasCollection ? 'the large collection' : 'the repository'}`;

/** False where all these odd files are there, else the reason to skip. */
export function missingOddFiles(...names: readonly string[]): string | false {
  const absent = names.filter((name) => !ODD_FILES.includes(name));
  return absent.length === 0 ? false : `only in the large collection: ${absent.join(', ')}`;
}
