import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {startEngine} from '../../../src/engines/select.js';
import {joinBytes} from '../../../src/formats/bytes.js';
import {
  CONVENTION_NAMES,
  type ConventionName,
} from '../../../src/formats/transforms/conventions.js';
import {readTransform} from '../../../src/formats/transforms/read-transform.js';
import {encodeTransform} from '../../../src/formats/transforms/write-transform.js';
import {fslWorld} from '../../../src/formats/transforms/worlds.js';
import {Affine} from '../../../src/geometry/affine.js';
import type {Grid} from '../../../src/geometry/grid.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {mapPoints, sample} from '../../../src/transforms/apply.js';
import {jacobianOn} from '../../../src/transforms/jacobian.js';
import {affineTransform, compose, type Transform} from '../../../src/transforms/transform.js';
import {seededRandom} from '../../support/random.js';
import {
  FIELD_GRID,
  largestDistance,
  SHEAR,
  somePoints,
  TURN,
  waves,
} from '../../support/transforms.js';
import {
  blobs,
  centredAffine,
  imageOf,
  largestDifference,
  obliqueAffine,
} from '../../support/volumes.js';

/** Fields are float32, of some ten mm; positions of some hundred. */
const FIELD_MM = 1e-4;
/** Of 100; what 0.0001 mm change at most. */
const IMAGE = 0.01;
/** Matrices keep all digits. */
const MATRIX_MM = 1e-9;

const RIGHT_HANDED = gridOf([9, 7, 8], [12, -9, 17], [2, 3, 2.5]);
const LEFT_HANDED = gridOf([7, 9, 6], [-25, 14, 6], [-2.5, 1.5, 3.5]);
const SLICE = gridOf([9, 7, 1], [0, 0, 0], [-2, 3, 5]);

function gridOf(shape: Triple, degrees: Triple, spacing: Triple): Grid {
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, [4, -2, 1])};
}

const PAIRS = [
  ['right-handed, left-handed', {fixed: RIGHT_HANDED, moving: LEFT_HANDED}],
  ['left-handed, right-handed', {fixed: LEFT_HANDED, moving: RIGHT_HANDED}],
  ['both left-handed, a slice', {fixed: SLICE, moving: SLICE}],
] as const;

type Pair = (typeof PAIRS)[number][1];

async function throughFile(
  transform: Transform,
  name: string,
  {convention, ...images}: Pair & {readonly convention?: ConventionName},
): Promise<Transform> {
  const options = convention === undefined ? images : {...images, convention};
  const content = await encodeTransform(transform, name, options);
  const bytes =
    typeof content === 'string' ? new TextEncoder().encode(content) : joinBytes(content);
  const {transform: read, warnings} = await readTransform({name, bytes}, options);
  assert.deepEqual(warnings, []);
  return read;
}

function voxelsOf({shape, affine}: Grid): Triple[] {
  const [i, j, k] = shape.map((length) => [0, length - 1, Math.floor(length / 3)]);
  return i.flatMap((x) => j.flatMap((y) => k.map((z) => affine.apply([x, y, z]))));
}

before(() => startEngine({engine: 'javascript'}));

const MATRIX_FILES: readonly [name: string, convention: ConventionName][] = [
  ['a.txt', 'itk'],
  ['a.tfm', 'itk'],
  ['a.mat', 'itk'],
  ['a.h5', 'itk'],
  ['a.mat', 'greedy'],
  ['a.txt', 'niftyreg'],
  ['a.txt', 'ras'],
  ['a.mat', 'fsl'],
  ['a.lta', 'freesurfer'],
];

describe('an affine map', () => {
  for (const [name, convention] of MATRIX_FILES) {
    test(`survives ${name} of ${convention}`, async () => {
      for (const [title, pair] of PAIRS) {
        for (const transform of [TURN, affineTransform(Affine.identity)]) {
          const read = await throughFile(transform, name, {...pair, convention});
          const points = somePoints(10, 60, seededRandom(1));
          const distance = largestDistance(mapPoints(read, points), mapPoints(transform, points));
          assert.ok(distance < MATRIX_MM, `${title}: ${distance} mm`);
        }
      }
    });
  }
});

