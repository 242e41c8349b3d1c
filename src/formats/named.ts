import {HypermorphError} from '../errors.js';

/**
 * Read a file by functions that need not know its name: what they refuse, at once or by a promise, is said with the name in
 * front.
 *
 * @throws {HypermorphError} What `read` throws, its sentence after the name and a colon.
 */
export function named<Result>(name: string, read: () => Result): Result {
  const refuse = (error: unknown): never => {
    throw withName(name, error);
  };
  try {
    const result = read();
    return result instanceof Promise ? (result.catch(refuse) as Result) : result;
  } catch (error) {
    return refuse(error);
  }
}

/** An error with a name and a colon before its sentence; any but ours unchanged. */
export function withName(name: string, error: unknown): unknown {
  if (!(error instanceof HypermorphError)) return error;
  const {code, message, cause, details, hint} = error;
  const options = hint === undefined ? {cause, details} : {cause, details, hint};
  return new HypermorphError(code, `${name}: ${message}`, options);
}
