import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {HypermorphError} from '../../../../src/errors.js';
import {describeImage} from '../../../../src/formats/images/describe-image.js';
import {readImage} from '../../../../src/formats/images/read-image.js';
import {buildGzipped, buildNifti} from '../../../support/nifti-builder.js';
import {seededRandom} from '../../../support/random.js';
import {temporaryFolder} from '../../../support/temporary-folder.js';

const RUNS = 150;

for (const version of [1, 2] as const) {
  for (const build of [buildNifti, buildGzipped]) {
    const how = build === buildNifti ? 'plain' : 'gzipped';
    test(`random damage to a ${how} NIfTI-${version} file is read or refused by name, never a crash`, async (t) => {
      const path = join(await temporaryFolder(t), 'image.nii');
      const random = seededRandom(20 + version);
      const sound = build({
        version,
        extensionFlag: [1, 0, 0, 0],
        description: 'a long description',
      });
      const endings = {read: 0, refused: 0};
      for (let run = 0; run < RUNS; run++) {
        const damaged = Uint8Array.from(sound);
        for (let hit = 0; hit < 1 + 6 * random(); hit++) {
          damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
        }
        const length = random() < 0.2 ? Math.floor(random() * damaged.length) : damaged.length;
        await writeFile(path, damaged.subarray(0, length));
        for (const use of [readImage, describeImage]) {
          try {
            await use(path);
            endings.read++;
          } catch (error) {
            assert.ok(error instanceof HypermorphError, String((error as Error).stack));
            assert.ok(error.message.startsWith(`${path}: `), error.message);
            assert.match(error.code, /^E_(NIFTI|IO|RANGE|MEMORY)$/);
            endings.refused++;
          }
        }
      }
      assert.ok(endings.read > 0 && endings.refused > 0, JSON.stringify(endings));
    });
  }
}

test('a header that promises more than its compressed file can hold is refused before it is unpacked', async (t) => {
  const path = join(await temporaryFolder(t), 'bomb.nii.gz');
  await writeFile(path, buildGzipped({dim: [3, 30000, 30000, 30000]}));
  const started = performance.now();
  await assert.rejects(readImage(path), (error: unknown) => {
    assert.ok(error instanceof HypermorphError);
    assert.equal(error.code, 'E_NIFTI');
    assert.match(error.message, /must hold 54000000000352 bytes .*, got \d+ compressed;/);
    return true;
  });
  assert.ok(performance.now() - started < 2000);
});

test('compressed content that is shorter than the header says is refused with both numbers', async (t) => {
  const path = join(await temporaryFolder(t), 'short.nii.gz');
  await writeFile(path, buildGzipped({dim: [3, 4, 5, 7]}));
  await assert.rejects(readImage(path), {
    code: 'E_NIFTI',
    message: `${path}: the file must hold 632 bytes (4 x 5 x 7 voxels of int16, from byte 352), got 592; it is cut off or its header is wrong.`,
  });
});

test('a gzipped file with the name of a plain one is read, and the other way round', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a.nii'), buildGzipped());
  await writeFile(join(folder, 'b.nii.gz'), buildNifti());
  const a = await readImage(join(folder, 'a.nii'));
  const b = await readImage(join(folder, 'b.nii.gz'));
  assert.deepEqual(a.data, b.data);
});
