import {existsSync} from 'node:fs';
import {join} from 'node:path';

/**
 * A file or folder of the larger collection of volumes and golden cases, which does not come with the repository.
 *
 * @returns Undefined where `HYPERMORPH_SHARED`, the one variable that says where the collection lies, is not set, or it lacks the file.
 */
export function findShared(...names: readonly string[]): string | undefined {
  const folder = process.env.HYPERMORPH_SHARED;
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, ...names);
  return existsSync(path) ? path : undefined;
}
