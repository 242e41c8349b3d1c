import assert from 'node:assert/strict';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {describe, test} from 'node:test';
import {describeImage} from '../../src/formats/images/describe-image.js';
import {writeFileAtomically} from '../../src/formats/files.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readField, readImage} from '../../src/formats/images/read-image.js';
import {openSeries} from '../../src/formats/images/series.js';
import {encodeSeries, writeImage} from '../../src/formats/images/write-image.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import {mapPoints} from '../../src/transforms/apply.js';
import type {Triple} from '../../src/geometry/triple.js';
import type {VoxelArray} from '../../src/kernels/voxels.js';
import {findPython, runReference} from '../support/python.js';
import {randomAffine} from '../support/random-affine.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';

/** As scripts/reference/image_formats.py says it. */
interface Judged {
  readonly name: string;
  readonly shape: readonly number[];
  readonly affine: readonly number[];
  readonly datatype: string;
  readonly values: readonly number[];
}

const python = findPython('nibabel', 'SimpleITK', 'numpy');
const skip = python.missing ?? false;
const judge = (...words: readonly string[]) =>
  runReference(python.command ?? '', 'image_formats.py', words) as readonly Judged[];

/** mm; headers of FreeSurfer are float32, those of others texts. */
const TOLERANCE_MM = 1e-5;

function requireSamePlace(actual: readonly number[], expected: readonly number[], name: string) {
  const worst = Math.max(...actual.map((value, n) => Math.abs(value - expected[n])));
  assert.ok(actual.length === expected.length && worst < TOLERANCE_MM, `${name}: ${worst} mm`);
}

