import assert from 'node:assert/strict';
import {readFile, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage, readField} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {readModel} from '../../src/models/model-file.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {
  goldenCase,
  goldenInput,
  goldenModelPath,
  goldenOutput,
  isAvailable,
  type GoldenTensor,
} from '../golden/support/golden.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {largestDifference} from '../support/volumes.js';

/** [1, I, J, K, C] with the last axis fastest, as on disk: i fastest, channel slowest. */
function toDiskOrder({shape: [, lengthI, lengthJ, lengthK, channels], data}: GoldenTensor) {
  const result = new Float32Array(data.length);
  let n = 0;
  for (let c = 0; c < channels; c++) {
    for (let k = 0; k < lengthK; k++) {
      for (let j = 0; j < lengthJ; j++) {
        for (let i = 0; i < lengthI; i++) {
          result[n++] = data[((i * lengthJ + j) * lengthK + k) * channels + c];
        }
      }
    }
  }
  return {shape: [lengthI, lengthJ, lengthK] as Triple, data: result};
}

/** Case, the run of its `hyper_values` (null: no hyperparameters). */
const CASES = [
  ['hyper3d_hyp2', 1],
  ['hyper3d_svf4_int2', 0],
  ['hyper3d_int_features', 0],
  ['hyper3d_default', 2],
  ['vxm3d_bidir_steps5', null],
  ['vxm3d_renamed', null],
] as const;

describe("an imported model gives the original's moved image and field through register", () => {
  const variants = CASES.flatMap(([name, run]) =>
    [[], ['--compact']].map((options) => ({name, run, options})),
  );
  for (const {name, run, options} of variants) {
    test([name, ...options].join(' '), async (t) => {
      const golden = goldenCase(name);
      if (!isAvailable(golden)) return t.skip('its files are not in the golden set here');
      const folder = await temporaryFolder(t);
      const path = (file: string) => join(folder, file);
      const geometry = geometryFromGrid({affine: Affine.identity}); // RAS, 1 mm
      for (const [file, input] of [
        ['moving.nii', 'source'],
        ['fixed.nii', 'target'],
      ]) {
        await writeImage(path(file), {...toDiskOrder(goldenInput(golden, input)), geometry});
      }
      const source = goldenModelPath(golden);
      const model = path('model.safetensors');
      const imported = await runCli([
        'import',
        ...options,
        ...['--normalisation', 'none', source, model],
      ]);
      assert.equal(imported.code, 0, imported.stderr);
      const {description} = await readModel(model);
      const values = run === null ? [] : golden.hyper_values![run];
      const hyper = description.hyperparameters.flatMap(({name: parameter}, n) => [
        '--hyper',
        `${parameter}=${values[n]}`,
      ]);
      const registered = await runCli([
        'register',
        ...['--model', model, '--engine', 'javascript', ...hyper],
        ...['-o', path('moved.nii'), '--warp', path('warp.nii')],
        ...[path('fixed.nii'), path('moving.nii')],
      ]);
      assert.equal(registered.code, 0, registered.stderr);

      const suffix = run === null ? '' : `.${run}`;
      const moved = await readImage(path('moved.nii'));
      const expected = toDiskOrder(goldenOutput(golden, `y_source${suffix}`)).data;
      const intensities = goldenInput(golden, 'source').data;
      const range = Math.max(...intensities) - Math.min(...intensities);
      const movedError = largestDifference(moved.data, expected) / range;
      const warp = await readField(path('warp.nii'));
      const voxels = warp.data.length / 3;
      // The file holds mm to the left, back and up; the field voxels of 1 mm to the right, front and up.
      const field = warp.data.map((value, n) => (n < 2 * voxels ? -value : value));
      const displacement = toDiskOrder(goldenOutput(golden, `pos_flow${suffix}`)).data;
      const fieldError = largestDifference(field, displacement);
      t.diagnostic(
        `moved ${movedError.toExponential(1)} of the range, field ${fieldError.toExponential(1)} voxels`,
      );
      assert.ok(movedError <= 1e-4);
      assert.ok(fieldError <= 1e-3);
    });
  }
});

test('import writes what the options say about the training images', async (t) => {
  const folder = await temporaryFolder(t);
  const target = join(folder, 'model.safetensors');
  const source = goldenModelPath(goldenCase('vxm3d_renamed'));
  const options = ['--spacing', '2', '--orientation', 'LIA', '--storage', 'float16'];
  const {code, stdout} = await runCli([
    'import',
    ...options,
    ...['--normalisation', 'percentile:1:99', source, target],
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /^model +\S+model\.safetensors$/m);
  const {description} = await readModel(target);
  assert.deepEqual(description.grid.spacingMm, [2, 2, 2]);
  assert.equal(description.grid.orientation, 'LIA');
  assert.deepEqual(description.normalisation, {kind: 'percentile', low: 1, high: 99});
  const fixed = await runCli([
    'import',
    '--spacing',
    'fixed',
    '--orientation',
    'fixed',
    source,
    target,
  ]);
  assert.equal(fixed.code, 0);
  assert.equal((await readModel(target)).description.grid.spacingMm, null);
});

describe('a two-dimensional model', () => {
  const source = fileURLToPath(new URL('../fixtures/golden/models/vxm2d.h5', import.meta.url));

  test('is imported with the defaults, as one of axial slices of 1 mm', async (t) => {
    const target = join(await temporaryFolder(t), 'slices.safetensors');
    const {code, stderr} = await runCli(['import', source, target]);
    assert.equal(code, 0, stderr);
    const {grid} = (await readModel(target)).description;
    assert.equal(grid.orientation, 'RA');
    assert.deepEqual(grid.spacingMm, [1, 1]);
  });

  test('takes as many axes and spacings as it has', async (t) => {
    const target = join(await temporaryFolder(t), 'slices.safetensors');
    const options = ['--orientation', 'ls', '--spacing', '1,2'];
    assert.equal((await runCli(['import', ...options, source, target])).code, 0);
    const {grid} = (await readModel(target)).description;
    assert.equal(grid.orientation, 'LS');
    assert.deepEqual(grid.spacingMm, [1, 2]);
    for (const [wrong, message] of [
      [['--orientation', 'RAS'], /--orientation must .* 2 different axes, such as RA, .* "RAS"\.$/],
      [['--orientation', 'RL'], /--orientation must .* got "RL"\.$/],
      [['--spacing', '1,1,1'], /--spacing must be .* or 2 numbers .* got 1,1,1\.$/],
    ] as const) {
      const {code, logs} = await runCli(['import', ...wrong, source, target]);
      assert.equal(code, 2);
      assert.match(logs[0].msg, message);
    }
  });
});

test('import refuses wrong options, its own input and what is no Keras file', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'model.h5');
  await writeFile(path, 'not HDF5');
  const target = join(folder, 'out.safetensors');
  for (const [code, options, message] of [
    [2, ['--spacing', '1,x,1', path, target], /--spacing must be "fixed" or positive numbers/],
    [2, ['--normalisation', 'zscore', path, target], /--normalisation must be minmax, none or/],
    [2, ['--normalisation', 'percentile:0:200', path, target], /got "percentile:0:200"/],
    [2, [path, join(folder, 'out.bin')], /must end in \.safetensors, got /],
    [3, [path, target], /model\.h5: /],
  ] as const) {
    const result = await runCli(['import', ...options]);
    assert.equal(result.code, code);
    assert.match(result.logs[0].msg, message);
  }
  assert.deepEqual(await readdir(folder), ['model.h5']);
  assert.equal(await readFile(path, 'utf8'), 'not HDF5');
});
