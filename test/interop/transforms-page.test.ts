import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {runCli} from '../support/cli.js';
import {exampleFolder} from '../support/example-folder.js';
import {findPeers, findPython} from '../support/python.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {TURN} from '../support/transforms.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/transforms.md'), 'utf8');
const [COMMANDS] = blocksOf('sh');
const [SIMPLEITK, ANTS] = blocksOf('python');

/** Of 100, the height of the image. */
const CLOSE = 1e-2;

function blocksOf(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, text]) => text,
  );
}

const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

test('the programs on the page of transforms give the images of apply', async (t) => {
  const folder = await exampleFolder(await temporaryFolder(t));
  await writeFile(join(folder, 'affine.txt'), encodeItkAffine(TURN.affine));
  process.chdir(folder);
  for (const line of COMMANDS.trim().split('\n')) {
    const [, ...words] = line.split(' ');
    // The model that comes with the package is too large for a test.
    const extra = words[0] === 'register' ? ['--model', 'model.safetensors'] : [];
    const {code, stderr} = await runCli([...words, ...extra]);
    assert.equal(code, 0, stderr);
  }
  process.chdir(originalFolder);
  for (const [name, python, program] of [
    ['SimpleITK', findPython('SimpleITK'), SIMPLEITK],
    ['ANTs', findPeers('ants'), ANTS],
  ] as const) {
    await t.test(name, (own) => {
      if (python.missing !== undefined) return own.skip(python.missing);
      const output = execFileSync(python.command, ['-c', program], {cwd: folder, encoding: 'utf8'});
      const differences = output.trim().split('\n').map(Number);
      own.diagnostic(output.trim());
      assert.equal(differences.length, 2);
      assert.ok(differences.every((difference) => difference < CLOSE));
    });
  }
});