describe('a warp of FreeSurfer', () => {
  const [, pair] = PAIRS[0];
  const chain = compose(TURN, waves(), SHEAR);
  const bytesOf = async () =>
    joinBytes((await encodeTransform(chain, 'a.mgh', pair)) as Uint8Array);

  test('is the transform at its voxels, plain and compressed', async () => {
    const points = voxelsOf(pair.fixed);
    for (const name of ['a.mgh', 'a.mgz']) {
      const read = await throughFile(chain, name, pair);
      assert.ok(largestDistance(mapPoints(read, points), mapPoints(chain, points)) < FIELD_MM);
    }
  });

  test('needs the moving image, which it describes', () =>
    assert.rejects(encodeTransform(chain, 'a.mgz', {fixed: pair.fixed}), {
      code: 'E_USAGE',
      message:
        'a.mgz: `moving` must be given for a warp of FreeSurfer, which describes both images.',
    }));

  test('is no field of another program', async () => {
    const file = {name: 'a.mgh', bytes: await bytesOf()};
    await assert.rejects(readTransform(file, {convention: 'itk'}), {
      code: 'E_USAGE',
      message: '`convention` must be freesurfer for a warp of FreeSurfer, got itk.',
    });
  });

  test('must say what its numbers are, and where its source lies where they are voxels of it', async () => {
    const bytes = await bytesOf();
    const read = (changed: Uint8Array) => readTransform({name: 'a.mgh', bytes: changed});
    await assert.rejects(read(bytes.subarray(0, bytes.length - 24)), {
      code: 'E_IO',
      message: 'a.mgh: must say with a code of 0 to 3 what its numbers are, got none.',
    });
    const ofVoxels = bytes.slice();
    const view = new DataView(ofVoxels.buffer);
    view.setInt32(bytes.length - 12, 1);
    view.setInt32(bytes.length - 24 - 2 * 588, 0); // the source is not valid
    await assert.rejects(read(ofVoxels), {
      code: 'E_IO',
      message: 'a.mgh: must say where the voxels of its source lie, got none.',
    });
    view.setInt32(bytes.length - 12, 7);
    await assert.rejects(read(ofVoxels), {message: /got 7\.$/});
  });
});

/** Maps whose field a trilinear look-up gives exactly. */
const EXACT: readonly [title: string, affine: Affine][] = [
  ['the identity', Affine.identity],
  ['a shift', Affine.translation([3, -2, 1])],
  ['a turn', Affine.rotation(2, 30)],
  ['a scaling', Affine.scaling([1.2, 0.9, 1.1])],
];

const FIELD_CONVENTIONS = CONVENTION_NAMES;

