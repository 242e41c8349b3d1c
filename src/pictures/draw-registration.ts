import type {KernelRunner} from '../kernels/voxel-operation.js';
import {sample} from '../transforms/apply.js';
import type {Transform} from '../transforms/transform.js';
import type {Volume} from '../volume/volume.js';
import {CLEAR, divergingColour, FOLD, labelColour, ORANGE, SKY_BLUE} from './colours.js';
import {edgesOf} from './edges.js';
import {gridLinesOf} from './grid-lines.js';
import {fillMosaic, layMosaic, type Mosaic} from './mosaic.js';
import {outlinesOf} from './outlines.js';
import {greyOf, type Colour, type Picture} from './picture.js';
import {AS_PLACED, layPlanes, type PlaneStack} from './planes.js';
import {everyOf, windowOf, type Window} from './window.js';

/** An image as it lies at some stage. */
export interface StageToDraw {
  readonly key: string;
  /** Fixed -> moving. */
  readonly transform: Transform;
}

/** A label map of each image, as far as there is one. */
export interface LabelMaps {
  readonly fixed?: Volume | undefined;
  readonly moving?: Volume | undefined;
}

/** What is drawn of a registration. */
export interface SceneToDraw {
  readonly fixed: Volume;
  readonly moving: Volume;
  readonly stages: readonly StageToDraw[];
  /** Label maps in the worlds of the images. */
  readonly labels?: LabelMaps | undefined;
  /** What the result does beyond an affine map. */
  readonly deformation: Transform;
  /** Its Jacobian determinant, wherever it lies. */
  readonly jacobian: Volume;
}

/** One image at one stage, in all slices; all pictures of a drawing are of one size. */
export interface Layer {
  /** `fixed`, or that of the stage. */
  readonly key: string;
  readonly picture: Picture;
  /** Clear but for the edges. */
  readonly edges: Picture;
  /** Clear but for the outlines of labels; null where there are none. */
  readonly labels: Picture | null;
}

/** Slices of a registration as pictures. */
export interface Drawing {
  readonly planes: readonly Pick<PlaneStack, 'name' | 'sides'>[];
  readonly mosaic: Mosaic;
  /** Edge of a pixel, mm. */
  readonly pixelMm: number;
  /** The fixed image, then the moving one at each stage. */
  readonly layers: readonly Layer[];
  /** Clear but for the bent lines. */
  readonly grid: Picture;
  readonly jacobian: Picture;
  /** The determinant at the red end of the colours; at the blue end it is one divided by that. */
  readonly jacobianLimit: number;
}

/** Draw slices of a registration; nothing but the slices is computed. */
export function drawRegistration(scene: SceneToDraw, engine: KernelRunner): Drawing {
  const {fixed, moving, stages, labels = {}} = scene;
  const planes = layPlanes(fixed, engine);
  const mosaic = layMosaic(planes);
  const pictureOf = (
    stacks: readonly Uint8Array[],
    palette: readonly Colour[] | null,
  ): Picture => ({
    ...{width: mosaic.width, height: mosaic.height, palette},
    data: fillMosaic(mosaic, planes, stacks),
  });
  const still = slicesOf(fixed, AS_PLACED, planes, engine);
  // Beyond the fixed image nothing is known of the result.
  const within = (stacks: readonly Float32Array[]) =>
    stacks.map((stack, n) => stack.map((value, at) => (isNumber(still[n][at]) ? value : NaN)));
  const moved = stages.map(({transform}) => within(slicesOf(moving, transform, planes, engine)));
  const windows = {fixed: windowOf(still), moving: windowOf(moved.flat())};
  const layer = (key: string, stacks: readonly Float32Array[], window: Window, colour: Colour) => ({
    key,
    picture: pictureOf(
      stacks.map((stack) => greyOf(stack, window)),
      null,
    ),
    edges: pictureOf(edgesIn(stacks, planes, window), [CLEAR, colour]),
  });
  // With two maps each has one colour, as the edges of its image; one map has a colour for each label.
  const isPair = labels.fixed !== undefined && labels.moving !== undefined;
  const drawLabels = (map: Volume | undefined, transform: Transform, colour: Colour) =>
    map === undefined
      ? null
      : pictureOf(
          labelOutlines(map, transform, planes, engine),
          isPair ? [CLEAR, ...LABEL_COLOURS.map(() => colour)] : [CLEAR, ...LABEL_COLOURS],
        );
  const {picture: jacobian, limit: jacobianLimit} = drawJacobian(scene.jacobian, still, {
    ...{planes, engine, pictureOf},
  });
  return {
    planes: planes.map(({name, sides}) => ({name, sides})),
    ...{mosaic, jacobian, jacobianLimit},
    pixelMm: planes[0].grid.affine.spacing[0],
    layers: [
      {
        ...layer('fixed', still, windows.fixed, ORANGE),
        labels: drawLabels(labels.fixed, AS_PLACED, ORANGE),
      },
      ...stages.map(({key, transform}, n) => ({
        ...layer(key, moved[n], windows.moving, SKY_BLUE),
        labels: drawLabels(labels.moving, transform, SKY_BLUE),
      })),
    ],
    grid: pictureOf(
      planes.map((plane) => gridLinesOf(scene.deformation, plane, engine)),
      LINES,
    ),
  };
}

