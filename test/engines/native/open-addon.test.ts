import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as nodeTest from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {findAddon, hostTarget, openAddon} from '../../../src/engines/native/open-addon.js';
import {test} from '../../support/native.js';

const TARGET = 'linux-x64-musl';
const BUILD_SCRIPT = fileURLToPath(new URL('../../../scripts/build-native.js', import.meta.url));

/** A package folder with the given files, each a path and where its content comes from, removed after the test. */
function packageWith(files: readonly (readonly [path: string, source?: string])[]) {
  const folder = mkdtempSync(join(tmpdir(), 'hypermorph-addon-'));
  for (const [path, source] of files) {
    mkdirSync(join(folder, path, '..'), {recursive: true});
    if (source === undefined) writeFileSync(join(folder, path), 'not a library');
    else copyFileSync(source, join(folder, path));
  }
  return {
    place: {root: pathToFileURL(`${folder}/`), target: () => TARGET, env: {}},
    in: (path: string) => join(folder, path),
    remove: () => rmSync(folder, {recursive: true}),
  };
}

const BUILT = 'build/native/hypermorph.node';
const PREBUILT = `prebuilds/${TARGET}/hypermorph.node`;

nodeTest.test('without an addon the reason names both places', () => {
  const empty = packageWith([['prebuilds/win32-arm64/hypermorph.node']]);
  assert.throws(() => openAddon(empty.place), {
    code: 'E_ENGINE',
    message:
      'native engine: hypermorph.node must be in build/native or prebuilds/linux-x64-musl, got no file.',
    hint: /npm run build:native/,
  });
  empty.remove();
});

nodeTest.test('the addon built here comes before the prebuilt one', () => {
  const both = packageWith([[BUILT], [PREBUILT]]);
  assert.equal(findAddon(both.place), both.in(BUILT));
  both.remove();
});

nodeTest.test('the prebuilt addon that fits is found, and no other', () => {
  const several = packageWith([['prebuilds/linux-x64/hypermorph.node'], [PREBUILT]]);
  assert.equal(findAddon(several.place), several.in(PREBUILT));
  several.remove();
});

nodeTest.test('a file that is no addon is an E_ENGINE that names it', () => {
  const wrong = packageWith([[BUILT]]);
  assert.throws(
    () => openAddon(wrong.place),
    (error: Error & {code?: string; cause?: unknown}) => {
      assert.equal(error.code, 'E_ENGINE');
      assert.ok(error.message.startsWith(`native engine: ${wrong.in(BUILT)} must load, got: `));
      assert.ok(error.cause instanceof Error);
      return true;
    },
  );
  wrong.remove();
});

nodeTest.test('HYPERMORPH_NO_NATIVE hides an addon, unless it is empty or 0', () => {
  const built = packageWith([[BUILT]]);
  const withValue = (value: string) => ({...built.place, env: {HYPERMORPH_NO_NATIVE: value}});
  assert.throws(() => openAddon(withValue('1')), {
    code: 'E_ENGINE',
    message: 'native engine: HYPERMORPH_NO_NATIVE must be unset for the addon to load, got 1.',
  });
  for (const value of ['', '0']) assert.equal(findAddon(withValue(value)), built.in(BUILT));
  built.remove();
});

nodeTest.test('HYPERMORPH_ADDON names another addon, unless it is empty or all are hidden', () => {
  const built = packageWith([[BUILT]]);
  const find = (env: Record<string, string>) => findAddon({...built.place, env});
  assert.equal(find({HYPERMORPH_ADDON: '/elsewhere/x.node'}), '/elsewhere/x.node');
  assert.equal(find({HYPERMORPH_ADDON: ''}), built.in(BUILT));
  assert.throws(() => find({HYPERMORPH_ADDON: '/elsewhere/x.node', HYPERMORPH_NO_NATIVE: '1'}), {
    code: 'E_ENGINE',
  });
  built.remove();
});

nodeTest.test('the build script and the loader agree on the name of this machine', () => {
  const named = execFileSync(process.execPath, [BUILD_SCRIPT, '--print-target'], {
    encoding: 'utf8',
  });
  assert.equal(named.trim(), hostTarget());
  assert.ok(hostTarget().startsWith(`${process.platform}-${process.arch}`));
});

test('a prebuilt addon computes', () => {
  const prebuilt = packageWith([[PREBUILT, findAddon()]]);
  const addon = openAddon(prebuilt.place);
  const y = new Float32Array(3);
  addon.leakyRelu(Float32Array.of(1, -2, 0), y, 0.5);
  assert.deepEqual([...y], [1, -1, 0]);
  prebuilt.remove();
});
