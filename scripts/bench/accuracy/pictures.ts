/**
 * Draws what a registration does to a pair: the fixed image, the moving one, and the moving one through an affine alone, through the
 * affine and the network, and refined at three lambdas; below each its grid.
 *
 *   node --import tsx scripts/bench/accuracy/pictures.ts FIXED MOVING OUT.png
 */
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readImage} from '../../../src/formats/images/read-image.js';
import {readWarp} from '../../../src/formats/transforms/read-transform.js';
import type {DisplacementTransform} from '../../../src/transforms/transform.js';
import {registerFiles, type RegisterFilesSettings} from '../../../src/workflows/register-files.js';
import {drawWarps} from './draw.js';

const COLUMNS: readonly Partial<RegisterFilesSettings>[] = [
  {model: 'none', refine: 'none'},
  {refine: 'none', keep: 'last'},
  ...[0.1, 0.3, 0.8].map((lambda) => ({hyperparameters: {lambda}})),
];

const [fixed, moving, picture] = process.argv.slice(2);
if (picture === undefined) throw new Error('usage: pictures.ts FIXED MOVING OUT.png');
const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
try {
  const warps: DisplacementTransform[] = [];
  for (const settings of COLUMNS) {
    const warp = join(folder, 'warp.nii');
    await registerFiles({fixed, moving, outputs: {warp}, hashes: false, ...settings});
    warps.push((await readWarp(warp)).transform);
  }
  await drawWarps(picture, {fixed: await readImage(fixed), moving: await readImage(moving)}, warps);
} finally {
  rmSync(folder, {recursive: true});
}
