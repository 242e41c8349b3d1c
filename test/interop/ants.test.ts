import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {encodeItkWarp, ITK_VECTORS} from '../../src/formats/transforms/itk.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {runCli} from '../support/cli.js';
import {findPeers, runReference} from '../support/python.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {FIELD_GRID, somePoints, TURN, waves} from '../support/transforms.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

const python = findPeers('ants');

function gridOf(shape: Triple, degrees: Triple, spacing: Triple, centre: Triple): Grid {
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, centre)};
}

/** Both oblique, anisotropic and of odd sizes. */
const RIGHT_HANDED = gridOf([27, 19, 15], [12, -9, 17], [2, 3, 2.5], [4, -2, 1]);
const LEFT_HANDED = gridOf([23, 31, 17], [-25, 14, 6], [-2.5, 1.5, 3.5], [-1, 2, 3]);

for (const [name, fixed, moving] of [
  ['a left-handed image onto a right-handed one', RIGHT_HANDED, LEFT_HANDED],
  ['a right-handed image onto a left-handed one', LEFT_HANDED, RIGHT_HANDED],
] as const) {
  test(`ANTs moves image, labels and points by our files as apply does: ${name}`, async (t) => {
    if (python.missing !== undefined) return t.skip(python.missing);
    const folder = await temporaryFolder(t);
    const path = (file: string) => join(folder, file);
    const write = (file: string, {shape, affine}: Grid, data: Float32Array | Uint8Array) =>
      writeImage(path(file), {shape, data, geometry: geometryFromGrid({affine})});
    await write('fixed.nii', fixed, imageOf(fixed, blobs).data as Float32Array);
    const image = imageOf(moving, blobs).data as Float32Array;
    await write('moving.nii', moving, image);
    const labels = Uint8Array.from(image, (value) => (value > 60 ? 7 : value > 20 ? 2 : 0));
    await write('labels.nii', moving, labels);
    await writeFile(path('affine.txt'), encodeItkAffine(TURN.affine));
    await writeImage(path('warp.nii.gz'), {
      ...{shape: FIELD_GRID.shape, data: encodeItkWarp(waves(), FIELD_GRID), components: 3},
      ...{geometry: geometryFromGrid(FIELD_GRID), intent: ITK_VECTORS},
    });
    const points = somePoints(200, 25, seededRandom(8)).map((point) => [...point]);
    const table = points.map((point) => point.join());
    await writeFile(path('points.csv'), `x,y,z\n${table.join('\n')}\n`);

    const chain = ['-t', path('affine.txt'), '-t', path('warp.nii.gz'), '-r', path('fixed.nii')];
    const apply = async (...words: string[]) => {
      const {code, stderr} = await runCli(['apply', ...chain, ...words]);
      assert.equal(code, 0, stderr);
    };
    await apply(
      ...['-i', `${path('moving.nii')}:${path('moved.nii')}`],
      ...['--labels', `${path('labels.nii')}:${path('nearest.nii')}`],
      ...['--points', `${path('points.csv')}:${path('mapped.csv')}`, '--points-in', 'lps'],
    );
    const pair = `${path('labels.nii')}:${path('majority.nii')}`;
    await apply('--labels', pair, '--label-interpolation', 'majority');
    const [, ...lines] = (await readFile(path('mapped.csv'), 'utf8')).trim().split('\n');
    const mapped = lines.map((line) => line.split(',').map(Number));
    await writeFile(path('points.json'), JSON.stringify({points, mapped}));

    const names = ['fixed.nii', 'moving.nii', 'labels.nii', 'affine.txt', 'warp.nii.gz'];
    const files = [...names, 'moved.nii', 'nearest.nii', 'majority.nii', 'points.json'].map(path);
    const found = runReference(python.command, 'ants_apply.py', files) as Record<string, number>;
    t.diagnostic(JSON.stringify(found));
    assert.ok(found.moved < 1e-4, `largest difference ${found.moved} of the range`);
    // Where a place lies on the border of two voxels, or two labels have equal shares, rounding decides.
    assert.ok(found.nearest < 1e-3 && found.majority < 1e-3);
    assert.ok(found.labelled > 0.1);
    assert.ok(found.points < 1e-3, `points differ by up to ${found.points} mm`);
    assert.ok(found.wrong > 0.1, 'the order of the two matters');
  });
}
