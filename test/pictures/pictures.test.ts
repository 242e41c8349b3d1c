import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {decode} from 'fast-png';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {encodePng} from '../../src/formats/png.js';
import {Affine} from '../../src/geometry/affine.js';
import {middleOf, type Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {divergingColour, ORANGE, SKY_BLUE} from '../../src/pictures/colours.js';
import {drawContact} from '../../src/pictures/contact.js';
import {drawRegistration, type LabelMaps} from '../../src/pictures/draw-registration.js';
import {edgesOf} from '../../src/pictures/edges.js';
import {outlinesOf} from '../../src/pictures/outlines.js';
import {Canvas, greyOf, type Colour, type Picture} from '../../src/pictures/picture.js';
import {layPlanes} from '../../src/pictures/planes.js';
import {wrapText, write} from '../../src/pictures/text.js';
import {affineTransform} from '../../src/transforms/transform.js';
import {findPython} from '../support/python.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

const SHAPE: Triple = [20, 24, 16];
const OBLIQUE_RIGHT: Grid = {
  shape: SHAPE,
  affine: centredAffine(obliqueAffine([12, -9, 17], [3, 2, 4]), SHAPE, [5, -3, 2]),
};
/** Left-handed, and its axes in another order: to the front, to the feet, to the left. */
const OBLIQUE_LEFT: Grid = {
  shape: SHAPE,
  affine: centredAffine(
    Affine.compose(
      obliqueAffine([-11, 14, 8], [1, 1, 1]),
      Affine.fromLinear([0, 0, -3, 2, 0, 0, 0, -4, 0]),
    ),
    SHAPE,
    [-4, 1, 7],
  ),
};

test('planes of oblique images of both hands show what their letters say', () => {
  for (const grid of [OBLIQUE_RIGHT, OBLIQUE_LEFT]) {
    const planes = layPlanes(
      imageOf(grid, () => 1),
      PORTABLE,
    );
    assert.deepEqual(
      planes.map(({name, sides: {left, right, top, bottom}}) => [
        name,
        left + right + top + bottom,
      ]),
      [
        ['axial', 'RLAP'],
        ['coronal', 'RLSI'],
        ['sagittal', 'APSI'],
      ],
    );
    for (const {
      sides,
      grid: {shape, affine},
    } of planes) {
      const middle = middleOf(shape);
      const place = (x: number, y: number) => affine.apply([x, y, middle[2]]);
      const ends = [
        [sides.left, place(0, middle[1]), place(shape[0] - 1, middle[1])],
        [sides.top, place(middle[0], 0), place(middle[0], shape[1] - 1)],
      ] as const;
      for (const [letter, here, there] of ends) {
        const axis = 'RLAPSI'.indexOf(letter) >> 1;
        const difference = here[axis] - there[axis];
        assert.ok('RAS'.includes(letter) ? difference > 0 : difference < 0, letter);
      }
    }
  }
});

const python = findPython('nibabel', 'numpy');
test('nibabel finds each pixel where the letters say', {skip: python.missing}, async (t) => {
  const folder = await temporaryFolder(t);
  for (const grid of [OBLIQUE_RIGHT, OBLIQUE_LEFT]) {
    const image = imageOf(grid, blobs);
    const path = join(folder, 'image.nii');
    await writeImage(path, {...image, geometry: geometryFromGrid(grid)});
    // The corner of the axial plane, as nibabel's closest canonical axes (right, front, head) see it.
    const script = `
import nibabel, json, sys, numpy
image = nibabel.load(sys.argv[1])
canonical = nibabel.as_closest_canonical(image).affine
points = numpy.array(json.loads(sys.argv[2]))
print(json.dumps(nibabel.affines.apply_affine(numpy.linalg.inv(canonical), points).tolist()))`;
    for (const {name, grid: plane} of layPlanes(image, PORTABLE)) {
      const [width, height] = plane.shape;
      const corners: Triple[] = [
        [0, 0, 0],
        [width - 1, 0, 0],
        [0, height - 1, 0],
      ];
      const points = corners.map((corner) => plane.affine.apply(corner));
      const output = execFileSync(python.command!, ['-c', script, path, JSON.stringify(points)]);
      const [first, right, below] = JSON.parse(String(output)) as Triple[];
      const acrossAxis = name === 'sagittal' ? 1 : 0;
      const downAxis = name === 'axial' ? 1 : 2;
      // Along a row, and down a column, one canonical axis falls and the others stay.
      const steps = [
        [right, acrossAxis],
        [below, downAxis],
      ] as const;
      for (const [corner, axis] of steps) {
        corner.forEach((value, n) => {
          if (n === axis) assert.ok(value < first[n] - 1, name);
          else assert.ok(Math.abs(value - first[n]) < 1e-3, name);
        });
      }
    }
  }
});

test('pixels are squares in mm, whatever the voxels are', () => {
  for (const {grid} of layPlanes(imageOf(OBLIQUE_LEFT, blobs), PORTABLE)) {
    const [x, y] = grid.affine.spacing;
    assert.ok(Math.abs(x - y) < 1e-9);
  }
});

test('a single slice is shown as one', () => {
  const grid = {shape: [40, 30, 1] as const, affine: Affine.scaling([1, 1, 5])};
  const planes = layPlanes(imageOf(grid, blobs), PORTABLE);
  assert.deepEqual(
    planes.map(({name, grid: {shape}}) => [name, shape[2]]),
    [['axial', 1]],
  );
});

const luminance = ([red, green, blue]: Colour) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

test('the diverging colours rise to the middle and fall behind it, with equal ends', () => {
  const shades = Array.from({length: 201}, (_, n) => luminance(divergingColour(n / 200)));
  for (let n = 1; n <= 100; n++) {
    assert.ok(shades[n] >= shades[n - 1]);
    assert.ok(shades[100 + n] <= shades[99 + n]);
  }
  assert.ok(shades[100] > shades[0] + 100 && shades[100] > shades[200] + 100);
  const [middle, blue, red] = [0.5, 0, 1].map(divergingColour);
  assert.ok(Math.max(...middle.slice(0, 3)) - Math.min(...middle.slice(0, 3)) <= 1);
  assert.ok(blue[2] > blue[0] + 60 && red[0] > red[2] + 60);
});

test('nobody leaves a label without crossing its outline', () => {
  const [width, height] = [40, 30];
  const next = seededRandom(5);
  const discs = Array.from({length: 6}, (_, n) => [
    40 * next(),
    30 * next(),
    3 + 6 * next(),
    n + 1,
  ]);
  const labels = Float64Array.from({length: width * height}, (_, n) => {
    const [x, y] = [n % width, Math.floor(n / width)];
    return discs.find(([cx, cy, radius]) => Math.hypot(x - cx, y - cy) < radius)?.[3] ?? 0;
  });
  const outlines = outlinesOf(labels, {width, height});
  for (let n = 0; n < labels.length; n++) {
    assert.ok(outlines[n] === 0 || outlines[n] === labels[n]);
    if (labels[n] === 0 || outlines[n] !== 0) continue;
    for (const step of [-1, 1, -width, width]) assert.equal(labels[n + step], labels[n]);
  }
});

test('the edge of a disc is a thin ring on it, and what has no contrast has none', () => {
  const [width, height] = [60, 50];
  const disc = Float32Array.from({length: width * height}, (_, n) =>
    Math.hypot((n % width) - 30, Math.floor(n / width) - 25) < 15 ? 100 : 0,
  );
  const edges = edgesOf(disc, {width, height}, {low: 0, high: 100});
  const places = [...edges.keys()].filter((n) => edges[n] === 1);
  // At least one pixel for each of the ring's, at most two.
  assert.ok(places.length > 80 && places.length < 200, String(places.length));
  for (const n of places) {
    assert.ok(Math.abs(Math.hypot((n % width) - 30, Math.floor(n / width) - 25) - 15) < 2);
  }
  const flat = edgesOf(new Float32Array(width * height), {width, height}, {low: 0, high: 0});
  assert.ok(flat.every((value) => value === 0));
});

test('where an image ends there is no edge', () => {
  const [width, height] = [30, 30];
  const half = Float32Array.from({length: width * height}, (_, n) => (n % width < 15 ? 80 : NaN));
  assert.ok(edgesOf(half, {width, height}, {low: 0, high: 100}).every((value) => value === 0));
});

test('a window goes from black to white, and what is no number is black', () => {
  const grey = greyOf([-5, 0, 5, 10, 20, NaN], {low: 0, high: 10});
  assert.deepEqual([...grey], [0, 0, 128, 255, 255, 0]);
});

test('without a deformation the fixed image is drawn alike, its grid straight and its determinant neutral', async () => {
  const still = imageOf(OBLIQUE_RIGHT, blobs);
  const drawing = drawRegistration(
    {
      ...{fixed: still, moving: still, deformation: affineTransform(Affine.identity)},
      stages: [{key: 'only', transform: affineTransform(Affine.identity)}],
      jacobian: imageOf(OBLIQUE_RIGHT, () => 1),
    },
    PORTABLE,
  );
  const [fixed, moving] = drawing.layers;
  assert.deepEqual(moving.picture.data, fixed.picture.data);
  assert.deepEqual(moving.edges.data, fixed.edges.data);
  const png = decode(await encodePng(drawing.jacobian));
  assert.deepEqual([png.width, png.height], [drawing.mosaic.width, drawing.mosaic.height]);
  const used = new Set(drawing.jacobian.data);
  used.delete(0); // beyond the image
  assert.deepEqual(
    [...used].map((byte) => drawing.jacobian.palette![byte]),
    [divergingColour(0.5)],
  );
  const [tile] = drawing.mosaic.tiles;
  const row = (y: number) => [
    ...drawing.grid.data
      .subarray((tile.y + y) * drawing.grid.width + tile.x)
      .subarray(0, tile.width),
  ];
  const straight = row(2).map((value, x) => value > 100 && x);
  assert.deepEqual(
    row(3).map((value, x) => value > 100 && x),
    straight,
  );
});

test('outlines of the labels of both images have the colours of their edges, and are the same where the labels are', () => {
  const image = imageOf(OBLIQUE_RIGHT, blobs);
  const labels = {
    ...OBLIQUE_RIGHT,
    data: Int16Array.from(image.data, (value) => (value > 60 ? 700 : value > 20 ? 3 : 0)),
  };
  const still = affineTransform(Affine.identity);
  const draw = (maps: LabelMaps) =>
    drawRegistration(
      {
        ...{fixed: image, moving: image, deformation: still, labels: maps},
        stages: [{key: 'only', transform: still}],
        jacobian: imageOf(OBLIQUE_RIGHT, () => 1),
      },
      PORTABLE,
    ).layers.map((layer) => layer.labels);
  const coloursOf = (picture: Picture | null) =>
    new Set([...picture!.data].filter((byte) => byte > 0).map((byte) => picture!.palette![byte]));
  const [fixed, moving] = draw({fixed: labels, moving: labels});
  assert.deepEqual(fixed!.data, moving!.data);
  assert.deepEqual([...coloursOf(fixed)], [ORANGE]);
  assert.deepEqual([...coloursOf(moving)], [SKY_BLUE]);
  const [none, alone] = draw({moving: labels});
  assert.equal(none, null);
  assert.equal(coloursOf(alone).size, 2);
});

test('a text is written letter by letter, what has no letter as a question mark', () => {
  const lettersOf = (text: string) => {
    const canvas = new Canvas(40, 12, [0, 0, 0, 255]);
    write(canvas, text, [1, 1], {colour: [255, 255, 255, 255], scale: 1});
    return canvas.data;
  };
  assert.deepEqual(lettersOf('a?'), lettersOf('a\u{1F9E0}'));
  assert.notDeepEqual(lettersOf('L'), lettersOf('R'));
  assert.ok(lettersOf(' ').every((value) => value === 0));
  const white = lettersOf('L').filter((value) => value === 255).length;
  assert.equal(white, 3 * 11); // an upright of seven pixels and a foot of four more
});

test('a text is wrapped without losing a letter, and no line is too long', () => {
  const next = seededRandom(9);
  for (let n = 0; n < 50; n++) {
    const words = Array.from({length: 8}, () => 'x'.repeat(1 + Math.floor(30 * next())));
    const lines = wrapText(words.join(' '), 12);
    assert.ok(lines.every((line) => line.length <= 12));
    assert.equal(lines.join('').replaceAll(' ', ''), words.join(''));
  }
});

test('letters of long texts above a narrow picture are all seen: another one makes another picture', () => {
  const image = imageOf({shape: [9, 9, 1], affine: Affine.identity}, blobs);
  const still = affineTransform(Affine.identity);
  const drawing = drawRegistration(
    {
      ...{
        fixed: image,
        moving: image,
        deformation: still,
        stages: [{key: 'only', transform: still}],
      },
      jacobian: imageOf(image, () => 1),
    },
    PORTABLE,
  );
  const words = (length: number) =>
    Array.from({length}, (_, n) => (n % 9 === 8 && n < length / 2 ? ' ' : 'x')).join('');
  const texts = {
    title: words(120),
    lines: [words(170)],
    names: {fixed: 'f', only: words(170), grid: words(90), jacobian: words(200)},
    result: 'only',
  };
  const bytesOf = (changed: typeof texts) => Buffer.from(drawContact(drawing, changed).data);
  const whole = bytesOf(texts);
  /** With another letter at some places, the last one too. */
  const others = (text: string) =>
    Array.from(text)
      .map((_, n) => text.slice(0, n) + 'w' + text.slice(n + 1))
      .filter((_, n) => (n % 31 === 7 && text[n] !== ' ') || n === text.length - 1);
  const {title, lines, names} = texts;
  const changes = [
    ...others(title).map((other) => ({...texts, title: other})),
    ...others(lines[0]).map((other) => ({...texts, lines: [other]})),
    ...(['only', 'grid', 'jacobian'] as const).flatMap((key) =>
      others(names[key]).map((other) => ({...texts, names: {...names, [key]: other}})),
    ),
  ];
  assert.ok(changes.length > 20);
  for (const change of changes) assert.ok(!bytesOf(change).equals(whole));
});

test('a half-transparent colour is laid over what is there, and nothing beyond the canvas', () => {
  const canvas = new Canvas(2, 1, [100, 0, 0, 255]);
  canvas.blend(1, 0, [200, 255, 0, 51]);
  canvas.blend(2, 0, [255, 255, 255, 255]);
  assert.deepEqual([...canvas.data], [100, 0, 0, 120, 51, 0]);
});

test('PNG files are those of another reader: grey, colours, palettes with opacity', async () => {
  const next = seededRandom(3);
  const data = Uint8Array.from({length: 35}, () => 256 * next());
  const grey = decode(await encodePng({width: 7, height: 5, data, palette: null}));
  assert.deepEqual([...grey.data], [...data]);
  const palette: Colour[] = [
    [0, 0, 0, 0],
    [10, 20, 30, 40],
    [50, 60, 70, 255],
  ];
  const indexed = decode(
    await encodePng({width: 7, height: 5, data: data.map((byte) => byte % 3), palette}),
  );
  assert.deepEqual([...indexed.data], [...data.map((byte) => byte % 3)]);
  assert.deepEqual(indexed.palette, palette);
  const canvas = new Canvas(3, 2, [1, 2, 3, 255]);
  canvas.blend(2, 1, [9, 8, 7, 255]);
  assert.deepEqual([...decode(await encodePng(canvas)).data], [...canvas.data]);
});

test('slices of two real brains, of five layers, take less than two megabytes', async () => {
  const read = (name: string) =>
    readImage(join(import.meta.dirname, '../../data/brainmaps', `${name}_t1.nii.gz`));
  const [fixed, moving] = [await read('sub05'), await read('sub11')];
  const transform = affineTransform(Affine.translation([1, -2, 3]));
  const stages = ['headers', 'alignment', 'network', 'refinement'].map((key) => ({key, transform}));
  const jacobian = {...fixed, data: fixed.data.map((value) => 1 + value / 1000)};
  const scene = {fixed, moving, stages, deformation: transform, jacobian};
  const {layers, grid, jacobian: determinant, mosaic} = drawRegistration(scene, PORTABLE);
  const pictures = [...layers.flatMap(({picture, edges}) => [picture, edges]), grid, determinant];
  const sizes = await Promise.all(
    pictures.map(async (picture) => (await encodePng(picture)).length),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(total < 2e6, String(total));
  assert.equal(mosaic.tiles.length, 15);
  // Edges are lines: some of the pixels, not many.
  for (const {edges} of layers) {
    const share = edges.data.filter((byte) => byte > 0).length / edges.data.length;
    assert.ok(share > 0.01 && share < 0.1, String(share));
  }
});
