import type {Augmentation} from '../config/training-config.js';
import type {Random} from '../random.js';
import type {TrainingImage} from './images.js';
import {changeIntensities} from './intensity-changes.js';
import {drawTransform, isStill, mirrored, type RandomTransform} from './random-transform.js';
import {drawContrast, type LabelMap} from './shapes.js';
import type {Workbench} from './training-kernels.js';

/** Two images of the training grid, [I, J, K] in tensor order. */
export interface ImagePair {
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  /** Where it comes from, for the log and for messages. */
  readonly name: string;
}

/** What making a pair needs beside the images. */
export interface Workshop extends Workbench {
  /** Null: images are taken as they are. */
  readonly augmentation: Augmentation | null;
}

/** Two images, each changed at random; mirrored both or none. */
export function augmentPair(
  workshop: Workshop,
  [fixed, moving]: readonly [TrainingImage, TrainingImage],
  random: Random,
): ImagePair {
  const name = `${fixed.name} <- ${moving.name}`;
  const {augmentation, shape, kernels} = workshop;
  if (augmentation === null) return {fixed: fixed.data, moving: moving.data, name};
  const isMirrored = augmentation.flip && random.uniform() < 0.5;
  const change = ({data, outside}: TrainingImage) => {
    const transform = drawImageTransform(workshop, augmentation, isMirrored, random);
    const changed =
      transform === null
        ? data.slice()
        : kernels.sampleImage(data, shape, transform, {interpolation: 'linear', outside});
    changeIntensities(changed, workshop, augmentation, random);
    return changed;
  };
  return {fixed: change(fixed), moving: change(moving), name};
}

/**
 * Two images painted from label maps in one random contrast.
 *
 * @param around - What takes the place of label 0 in both; null: nothing, label 0 has a contrast like all others.
 */
export function paintPair(
  workshop: Workshop,
  [fixed, moving]: readonly [LabelMap, LabelMap],
  around: LabelMap | 'black' | null,
  random: Random,
): ImagePair {
  const isMirrored = workshop.augmentation?.flip === true && random.uniform() < 0.5;
  const contrast = drawContrast(Math.max(fixed.codes, moving.codes), random);
  const scenes = around === null || around === 'black' ? 0 : around.codes;
  const aroundContrast = drawContrast(scenes, random);
  if (around === 'black') contrast[0] = 0;
  const {augmentation, shape, kernels} = workshop;
  const paint = ({data}: LabelMap) => {
    const transform =
      augmentation === null ? null : drawImageTransform(workshop, augmentation, isMirrored, random);
    const place = (map: LabelMap['data']) =>
      transform === null
        ? map
        : kernels.sampleImage(map, shape, transform, {interpolation: 'nearest', outside: 'edge'});
    const scenery =
      around === null || around === 'black'
        ? null
        : {labels: place(around.data), contrast: aroundContrast};
    const image = kernels.paint(place(data), contrast, scenery);
    if (augmentation !== null) changeIntensities(image, workshop, augmentation, random);
    return image;
  };
  return {
    fixed: paint(fixed),
    moving: paint(moving),
    name: fixed === moving ? fixed.name : `painted ${fixed.name} <- ${moving.name}`,
  };
}

function drawImageTransform(
  workshop: Workshop,
  augmentation: Augmentation,
  isMirrored: boolean,
  random: Random,
): RandomTransform | null {
  if (isStill(augmentation) && !isMirrored) return null;
  const transform = drawTransform(workshop, augmentation, random);
  return isMirrored ? mirrored(transform, workshop.shape[0]) : transform;
}
