import assert from 'node:assert/strict';
import {mkdir} from 'node:fs/promises';
import {describe, test} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import {FIXED, MOVING, workspace} from '../support/register-workspace.js';
import {blobs, imageOf} from '../support/volumes.js';

const BY_HEADERS = ['--affine', 'none', '--refine', 'none'];

type Workspace = Awaited<ReturnType<typeof workspace>>;

/** Write the label map of the moving image with another place. */
async function writeLabels({path}: Workspace, grid: Grid, code = 1): Promise<void> {
  const data = Uint8Array.from(imageOf(MOVING, ([x]) => (x < 0 ? 3 : 11)).data);
  const sized = data.subarray(
    0,
    grid.shape.reduce((product, length) => product * length, 1),
  );
  const geometry = {...geometryFromGrid(grid), ...(code === 0 ? {qformCode: 0, sformCode: 0} : {})};
  await writeImage(path('labels.nii'), {shape: grid.shape, data: sized, geometry});
}

/** The warnings of a registration, and of its dry run. */
async function warningsOf(space: Workspace, ...options: string[]) {
  const all: string[][] = [];
  for (const run of [[], ['--dry-run']]) {
    const {code, logs, stderr} = await space.register(
      ...['-o', space.path('moved.nii'), ...BY_HEADERS, ...options, ...run],
    );
    assert.equal(code, 0, stderr);
    all.push(logs.filter(({level}) => level === 40).map(({msg}) => msg));
  }
  return {said: all[0].join('\n'), foreseen: all[1].join('\n')};
}

const shifted = (mm: number): Grid => ({
  shape: MOVING.shape,
  affine: Affine.compose(Affine.translation([0, 0, mm]), MOVING.affine),
});

