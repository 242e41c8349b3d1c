import assert from 'node:assert/strict';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {HypermorphError} from '../../../src/errors.js';
import {joinBytes} from '../../../src/formats/bytes.js';
import {describeImage} from '../../../src/formats/images/describe-image.js';
import {geometryFromGrid} from '../../../src/formats/images/nifti/geometry.js';
import {filesOfImage} from '../../../src/formats/images/open-image.js';
import {readImage} from '../../../src/formats/images/read-image.js';
import {
  encodeImage,
  requireImageName,
  writeImage,
} from '../../../src/formats/images/write-image.js';
import {Affine} from '../../../src/geometry/affine.js';
import {temporaryFolder} from '../../support/temporary-folder.js';

const SHAPE = [3, 2, 2] as const;
const affine = Affine.fromMatrix([0, -1.5, 0, 7, 0, 0, 2, -8, 3, 0, 0, 9]);
const geometry = geometryFromGrid({affine});
const data = Int16Array.from({length: 12}, (_, n) => 10 * n - 50);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A small image in a format, whose header (or whole, where it is binary) can be changed. */
const sound = (ending: string) =>
  joinBytes(encodeImage(`image.${ending}`, {shape: SHAPE, data, geometry}));
const asText = (ending: string, change: (header: string) => string) =>
  latin1(change(String.fromCharCode(...sound(ending))));
const mgh = (change: (view: DataView) => void) => {
  const bytes = sound('mgh');
  change(new DataView(bytes.buffer));
  return bytes;
};
const read = (name: string, bytes: Uint8Array) => readImage({name, bytes}, {kind: 'label'});

describe('an image that is written is read again', () => {
  for (const name of ['a.mgz', 'a.mgh', 'a.nrrd', 'a.mha', 'A.MGZ', 'a.nii.gz']) {
    test(name, async (t) => {
      const path = join(await temporaryFolder(t), name);
      await writeImage(path, {shape: SHAPE, data, geometry});
      const image = await readImage(path, {kind: 'label'});
      assert.deepEqual([[...image.data], image.shape], [[...data], SHAPE]);
      assert.deepEqual(image.affine.rows, affine.rows);
      assert.deepEqual([image.warnings, image.files], [[], [path]]);
      const about = await describeImage(path);
      assert.equal(about.compressed, /z$/i.test(name));
      assert.equal(about.orientation, affine.orientation);
    });
  }

  test('numbers that are not finite are written as 0, whatever the format', async () => {
    const wild = Float32Array.from({length: 12}, (_, n) => [NaN, Infinity, n][n % 3]);
    for (const ending of ['mgh', 'nrrd', 'mha']) {
      const bytes = joinBytes(encodeImage(`a.${ending}`, {shape: SHAPE, data: wild, geometry}));
      const image = await readImage({name: `a.${ending}`, bytes});
      assert.deepEqual(image.data.slice(0, 6), Float32Array.of(0, 0, 2, 0, 0, 5), ending);
    }
  });

  test('labels that FreeSurfer has no type for are refused', () => {
    const labels = new Uint32Array(12).fill(2 ** 31);
    assert.throws(() => encodeImage('a.mgz', {shape: SHAPE, data: labels, geometry}), {
      code: 'E_RANGE',
      message: 'labels in a file of FreeSurfer must be at most 2147483647, got 2147483648.',
    });
  });
});

test('what headers may leave out, say otherwise or skip is understood', async () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['intent in the version', mgh((view) => view.setInt32(0, 0x101))],
    [
      'comments and keys',
      asText('nrrd', (text) => text.replace('\ntype', '\n# x: y\nkey:=a: b\ntype')),
    ],
    [
      'line ends of Windows',
      asText('nrrd', (text) => text.replace(/[^]*?\n\n/, (one) => one.replaceAll('\n', '\r\n'))),
    ],
    ['names of C', asText('nrrd', (text) => text.replace('int16', 'Signed Short Int'))],
    ['LPS', asText('nrrd', (text) => text.replace('left-posterior-superior', 'LPS'))],
    [
      'data at the end',
      asText('nrrd', (text) => text.replace('\n\n', '\nbyte skip: -1\n\nfurther bytes')),
    ],
    [
      'a name of its own',
      asText('mha', (text) =>
        text.replace('Offset', 'Position').replace('TransformMatrix', 'Rotation'),
      ),
    ],
    ['no spaces', asText('mha', (text) => text.replace(/^(\w+) = /gm, '$1='))],
  ];
  for (const [what, bytes] of cases) {
    const ending = what === 'intent in the version' ? 'mgh' : bytes[0] === 0x4e ? 'nrrd' : 'mha';
    const image = await read(`image.${ending}`, bytes);
    assert.deepEqual([[...image.data], image.affine.rows], [[...data], affine.rows], what);
  }
});

