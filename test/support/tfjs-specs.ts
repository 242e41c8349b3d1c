import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {compileFunction} from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';

type Run = () => unknown;

/** One expectation of TensorFlow.js about an operation. */
export interface Spec {
  /** The titles of the groups around it and its own. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

const OPS = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core')), 'ops');
/** What `describeWithFlags` gives to conditions on the engine under test. */
const ENVIRONMENT = {name: 'native', backendName: 'native', isDataSync: true};

type Operation = (x: tf.Tensor, ...rest: never[]) => unknown;

/** Methods that are no operation of the same name with the tensor as its first argument. */
const OTHER_METHODS: Readonly<Record<string, Operation>> = {
  asType: tf.cast,
  toFloat: (x) => tf.cast(x, 'float32'),
  toInt: (x) => tf.cast(x, 'int32'),
  asScalar: (x) => tf.reshape(x, []),
  as2D: (x, rows: number, columns: number) => tf.reshape(x, [rows, columns]),
  flatten: (x) => tf.reshape(x, [-1]),
  concat: (x, others: tf.Tensor | tf.Tensor[], axis?: number) =>
    tf.concat([x, ...[others].flat()], axis),
  stack: (x, others: tf.Tensor | tf.Tensor[], axis?: number) =>
    tf.stack([x, ...[others].flat()], axis),
};

/** Let operations be called as methods, `x.add(y)`: the package offers that in another build than Node's. */
export function chainOperations(): void {
  const methods = tf.Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, operation] of Object.entries({...tf, ...OTHER_METHODS})) {
    if (typeof operation !== 'function' || name in methods) continue;
    methods[name] = function (this: tf.Tensor, ...rest: never[]): unknown {
      return (operation as Operation)(this, ...rest);
    };
  }
}

/**
 * The specs that TensorFlow.js ships beside an operation, such as `conv3d`.
 *
 * They are written for jasmine and for the package's own sources; here they get the few words of jasmine that they use, and the
 * package as everyone gets it.
 */
export function readSpecs(operation: string): Spec[] {
  const specs: Spec[] = [];
  const groups: {readonly title: string; readonly before: Run[]; readonly after: Run[]}[] = [];
  const describe = (title: string, body: () => void) => {
    groups.push({title, before: [], after: []});
    body();
    groups.pop();
  };
  const describeWithFlags = (
    title: string,
    {predicate}: {predicate?: (environment: typeof ENVIRONMENT) => boolean},
    body: (environment: typeof ENVIRONMENT) => void,
  ) => {
    if (predicate?.(ENVIRONMENT) !== false) describe(title, () => body(ENVIRONMENT));
  };
  const it = (title: string, body: Run) => {
    const around = [...groups];
    const run = async () => {
      tf.engine().startScope();
      try {
        for (const {before} of around) for (const hook of before) await hook();
        await body();
        for (const {after} of around) for (const hook of after) await hook();
      } finally {
        tf.engine().endScope();
      }
    };
    specs.push({name: [...around.map((group) => group.title), title].join(': '), run});
  };
  // What is done once for a group may as well be done for each of its specs.
  const addBefore = (hook: Run) => groups[groups.length - 1].before.push(hook);
  const addAfter = (hook: Run) => groups[groups.length - 1].after.push(hook);
  runSpecFile(`${operation}_test`, {
    describe,
    describeWithFlags,
    it,
    expect: expectation,
    jasmine: {}, // One file sets a time limit there.
    beforeEach: addBefore,
    beforeAll: addBefore,
    afterEach: addAfter,
    afterAll: addAfter,
  });
  return specs;
}

/** Run a file of specs with these functions in reach; what it imports is looked up in the package. */
function runSpecFile(name: string, {describeWithFlags, ...globals}: Record<string, unknown>) {
  const environments = {
    ALL_ENVS: {},
    NODE_ENVS: {},
    SYNC_BACKEND_ENVS: {},
    BROWSER_ENVS: {predicate: () => false},
    CHROME_ENVS: {predicate: () => false},
  };
  const modules = (specifier: string): unknown => {
    switch (specifier) {
      case '../index':
        return tf;
      case '../test_util':
        return tf.test_util;
      case '../util':
        return tf.util;
      case '../jasmine_util':
        return {...environments, describeWithFlags};
      default:
        return runSpecFile(specifier.slice(2), {describeWithFlags, ...globals});
    }
  };
  const exported: string[] = [];
  const code = readFileSync(join(OPS, `${name}.js`), 'utf8')
    .replace(/^import \* as (\w+) from '(.+)';$/gm, "const $1 = modules('$2');")
    .replace(
      /^import \{(.+)\} from '(.+)';$/gm,
      (_, names: string, from: string) =>
        `const {${names.replaceAll(' as ', ': ')}} = modules('${from}');`,
    )
    .replace(/^export (?:async )?function (\w+)/gm, (declaration: string, name: string) => {
      exported.push(name);
      return declaration.replace('export ', '');
    });
  const names = ['modules', ...Object.keys(globals)];
  const run = compileFunction(`${code}\nreturn {${exported.join(', ')}};`, names) as (
    ...values: unknown[]
  ) => Record<string, unknown>;
  return run(modules, ...Object.values(globals));
}

/** jasmine's `expect`, as far as the specs use it. */
function expectation(actual: unknown) {
  const throws = (message?: string | RegExp) => {
    const expected = typeof message === 'string' ? {message} : (message ?? Error);
    assert.throws(actual as Run, expected);
  };
  return {
    toBe: (expected: unknown) =>
      assert.ok(Object.is(actual, expected), describePair(actual, expected)),
    toEqual: (expected: unknown) => assert.deepEqual(plain(actual), plain(expected)),
    toThrow: () => throws(),
    toThrowError: throws,
    toBeGreaterThan: (limit: number) => assert.ok((actual as number) > limit),
    toBeLessThan: (limit: number) => assert.ok((actual as number) < limit),
    toBeUndefined: () => assert.equal(actual, undefined),
    toBeNull: () => assert.equal(actual, null),
    nothing: () => undefined,
    not: {
      toThrow: () => assert.doesNotThrow(actual as Run),
      toThrowError: () => assert.doesNotThrow(actual as Run),
      toBe: (expected: unknown) => assert.notEqual(actual, expected),
      toEqual: (expected: unknown) => assert.notDeepEqual(plain(actual), plain(expected)),
    },
  };
}

function describePair(actual: unknown, expected: unknown): string {
  return `expected ${String(expected)}, got ${String(actual)}`;
}

/** Arrays that carry extra properties, such as those of a tensor's shape, as plain ones. */
function plain(value: unknown): unknown {
  return Array.isArray(value) ? value.map(plain) : value;
}