describe('a label map must lie where its image lies', () => {
  const labels = (space: Workspace) =>
    ['--labels', `${space.path('labels.nii')}:${space.path('labels_moved.nii')}`] as const;

  test('of the same size elsewhere: said with the distance, in a dry run too', async (t) => {
    const space = await workspace(t);
    await writeLabels(space, shifted(0.05)); // rounding
    assert.doesNotMatch((await warningsOf(space, ...labels(space))).said, /labels\.nii/);
    for (const [mm, share] of [
      [300, true],
      [6, false],
    ] as const) {
      await writeLabels(space, shifted(mm));
      const {said, foreseen} = await warningsOf(space, ...labels(space));
      for (const text of [said, foreseen]) {
        assert.match(
          text,
          new RegExp(
            `labels.nii: has the size of .*moving.nii \\(21x17x19\\), but lies elsewhere, by up to ${mm} mm`,
          ),
        );
        assert.equal(
          /labels.nii: shares only 0 % of the smaller field of view .* and 100 % of what is labelled lies outside/.test(
            text,
          ),
          share,
        );
      }
      assert.equal(
        /labels.nii: 2 of 2 labels are nowhere on the fixed grid \(3, 11\)/.test(said),
        share,
      );
    }
  });

  test('of another size, that shares little of the field of view', async (t) => {
    const space = await workspace(t);
    const {affine} = MOVING;
    await writeLabels(space, {
      shape: [9, 9, 9],
      affine: affine.withOffset(affine.apply([17, 13, 15])),
    });
    const {said, foreseen} = await warningsOf(space, ...labels(space));
    for (const text of [said, foreseen]) assert.match(text, /labels.nii: shares only \d+ % of the/);
  });

  test('that says where it lies while the image does not, and the other way round', async (t) => {
    const space = await workspace(t);
    await writeLabels(space, MOVING, 0);
    const {said} = await warningsOf(space, ...labels(space));
    assert.match(
      said,
      /labels.nii: a label map must lie where its image lies, but only the header of .*moving.nii says/,
    );
    const moving = await readImage(space.path('moving.nii'));
    const geometry = {...moving.geometry, qformCode: 0, sformCode: 0};
    await writeImage(space.path('moving.nii'), {...moving, geometry});
    await writeLabels(space, MOVING);
    const {foreseen} = await warningsOf(space, ...labels(space));
    assert.match(foreseen, /but only the header of .*labels.nii says/);
    assert.match(foreseen, /moving.nii: the header does not say .* while that of .*fixed.nii does/);
  });

  test('one placed by the qform, the other by the sform: both are named', async (t) => {
    const space = await workspace(t);
    const moving = await readImage(space.path('moving.nii'));
    const elsewhere = geometryFromGrid(shifted(40));
    const qform = {
      qformCode: 1,
      quaternion: elsewhere.quaternion,
      qformOffset: elsewhere.qformOffset,
    };
    await writeImage(space.path('moving.nii'), {
      ...moving,
      geometry: {...moving.geometry, ...qform},
    });
    const data = Uint8Array.from(moving.data, (value) => (value > 50 ? 1 : 0));
    const geometry = {...elsewhere, sformCode: 0};
    await writeImage(space.path('labels.nii'), {shape: moving.shape, data, geometry});
    const {said} = await warningsOf(space, ...labels(space));
    assert.match(
      said,
      /by up to 40 mm \(the one is placed by its qform, the other by its sform: --geometry chooses\)/,
    );
    const {said: chosen} = await warningsOf(space, ...labels(space), '--geometry', 'qform').catch(
      () => ({said: ''}),
    );
    assert.doesNotMatch(chosen, /lies elsewhere/);
  });

  test('the right label map is taken without a word', async (t) => {
    const space = await workspace(t);
    const {said} = await warningsOf(space, ...labels(space));
    assert.doesNotMatch(said, /labels\.nii/);
  });

  test('label numbers beyond the whole numbers of float32 arrive as they are', async (t) => {
    const space = await workspace(t);
    const large = [2 ** 24 + 1, 2 ** 24 + 2, 2 ** 31 - 1];
    const data = Int32Array.from(
      imageOf(MOVING, ([x]) => large[Math.abs(Math.round(x)) % 3]).data.map((_, n) => n % 3),
      (n) => large[n],
    );
    await writeImage(space.path('labels.nii'), {
      shape: MOVING.shape,
      data,
      geometry: geometryFromGrid(MOVING),
    });
    for (const engine of ['javascript', 'native']) {
      const {said} = await warningsOf(space, ...labels(space), '--engine', engine);
      assert.doesNotMatch(said, /labels\.nii/);
      const moved = await readImage(space.path('labels_moved.nii'), {kind: 'label'});
      assert.deepEqual(
        [...new Set(moved.data)].filter((label) => label !== 0).sort((a, b) => a - b),
        large,
      );
    }
  });
});

test('a label map in float32 whose labels are beyond its whole numbers is said', async (t) => {
  const space = await workspace(t);
  const data = Float32Array.from({length: 21 * 17 * 19}, (_, n) => (n % 2) * (2 ** 24 + 4));
  const geometry = geometryFromGrid(MOVING);
  await writeImage(space.path('labels.nii'), {shape: MOVING.shape, data, geometry});
  const pair = `${space.path('labels.nii')}:${space.path('labels_moved.nii')}`;
  const {said, foreseen} = await warningsOf(space, '--labels', pair);
  for (const text of [said, foreseen]) {
    assert.match(text, /labels\.nii: holds labels up to 16777220 as float32, which has no whole/);
  }
});

describe('what is in the images is looked at, not their boxes alone', () => {
  const far = ([x, y, z]: readonly [number, number, number]) =>
    blobs([3 * x - 55, 3 * y - 50, 3 * z - 45]);

  test('one box around two objects that hardly meet', async (t) => {
    const space = await workspace(t);
    const write = (name: string, grid: Grid, value: Parameters<typeof imageOf>[1]) =>
      writeImage(space.path(name), {...imageOf(grid, value), geometry: geometryFromGrid(grid)});
    const near = ([x, y, z]: readonly [number, number, number]) =>
      blobs([3 * x + 55, 3 * y + 50, 3 * z + 45]);
    await write('fixed.nii', MOVING, far);
    await write('moving.nii', MOVING, near);
    const {said, foreseen} = await warningsOf(space);
    for (const text of [said, foreseen]) {
      assert.match(
        text,
        /moving.nii: only \d+ % of what it shows lies where .*fixed.nii shows something; .*--affine auto/,
      );
    }
    for (const offset of [-700, 1000]) {
      await write('fixed.nii', MOVING, (point) => far(point) + offset);
      assert.match((await warningsOf(space)).said, /% of what it shows/);
    }
    await write('moving.nii', MOVING, far);
    assert.doesNotMatch((await warningsOf(space)).said, /% of what it shows/);
  });
});

