import assert from 'node:assert/strict';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {PAGES_FOLDER, renderCommandPages} from '../../scripts/command-pages.js';
import {examplesOf} from '../../src/cli/common-options.js';
import {createProgram} from '../../src/cli/program.js';
import {runCli} from '../support/cli.js';
import {exampleFolder} from '../support/example-folder.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const pages = renderCommandPages();
const silent = {write: () => true};

test('there is one page per command, and no other', () => {
  assert.deepEqual(readdirSync(PAGES_FOLDER).sort(), [...pages.keys()].sort());
});

for (const [name, content] of pages) {
  test(`docs/commands/${name} says what the parser accepts (else: node --import tsx scripts/command-pages.ts)`, () => {
    assert.equal(readFileSync(join(PAGES_FOLDER, name), 'utf8'), content);
  });
}

/** Commands whose examples are run by tests of their own, because they take long or need more than a few small files. */
const RUN_ELSEWHERE = ['train', 'doctor'];

const WRITTEN_FILE = /[\w./-]+\.(nii\.gz|safetensors|json|csv)/g;

describe('the examples in the help and in the documentation work', () => {
  const originalFolder = process.cwd();
  after(() => process.chdir(originalFolder));

  for (const command of createProgram({stdout: silent, stderr: silent}).commands) {
    if (RUN_ELSEWHERE.includes(command.name())) continue;
    for (const {command: line} of examplesOf(command)) {
      test(line, async (t) => {
        const folder = await exampleFolder(await temporaryFolder(t));
        process.chdir(folder);
        const [, ...words] = line.split(' ');
        // The model that comes with the package is too large for a test of the command line.
        const extra =
          command.name() === 'register' || command.name() === 'batch'
            ? ['--model', 'model.safetensors', '--engine', 'javascript']
            : [];
        const {code, stdout, stderr} = await runCli([...words, ...extra]);
        process.chdir(originalFolder);
        assert.equal(code, 0, stderr);
        assert.ok(stdout.length > 0);
        // What it says it wrote is there.
        const files = words.includes('--dry-run') ? [] : (stdout.match(WRITTEN_FILE) ?? []);
        for (const file of files) assert.ok(existsSync(join(folder, file)), file);
      });
    }
  }
});
