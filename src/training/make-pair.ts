import type {Augmentation} from '../config/training-config.js';
import {RENDER_LABELS} from '../kernels/synthesis.js';
import {
  TRANSFORM_IMAGE,
  type GridTransform,
  type TransformOptions,
} from '../kernels/transform-image.js';
import type {Outside} from '../kernels/voxels.js';
import type {Random} from '../random.js';
import type {TrainingImage} from './images.js';
import {changeIntensities} from './intensity-changes.js';
import {drawTransform, isStill, mirrored} from './random-transform.js';
import {drawContrast, type LabelMap} from './shapes.js';
import type {GridContext} from './smooth-noise.js';

/** Two images of the training grid, [I, J, K] in tensor order. */
export interface ImagePair {
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  /** Label maps of both; null where there are none. */
  readonly labels: PairLabels | null;
  /** Where it comes from, for the log and for messages. */
  readonly name: string;
}

/** Label maps of a pair, [I, J, K] in tensor order, numbered alike: 0 is the background. */
export interface PairLabels {
  readonly fixed: Uint16Array;
  readonly moving: Uint16Array;
  /** Above every value. */
  readonly codes: number;
}

/** An image of the training grid, with its label map where it has one. */
export interface LabelledImage {
  readonly image: TrainingImage;
  readonly labels: LabelMap | null;
}

/** What making a pair needs beside the images. */
export interface PairContext extends GridContext {
  /** Null: images are taken as they are. */
  readonly augmentation: Augmentation | null;
}

/** Two images, each changed at random together with its labels; mirrored both or none. */
export function augmentPair(
  context: PairContext,
  [fixed, moving]: readonly [LabelledImage, LabelledImage],
  random: Random,
): ImagePair {
  const name = `${fixed.image.name} <- ${moving.image.name}`;
  const {augmentation} = context;
  const isMirrored = augmentation?.flip === true && random.uniform() < 0.5;
  const change = ({image: {data, outside}, labels}: LabelledImage) => {
    if (augmentation === null) return {image: data, labels: labels?.data};
    const transform = drawImageTransform(context, augmentation, isMirrored, random);
    const image =
      transform === null
        ? data.slice()
        : transformed(context, data, transform, {interpolation: 'linear', outside});
    changeIntensities(image, context, augmentation, random);
    return {image, labels: labels && place(context, labels.data, transform, 0)};
  };
  const changed = {fixed: change(fixed), moving: change(moving)};
  return {
    fixed: changed.fixed.image,
    moving: changed.moving.image,
    labels: pairLabels(changed.fixed.labels, changed.moving.labels, fixed.labels?.codes),
    name,
  };
}

function pairLabels(
  fixed: Uint16Array | null | undefined,
  moving: Uint16Array | null | undefined,
  codes = 0,
): PairLabels | null {
  return fixed && moving ? {fixed, moving, codes} : null;
}

/**
 * Two images rendered from label maps in one random contrast.
 *
 * @param background - What takes the place of label 0 in both; null: nothing, label 0 has a contrast like all others.
 */
export function renderPair(
  context: PairContext,
  [fixed, moving]: readonly [LabelMap, LabelMap],
  background: LabelMap | 'black' | null,
  random: Random,
): ImagePair {
  const isMirrored = context.augmentation?.flip === true && random.uniform() < 0.5;
  const contrast = drawContrast(Math.max(fixed.codes, moving.codes), random);
  const scenes = background === null || background === 'black' ? 0 : background.codes;
  const backgroundContrast = drawContrast(scenes, random);
  if (background === 'black') contrast[0] = 0;
  const {augmentation, engine} = context;
  const render = ({data}: LabelMap) => {
    const transform =
      augmentation === null ? null : drawImageTransform(context, augmentation, isMirrored, random);
    const placed = (map: LabelMap['data']) => place(context, map, transform, 'edge');
    const behind =
      background === null || background === 'black'
        ? null
        : {labels: placed(background.data), contrast: backgroundContrast};
    const labels = placed(data);
    const image = engine.run(RENDER_LABELS, labels, contrast, behind);
    if (augmentation !== null) changeIntensities(image, context, augmentation, random);
    return {image, labels};
  };
  const rendered = {fixed: render(fixed), moving: render(moving)};
  return {
    fixed: rendered.fixed.image,
    moving: rendered.moving.image,
    labels: pairLabels(rendered.fixed.labels, rendered.moving.labels, fixed.codes),
    name: fixed === moving ? fixed.name : `painted ${fixed.name} <- ${moving.name}`,
  };
}

function drawImageTransform(
  context: PairContext,
  augmentation: Augmentation,
  isMirrored: boolean,
  random: Random,
): GridTransform | null {
  if (isStill(augmentation) && !isMirrored) return null;
  const transform = drawTransform(context, augmentation, random);
  return isMirrored ? mirrored(transform, context.shape[0]) : transform;
}

/** A label map seen through a transform; null leaves it as it is. */
function place(
  context: PairContext,
  map: LabelMap['data'],
  transform: GridTransform | null,
  outside: Outside,
): Uint16Array {
  if (transform === null) return map;
  return transformed(context, map, transform, {interpolation: 'nearest', outside});
}

/** The image looked up through a transform of its grid, of the same type. */
function transformed<Image extends Float32Array | Uint16Array>(
  {shape, engine}: PairContext,
  image: Image,
  transform: GridTransform,
  options: TransformOptions,
): Image {
  return engine.run(TRANSFORM_IMAGE, image, shape, transform, options) as Image;
}
