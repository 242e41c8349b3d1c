import type {Augmentation} from '../config/training-config.js';
import {RENDER_LABELS} from '../kernels/synthesis.js';
import {
  TRANSFORM_IMAGE,
  type GridTransform,
  type TransformOptions,
} from '../kernels/transform-image.js';
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
  /** Where it comes from, for the log and for messages. */
  readonly name: string;
}

/** What making a pair needs beside the images. */
export interface PairContext extends GridContext {
  /** Null: images are taken as they are. */
  readonly augmentation: Augmentation | null;
}

/** Two images, each changed at random; mirrored both or none. */
export function augmentPair(
  context: PairContext,
  [fixed, moving]: readonly [TrainingImage, TrainingImage],
  random: Random,
): ImagePair {
  const name = `${fixed.name} <- ${moving.name}`;
  const {augmentation} = context;
  if (augmentation === null) return {fixed: fixed.data, moving: moving.data, name};
  const isMirrored = augmentation.flip && random.uniform() < 0.5;
  const change = ({data, outside}: TrainingImage) => {
    const transform = drawImageTransform(context, augmentation, isMirrored, random);
    const changed =
      transform === null
        ? data.slice()
        : transformed(context, data, transform, {interpolation: 'linear', outside});
    changeIntensities(changed, context, augmentation, random);
    return changed;
  };
  return {fixed: change(fixed), moving: change(moving), name};
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
    const place = (map: LabelMap['data']) =>
      transform === null
        ? map
        : transformed(context, map, transform, {interpolation: 'nearest', outside: 'edge'});
    const behind =
      background === null || background === 'black'
        ? null
        : {labels: place(background.data), contrast: backgroundContrast};
    const image = engine.run(RENDER_LABELS, place(data), contrast, behind);
    if (augmentation !== null) changeIntensities(image, context, augmentation, random);
    return image;
  };
  return {
    fixed: render(fixed),
    moving: render(moving),
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

/** The image looked up through a transform of its grid, of the same type. */
function transformed<Image extends Float32Array | Uint16Array>(
  {shape, engine}: PairContext,
  image: Image,
  transform: GridTransform,
  options: TransformOptions,
): Image {
  return engine.run(TRANSFORM_IMAGE, image, shape, transform, options) as Image;
}