describe('a field', () => {
  for (const convention of FIELD_CONVENTIONS) {
    test(`of ${convention} is the transform at its voxels`, async () => {
      for (const [title, pair] of PAIRS) {
        const chain = compose(TURN, waves(), SHEAR);
        const read = await throughFile(chain, 'a.nii.gz', {...pair, convention});
        const points = voxelsOf(pair.fixed);
        const distance = largestDistance(mapPoints(read, points), mapPoints(chain, points));
        assert.ok(distance < FIELD_MM, `${title}: ${distance} mm`);
      }
    });

    for (const [title, affine] of EXACT) {
      test(`of ${convention} of ${title} is exact between its voxels, and so are its image and its Jacobian`, async () => {
        for (const [name, pair] of PAIRS) {
          const transform = affineTransform(affine);
          const read = await throughFile(transform, 'a.nii', {...pair, convention});
          const {shape, affine: place} = pair.fixed;
          const points = somePoints(20, 0.4, seededRandom(2)).map(([x, y, z]) =>
            place.apply([
              (0.5 + x) * (shape[0] - 1),
              (0.5 + y) * (shape[1] - 1),
              (0.5 + z) * (shape[2] - 1),
            ]),
          );
          const distance = largestDistance(mapPoints(read, points), mapPoints(transform, points));
          assert.ok(distance < FIELD_MM, `${name}: ${distance} mm`);
          const look = (one: Transform) =>
            sample(imageOf(pair.moving, blobs), one, pair.fixed, {outside: 'edge'}).data;
          assert.ok(largestDifference(look(read), look(transform)) < IMAGE, name);
          const determinants = jacobianOn(read, pair.fixed);
          // Along an axis of one voxel a field shows no change.
          const expected = shape[2] === 1 ? planar(affine) : affine.determinant;
          const wanted = determinants.map(() => expected);
          assert.ok(largestDifference(determinants, wanted) < 1e-4, `${name}: ${determinants[0]}`);
        }
      });
    }
  }

  test('of the chain stays a chain in HDF5, number by number', async () => {
    const chain = compose(TURN, waves(), SHEAR);
    const read = await throughFile(chain, 'a.h5', PAIRS[0][1]);
    assert.ok(read.kind === 'chain');
    assert.deepEqual(
      read.transforms.map(({kind}) => kind),
      ['affine', 'displacement', 'affine'],
    );
    const points = somePoints(50, 30, seededRandom(4));
    assert.ok(largestDistance(mapPoints(read, points), mapPoints(chain, points)) < FIELD_MM);
  });
});

/** The determinant of the first two axes. */
function planar({linear: [a, b, , d, e]}: Affine): number {
  return a * e - b * d;
}

test("FSL's millimetres start at the first voxel, or along i at the last one of a right-handed image", () => {
  const near = (actual: Triple, expected: Triple) =>
    assert.ok(largestDifference(actual, expected) < 1e-9, actual.join());
  const at = (grid: Grid, index: Triple) => fslWorld(grid).apply(grid.affine.apply(index));
  near(at(LEFT_HANDED, [1, 2, 3]), [2.5, 3, 10.5]);
  near(at(RIGHT_HANDED, [1, 2, 3]), [14, 6, 7.5]);
});

test('a FLIRT matrix takes moving to fixed in these millimetres', async () => {
  const shift = affineTransform(Affine.translation([5, 0, 0]));
  const grid = {shape: [4, 4, 4], affine: Affine.scaling([-2, 2, 2])} as const;
  const text = await encodeTransform(shift, 'a.mat', {
    convention: 'fsl',
    fixed: grid,
    moving: grid,
  });
  // 5 mm to the right is back along i, and back again as the matrix leads back.
  assert.deepEqual(String(text).split('\n')[0].split(' ').map(Number), [1, 0, 0, 5]);
});

test('a matrix of voxels of FreeSurfer goes through the places of both volumes', async () => {
  const {fixed, moving} = PAIRS[0][1];
  const text = String(await encodeTransform(TURN, 'a.lta', {fixed, moving}));
  const voxels = Affine.compose(fixed.affine.inverse(), TURN.affine.inverse(), moving.affine);
  const rows = [0, 4, 8].map((start) => voxels.rows.slice(start, start + 4).join(' '));
  const inVoxels = text
    .replace(/type {6}= 1/, 'type      = 0')
    .replace(/(1 4 4\n)([^\n]*\n){3}/, `$1${rows.join('\n')}\n`);
  const {transform} = await readTransform({
    name: 'a.lta',
    bytes: new TextEncoder().encode(inVoxels),
  });
  const points = somePoints(10, 60, seededRandom(1));
  assert.ok(largestDistance(mapPoints(transform, points), mapPoints(TURN, points)) < 1e-6);
});

test('transform parameters of elastix are those of ITK about their centre', async () => {
  const text = `(Transform "EulerTransform")
(TransformParameters 0 0 ${Math.PI / 2} 1 2 3)
(InitialTransformParametersFileName "first.txt")
(FixedImageDimension 3)
(CenterOfRotationPoint 10 20 30)
(ComputeZYX "false")
`;
  const file = {name: 'TransformParameters.0.txt', bytes: new TextEncoder().encode(text)};
  const {transform, warnings} = await readTransform(file);
  const [point] = mapPoints(transform, [[-10, -20, 30]]);
  assert.ok(largestDifference(point, [-11, -22, 33]) < 1e-9);
  assert.deepEqual(warnings, [
    'TransformParameters.0.txt: says that first.txt acts before it, which is not read with it; give it, too, after this one.',
  ]);
});