type PictureMaker = (stacks: readonly Uint8Array[], palette: readonly Colour[] | null) => Picture;

/** Opacity of the lines of the grid: the byte. */
const LINES: readonly Colour[] = Array.from({length: 256}, (_, n) => [255, 214, 102, n]);

function isNumber(value: number): boolean {
  return value - value === 0;
}

/** An image through a transform in all slices; NaN is beyond it. */
function slicesOf(
  image: Volume,
  transform: Transform,
  planes: readonly PlaneStack[],
  engine: KernelRunner,
): readonly Float32Array[] {
  return planes.map(
    ({grid}) => sample(image, transform, grid, {outside: NaN, engine}).data as Float32Array,
  );
}

function edgesIn(
  stacks: readonly Float32Array[],
  planes: readonly PlaneStack[],
  window: Window,
): readonly Uint8Array[] {
  return stacks.map((stack, n) => {
    const [width, height] = planes[n].grid.shape;
    return edgesOf(stack, {width, height}, window);
  });
}

/** Colours of labels by their numbers; of more labels than a byte counts they repeat. */
const LABEL_COLOURS: readonly Colour[] = Array.from({length: 255}, (_, n) => labelColour(n));

/** Outlines of a label map through a transform, as numbers of colours. */
function labelOutlines(
  labels: Volume,
  transform: Transform,
  planes: readonly PlaneStack[],
  engine: KernelRunner,
): readonly Uint8Array[] {
  return planes.map(({grid}) => {
    const [width, height] = grid.shape;
    const {data} = sample(labels, transform, grid, {interpolation: 'nearest', engine});
    return new Uint8Array(outlinesOf(data, {width, height}).map(byteOfLabel));
  });
}

/** Its place in the palette. */
function byteOfLabel(label: number): number {
  return label === 0 ? 0 : 1 + ((Math.abs(label) - 1) % 255);
}

/** The least and the largest determinant at the red end of the colours. */
const [LEAST_LIMIT, LARGEST_LIMIT] = [1.25, 4];
/** Share of the pixels whose determinant the colours tell apart. */
const TOLD_APART = 0.995;
/** One pixel in so many is looked at for that. */
const STEP = 7;
/** Bytes of the palette: beyond the image, folds, then as many colours. */
const COLOURS = 253;

/** The logarithm of the determinant in diverging colours, folds in one of their own. */
function drawJacobian(
  jacobian: Volume,
  still: readonly Float32Array[],
  {
    planes,
    engine,
    pictureOf,
  }: {planes: readonly PlaneStack[]; engine: KernelRunner; pictureOf: PictureMaker},
): {readonly picture: Picture; readonly limit: number} {
  const stacks = planes.map(({grid}, n) => {
    const {data} = sample(jacobian, AS_PLACED, grid, {outside: 1, engine});
    return (data as Float32Array).map((value, at) => (isNumber(still[n][at]) ? value : NaN));
  });
  const sizes = Float32Array.from(
    everyOf(stacks, STEP, (value) => value > 0),
    (value) => Math.abs(Math.log(value)),
  ).sort();
  const far = Math.exp(sizes[Math.floor(TOLD_APART * (sizes.length - 1))] ?? 0);
  const limit = Math.min(Math.max(far, LEAST_LIMIT), LARGEST_LIMIT);
  const byteOf = (value: number) => {
    if (!isNumber(value)) return 0;
    if (value <= 0) return 1;
    const share = 0.5 + Math.log(value) / (2 * Math.log(limit));
    return 2 + Math.round((COLOURS - 1) * Math.min(Math.max(share, 0), 1));
  };
  const palette = [
    ...[CLEAR, FOLD],
    ...Array.from({length: COLOURS}, (_, n) => divergingColour(n / (COLOURS - 1))),
  ];
  const bytes = stacks.map((stack) => new Uint8Array(stack.map(byteOf)));
  return {picture: pictureOf(bytes, palette), limit};
}
