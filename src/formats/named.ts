import {HypermorphError} from '../errors.js';

/**
 * Read a file by functions that need not know its name: what they refuse is said with the name in front.
 *
 * @throws {HypermorphError} What `read` throws, its sentence after the name and a colon.
 */
export function named<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    const {code, message, cause, details, hint} = error;
    const options = hint === undefined ? {cause, details} : {cause, details, hint};
    throw new HypermorphError(code, `${name}: ${message}`, options);
  }
}
