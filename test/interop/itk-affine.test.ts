import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {findPython, runReference} from '../support/python.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {affineOfText} from '../support/transforms.js';

const python = findPython('SimpleITK');

/** mm; ITK writes enough digits for this. */
const TOLERANCE = 1e-9;

/** Where an affine of RAS mm takes points of LPS mm, in LPS mm. */
function takenBy(affine: Affine, [x, y, z]: Triple): Triple {
  const [a, b, c] = affine.apply([-x, -y, z]);
  return [-a, -b, c];
}

function assertNear(actual: Triple, expected: Triple, what: string): void {
  const distance = Math.hypot(...actual.map((value, n) => value - expected[n]));
  assert.ok(distance < TOLERANCE, `${what}: ${actual.join(' ')} must be ${expected.join(' ')}`);
}

test('SimpleITK reads our affine', async (t) => {
  if (python.missing !== undefined) return t.skip(python.missing);
  const path = join(await temporaryFolder(t), 'affine.txt');
  const affine = Affine.fromParameters({
    translation: [12, -34, 5.6],
    rotationDegrees: [20, -10, 35],
    scale: [1.1, 0.9, 1.2],
    shear: [0.05, -0.1, 0.02],
  });
  await writeFile(path, encodeItkAffine(affine));
  const {points, taken} = runReference(python.command, 'itk_affine.py', ['read', path]) as {
    points: Triple[];
    taken: Triple[];
  };
  points.forEach((point, n) => assertNear(takenBy(affine, point), taken[n], `point ${n}`));
});

test('we read the affine, rigid, similarity and composite transforms that SimpleITK writes', async (t) => {
  if (python.missing !== undefined) return t.skip(python.missing);
  const folder = await temporaryFolder(t);
  const {points, written} = runReference(python.command, 'itk_affine.py', ['write', folder]) as {
    points: Triple[];
    written: Record<string, Triple[]>;
  };
  assert.equal(Object.keys(written).length, 8);
  for (const [name, taken] of Object.entries(written)) {
    const affine = affineOfText(await readFile(join(folder, `${name}.tfm`), 'utf8'));
    points.forEach((point, n) => assertNear(takenBy(affine, point), taken[n], `${name}, ${n}`));
  }
});
