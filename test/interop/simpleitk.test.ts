import assert from 'node:assert/strict';
import {join} from 'node:path';
import test from 'node:test';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {writeFilesAtomically} from '../../src/formats/files.js';
import {registerPair} from '../../src/registration/register-pair.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {encodeRegistration} from '../../src/workflows/encode-outputs.js';
import {fakeNetwork} from '../support/fake-network.js';
import {findPython, runReference} from '../support/python.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

interface AppliedByItk {
  readonly moved: number;
  readonly inside: number;
  readonly inverse: number;
  readonly moves: number;
}

const python = findPython('SimpleITK', 'numpy');

/** Oblique, anisotropic, odd sizes, another handedness for the moving image; neither covers the other. */
function pairOfGrids(): {fixed: Grid; moving: Grid} {
  const fixed: Triple = [27, 19, 15];
  const moving: Triple = [23, 31, 17];
  return {
    fixed: {
      shape: fixed,
      affine: centredAffine(obliqueAffine([12, -9, 17], [2, 3, 2.5]), fixed, [4, -2, 1]),
    },
    moving: {
      shape: moving,
      affine: centredAffine(obliqueAffine([-25, 14, 6], [-2.5, 1.5, 3.5]), moving, [-1, 2, 3]),
    },
  };
}

const wave = ([i, j, k]: Triple): number[] => [
  0.9 * Math.sin(j / 3),
  0.8 * Math.cos(k / 4),
  0.9 * Math.sin((i + j) / 5),
];

for (const align of ['headers', 'fov'] as const) {
  test(`SimpleITK, resampling the moving image through our warp file, gives our moved image (align ${align})`, async (t) => {
    if (python.missing !== undefined) return t.skip(python.missing);
    const folder = await temporaryFolder(t);
    const path = (name: string) => join(folder, `${name}.nii`);
    const grids = pairOfGrids();
    for (const name of ['fixed', 'moving'] as const) {
      const {shape, affine, data} = imageOf(grids[name], blobs);
      await writeImage(path(name), {shape, data, geometry: geometryFromGrid({affine})});
    }
    const [fixed, moving] = [await readImage(path('fixed')), await readImage(path('moving'))];

    const registration = await registerPair({
      fixed: {...fixed, name: 'fixed'},
      moving: {...moving, name: 'moving'},
      model: {
        network: fakeNetwork(wave, {steps: 7}),
        grid: {orientation: 'LIA', spacingMm: [2, 2, 2], multiple: [8, 8, 8]},
        normalisation: {kind: 'minmax'},
      },
      engine: PORTABLE,
      hyperparameters: [],
      affine: align,
      background: {moving: 0}, // what SimpleITK takes outside an image
      outputs: ['moved', 'warp', 'inverseWarp'],
    });
    const paths = {moved: path('moved'), warp: path('warp'), inverseWarp: path('inverse')};
    await writeFilesAtomically([
      ...encodeRegistration(registration, {fixed, moving}, {outputs: paths, labels: []}),
    ]);

    const files = ['fixed', 'moving', 'warp', 'moved', 'inverse'].map(path);
    const applied = runReference(python.command, 'simpleitk_apply.py', files) as AppliedByItk;
    t.diagnostic(JSON.stringify(applied));
    assert.ok(applied.inside > 0.5 && applied.inside < 1, 'a part of the moving image is outside');
    assert.ok(applied.moves > 2, 'the field moves something');
    // Asked for is 1e-3; what is left is float32 in the file.
    assert.ok(applied.moved < 2e-5, `largest difference ${applied.moved} of the range`);
    // Voxels of 2 mm; exp(v) and exp(-v) are inverse up to interpolation of the field.
    assert.ok(applied.inverse < 0.15, `inverse consistency ${applied.inverse} mm`);
  });
}
