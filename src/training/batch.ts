import * as tf from '@tensorflow/tfjs-core';
import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import type {Triple} from '../geometry/triple.js';
import type {Labeller} from '../models/architecture.js';
import type {Random} from '../random.js';
import {
  drawHyperparameters,
  hyperparameterInput,
  type HyperparameterValues,
} from './hyperparameters.js';
import type {ImagePair} from './make-pair.js';
import type {PairSource} from './pair-source.js';
import type {LabelInputs, StepInputs} from './step.js';
import {trainingShape} from './training-grid.js';

/** The pairs of one step, each with its own hyperparameters. */
export interface Batch {
  readonly pairs: readonly ImagePair[];
  readonly hyperparameters: readonly HyperparameterValues[];
  /** For each pair the labels whose overlap counts; none where it has no label maps or they do not count. */
  readonly labels: readonly (readonly number[])[];
}

/** Draw a batch: first all pairs, then their hyperparameters, then their labels. */
export async function drawBatch(
  config: TrainingConfig,
  draw: PairSource,
  random: Random,
): Promise<Batch> {
  const pairs: ImagePair[] = [];
  for (let n = 0; n < config.batch; n++) pairs.push(await draw(random));
  const hyperparameters = pairs.map(() => drawHyperparameters(config, random));
  const {labeller} = config.architecture;
  const labels = pairs.map((pair, n) =>
    hyperparameters[n].labels === 0 && labeller === undefined
      ? []
      : drawLabels(pair, config, random),
  );
  return {pairs, hyperparameters, labels};
}

/** At most so many labels of a pair as a step compares. */
function drawLabels({labels}: ImagePair, {loss}: TrainingConfig, random: Random): number[] {
  if (labels === null) return [];
  const left = Array.from({length: labels.codes - 1}, (_, n) => n + 1);
  const drawn: number[] = [];
  while (left.length > 0 && drawn.length < loss.labelsPerStep) {
    drawn.push(...left.splice(random.index(left.length), 1));
  }
  return drawn.sort((a, b) => a - b);
}

/** A batch as tensors. The caller disposes them; they may share the memory of the images. */
export function batchInputs(
  config: Pick<TrainingConfig, 'architecture' | 'grid'>,
  batch: Batch,
): StepInputs {
  const {architecture} = config;
  const {pairs, hyperparameters} = batch;
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
    ...labelInputs(config, batch),
  };
}

/** Give the tensors of a batch back. */
export function disposeInputs({labels, ...inputs}: StepInputs): void {
  const {told, ...memberships} = labels ?? {};
  tf.dispose([{...inputs}, memberships, {...told}]);
}

/** The pairs by name, each with its hyperparameters, for messages. */
export function nameBatch({pairs, hyperparameters}: Batch): string {
  const named = (values: HyperparameterValues) =>
    Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return pairs.map(({name}, n) => `${name} at ${named(hyperparameters[n]).join(', ')}`).join('; ');
}

/** Memberships of the drawn labels; nothing where none was drawn. */
function labelInputs(
  config: Pick<TrainingConfig, 'architecture' | 'grid'>,
  {pairs, hyperparameters, labels}: Batch,
): {readonly labels?: LabelInputs} {
  const channels = Math.max(...labels.map(({length}) => length));
  if (channels === 0) return {};
  const {dimensions, labeller} = config.architecture;
  if (labeller !== undefined) pairs.forEach((pair) => requireLabelCount(pair, labeller));
  const size = trainingShape(config).slice(0, dimensions);
  const maps = (which: 'fixed' | 'moving', {channelsOf, length}: MembershipChannels) =>
    tf.tensor(
      joinImages(pairs.map((pair, n) => membershipsOf(pair, which, channelsOf(n), length))),
      [pairs.length, ...size, length],
      'float32',
    );
  const ofPairs = (value: (length: number, n: number) => number) =>
    tf.tensor1d(
      labels.map(({length}, n) => value(length, n)),
      'float32',
    );
  const drawn = {channelsOf: (n: number) => labels[n], length: channels};
  return {
    labels: {
      fixed: maps('fixed', drawn),
      moving: maps('moving', drawn),
      weight: ofPairs((length, n) => (length > 0 ? hyperparameters[n].labels : 0)),
      ...(labeller && {
        told: {
          fixed: maps('fixed', allLabels(labeller.labels)),
          moving: maps('moving', allLabels(labeller.labels)),
          known: ofPairs((length) => (length > 0 ? 1 : 0)),
        },
      }),
    },
  };
}

function requireLabelCount({labels, name}: ImagePair, labeller: Labeller): void {
  if (labels === null || labels.codes === labeller.labels + 1) return;
  throw new HypermorphError(
    'E_CONFIG',
    `architecture.labeller.labels must be the number of labels that the maps have in all (${labels.codes - 1}), got ${labeller.labels}.`,
    {hint: `Found with the pair ${name}.`},
  );
}

interface MembershipChannels {
  /** The labels of pair n, in the order of the channels. */
  readonly channelsOf: (n: number) => readonly number[];
  readonly length: number;
}

/** The background and all labels, as a labeller tells them. */
function allLabels(labels: number): MembershipChannels {
  const all = Array.from({length: labels + 1}, (_, label) => label);
  return {channelsOf: () => all, length: all.length};
}

/** One channel for each label, the last axis: 1 where a voxel has it. */
function membershipsOf(
  pair: ImagePair,
  which: 'fixed' | 'moving',
  labels: readonly number[],
  channels: number,
): Float32Array {
  const memberships = new Float32Array(pair[which].length * channels);
  if (pair.labels === null) return memberships;
  const channelOf = new Int32Array(pair.labels.codes).fill(-1);
  for (const [channel, label] of labels.entries()) channelOf[label] = channel;
  const map = pair.labels[which];
  for (let n = 0; n < map.length; n++) {
    const channel = channelOf[map[n]];
    if (channel >= 0) memberships[n * channels + channel] = 1;
  }
  return memberships;
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