describe('a spline of elastix', () => {
  const lines = {
    Transform: '"BSplineTransform"',
    TransformParameters: new Array<number>(192).fill(2).join(' '),
    FixedImageDimension: '3',
    GridSize: '4 4 4',
    GridIndex: '0 0 0',
    GridSpacing: '10 10 10',
    GridOrigin: '-15 -15 -15',
    GridDirection: '1 0 0 0 1 0 0 0 1',
    BSplineTransformSplineOrder: '3',
    HowToCombineTransforms: '"Compose"',
  };
  const read = (changes: Readonly<Record<string, string>> = {}) => {
    const entries = Object.entries({...lines, ...changes});
    const text = entries.map(([name, value]) => `(${name} ${value})\n`).join('');
    return readTransform({name: 'a.txt', bytes: new TextEncoder().encode(text)});
  };

  test('of equal coefficients is a shift where four of them reach along each axis, and nothing elsewhere', async () => {
    const {transform, warnings} = await read();
    assert.deepEqual(warnings, []);
    const moved = mapPoints(transform, [
      [0, 0, 0],
      [5, -5, 4.9],
      [5.1, 0, 0],
    ]);
    const expected = [-2, -2, 2, 3, -7, 6.9, 5.1, 0, 0];
    assert.ok(largestDifference(moved.flat(), expected) < 1e-6, String(moved));
  });

  for (const [title, changes, message] of [
    ['of another order', {BSplineTransformSplineOrder: '2'}, 'a spline must be of order 3, got 2.'],
    ['that is cyclic', {UseCyclicTransform: '"true"'}, 'must not be cyclic, got one that is.'],
    [
      'whose grid starts elsewhere',
      {GridIndex: '1 0 0'},
      'the grid of a spline must start at 0, got another one.',
    ],
    [
      'that is added to another transform',
      {HowToCombineTransforms: '"Add"', InitialTransformParameterFileName: '"first.txt"'},
      'must be composed with first.txt, which acts before it, got one that is added to it.',
    ],
    [
      'without a place',
      {GridSize: '4 4'},
      'a field must say its size, origin, spacing and direction, got other fixed parameters.',
    ],
    ['of words', {GridOrigin: '1 two 3'}, 'GridOrigin must be numbers, got "1 two 3".'],
  ] as const) {
    test(`${title} is refused`, () =>
      assert.rejects(read(changes), {code: 'E_IO', message: `a.txt: ${message}`}));
  }
});

test('a MATLAB file of ITK is read in either byte order and precision', async () => {
  const encoded = joinBytes(
    (await encodeTransform(TURN, 'a.mat', {convention: 'itk'})) as Uint8Array,
  );
  const turned = Uint8Array.from(encoded);
  const [view, big] = [new DataView(encoded.buffer), new DataView(turned.buffer)];
  for (const [start, count, name] of [
    [0, 12, 'AffineTransform_double_3_3'.length + 1],
    [20 + 27 + 96, 3, 'fixed'.length + 1],
  ] as const) {
    for (let n = 0; n < 5; n++) big.setInt32(start + 4 * n, view.getInt32(start + 4 * n, true));
    big.setInt32(start, 1000);
    const from = start + 20 + name;
    for (let n = 0; n < count; n++)
      big.setFloat64(from + 8 * n, view.getFloat64(from + 8 * n, true));
  }
  const {transform} = await readTransform({name: 'a.mat', bytes: turned});
  const points = somePoints(10, 60, seededRandom(1));
  assert.ok(largestDistance(mapPoints(transform, points), mapPoints(TURN, points)) < MATRIX_MM);
});

