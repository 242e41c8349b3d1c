import assert from 'node:assert/strict';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {readFileSync, readdirSync} from 'node:fs';
import {basename, join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import ts from 'typescript';
import * as library from '../src/index.js';
import {exampleFolder} from './support/example-folder.js';
import {temporaryFolder} from './support/temporary-folder.js';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');
/** Inside the package, so that `import ... from 'hypermorph'` means it. */
const SCRIPTS = join(ROOT, 'build', 'examples');

interface Example {
  readonly name: string;
  readonly code: string;
}

/** Every `@example` of a doc comment, under the name of the function or class that it stands at. */
function findExamples(): Example[] {
  return readdirSync(SRC, {recursive: true, encoding: 'utf8'})
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .flatMap((path) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      const comments = text.matchAll(
        /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async |abstract )*(?:function\*?|class|const) (\w+)/g,
      );
      return [...comments].flatMap(([, comment, name]) =>
        codeOf(comment).map((code) => ({name, code})),
      );
    });
}

function codeOf(comment: string): string[] {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
  return lines
    .join('\n')
    .split('@example')
    .slice(1)
    .map((block) => block.split(/^@/m)[0].trim());
}

/** `expression; // value` becomes a check; what does not look like a value is a comment. */
function withChecks(code: string): string {
  const checked = code.replace(
    /^(?!const |let |await |import )(.+); \/\/ (.+)$/gm,
    (line, ...found) => {
      const [expression, value] = found as string[];
      return isLiteral(value) ? `check(${expression}, ${value});` : line;
    },
  );
  return `import {check} from './check.mjs';\n${checked}\n`;
}

function isLiteral(text: string): boolean {
  return /^(\[.*\]|\{.*\}|'.*'|-?\d[\d.e-]*|true|false|null)$/.test(text);
}

const CHECK = `
import assert from 'node:assert/strict';
const rounded = (value) => JSON.parse(JSON.stringify(value, (_, one) =>
  typeof one === 'number' ? Number(one.toPrecision(5)) + 0 : ArrayBuffer.isView(one) ? Array.from(one) : one));
export const check = (actual, expected) => assert.deepEqual(rounded(actual), rounded(expected));
`;

/** The program on the first page. */
function findReadmeExample(): Example {
  const [, code] = /```ts\n([^]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  return {name: 'README', code};
}

const CHECK_TYPES = 'export declare function check(actual: unknown, expected: unknown): void;\n';

const examples = [findReadmeExample(), ...findExamples()];

test('every public function and class has an example', () => {
  const shown = new Set(examples.map(({name}) => name));
  const names = Object.entries(library)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
  assert.deepEqual(
    names.filter((name) => !shown.has(name)),
    [],
  );
});

describe('the example runs on the built package:', () => {
  const originalFolder = process.cwd();
  after(() => process.chdir(originalFolder));
  before(async () => {
    await rm(SCRIPTS, {recursive: true, force: true});
    await mkdir(SCRIPTS, {recursive: true});
    await writeFile(join(SCRIPTS, 'check.mjs'), CHECK);
    await writeFile(join(SCRIPTS, 'check.d.mts'), CHECK_TYPES);
  });
  // An example may have started another one.
  beforeEach(async () => {
    const {startEngine} = (await import(
      pathToFileURL(join(ROOT, 'dist/index.js')).href
    )) as typeof library;
    await startEngine({engine: 'javascript'});
  });

  test('the types of all are right', async () => {
    const paths = examples.map(({name}, n) => join(SCRIPTS, `${n}-${name}.mts`));
    for (const [n, path] of paths.entries()) await writeFile(path, withChecks(examples[n].code));
    const program = ts.createProgram(paths, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    });
    const faults = ts.getPreEmitDiagnostics(program).map(({file, messageText}) => {
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${basename(file?.fileName ?? '')}: ${text}`;
    });
    assert.deepEqual(faults, []);
  });

  for (const [n, {name, code}] of examples.entries()) {
    test(name, async (t) => {
      process.chdir(await exampleFolder(await temporaryFolder(t)));
      const {outputText} = ts.transpileModule(withChecks(code), {
        compilerOptions: {target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext},
      });
      const script = join(SCRIPTS, `${n}-${name}.mjs`);
      await writeFile(script, outputText);
      await import(pathToFileURL(script).href);
      process.chdir(originalFolder);
    });
  }
});
