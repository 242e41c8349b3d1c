import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {mkdir, symlink} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {describe, test} from 'node:test';
import {
  MAN_PAGE,
  PAGES_FOLDER,
  renderCommandPages,
  silentProgram,
} from '../../scripts/command-pages.js';
import {renderManPage} from '../../scripts/support/man-page.js';
import {examplesOf} from '../../src/cli/common-options.js';
import {runCli} from '../support/cli.js';
import {exampleFolder} from '../support/example-folder.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const pages = renderCommandPages();

test('there is one page per command, and no other', () => {
  assert.deepEqual(readdirSync(PAGES_FOLDER).sort(), [...pages.keys()].sort());
});

for (const [name, content] of pages) {
  test(`docs/commands/${name} says what the parser accepts (else: node --import tsx scripts/command-pages.ts)`, () => {
    assert.equal(readFileSync(join(PAGES_FOLDER, name), 'utf8'), content);
  });
}

test('the manual page is current (else: node --import tsx scripts/command-pages.ts)', () => {
  assert.equal(readFileSync(MAN_PAGE, 'utf8'), renderManPage(silentProgram()));
});

for (const [tool, argv] of [
  ['groff', ['-man', '-ww', '-z']],
  ['mandoc', ['-T', 'lint', '-W', 'error']],
] as const) {
  const skip = spawnSync(tool, ['--version']).error === undefined ? false : `${tool} is not here`;
  test(`${tool} finds no fault in the manual page`, {skip}, () => {
    const {status, stdout, stderr} = spawnSync(tool, [...argv, MAN_PAGE], {encoding: 'utf8'});
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });
}

test('the help of every command ends with an example', async () => {
  const {commands} = silentProgram();
  for (const words of [[], ...commands.map((command) => [command.name()])]) {
    const {stdout} = await runCli([...words, '--help']);
    assert.match(stdout, /\n {4}\$ (source <\()?hypermorph [^\n]+\n$/, words.join(' '));
  }
});

const WRITTEN_FILE = /[\w./-]+\.(nii\.gz|safetensors|json|csv)/g;
const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'hypermorph.js');

// Word for word, by a shell, in a folder with small files of the names that they hold.
describe('the example in the help and in the documentation runs:', () => {
  const program = silentProgram();
  for (const command of [program, ...program.commands]) {
    const name = command === program ? 'hypermorph' : command.name();
    test(name, async (t) => {
      const folder = await exampleFolder(await temporaryFolder(t));
      const programs = join(folder, 'programs');
      await mkdir(programs);
      await symlink(PROGRAM, join(programs, 'hypermorph'));
      const env = {...process.env, PATH: `${programs}${delimiter}${process.env['PATH']}`};
      for (const {command: line} of examplesOf(command)) {
        const options = {cwd: folder, env, encoding: 'utf8'} as const;
        const {status, stdout, stderr} = spawnSync('bash', ['-c', line], options);
        assert.equal(status, 0, `${line}\n${stderr}`);
        // What it says it wrote is there.
        const files = /dry-run|train/.test(line) ? [] : (stdout.match(WRITTEN_FILE) ?? []);
        for (const file of files) assert.ok(existsSync(join(folder, file)), `${line}: ${file}`);
      }
    });
  }
});