test('a header in RAS or LAS is taken as such', async () => {
  for (const [space, signs] of [
    ['right-anterior-superior', [-1, -1, 1]],
    ['left-anterior-superior', [1, -1, 1]],
  ] as const) {
    const turned = asText('nrrd', (text) => text.replace('left-posterior-superior', space));
    const expected = Affine.compose(Affine.scaling([...signs]), affine);
    assert.deepEqual((await read('a.nrrd', turned)).affine.rows, expected.rows);
  }
});

describe('a place that a header does not say is assumed, with a warning', () => {
  test('FreeSurfer without orientation: coronal, centred', async () => {
    const image = await read(
      'a.mgh',
      mgh((view) => view.setInt16(28, 0)),
    );
    assert.deepEqual(image.affine.rows, [-1, 0, 0, 1.5, 0, 0, 1, -1, 0, -1, 0, 1]);
    assert.deepEqual([image.orientationKnown, image.geometry.sformCode], [false, 0]);
    assert.match(image.warnings[0], /^a\.mgh: the header does not say where the voxels lie/);
  });

  test('NRRD without a space: spacings along LPS', async () => {
    const bytes = asText('nrrd', (text) =>
      text
        .replace(/space: .*\n/, '')
        .replace(/space directions: .*\n/, 'spacings: 2 3 4\n')
        .replace(/space origin.*\n/, ''),
    );
    const image = await read('a.nrrd', bytes);
    assert.deepEqual([image.affine.spacing, image.affine.orientation], [[2, 3, 4], 'LPS']);
    assert.match(image.warnings[0], /which side is left/);
    assert.equal(image.orientationKnown, false);
  });
});

test('slices: two axes are three, the third one voxel thick', async () => {
  const slice = asText('nrrd', (text) =>
    text
      .replace('dimension: 3', 'dimension: 2')
      .replace(/sizes: .*/, 'sizes: 3 2')
      .replace(/space directions: .*/, 'space directions: (0,2,0) (3,0,0)')
      .replace(/kinds: .*/, 'kinds: domain domain'),
  );
  const image = await read('a.nrrd', slice);
  assert.deepEqual(
    [image.shape, image.affine.spacing],
    [
      [3, 2, 1],
      [2, 3, 1],
    ],
  );
  const planar = asText('mha', (text) =>
    text
      .replace('NDims = 3', 'NDims = 2')
      .replace(/TransformMatrix = .*/, 'TransformMatrix = 0 1 1 0')
      .replace(/Offset = .*/, 'Offset = 4 5')
      .replace(/ElementSpacing = .*/, 'ElementSpacing = 2 3')
      .replace(/DimSize = .*/, 'DimSize = 3 2'),
  );
  const {shape, affine: place} = await read('a.mha', planar);
  assert.deepEqual(
    [shape, place.spacing, place.offset],
    [
      [3, 2, 1],
      [2, 3, 1],
      [-4, -5, 0],
    ],
  );
});

