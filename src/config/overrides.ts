import {parse} from 'yaml';
import {HypermorphError} from '../errors.js';

type Settings = Record<string | number, unknown>;

/**
 * Set single values in settings, each by `path=value`: the path as messages write it (`unet.encoder[2]`), the value as YAML.
 *
 * @param settings - Not modified.
 * @throws {HypermorphError} E_USAGE if an override has no `=`, or its path leads through something that is no group or list.
 */
export function applyOverrides(settings: unknown, overrides: readonly string[]): unknown {
  const result = structuredClone(settings);
  for (const override of overrides) {
    const {keys, value} = parseOverride(override);
    setAt(result, keys, value, override);
  }
  return result;
}

function parseOverride(override: string): {keys: (string | number)[]; value: unknown} {
  const equals = override.indexOf('=');
  const path = override.slice(0, Math.max(equals, 0)).trim();
  if (path === '') throw usage(override, 'must have the form path=value');
  const keys = path.split('.').flatMap((part) => {
    const match = /^([^[\]]+)((?:\[\d+\])*)$/.exec(part);
    if (!match) throw usage(override, 'must have a path such as unet.encoder[2]');
    const indices = [...match[2].matchAll(/\[(\d+)\]/g)].map(([, digits]) => Number(digits));
    return [match[1], ...indices];
  });
  try {
    return {keys, value: parse(override.slice(equals + 1)) as unknown};
  } catch (cause) {
    throw usage(override, 'must have a value that is YAML', cause);
  }
}

function setAt(
  root: unknown,
  keys: readonly (string | number)[],
  value: unknown,
  override: string,
): void {
  let owner = root;
  for (const [depth, key] of keys.entries()) {
    const fits = typeof key === 'number' ? Array.isArray(owner) : isGroup(owner);
    if (!fits || key === '__proto__') {
      throw usage(override, 'must lead to a setting through groups and lists that exist');
    }
    const settings = owner as Settings;
    if (depth === keys.length - 1) settings[key] = value;
    else settings[key] ??= typeof keys[depth + 1] === 'number' ? [] : {};
    owner = settings[key];
  }
}

function isGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function usage(override: string, requirement: string, cause?: unknown): HypermorphError {
  return new HypermorphError('E_USAGE', `--set: ${requirement}, got "${override}".`, {cause});
}