describe('sizes that no body has are asked about', () => {
  for (const [factor, says] of [
    [
      22,
      /fixed.nii: the field of view is .* mm large, more than a body; if the lengths in its header are not millimetres/,
    ],
    [
      0.1,
      /fixed.nii: hardly anything for the model to see: the image is .* network voxels large .* if the lengths/,
    ],
    [0.01, /fixed.nii: hardly anything/],
  ] as const) {
    test(`lengths ${factor} times as large`, async (t) => {
      const space = await workspace(t);
      for (const [name, grid] of [
        ['fixed.nii', FIXED],
        ['moving.nii', MOVING],
      ] as const) {
        const affine = Affine.compose(Affine.scaling([factor, factor, factor]), grid.affine);
        const image = imageOf({...grid, affine}, ([x, y, z]) =>
          blobs([x / factor, y / factor, z / factor]),
        );
        await writeImage(space.path(name), {...image, geometry: geometryFromGrid(image)});
      }
      const {logs, stdout} = await space.register('-n', ...BY_HEADERS);
      const text = logs.map(({msg}) => msg).join('\n');
      assert.match(text, says);
      assert.match(text, new RegExp(says.source.replace('fixed', 'moving')));
      assert.match(stdout, /^memory +at least [\d.]+ [MG]iB$/m);
    });
  }

  test('one image in millimetres, the other not', async (t) => {
    const space = await workspace(t);
    const affine = Affine.compose(Affine.scaling([10, 10, 10]), MOVING.affine);
    const image = imageOf({...MOVING, affine}, ([x, y, z]) => blobs([x / 10, y / 10, z / 10]));
    await writeImage(space.path('moving.nii'), {...image, geometry: geometryFromGrid(image)});
    assert.match(
      (await warningsOf(space)).foreseen,
      /moving.nii: the field of view is 630 x 510 x 570 mm, that of .*fixed.nii 45 x 44 x 45 mm; check/,
    );
  });

  test('what cannot fit into memory is refused before it is made, with both amounts and what to do', async (t) => {
    const space = await workspace(t);
    const affine = Affine.compose(Affine.scaling([1000, 1000, 1000]), FIXED.affine);
    const image = imageOf({...FIXED, affine}, ([x, y, z]) => blobs([x / 1000, y / 1000, z / 1000]));
    await writeImage(space.path('fixed.nii'), {...image, geometry: geometryFromGrid(image)});
    for (const run of [[], ['--dry-run']]) {
      const {code, logs} = await space.register(...BY_HEADERS, ...run);
      assert.equal(code, 4);
      const {msg, hint} = logs.at(-1)!;
      assert.match(
        msg,
        /fixed.nii: a registration on the network grid of \d+x\d+x\d+ voxels \(the field of view is 45000 x 44000 x 45000 mm\) must fit into [\d.]+ [MG]iB of memory, got an estimate of \d+ GiB\./,
      );
      assert.match(hint ?? '', /^Crop the image .* a coarser grid, .* millimetres/);
    }
  });

  test('--max-memory is the limit where it is less than the machine has', async (t) => {
    const space = await workspace(t);
    const options = [...BY_HEADERS, '-o', space.path('m.nii')];
    for (const run of [[], ['--dry-run']]) {
      const {code, logs} = await space.register(...options, ...run, '--max-memory', '10K');
      assert.equal(code, 4);
      assert.match(logs.at(-1)!.msg, /must fit into 0.0098 MiB of memory/);
      assert.equal((await space.register(...options, ...run, '--max-memory', '2 GiB')).code, 0);
    }
    for (const text of ['8', 'much', '-3G', '']) {
      const {code, logs} = await space.register(...options, `--max-memory=${text}`);
      assert.equal(code, 2);
      assert.equal(
        logs.at(-1)!.msg,
        `register: --max-memory must be an amount of memory with its unit, such as 8G or 500M, got "${text}".`,
      );
    }
  });
});

