import {isSeq, parse, type Document} from 'yaml';
import {HypermorphError} from '../errors.js';
import {formatPath} from '../explain-schema.js';

/**
 * Set single values in settings, each by `path=value`: the path as messages write it (`grid.shape[2]`), the value as YAML.
 *
 * @param document - Changed.
 * @throws {HypermorphError} E_USAGE if an override has no `=`, or its path leads through something that is no group or list.
 */
export function applyOverrides(document: Document, overrides: readonly string[]): void {
  for (const override of overrides) {
    const {keys, value} = parseOverride(override);
    requireNoGap(document, keys, override);
    try {
      document.setIn(keys, document.createNode(value));
    } catch (cause) {
      throw usage(override, 'lead to a setting through groups and lists that exist', cause);
    }
  }
}

/** An entry of a list that exists, or the next one: what lies between would be nothing. */
function requireNoGap(
  document: Document,
  keys: readonly (string | number)[],
  override: string,
): void {
  for (const [n, key] of keys.entries()) {
    if (typeof key !== 'number') continue;
    const list = document.getIn(keys.slice(0, n));
    const length = isSeq(list) ? list.items.length : 0;
    if (key <= length) continue;
    throw usage(override, `change an entry from 0 to ${length} of ${formatPath(keys.slice(0, n))}`);
  }
}

function parseOverride(override: string): {keys: (string | number)[]; value: unknown} {
  const equals = override.indexOf('=');
  const path = override.slice(0, Math.max(equals, 0)).trim();
  if (path === '') throw usage(override, 'have the form path=value');
  const keys = path.split('.').flatMap((part) => {
    const match = /^([^[\]]+)((?:\[\d+\])*)$/.exec(part);
    if (!match) throw usage(override, 'have a path such as grid.shape[2]');
    const indices = [...match[2].matchAll(/\[(\d+)\]/g)].map(([, digits]) => Number(digits));
    return [match[1], ...indices];
  });
  try {
    return {keys, value: parse(override.slice(equals + 1), {logLevel: 'error'}) as unknown};
  } catch (cause) {
    throw usage(override, 'have a value that is YAML', cause);
  }
}

function usage(override: string, requirement: string, cause?: unknown): HypermorphError {
  return new HypermorphError('E_USAGE', `an override must ${requirement}, got "${override}".`, {
    cause,
  });
}
