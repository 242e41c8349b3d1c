import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {HypermorphError} from '../../../../src/errors.js';
import {readImage} from '../../../../src/formats/images/read-image.js';
import {malformedBytes, REFUSALS} from '../../../support/malformed-nifti.js';
import {temporaryFolder} from '../../../support/temporary-folder.js';

for (const refusal of REFUSALS) {
  const {name, code, says, options} = refusal;
  test(`${name} is refused with one sentence`, async (t) => {
    const path = join(await temporaryFolder(t), 'image.nii');
    await writeFile(path, malformedBytes(refusal));
    await assert.rejects(readImage(path, options), (error: unknown) => {
      assert.ok(error instanceof HypermorphError);
      assert.equal(error.message, `${path}: ${says}`);
      assert.equal(error.code, code);
      return true;
    });
  });
}

test('a folder and a missing file are refused by name', async (t) => {
  const folder = await temporaryFolder(t);
  await assert.rejects(readImage(folder), {
    code: 'E_IO',
    message: `${folder}: must be a file, got a directory.`,
  });
  const missing = join(folder, 'missing.nii');
  await assert.rejects(readImage(missing), {
    code: 'E_IO',
    message: `${missing}: cannot be read: no such file or folder.`,
  });
});
