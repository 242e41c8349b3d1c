import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {loadTrainingConfig} from '../../src/config/load-config.js';
import {HypermorphError} from '../../src/errors.js';
import {recogniseFile} from '../../src/formats/file-kinds.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {readPoints} from '../../src/formats/landmarks.js';
import {importKerasModel} from '../../src/models/keras-import.js';
import {readModel} from '../../src/models/model-file.js';
import {buildNifti} from '../support/nifti-builder.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const padded = (start: string, length = 1000) =>
  Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(length)]);
const zip = (entry: string) => padded(`PK\x03\x04${'\x14'.repeat(26)}${entry}`);

/** Bytes, and what they must be called; the advice must name the next step. */
const OTHERS: readonly (readonly [bytes: Buffer, name: RegExp, advice: RegExp])[] = [
  [padded('\x89HDF\r\n\x1a\n'), /Keras \(\.h5\)/, /`hypermorph import`/],
  [zip('archive/data.pkl'), /PyTorch/, /`hypermorph import`/],
  [padded('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'), /PyTorch/, /programs and are not read/],
  [zip('metadata.json'), /Keras 3 \(\.keras\)/, /Keras 2/],
  [zip('arr_0.npy'), /NumPy \(\.npz\)/, /NIfTI/],
  [zip('brain.nii'), /a zip archive/, /Unpack/],
  [padded('\x28\xb5\x2f\xfd'), /zstd/, /Unpack/],
  [padded('BZh91AY&SY'), /bzip2/, /Unpack/],
  [padded('\xfd7zXZ\0'), /xz/, /Unpack/],
  [Buffer.concat([Buffer.alloc(257), padded('ustar')]), /tar archive/, /Unpack/],
  [
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
    /git-lfs/,
    /git lfs pull/,
  ],
  [Buffer.from('/annex/objects/MD5E-s12--ab.nii.gz\n'), /git-annex/, /datalad get/],
  [Buffer.from('<!DOCTYPE html><html><title>404</title></html>'), /web page/, /fetch it again/],
  [Buffer.concat([Buffer.alloc(128), padded('DICM')]), /DICOM/, /dcm2niix/],
  [padded('NRRD0004\ntype: float\n'), /NRRD/, /ends in \.nrrd or \.nhdr/],
  [Buffer.from('ObjectType = Image\nNDims = 3\n'), /MetaImage/, /ends in \.mha or \.mhd/],
  [padded('\xff\xd8\xff\xe0'), /JPEG/, /Convert/],
  [padded('\x93NUMPY\x01'), /NumPy \(\.npy\)/, /Convert/],
];

/** What refuses a file of another kind, by its role. */
const READERS: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  image: (path) => readImage(path),
  model: readModel,
  configuration: (path) => loadTrainingConfig(path),
  landmarks: readPoints,
  Keras: (path) => importKerasModel(path),
};

describe('a file of another kind is named with the next step', () => {
  for (const [bytes, name, advice] of OTHERS) {
    test(String(name), async (t) => {
      const folder = await temporaryFolder(t);
      const path = join(folder, 'file.bin');
      await writeFile(path, bytes);
      const isText = !bytes.includes(0);
      for (const [role, read] of Object.entries(READERS)) {
        if (isText && (role === 'configuration' || role === 'landmarks')) continue;
        if (role === 'Keras' && name.source.includes('h5')) continue;
        await assert.rejects(read(path), (error) => {
          assert.ok(error instanceof HypermorphError, role);
          assert.match(error.message, name, role);
          assert.match(error.hint ?? '', advice, role);
          return true;
        });
      }
    });
  }

  test('a NIfTI image in the place of a model, and a model in the place of an image', async (t) => {
    const folder = await temporaryFolder(t);
    const path = (file: string) => join(folder, file);
    await writeFile(path('image.nii'), buildNifti());
    await writeFile(path('image.nii.gz'), gzipSync(buildNifti()));
    await assert.rejects(
      readModel(path('image.nii')),
      /must be a model file .*, got a NIfTI image/,
    );
    await assert.rejects(readModel(path('image.nii.gz')), /got a file compressed by gzip/);
    const header = '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}';
    const model = Buffer.concat([
      Buffer.from([header.length, 0, 0, 0, 0, 0, 0, 0]),
      padded(header, 600),
    ]);
    await writeFile(path('model'), model);
    await assert.rejects(readImage(path('model')), /it looks like a model file \(safetensors\)/);
  });

  test('gzip data inside of gzip data, and an archive inside of them', async (t) => {
    const path = join(await temporaryFolder(t), 'image.nii.gz');
    await writeFile(path, gzipSync(gzipSync(buildNifti())));
    await assert.rejects(readImage(path), {
      code: 'E_NIFTI',
      message: `${path}: an image must be compressed once, got gzip data inside of gzip data.`,
    });
    await writeFile(path, gzipSync(Buffer.concat([Buffer.alloc(257), padded('ustar')])));
    await assert.rejects(readImage(path), /it looks like a tar archive/);
  });

  test('what is no known kind has no name', () => {
    assert.equal(recogniseFile(new Uint8Array(0)), null);
    assert.equal(recogniseFile(new Uint8Array(540)), null);
    assert.equal(recogniseFile(new TextEncoder().encode('grid: {shape: [16, 16]}')), null);
  });
});
