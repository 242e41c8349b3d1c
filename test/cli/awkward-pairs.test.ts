import assert from 'node:assert/strict';
import {join} from 'node:path';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import {mapTriple, type Triple} from '../../src/geometry/triple.js';
import {Random} from '../../src/random.js';
import {mapPoints} from '../../src/transforms/apply.js';
import type {Report} from '../../src/workflows/report.js';
import {runCli} from '../support/cli.js';
import {test} from '../support/native.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

/** A map of points. */
type Motion = (point: Triple) => Triple;

/** Waves of several lengths within a head: structure everywhere, and no two places alike. */
function makeHead(seed: number): (point: Triple) => number {
  const random = new Random(seed);
  const waves = Array.from({length: 24}, () => {
    const wave = mapTriple([0, 0, 0], () => random.normal(0.16));
    return {wave, phase: random.uniform(0, 2 * Math.PI)};
  });
  return (point) => {
    const [x, y, z] = point;
    const radius = Math.hypot(x / 38, y / 45, z / 35);
    if (radius > 1) return 0;
    const texture = waves.reduce(
      (sum, {wave, phase}) => sum + Math.cos(wave[0] * x + wave[1] * y + wave[2] * z + phase),
      0,
    );
    return radius > 0.92 ? 40 : 100 + 6 * texture;
  };
}

const head = makeHead(5);

function gridOf(spacing: Triple, degrees: Triple, options: {extent?: Triple} = {}): Grid {
  const {extent = [100, 112, 96]} = options;
  const shape = mapTriple(extent, (mm, axis) => Math.round(mm / Math.abs(spacing[axis])));
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, [0, 0, 0])};
}

/** A smooth deformation of up to about 4 mm. */
const bend: Motion = ([x, y, z]) => [
  x + 3 * Math.sin(y / 14),
  y + 2.5 * Math.sin(z / 13 + 1),
  z + 3 * Math.sin(x / 15 + 2),
];

const rigid = (degrees: number, offset: Triple): Motion => {
  const affine = Affine.compose(
    Affine.translation(offset),
    Affine.rotation(2, degrees),
    Affine.rotation(0, degrees / 4),
  );
  return (point) => affine.apply(point);
};

interface Awkward {
  readonly name: string;
  readonly fixed: Grid;
  readonly moving: Grid;
  /** Where a point of the moving image lies in the fixed one. */
  readonly motion: Motion;
  readonly show?: (value: number, point: Triple) => number;
  readonly seen?: (value: number, point: Triple) => number;
  /** How far a point of the head may be from its place in the end, on average. */
  readonly mostMm: number;
}

const EVEN = gridOf([3, 3, 3], [0, 0, 0]);
const TURNED = gridOf([-3, 2.6, 3.2], [10, -8, 14]);
const identity: Motion = (point) => point;
const noise = new Random(11);

