import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {encodeItkWarp, ITK_VECTORS} from '../../src/formats/transforms/itk.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {runCli} from '../support/cli.js';
import {findPython, runReference} from '../support/python.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {FIELD_GRID, SHEAR, waves} from '../support/transforms.js';
import {centredAffine, obliqueAffine} from '../support/volumes.js';

/** What scripts/reference/cubic_sampling.py prints. */
interface Compared {
  readonly simpleitk: number;
  readonly scipy: number;
  readonly linear: number;
  readonly inside: number;
}

/** Share of the range: fields and coefficients are float32 here and there, of noise that changes by its range from voxel to voxel. */
const FLOAT32 = 1e-5;

const python = findPython('SimpleITK', 'numpy', 'scipy');

function gridOf(shape: Triple, degrees: Triple, spacing: Triple): Grid {
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, [0, 0, 0])};
}
const RIGHT_HANDED = gridOf([21, 17, 19], [12, -9, 17], [2, 3, 2.5]);
const LEFT_HANDED = gridOf([23, 27, 15], [-25, 14, 6], [-2.5, 1.5, 3.5]);

for (const [title, fixed, moving] of [
  ['right-handed to left-handed', RIGHT_HANDED, LEFT_HANDED],
  ['left-handed to right-handed', LEFT_HANDED, RIGHT_HANDED],
] as const) {
  test(`SciPy and SimpleITK move noise as apply --interpolation cubic does, ${title}`, async (t) => {
    if (python.missing !== undefined) return t.skip(python.missing);
    const folder = await temporaryFolder(t);
    const path = (name: string) => join(folder, name);
    const random = seededRandom(5);
    for (const [name, grid] of [
      ['fixed', fixed],
      ['moving', moving],
    ] as const) {
      const [i, j, k] = grid.shape;
      const data = Float32Array.from({length: i * j * k}, () => 100 * random());
      await writeImage(path(`${name}.nii`), {
        shape: grid.shape,
        data,
        geometry: geometryFromGrid(grid),
      });
    }
    await writeFile(path('affine.txt'), encodeItkAffine(SHEAR.affine));
    await writeImage(path('warp.nii.gz'), {
      ...{shape: FIELD_GRID.shape, data: encodeItkWarp(waves(), FIELD_GRID), components: 3},
      ...{geometry: geometryFromGrid(FIELD_GRID), intent: ITK_VECTORS},
    });
    const {code, stderr} = await runCli([
      ...['apply', '-t', path('affine.txt'), '-t', path('warp.nii.gz'), '-r', path('fixed.nii')],
      ...['-i', `${path('moving.nii')}:${path('moved.nii')}`, '--interpolation', 'cubic'],
    ]);
    assert.equal(code, 0, stderr);
    const files = ['fixed.nii', 'moving.nii', 'affine.txt', 'warp.nii.gz', 'moved.nii'].map(path);
    const compared = runReference(python.command, 'cubic_sampling.py', files) as Compared;
    t.diagnostic(JSON.stringify(compared));
    assert.ok(
      compared.inside > 0.3 && compared.inside < 1,
      'a part of the moving image is outside',
    );
    assert.ok(compared.simpleitk < FLOAT32);
    assert.ok(compared.scipy < FLOAT32);
    assert.ok(compared.linear > 0.1, 'a linear look-up is another one');
  });
}
