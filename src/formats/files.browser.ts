// What files.ts is in a browser: there are no paths, and every one of its functions says so.

import {HypermorphError} from '../errors.js';

function refuse(path: string): Promise<never> {
  return Promise.reject(
    new HypermorphError('E_IO', `${path}: paths do not exist in a browser, got one.`, {
      hint: 'Give the bytes of the file, or take the bytes of the result.',
    }),
  );
}

export const withOpenFile = refuse;
export const readFileBytes = refuse;
export const fileExists = refuse;
export const kindOfPath = refuse;
export const writeFileAtomically = refuse;