const PAIRS: readonly Awkward[] = [
  {name: 'nothing moved, on two grids', mostMm: 0.6, fixed: EVEN, moving: TURNED, motion: identity},
  {
    name: 'thick slices across to thick slices',
    mostMm: 2,
    fixed: gridOf([2, 2, 8], [0, 0, 0]),
    moving: gridOf([8, 2, 2], [5, 0, 0]),
    motion: bend,
  },
  {
    name: 'opposed contrast',
    mostMm: 1.8,
    fixed: EVEN,
    moving: TURNED,
    motion: bend,
    show: (value) => (value === 0 ? 0 : 200 - value),
  },
  {
    name: 'a slab of a head',
    mostMm: 3,
    fixed: EVEN,
    moving: gridOf([3, 3, 3], [0, 0, 0], {extent: [100, 112, 36]}),
    motion: bend,
  },
  {
    name: 'headers 60 mm apart',
    mostMm: 0.2,
    fixed: EVEN,
    moving: {...EVEN, affine: Affine.compose(Affine.translation([40, -35, 28]), EVEN.affine)},
    motion: rigid(0, [-40, 35, -28]),
  },
  {
    name: 'turned by 35 degrees',
    mostMm: 0.6,
    fixed: TURNED,
    moving: EVEN,
    motion: rigid(35, [4, -3, 2]),
  },
  {
    name: 'no numbers around the head',
    mostMm: 1,
    fixed: EVEN,
    moving: TURNED,
    motion: bend,
    show: (value) => (value === 0 ? NaN : value),
  },
  {
    name: 'air of a CT',
    mostMm: 1.5,
    fixed: EVEN,
    moving: TURNED,
    motion: bend,
    show: (value) => (value === 0 ? -1000 : value - 100),
    seen: (value) => (value === 0 ? -1000 : value - 100),
  },
  {
    name: 'noise and a bias field',
    mostMm: 1.5,
    fixed: EVEN,
    moving: TURNED,
    motion: bend,
    show: (value, [x]) => value * (1 + x / 120) + noise.normal(6),
    seen: (value, [, y]) => value * (1 - y / 120) + noise.normal(6),
  },
  {
    name: 'a quarter larger',
    mostMm: 1,
    fixed: EVEN,
    moving: gridOf([3.5, 3.5, 3.5], [0, 0, 0], {extent: [126, 140, 120]}),
    motion: (point) => mapTriple(point, (x) => x / 1.25),
  },
];

/** Where a point of the fixed image lies in the moving one: the motion's inverse, by fixed-point iteration with its slope. */
function inverseOf(motion: Motion): Motion {
  return (point) => {
    let guess = point;
    for (let n = 0; n < 200; n++) {
      const image = motion(guess);
      guess = mapTriple(guess, (x, axis) => x + 0.6 * (point[axis] - image[axis]));
    }
    return guess;
  };
}

/** Points of the head, 12 mm apart. */
const POINTS = [-24, -12, 0, 12, 24]
  .flatMap((x) =>
    [-36, -24, -12, 0, 12, 24, 36].flatMap((y) =>
      [-24, -12, 0, 12, 24].map((z): Triple => [x, y, z]),
    ),
  )
  .filter(([x, y, z]) => Math.hypot(x / 38, y / 45, z / 35) < 0.85);

const distance = (a: readonly Triple[], b: readonly Triple[]) =>
  a.reduce((sum, p, n) => sum + Math.hypot(...p.map((x, axis) => x - b[n][axis])), 0) / a.length;

for (const {name, fixed, moving, motion, show, seen, mostMm} of PAIRS) {
  test(`never worse than the start: ${name}`, async (t) => {
    const folder = await temporaryFolder(t);
    const path = (file: string) => join(folder, file);
    const picture = (value: number, point: Triple, change: Awkward['show']) =>
      change === undefined ? value : change(value, point);
    for (const [file, grid, value] of [
      ['fixed.nii', fixed, (point: Triple) => picture(head(point), point, seen)],
      ['moving.nii', moving, (point: Triple) => picture(head(motion(point)), point, show)],
    ] as const) {
      await writeImage(path(file), {...imageOf(grid, value), geometry: geometryFromGrid(grid)});
    }
    const {code, stdout, logs} = await runCli([
      ...['register', '--json', '--lambda', '0.3', '--warp', path('warp.nii')],
      ...[path('fixed.nii'), path('moving.nii')],
    ]);
    assert.equal(code, 0, logs.at(-1)?.msg);
    const {answer, jacobian} = JSON.parse(stdout) as Report;
    const kept = answer.judgements.find((judgement) => judgement.answer === answer.kept)!;
    for (const {similarity} of answer.judgements) assert.ok(kept.similarity >= similarity - 1e-9);
    const truth = POINTS.map(inverseOf(motion));
    const {transform: warp} = await readTransform(path('warp.nii'));
    const [start, end] = [distance(POINTS, truth), distance(mapPoints(warp, POINTS), truth)];
    assert.ok(jacobian.foldingFraction! < 1e-4, `${jacobian.foldingFraction} folds`);
    const text = `${start} mm apart by the headers, then ${end} mm`;
    assert.ok(end < mostMm && mostMm < Math.max(start, 1), text);
  });
}