describe('what lies outside the moving image', () => {
  /** Where the moving image ends inside the fixed one. */
  async function halfMoving(space: Workspace, offset: number): Promise<void> {
    const half: Grid = {...MOVING, shape: [21, 17, 7]};
    const image = imageOf(half, (point) => offset + Math.max(0, blobs(point) - 20));
    await writeImage(space.path('moving.nii'), {...image, geometry: geometryFromGrid(half)});
  }

  test('is its background, whatever number that is', async (t) => {
    const space = await workspace(t);
    for (const offset of [0, 1000, -300]) {
      await halfMoving(space, offset);
      await warningsOf(space);
      const {data} = await readImage(space.path('moved.nii'));
      assert.ok(Math.abs(Math.min(...data) - offset) < 5, String(Math.min(...data)));
    }
  });

  test('is what --background says, for one image or for each', async (t) => {
    const space = await workspace(t);
    await halfMoving(space, 0);
    for (const text of ['-7', '0,-7']) {
      await warningsOf(space, '--background', text);
      const {data} = await readImage(space.path('moved.nii'));
      assert.equal(Math.min(...data), -7);
    }
    const {code, logs} = await space.register('--background', '1,x');
    assert.equal(code, 2);
    assert.equal(logs.at(-1)!.msg, 'register: --background must be a number, got "x".');
  });
});

describe('two files, two choices', () => {
  test('--volume takes one number for both files or one for each', async (t) => {
    const space = await workspace(t);
    const {shape} = MOVING;
    const geometry = geometryFromGrid(MOVING);
    const volumes = [0, 1, 2, 3].map(
      (n) => imageOf(MOVING, (p) => (n + 1) * blobs(p)).data as Float32Array,
    );
    // A file of several volumes, made of a vector file: its fifth axis counts as well.
    const three = Float32Array.from(volumes.slice(0, 3).flatMap((data) => [...data]));
    await writeImage(space.path('moving.nii'), {
      shape,
      components: 3,
      data: three,
      geometry,
      intent: {code: 0},
    });
    const moved = async (volume: string) => {
      const {code, stderr} = await space.register(
        '--volume',
        volume,
        '-o',
        space.path('m.nii'),
        ...BY_HEADERS,
      );
      assert.equal(code, 0, stderr);
      return Math.max(...(await readImage(space.path('m.nii'))).data);
    };
    const [first, last] = [await moved('0,0'), await moved('0,2')];
    assert.ok(Math.abs(last / first - 3) < 0.05);
    assert.equal(await moved('2'), last); // the fixed file holds one
    const {code, logs} = await space.register('--volume', '0,3', ...BY_HEADERS);
    assert.equal(code, 3);
    assert.match(
      logs.at(-1)!.msg,
      /moving.nii: the volume must be a whole number from 0 to 2, got 3/,
    );
  });

  test('a colon in a path of --labels is no border where a file stands before another one', async (t) => {
    const space = await workspace(t);
    await mkdir(space.path('time 12:30:05'));
    const labels = await readImage(space.path('labels.nii'), {kind: 'label'});
    await writeImage(space.path('time 12:30:05/l.nii'), labels);
    for (const target of ['time 12:30:05/o.nii', 'plain.nii', '1:2.nii']) {
      const {code, stderr} = await space.register(
        ...[
          '--labels',
          `${space.path('time 12:30:05/l.nii')}:${space.path(target)}`,
          ...BY_HEADERS,
        ],
      );
      assert.equal(code, 0, stderr);
      assert.deepEqual((await readImage(space.path(target), {kind: 'label'})).shape, FIXED.shape);
    }
  });
});
