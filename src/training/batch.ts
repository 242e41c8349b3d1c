import * as tf from '@tensorflow/tfjs-core';
import type {TrainingConfig} from '../config/training-config.js';
import type {Triple} from '../geometry/triple.js';
import type {Random} from '../random.js';
import {
  drawHyperparameters,
  hyperparameterInput,
  type HyperparameterValues,
} from './hyperparameters.js';
import type {ImagePair} from './make-pair.js';
import type {PairSource} from './pair-source.js';
import type {StepInputs} from './step.js';
import {trainingShape} from './training-grid.js';

/** The pairs of one step, each with its own hyperparameters. */
export interface Batch {
  readonly pairs: readonly ImagePair[];
  readonly hyperparameters: readonly HyperparameterValues[];
}

/** Draw a batch: first all pairs, then their hyperparameters. */
export async function drawBatch(
  config: TrainingConfig,
  draw: PairSource,
  random: Random,
): Promise<Batch> {
  const pairs: ImagePair[] = [];
  for (let n = 0; n < config.batch; n++) pairs.push(await draw(random));
  return {pairs, hyperparameters: pairs.map(() => drawHyperparameters(config, random))};
}

/** A batch as tensors. The caller disposes them; they may share the memory of the images. */
export function batchInputs(
  config: Pick<TrainingConfig, 'architecture' | 'grid'>,
  {pairs, hyperparameters}: Batch,
): StepInputs {
  const {architecture} = config;
  const shape = trainingShape(config);
  const images = (which: 'moving' | 'fixed') =>
    imageTensor(
      pairs.map((pair) => pair[which]),
      shape,
      architecture.dimensions,
    );
  return {
    moving: images('moving'),
    fixed: images('fixed'),
    lambda: tf.tensor1d(
      hyperparameters.map(({lambda}) => lambda),
      'float32',
    ),
    ...hyperparameterInput(architecture, hyperparameters),
  };
}

/** The pairs by name, each with its hyperparameters, for messages. */
export function nameBatch({pairs, hyperparameters}: Batch): string {
  const named = (values: HyperparameterValues) =>
    Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return pairs.map(({name}, n) => `${name} at ${named(hyperparameters[n]).join(', ')}`).join('; ');
}

/** Images as one batch: [N, I, J, K, 1], or [N, I, J, 1] of planes. */
function imageTensor(images: readonly Float32Array[], shape: Triple, dimensions: 2 | 3): tf.Tensor {
  const size = shape.slice(0, dimensions);
  return tf.tensor(joinImages(images), [images.length, ...size, 1], 'float32');
}

function joinImages(images: readonly Float32Array[]): Float32Array {
  if (images.length === 1) return images[0];
  const joined = new Float32Array(images.length * images[0].length);
  for (const [n, image] of images.entries()) joined.set(image, n * image.length);
  return joined;
}
