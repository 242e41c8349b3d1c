import {existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {HypermorphError} from '../../errors.js';
import {processorCount} from '../processors.js';
import type {NativeAddon} from './addon.js';

/** Where an addon is looked for, and for which machine. */
export interface AddonPlace {
  /** The folder that holds build/ and prebuilds/. */
  readonly root: URL;
  /** Name of the machine's prebuilt binary; asked only where nothing was built. */
  readonly target: () => string;
  /** HYPERMORPH_NO_NATIVE hides every addon; HYPERMORPH_ADDON is the path of another one, such as one built for debugging. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

// The same depth from src/engines/native and from dist/engines/native.
const PACKAGE_ROOT = new URL('../../../', import.meta.url);

const BUILD_HINT =
  'Run `npm run build:native` with a C++ compiler installed, or use the javascript engine.';

/** `<platform>-<arch>`, with `-musl` behind it where the C library of Linux is not glibc; scripts/build-native.js says the same. */
export function hostTarget(): string {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' && !hasGlibc() ? `${name}-musl` : name;
}

function hasGlibc(): boolean {
  // Otherwise the report asks a name server for every open connection.
  Object.assign(process.report, {excludeNetwork: true});
  const {header} = process.report.getReport() as {header: {glibcVersionRuntime?: string}};
  return header.glibcVersionRuntime !== undefined;
}

/**
 * The file an engine would load: the one that HYPERMORPH_ADDON names, else build/native, made on this machine, before the prebuilt binary that fits.
 *
 * @throws {HypermorphError} E_ENGINE if HYPERMORPH_NO_NATIVE hides it, or there is none.
 */
export function findAddon({root, target, env}: AddonPlace = defaultPlace()): string {
  const hidden = env['HYPERMORPH_NO_NATIVE'];
  if (hidden !== undefined && !['', '0'].includes(hidden)) {
    throw new HypermorphError(
      'E_ENGINE',
      `native engine: HYPERMORPH_NO_NATIVE must be unset for the addon to load, got ${hidden}.`,
    );
  }
  const chosen = env['HYPERMORPH_ADDON'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const fileIn = (place: string) => fileURLToPath(new URL(`${place}/hypermorph.node`, root));
  const built = fileIn('build/native');
  if (existsSync(built)) return built;
  const folder = `prebuilds/${target()}`;
  if (existsSync(fileIn(folder))) return fileIn(folder);
  throw new HypermorphError(
    'E_ENGINE',
    `native engine: hypermorph.node must be in build/native or ${folder}, got no file.`,
    {hint: BUILD_HINT},
  );
}

/**
 * Load the native addon.
 *
 * @throws {HypermorphError} E_ENGINE if there is none, it cannot be loaded, or HYPERMORPH_FORCE_ISA names a set that cannot run.
 */
export function openAddon(place?: AddonPlace): NativeAddon {
  const path = findAddon(place);
  const addon = attempt(
    path,
    () => createRequire(import.meta.url)(path) as NativeAddon,
    BUILD_HINT,
  );
  attempt(path, () => addon.isa());
  return addon;
}

let loaded: NativeAddon | undefined;

/**
 * Load the native addon, once per process, with a thread for every processor that the process may use, or HYPERMORPH_THREADS.
 *
 * @returns The addon's functions.
 * @throws {HypermorphError} E_ENGINE if there is none, it is hidden by HYPERMORPH_NO_NATIVE or cannot be loaded, or
 *   HYPERMORPH_FORCE_ISA names a set that cannot run.
 */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const addon = openAddon();
  if (process.env['HYPERMORPH_THREADS'] === undefined) addon.setThreads(processorCount());
  return (loaded = addon);
}

function attempt<T>(path: string, action: () => T, hint?: string): T {
  try {
    return action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HypermorphError('E_ENGINE', `native engine: ${path} must load, got: ${reason}`, {
      cause,
      ...(hint === undefined ? {} : {hint}),
    });
  }
}

function defaultPlace(): AddonPlace {
  return {root: PACKAGE_ROOT, target: hostTarget, env: process.env};
}
