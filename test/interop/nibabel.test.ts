import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import type {ImageOutput} from '../../src/formats/images/types.js';
import type {Affine} from '../../src/geometry/affine.js';
import {buildNifti} from '../support/nifti-builder.js';
import {findPython, runReference} from '../support/python.js';
import {randomAffine} from '../support/random-affine.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';

interface ReadByNibabel {
  readonly shape: readonly number[];
  readonly affine: readonly number[];
  readonly qform: readonly number[] | null;
  readonly sform: readonly number[] | null;
  readonly codes: readonly number[];
  readonly zooms: readonly number[];
  readonly datatype: string;
  readonly units: readonly string[];
  readonly intent: readonly unknown[];
  readonly description: string;
  readonly valuesInDiskOrder: readonly number[];
}

const python = findPython('nibabel', 'numpy');
const SHAPE = [3, 4, 5] as const;
const COUNT = 60;
/** float32 of offsets up to 100 mm is good to 4e-6. */
const SFORM_TOLERANCE = 1e-5;
/** The scalar part of a quaternion near half a turn is the root of a float32 difference: 1e-3, times 3 mm. */
const QFORM_TOLERANCE = 5e-3;
const QFORM_TOLERANCE_AWAY_FROM_HALF_TURNS = 1e-4;

function nibabelReads(paths: readonly string[]): readonly ReadByNibabel[] {
  return runReference(python.command ?? '', 'nifti_read.py', paths) as readonly ReadByNibabel[];
}

function worst(actual: readonly number[] | null, expected: readonly number[]): number {
  assert.ok(actual !== null);
  return Math.max(...actual.map((value, n) => Math.abs(value - expected[n])));
}

const ramp = (count: number): Float32Array => Float32Array.from({length: count}, (_, n) => n);

/** How far a rotation is from half a turn: 1 + trace = 4 cos^2(angle / 2). */
function isNearHalfTurn(affine: Affine): boolean {
  const [x, , , , y, , , , z] = affine.directions.linear;
  const trace = x + y + Math.sign(affine.determinant) * z;
  return 1 + trace < 0.05;
}

test('nibabel finds our images where we put them: both forms, spacing, codes, numbers', async (t) => {
  if (python.missing !== undefined) {
    t.skip(python.missing);
    return;
  }
  const folder = await temporaryFolder(t);
  const random = seededRandom(11);
  const cases = Array.from({length: 60}, (_, n) => {
    const sheared = n % 5 === 4;
    const path = join(folder, `${n}.nii${n % 2 === 0 ? '' : '.gz'}`);
    return {path, sheared, affine: randomAffine(random, {sheared})};
  });
  for (const {path, affine} of cases) {
    const geometry = geometryFromGrid({affine});
    await writeImage(path, {shape: SHAPE, data: ramp(COUNT), geometry, description: 'ours'});
  }
  nibabelReads(cases.map(({path}) => path)).forEach((read, n) => {
    const {affine, sheared} = cases[n];
    assert.deepEqual(read.shape, SHAPE);
    assert.ok(worst(read.affine.slice(0, 12), affine.rows) < SFORM_TOLERANCE);
    assert.deepEqual(read.codes, [1, 1]);
    assert.ok(worst(read.zooms, affine.spacing) < 1e-6);
    if (!sheared) {
      const tolerance = isNearHalfTurn(affine)
        ? QFORM_TOLERANCE
        : QFORM_TOLERANCE_AWAY_FROM_HALF_TURNS;
      assert.ok(
        worst(read.qform?.slice(0, 12) ?? null, affine.rows) < tolerance,
        `qform of case ${n}`,
      );
    }
    assert.deepEqual(read.units, ['mm', 'sec']);
    assert.equal(read.datatype, 'float32');
    assert.equal(read.description, 'ours');
    assert.deepEqual(read.valuesInDiskOrder, [...ramp(COUNT)]);
  });
});

test('nibabel sees a field as X x Y x Z x 1 x 3 with intent 1007, components slowest', async (t) => {
  if (python.missing !== undefined) {
    t.skip(python.missing);
    return;
  }
  const path = join(await temporaryFolder(t), 'warp.nii.gz');
  await writeImage(path, {
    shape: SHAPE,
    components: 3,
    data: ramp(3 * COUNT),
    geometry: geometryFromGrid({affine: randomAffine(seededRandom(12))}),
    intent: {code: 1007, name: 'ours'},
  });
  const [read] = nibabelReads([path]);
  assert.deepEqual(read.shape, [...SHAPE, 1, 3]);
  assert.deepEqual(read.intent, [1007, 'ours']);
  assert.deepEqual(read.valuesInDiskOrder, [...ramp(3 * COUNT)]);
});

test('nibabel finds an output on a fixed grid exactly where it finds the fixed image', async (t) => {
  if (python.missing !== undefined) {
    t.skip(python.missing);
    return;
  }
  const folder = await temporaryFolder(t);
  const fixedPath = join(folder, 'fixed.nii');
  const movedPath = join(folder, 'moved.nii.gz');
  const file = buildNifti({
    version: 2,
    littleEndian: false,
    qformCode: 2,
    sformCode: 4,
    // The voxel sizes are those of the sform, as far as its numbers go.
    pixdim: [1, Math.hypot(1, 0.5, 0.5), Math.hypot(0.125, 2, 0.25), Math.hypot(0.25, 0.5, 3)].map(
      Math.fround,
    ),
    quaternion: [0.25, -0.5, 0.125],
    qformOffset: [1.5, 2.5, -3.5],
    sform: [1, 0.125, 0.25, 3, -0.5, 2, 0.5, 4, 0.5, 0.25, 3, -5],
  });
  await writeFile(fixedPath, file);
  const fixed = await readImage(fixedPath);
  await writeImage(movedPath, fixed);
  const [first, second] = nibabelReads([fixedPath, movedPath]);
  assert.deepEqual(second.sform, first.sform);
  assert.deepEqual(second.qform, first.qform);
  assert.deepEqual(second.codes, [2, 4]);
  assert.deepEqual(second.valuesInDiskOrder, first.valuesInDiskOrder);
});

test('nibabel reads label maps of every integer type that we write', async (t) => {
  if (python.missing !== undefined) {
    t.skip(python.missing);
    return;
  }
  const folder = await temporaryFolder(t);
  const types = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array] as const;
  const paths = types.map((type) => join(folder, `${type.name}.nii`));
  for (const [n, type] of types.entries()) {
    const output: ImageOutput = {
      shape: SHAPE,
      data: new type(ramp(COUNT)),
      geometry: geometryFromGrid({affine: randomAffine(seededRandom(13))}),
      intent: {code: 1002},
    };
    await writeImage(paths[n], output);
  }
  nibabelReads(paths).forEach((read, n) => {
    assert.equal(`${read.datatype}array`, types[n].name.toLowerCase());
    assert.deepEqual(read.valuesInDiskOrder, [...ramp(COUNT)]);
  });
});
