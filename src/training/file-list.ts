import {join} from 'node:path';
import {HypermorphError} from '../errors.js';
import {fileExists, listDirectory} from '../formats/files.js';

/**
 * The files that a list names, sorted and each once; `*` and `?` stand for parts of a name, `**` for any folders.
 *
 * @param where - The setting, for messages.
 * @throws {HypermorphError} E_CONFIG if a pattern fits no file; E_IO if a named file is missing.
 */
export async function listFiles(
  patterns: string | readonly string[],
  where: string,
): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const pattern of typeof patterns === 'string' ? [patterns] : patterns) {
    const found = await expandPattern(pattern);
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

async function expandPattern(pattern: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return (await fileExists(pattern)) ? [pattern] : [];
  const parts = pattern.split('/');
  const start = parts[0] === '' ? '/' : '';
  return expandParts(start, start === '' ? parts : parts.slice(1));
}

async function expandParts(folder: string, parts: readonly string[]): Promise<string[]> {
  const [part, ...rest] = parts;
  const path = (name: string) => (folder === '' ? name : join(folder, name));
  if (!/[*?]/.test(part)) {
    if (rest.length > 0) return expandParts(path(part), rest);
    return (await fileExists(path(part))) ? [path(part)] : [];
  }
  const isAnyFolders = part === '**' && rest.length > 0;
  const found = isAnyFolders ? await expandParts(folder, rest) : [];
  const expression = nameExpression(part);
  for (const name of await namesIn(folder === '' ? '.' : folder)) {
    if (!expression.test(name)) continue;
    if (rest.length > 0)
      found.push(...(await expandParts(path(name), isAnyFolders ? parts : rest)));
    else if (await fileExists(path(name))) found.push(path(name));
  }
  return found;
}

/** The names in a folder that are not hidden; none where there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await listDirectory(folder)).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

function nameExpression(part: string): RegExp {
  const text = part
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`);
}
