import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {PAGES_FOLDER, renderCommandPages} from '../../scripts/command-pages.js';
import {examplesOf} from '../../src/cli/common-options.js';
import {createProgram} from '../../src/cli/program.js';
import {geometryFromGrid, writeNifti} from '../../src/formats/images/nifti/nifti.js';
import type {Triple} from '../../src/geometry/triple.js';
import {goldenCase, goldenModelPath} from '../golden/support/golden.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

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

describe('the examples in the help and in the documentation work', () => {
  const originalFolder = process.cwd();
  after(() => process.chdir(originalFolder));

  for (const command of createProgram({stdout: silent, stderr: silent}).commands) {
    if (RUN_ELSEWHERE.includes(command.name())) continue;
    for (const {command: line} of examplesOf(command)) {
      test(line, async (t) => {
        process.chdir(await exampleFolder(await temporaryFolder(t)));
        const [, ...words] = line.split(' ');
        // The model that comes with the package is too large for a test of the command line.
        const extra =
          command.name() === 'register'
            ? ['--model', 'model.safetensors', '--engine', 'javascript']
            : [];
        const {code, stdout, stderr} = await runCli([...words, ...extra]);
        process.chdir(originalFolder);
        assert.equal(code, 0, stderr);
        assert.ok(stdout.length > 0);
      });
    }
  }
});

/** Fill a folder with the files that the examples name. */
async function exampleFolder(folder: string): Promise<string> {
  const shape: Triple = [11, 9, 10];
  const affine = centredAffine(obliqueAffine([0, 5, 0], [4, 4, 4]), shape, [0, 0, 0]);
  const geometry = geometryFromGrid({affine});
  const {data} = imageOf({shape, affine}, blobs);
  for (const name of ['fixed', 'moving']) {
    await writeNifti(join(folder, `${name}.nii.gz`), {shape, data, geometry});
  }
  const labels = data.map((value) => (value > 30 ? 2 : 0));
  for (const name of ['labels', 'fixed_labels']) {
    await writeNifti(join(folder, `${name}.nii.gz`), {shape, data: labels, geometry});
  }
  await writeNifti(join(folder, 'warp.nii.gz'), {
    shape,
    components: 3,
    data: new Float32Array(3 * data.length).fill(0.5),
    geometry,
    intent: {code: 1007},
  });
  for (const name of ['fixed', 'moving']) {
    await writeFile(join(folder, `${name}.csv`), 'x,y,z\n1,2,3\n4,5,6\n');
  }
  await writeTinyModel(join(folder, 'model.safetensors'));
  await copyFile(goldenModelPath(goldenCase('vxm3d_renamed')), join(folder, 'model.h5'));
  return folder;
}
