import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {copyFile, mkdir, symlink, writeFile} from 'node:fs/promises';
import {readFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {describe, test} from 'node:test';
import {findMessages} from '../scripts/support/messages.js';
import {exampleFolder} from './support/example-folder.js';
import {temporaryFolder} from './support/temporary-folder.js';

const ROOT = join(import.meta.dirname, '..');
/** Pages whose commands run, one after the other, in one folder with small files of the names that they hold. */
const PAGES = ['start', 'from-others', 'pipelines', 'training', 'formats'];

const textOf = (page: string) => readFileSync(join(ROOT, 'docs', `${page}.md`), 'utf8');
const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, block]) => block,
  );

describe('every command of a page runs, word for word:', () => {
  for (const page of PAGES) {
    test(`docs/${page}.md`, async (t) => {
      const folder = await exampleFolder(await temporaryFolder(t));
      for (const name of ['a', 'b']) {
        await mkdir(join(folder, 'scans'), {recursive: true});
        await mkdir(join(folder, 'labels'), {recursive: true});
        await copyFile(join(folder, 'moving.nii.gz'), join(folder, 'scans', `${name}.nii.gz`));
        await copyFile(join(folder, 'labels.nii.gz'), join(folder, 'labels', `${name}.nii.gz`));
      }
      const text = textOf(page);
      for (const block of blocksOf(text, 'yaml'))
        await writeFile(join(folder, 'anatomy.yaml'), block);
      const programs = join(folder, 'programs');
      await mkdir(programs);
      await symlink(join(ROOT, 'bin', 'hypermorph.js'), join(programs, 'hypermorph'));
      const env = {...process.env, PATH: `${programs}${delimiter}${process.env['PATH']}`};
      const commands = blocksOf(text, 'sh').flatMap((block) => block.trim().split('\n'));
      assert.ok(commands.length > 0);
      for (const command of commands) {
        const {status, stderr} = spawnSync('bash', ['-c', command], {
          cwd: folder,
          env,
          encoding: 'utf8',
        });
        assert.equal(status, 0, `${command}\n${stderr}`);
      }
    });
  }
});

test('docs/warnings.md explains every warning, and no other', () => {
  const warnings = findMessages(join(ROOT, 'src'))
    .filter(({code}) => code === null)
    .map(({sentence}) => sentence);
  const rows = [...textOf('warnings').matchAll(/^\| ([^|]+) \| [^|]+ \| [^|]*\|$/gm)]
    .map(([, words]) => words)
    .filter((words) => !/^(it says|-+)$/.test(words));
  assert.deepEqual(
    warnings.filter((sentence) => !rows.some((words) => sentence.includes(words))),
    [],
  );
  assert.deepEqual(
    rows.filter((words) => !warnings.some((sentence) => sentence.includes(words))),
    [],
  );
});