describe('what a file does not show is asked for:', () => {
  const text = (content: string, name = 'a.mat') => ({
    name,
    bytes: new TextEncoder().encode(content),
  });
  const IDENTITY = '1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n';
  const field = async (convention: ConventionName) => {
    const options = {convention, ...PAIRS[0][1]};
    return {
      name: 'a.nii',
      bytes: joinBytes((await encodeTransform(TURN, 'a.nii', options)) as Uint8Array),
    };
  };
  const cases: readonly [
    title: string,
    read: () => Promise<unknown>,
    code: string,
    message: string,
  ][] = [
    [
      'the convention of sixteen numbers',
      () => readTransform(text(IDENTITY)),
      'E_USAGE',
      'a.mat: `convention` must be one of greedy, niftyreg, fsl, ras, as sixteen numbers do not say whose they are, got none.',
    ],
    [
      'the images of a FLIRT matrix',
      () => readTransform(text(IDENTITY), {convention: 'fsl', fixed: RIGHT_HANDED}),
      'E_USAGE',
      'a.mat: `moving` must be given, the image that the transform leads to: the numbers of this convention depend on it.',
    ],
    [
      'whether a warp of FSL is relative',
      async () => readTransform(await field('fsl')),
      'E_USAGE',
      'a.nii: `convention` must be one of fsl (relative), fsl-absolute, as the header (intent 2006) does not show whose field this is, got none.',
    ],
    [
      'what three volumes are',
      async () => readTransform(await field('voxels')),
      'E_USAGE',
      'a.nii: `convention` must be one of itk, ras, voxels, spm, niftyreg, fsl, fsl-absolute, as the header (intent 0) does not show whose field this is, got none.',
    ],
    [
      'and what it shows is believed',
      () => readTransform(text('#Insight Transform File V1.0\n', 'a.txt'), {convention: 'fsl'}),
      'E_USAGE',
      'a.txt: `convention` must be itk for a text file of ITK, got fsl.',
    ],
    [
      'a text of other numbers is no transform',
      () => readTransform(text('1 0 0\n')),
      'E_IO',
      'a.mat: must hold a matrix of four rows of four numbers, got 3 words.',
    ],
    [
      'nor is a matrix that projects',
      () => readTransform(text(IDENTITY.replace('0 0 0 1', '0 0 1 1'))),
      'E_IO',
      'a.mat: the last row of a matrix must be 0 0 0 1, got 0 0 1 1.',
    ],
    [
      'nor a picture',
      () => readTransform({name: 'a.mat', bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0)}),
      'E_IO',
      'a.mat: must be a transform, got a PNG picture.',
    ],
    [
      'a file for an affine map holds no field',
      () => encodeTransform(waves(), 'a.txt'),
      'E_USAGE',
      'a.txt: such a file holds an affine map, got a transform that displaces; its name must end in .nii.gz or .h5.',
    ],
    [
      'the grid of a field',
      () => encodeTransform(TURN, 'a.nii'),
      'E_USAGE',
      'a.nii: `fixed` must be given, the image on whose grid the field lies.',
    ],
    [
      'for whom a .mat is',
      () => encodeTransform(TURN, 'a.mat'),
      'E_USAGE',
      'a.mat: the convention of such a file must be itk, greedy, niftyreg, fsl, ras, got none.',
    ],
    [
      'a name that says a format',
      () => encodeTransform(TURN, 'a.xfm'),
      'E_USAGE',
      'a.xfm: the name of a transform must end in .nii, .nii.gz, .mgz, .h5, .tfm, .txt, .mat or .lta.',
    ],
  ];
  for (const [title, read, code, message] of cases) {
    test(title, () => assert.rejects(read, {code, message}));
  }
});

test('a field on its own grid needs no image', async () => {
  const content = joinBytes((await encodeTransform(waves(), 'a.nii')) as Uint8Array[]);
  const {transform} = await readTransform({name: 'a.nii', bytes: content});
  const points = voxelsOf(FIELD_GRID);
  assert.ok(largestDistance(mapPoints(transform, points), mapPoints(waves(), points)) < FIELD_MM);
});
