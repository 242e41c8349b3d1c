import {join} from 'node:path';
import {HypermorphError} from '../errors.js';
import {identityOf, kindOfPath, listDirectory} from '../formats/files.js';

/**
 * The files that a list names, sorted and each once; `*` and `?` stand for parts of a name, `**` for any folders.
 *
 * @param where - The setting, for messages.
 * @throws {HypermorphError} E_CONFIG if a pattern fits no file; E_IO if something that fits cannot be opened.
 */
export async function listFiles(
  patterns: string | readonly string[],
  where: string,
): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const pattern of typeof patterns === 'string' ? [patterns] : patterns) {
    const found = await expandPattern(pattern, where);
    if (found.length === 0) {
      throw new HypermorphError(
        'E_CONFIG',
        `${where}: must fit at least one file, got "${pattern}".`,
        {
          hint: 'Paths are read from the folder in which the command runs.',
        },
      );
    }
    for (const file of found) files.add(file);
  }
  return [...files].sort();
}

async function expandPattern(pattern: string, where: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return (await isFile(pattern, where)) ? [pattern] : [];
  const parts = pattern.split('/');
  const start = parts[0] === '' ? '/' : '';
  return expandParts(start, start === '' ? parts : parts.slice(1), {where, above: []});
}

interface Search {
  readonly where: string;
  /** The folders that led here, by their identity: links may lead back. */
  readonly above: readonly string[];
}

async function expandParts(
  folder: string,
  parts: readonly string[],
  search: Search,
): Promise<string[]> {
  const {where} = search;
  const [part, ...rest] = parts;
  const path = (name: string) => (folder === '' ? name : join(folder, name));
  if (!/[*?]/.test(part)) {
    if (rest.length > 0) return expandParts(path(part), rest, search);
    return (await isFile(path(part), where)) ? [path(part)] : [];
  }
  const isAnyFolders = part === '**' && rest.length > 0;
  const found = isAnyFolders ? await expandParts(folder, rest, search) : [];
  for (const name of await namesIn(folder === '' ? '.' : folder, where)) {
    if (!fits(name, part)) continue;
    if (rest.length === 0) {
      if (await isFile(path(name), where)) found.push(path(name));
      continue;
    }
    if ((await kindOfPath(path(name))) !== 'folder') continue;
    const identity = await identityOf(path(name));
    if (search.above.includes(identity)) continue;
    const below = {where, above: [...search.above, identity]};
    found.push(...(await expandParts(path(name), isAnyFolders ? parts : rest, below)));
  }
  return found;
}

/** Whether a path is a file; what is there but can be neither read nor entered must not be left out without a word. */
async function isFile(path: string, where: string): Promise<boolean> {
  const kind = await kindOfPath(path);
  if (kind === 'file' || kind === 'folder' || kind === 'nothing') return kind === 'file';
  throw new HypermorphError(
    'E_IO',
    `${where}: what fits must be a file that can be opened, got ${path}, ${kind}.`,
    {hint: 'Mend or remove it, or name the files without it.'},
  );
}

/** The names in a folder that are not hidden; none where there is no such folder. E_IO where it cannot be read. */
async function namesIn(folder: string, where: string): Promise<readonly string[]> {
  const kind = await kindOfPath(folder);
  if (kind === 'nothing' || kind === 'file') return [];
  try {
    return (await listDirectory(folder)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    throw new HypermorphError(error.code, `${where}: ${error.message}`, {cause: error});
  }
}

/** Whether a name fits a pattern: in steps of at most their lengths' product, however many stars there are. */
export function fits(name: string, pattern: string): boolean {
  let [n, p] = [0, 0];
  let star = -1; // the last star, and how much of the name it stands for so far
  let taken = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      [star, taken] = [p++, n];
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      n++;
      p++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
