import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

const PAGE = fileURLToPath(new URL('../docs/architecture.md', import.meta.url));

/** The rooms as the architecture page lists them, lowest first: each may import from those before it, also types. */
const ROOMS: readonly string[] = readFileSync(PAGE, 'utf8')
  .split('```rooms\n')[1]
  .split('\n```')[0]
  .split('\n')
  .map((line) => line.split(' ')[0]);

/** Rooms that may know TensorFlow.js. */
const TENSOR_ROOMS = [
  ...['kernels', 'ops', 'transforms', 'layers', 'losses', 'models', 'optimisers', 'engines'],
  ...['registration', 'training'],
];

/** `native` is C++; its TypeScript half is in engines/native. */
const files = readdirSync(SRC, {recursive: true, encoding: 'utf8'})
  .filter((path) => path.endsWith('.ts'))
  .sort();

const roomOf = (path: string) => path.split('/')[0].replace(/(\.browser)?\.ts$/, '');
const rank = (room: string) => ROOMS.indexOf(room);

/** Every module that a file names in an import, static or dynamic, with whether only types come from it. */
function importsOf(path: string): {specifier: string; typeOnly: boolean}[] {
  // Examples in doc comments import, too.
  const text = readFileSync(join(SRC, path), 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
  const pattern =
    /(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'|import\s+'([^']+)'/g;
  return [...text.matchAll(pattern)].map(([, isType, named, dynamic, bare]) => ({
    specifier: named ?? dynamic ?? bare,
    typeOnly: isType !== undefined,
  }));
}

test('every file of src is in a known room', () => {
  assert.deepEqual(
    files.filter((path) => rank(roomOf(path)) < 0),
    [],
  );
});

test('imports go one way, also of types', () => {
  const wrong = files.flatMap((path) =>
    importsOf(path)
      .filter(({specifier}) => specifier.startsWith('.'))
      .map(({specifier}) => join(path, '..', specifier).replace(/\.js$/, '.ts'))
      .filter((target) => rank(roomOf(target)) > rank(roomOf(path)))
      .map((target) => `${path} -> ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('only the rooms of tensors import TensorFlow.js', () => {
  const wrong = files.filter(
    (path) =>
      !TENSOR_ROOMS.includes(roomOf(path)) &&
      importsOf(path).some(({specifier}) => specifier.startsWith('@tensorflow/')),
  );
  assert.deepEqual(wrong, []);
});

test('only engines know which backend runs', () => {
  const wrong = files.filter(
    (path) =>
      roomOf(path) !== 'engines' &&
      importsOf(path).some(({specifier}) => /tfjs-(backend|node)/.test(specifier)),
  );
  assert.deepEqual(wrong, []);
});

test('only the command line touches process, console and pino', () => {
  const wrong = files.filter((path) => {
    if (roomOf(path) === 'cli') return false;
    const code = readFileSync(join(SRC, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    // Engines read the machine they run on: environment, architecture, memory.
    const forbidden =
      roomOf(path) === 'engines'
        ? /\bconsole\.|process\.(exit|std|argv)/
        : /\bconsole\.|\bprocess\./;
    return forbidden.test(code) || importsOf(path).some(({specifier}) => /^pino/.test(specifier));
  });
  assert.deepEqual(wrong, []);
});

test('the file system is touched in two files of formats', () => {
  const wrong = files.filter(
    (path) =>
      !['cli', 'engines'].includes(roomOf(path)) &&
      !['formats/files.ts', 'formats/locks.ts'].includes(path) &&
      importsOf(path).some(({specifier, typeOnly}) => !typeOnly && /^node:fs/.test(specifier)),
  );
  assert.deepEqual(wrong, []);
});

test('files stay under four hundred lines', () => {
  const long = files.filter(
    (path) => readFileSync(join(SRC, path), 'utf8').split('\n').length > 400,
  );
  assert.deepEqual(long, []);
});

test('no circle of files imports itself, also not types', () => {
  const graph = new Map(
    files.map((path) => [
      path,
      importsOf(path)
        .filter(({specifier}) => specifier.startsWith('.'))
        .map(({specifier}) => join(path, '..', specifier).replace(/\.js$/, '.ts')),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' -> ')];
    if (done.has(path)) return [];
    const found = (graph.get(path) ?? []).flatMap((next) => visit(next, [...trail, path]));
    done.add(path);
    return found;
  };
  assert.deepEqual(
    files.flatMap((path) => visit(path, [])),
    [],
  );
});

test('only the command line speaks of its options', () => {
  const wrong = files.flatMap((path) => {
    if (roomOf(path) === 'cli') return [];
    const text = readFileSync(join(SRC, path), 'utf8');
    return [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([option]) => `${path}: ${option}`);
  });
  assert.deepEqual(wrong, []);
});

test('types that do not fit are forced together at one border, that of TensorFlow.js', () => {
  const forced = files.filter((path) =>
    /\bas unknown as\b/.test(readFileSync(join(SRC, path), 'utf8')),
  );
  assert.deepEqual(forced, ['kernels/tensor-operation.ts']);
});