test('a header beside its voxels: both files are named, what it names must be there', async (t) => {
  const folder = await temporaryFolder(t);
  const bytes = (ending: string) => {
    const whole = sound(ending);
    return [whole.slice(0, whole.length - 24), whole.slice(whole.length - 24)] as const;
  };
  const [nrrd, voxels] = bytes('nrrd');
  const header = String.fromCharCode(...nrrd).trimEnd();
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'a.raw'), voxels);
  await writeFile(join(folder, 'data', 'a.gz'), gzipSync(voxels));
  const cases = {
    'a.nhdr': `${header}\ndata file: data/a.raw\n`,
    'b.nhdr': `${header.replace('raw', 'gzip')}\ndata file: data/a.gz\n`,
    'c.mhd': String.fromCharCode(...bytes('mha')[0]).replace('LOCAL', 'data/a.raw'),
  };
  for (const [name, text] of Object.entries(cases)) {
    const path = join(folder, name);
    await writeFile(path, text);
    const image = await readImage(path, {kind: 'label'});
    assert.deepEqual([...image.data], [...data], name);
    assert.equal((await filesOfImage(path)).length, 2);
    assert.equal(image.files[0], path);
    await writeFile(path, text.replace(/data\/a\.(raw|gz)/, 'lost.raw'));
    await assert.rejects(readImage(path), {
      code: 'E_IMAGE',
      message: `${path}: the file with the voxels, lost.raw, must lie where the header says, but there is none.`,
    });
    await assert.rejects(read(name, latin1(text)), /bytes must hold header and voxels/);
  }
});

/** Every way in which a file can be malformed: its bytes, and the sentence behind its name. */
const REFUSALS: readonly (readonly [name: string, bytes: Uint8Array, says: RegExp])[] = [
  ['a.mgh', new Uint8Array(283), /not an MGH file: it must begin with its version, 1\./],
  ['a.mgz', sound('nrrd'), /not an MGH file: .*; it looks like an NRRD file\./],
  ['a.mgh', mgh((view) => view.setInt32(0, 2)), /not an MGH file/],
  ['a.mgh', mgh((view) => view.setInt32(8, 0)), /the length of axis 2 must be at least 1, got 0/],
  [
    'a.mgh',
    mgh((view) => view.setInt32(16, -1)),
    /the length of axis 4 must be at least 1, got -1/,
  ],
  [
    'a.mgh',
    mgh((view) => view.setInt32(20, 6)),
    /must be whole or real numbers .* got datatype 6 \(tensors\)/,
  ],
  [
    'a.mgh',
    mgh((view) => view.setFloat32(30, NaN)),
    /the position and spacing in the header must be finite/,
  ],
  ['a.mgh', mgh((view) => view.setInt32(4, 1000)), /the file must hold \d+ bytes .* got 308/],
  [
    'a.mgh',
    mgh((view) => [4, 8, 12, 16].forEach((at) => view.setInt32(at, 2 ** 31 - 1))),
    /must hold|must be finite/,
  ],
  [
    'a.mgz',
    gzipSync(sound('mgh')).subarray(0, 60),
    /the header must have 284 bytes, got \d+; the file is cut off/,
  ],
  [
    'a.nrrd',
    latin1('NRRD0009\ntype: float\n\n'),
    /not an NRRD file: it must begin with NRRD0001 to NRRD0006/,
  ],
  ['a.nrrd', sound('mgh'), /not an NRRD file: .*; it looks like a FreeSurfer MGH file/],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('type: int16\n', '')),
    /the header must have the field type/,
  ],
  ['a.nrrd', asText('nrrd', (text) => text.replace('int16', 'block')), /got datatype 0 \(block\)/],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('sizes: 3 2 2', 'sizes: 3 2')),
    /sizes must be 3 numbers, got "3 2"/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('sizes: 3 2 2', 'sizes: 3 0 2')),
    /sizes must be whole numbers from 1/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) =>
      text.replace('sizes: 3 2 2', 'sizes: 4294967296 4294967296 4294967296'),
    ),
    /the file must hold/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('dimension: 3', 'dimension: 17')),
    /dimension must be at most 16/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('encoding: raw', 'encoding: hex')),
    /encoding must be raw or gzip, got "hex"/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('encoding: raw', 'encoding: gzip')),
    /compressed data|cannot be unpacked|must be whole/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('endian: little', 'endian: middle')),
    /endian must be little or big/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) =>
      text.replace(/space directions: .*/, 'space directions: (1,x,0) (0,1,0) (0,0,1)'),
    ),
    /space directions must be vectors/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) =>
      text.replace(/space directions: .*/, 'space directions: (1,0,0) (1,0,0) (0,0,1)'),
    ),
    /the axes distinct/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) =>
      text.replace(/space directions: .*/, 'space directions: none (1,0,0) (0,0,1)'),
    ),
    /one number per voxel, whose axes of space come first/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace(/space directions: .*/, 'space directions: (1,0,0)')),
    /space directions must be 3 vectors or "none", got "\(1,0,0\)"/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('\n\n', '\nline skip: 2\n\n')),
    /line skip must be 0/,
  ],
  [
    'a.nrrd',
    asText('nrrd', (text) => text.replace('\n\n', '\ndata file: LIST\n\n')),
    /bytes must hold header and voxels/,
  ],
  ['a.nrrd', sound('nrrd').subarray(0, -1), /the file must hold 24 bytes .* got 23/],
  [
    'a.nrrd',
    latin1(`\x89PNG${'\0'.repeat(600)}`),
    /not an NRRD file: .*; it looks like a PNG picture/,
  ],
  [
    'a.mha',
    latin1('hello'),
    /not a MetaImage header: it must be lines "Key = value" up to ElementDataFile\./,
  ],
  ['a.mha', sound('nrrd'), /not a MetaImage header: .*; it looks like an NRRD file/],
  [
    'a.mha',
    asText('mha', (text) => text.replace('NDims = 3', 'NDims = 5')),
    /NDims must be 1 to 4, got 5/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('DimSize = 3 2 2', 'DimSize = 3 2')),
    /DimSize must be 3 numbers/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('MET_SHORT', 'MET_STRING')),
    /got datatype 0 \(MET_STRING\)/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('MET_SHORT', 'constructor')),
    /got datatype 0 \(constructor\)/,
  ],
  [
    'a.mha',
    asText('mha', (text) =>
      text.replace('ElementType', 'ElementNumberOfChannels = 3\nElementType'),
    ),
    /got 3 \(a vector field, or colours\)/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('BinaryData = True', 'BinaryData = False')),
    /got numbers as text/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('ObjectType = Image', 'ObjectType = Tube')),
    /got a Tube/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace(/ElementSpacing = .*/, 'ElementSpacing = 1 0 1')),
    /the axes distinct/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace(/TransformMatrix = .*/, 'TransformMatrix = 1 0 0')),
    /TransformMatrix must be 9 numbers/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('CompressedData = False', 'CompressedData = True')),
    /cannot be unpacked|must be whole/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('NDims', 'HeaderSize = 7\nNDims')),
    /HeaderSize must be 0/,
  ],
  [
    'a.mha',
    asText('mha', (text) => text.replace('LOCAL', 'LIST')),
    /bytes must hold header and voxels/,
  ],
  ['a.mha', sound('mha').subarray(0, -1), /the file must hold 24 bytes .* got 23/],
];