describe('images of other programs', {skip}, () => {
  test('what SimpleITK and nibabel write is read: every type, raw and compressed, one file or two, series', async (t) => {
    const folder = await temporaryFolder(t);
    const written = judge('write', folder);
    assert.equal(written.length, 4 * (10 * 8 + 4 * 2 + 3));
    for (const {name, shape, affine, datatype, values} of written) {
      const path = join(folder, name);
      const about = await describeImage(path);
      requireSamePlace(about.affine.rows, affine, name);
      assert.deepEqual([about.datatype, about.shape], [datatype, shape.slice(0, 3)], name);
      // ITK names no space for four axes.
      const known = !name.endsWith('_series.nrrd');
      assert.deepEqual(
        [about.warnings.length, about.orientationKnown, about.geometrySource],
        known ? [0, true, 'header'] : [1, false, 'assumed'],
        name,
      );
      const found: number[] = [];
      for await (const volume of (await openSeries(path)).read()) found.push(...volume);
      assert.deepEqual(found, values.map(Math.fround), name);
      if (shape.length > 3) {
        const last = await readImage(path, {volume: 2, kind: 'label'});
        assert.deepEqual([...last.data], values.slice((2 * values.length) / 3), name);
      } else if (/^u?int(8|16|32)$/.test(datatype)) {
        const labels = await readImage(path, {kind: 'label'});
        assert.deepEqual([[...labels.data], labels.datatype], [values, datatype], name);
      }
    }
  });

  test('what we write is read by SimpleITK and nibabel, on oblique grids of both hands', async (t) => {
    const folder = await temporaryFolder(t);
    const random = seededRandom(5);
    const shapes: readonly Triple[] = [
      [5, 4, 3],
      [1, 7, 2],
      [6, 1, 9],
    ];
    const arrays: readonly ((count: number) => VoxelArray)[] = [
      (n) => Float32Array.from({length: n}, () => 1e3 * (random() - 0.5)),
      (n) => Uint8Array.from({length: n}, () => 256 * random()),
      (n) => Int16Array.from({length: n}, () => 65536 * (random() - 0.5)),
      (n) => Uint16Array.from({length: n}, () => 65536 * random()),
      (n) => Int32Array.from({length: n}, () => 2 ** 32 * (random() - 0.5)),
      (n) => Uint32Array.from({length: n}, () => 2 ** 31 * random()),
      (n) => Int8Array.from({length: n}, () => 256 * (random() - 0.5)),
    ];
    const cases: {path: string; shape: Triple; rows: readonly number[]; data: VoxelArray}[] = [];
    for (const ending of ['mgz', 'mgh', 'nrrd', 'mha']) {
      for (const [n, make] of [...arrays, ...arrays].entries()) {
        const shape = shapes[n % shapes.length];
        const affine = randomAffine(random, {sheared: false});
        const data = make(shape[0] * shape[1] * shape[2]);
        const path = join(folder, `${n}.${ending}`);
        // Kept in full in memory; the header fields of NIfTI are not written.
        await writeImage(path, {
          shape,
          data,
          geometry: geometryFromGrid({affine}),
          description: 'ours',
        });
        const own = await readImage(path, data instanceof Float32Array ? {} : {kind: 'label'});
        assert.deepEqual([[...own.data], own.shape], [[...data], shape]);
        requireSamePlace(own.affine.rows, affine.rows, path);
        cases.push({path, shape, rows: affine.rows, data});
      }
    }
    judge('read', ...cases.map(({path}) => path)).forEach((read, n) => {
      const {path, shape, rows, data} = cases[n];
      assert.deepEqual([read.values, read.shape], [[...data], shape], path);
      requireSamePlace(read.affine, rows, path);
    });
  });

  test('a warp that SimpleITK writes in other formats is the same transform', async (t) => {
    const folder = await temporaryFolder(t);
    const random = seededRandom(9);
    const warp = join(folder, 'warp.nii.gz');
    await writeImage(warp, {
      shape: [5, 4, 3],
      components: 3,
      data: Float32Array.from({length: 180}, () => 10 * (random() - 0.5)),
      geometry: geometryFromGrid({affine: randomAffine(random, {sheared: false})}),
      intent: {code: 1007},
    });
    const expected = (await readTransform(warp)).transform;
    const points: Triple[] = Array.from({length: 50}, () => [
      60 * (random() - 0.5),
      60 * (random() - 0.5),
      60 * (random() - 0.5),
    ]);
    const names = judge('fields', warp, folder) as unknown as readonly string[];
    assert.equal(names.length, 8);
    for (const name of names) {
      const path = join(folder, name);
      const field = await readField(path);
      assert.deepEqual(field.data, (await readField(warp)).data, name);
      const {transform, warnings} = await readTransform(path);
      assert.deepEqual(warnings, []);
      const found = mapPoints(transform, points).flat();
      requireSamePlace(found, mapPoints(expected, points).flat(), name);
      assert.match((await describeImage(path)).intentMeaning, /vector field/);
      await assert.rejects(readImage(path), {
        code: 'E_IMAGE',
        message: `${path}: must be an image with one number per voxel, got 3 (a vector field, or colours).`,
      });
    }
  });

  test('a series that we write', async (t) => {
    const folder = await temporaryFolder(t);
    const affine = randomAffine(seededRandom(3), {sheared: false});
    const volumes = [0, 1, 2].map((n) => Int16Array.from({length: 24}, (_, at) => 100 * n + at));
    const further = {lengths: [3], steps: [2], timeUnit: 8};
    const output = {shape: [4, 3, 2] as const, geometry: geometryFromGrid({affine}), further};
    const paths = ['mgh', 'nrrd', 'mha'].map((ending) => join(folder, `series.${ending}`));
    for (const path of paths) {
      await writeFileAtomically(path, encodeSeries(path, output, Readable.from(volumes)));
    }
    for (const read of judge('read', ...paths)) {
      assert.deepEqual([read.shape, read.datatype], [[4, 3, 2, 3], 'int16'], read.name);
      assert.deepEqual(
        read.values,
        volumes.flatMap((volume) => [...volume]),
      );
      requireSamePlace(read.affine, affine.rows, read.name);
    }
  });
});
