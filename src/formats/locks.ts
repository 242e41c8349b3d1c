import {readFile, rm, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {dirname} from 'node:path';
import {kill, pid} from 'node:process';
import {createFolder, fileError} from './files.js';

/** A file that only one program may own, with what a program writes there. */
export interface Lock {
  readonly release: () => Promise<void>;
}

/**
 * Own a file as long as this program runs: nobody else can meanwhile, and what a program that ended left behind is taken over.
 *
 * @returns Null where another program that still runs owns it.
 * @throws {HypermorphError} E_IO if it cannot be written.
 */
export async function acquireLock(path: string): Promise<Lock | null> {
  const owner = `${pid} ${hostname()}\n`;
  for (let attempts = 0; attempts < 3; attempts++) {
    try {
      await createFolder(dirname(path));
      await writeFile(path, owner, {flag: 'wx'});
      return {release: () => rm(path, {force: true})};
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(path, 'write', error);
    }
    const [other, host] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
    if (other === '')
      await new Promise((resolve) => setTimeout(resolve, 100)); // it is being written
    else if (host !== hostname() || isRunning(Number(other))) return null;
    else await rm(path, {force: true});
  }
  return null;
}

function isRunning(id: number): boolean {
  try {
    return kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}