describe('a malformed file is refused with one sentence', () => {
  for (const [name, bytes, says] of REFUSALS) {
    test(`${name}: ${says.source}`, async () => {
      await assert.rejects(read(name, bytes), (error: unknown) => {
        assert.ok(error instanceof HypermorphError);
        assert.ok(['E_IMAGE', 'E_IO'].includes(error.code), error.code);
        assert.ok(error.message.startsWith(`${name}: `), error.message);
        assert.match(error.message, says);
        return true;
      });
    });
  }
});

test('several files of voxels are refused', async (t) => {
  const path = join(await temporaryFolder(t), 'a.mhd');
  const header = String.fromCharCode(...sound('mha')).replace('LOCAL', 'slice%03d.raw 1 12 1');
  await writeFile(path, latin1(header));
  await assert.rejects(readImage(path), {
    code: 'E_IMAGE',
    message: `${path}: the voxels must lie in one file, got several ("slice%03d.raw 1 12 1").`,
  });
});

test('names of outputs: images of every format, fields of NIfTI alone', () => {
  for (const name of ['a.nii', 'a.nii.gz', 'a.mgz', 'a.mgh', 'a.nrrd', 'a.mha']) {
    requireImageName(name);
  }
  for (const name of ['a.nhdr', 'a.mhd', 'a.hdr', 'a.nrrd.gz', 'a.dcm', 'mgz']) {
    assert.throws(() => requireImageName(name), {
      code: 'E_USAGE',
      message: `${name}: the name of an output image must end in .nii, .nii.gz, .mgz, .mgh, .nrrd or .mha.`,
    });
  }
  assert.throws(
    () => requireImageName('a.mha', 3),
    /an output field must end in \.nii or \.nii\.gz/,
  );
});
