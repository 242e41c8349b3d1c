import * as tf from '@tensorflow/tfjs-core';
import type {TrainingConfig} from '../config/training-config.js';
import {jacobianMeasureOf, SMALLEST_DETERMINANT} from '../evaluation/deformation.js';
import {compareLabels} from '../evaluation/labels.js';
import {meanOfKnown} from '../evaluation/overlap.js';
import {Affine} from '../geometry/affine.js';
import {MEASURE_DETERMINANTS} from '../kernels/measures.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {ObjectiveOptions} from '../losses/objective.js';
import type {RegistrationNetwork} from '../models/registration-network.js';
import {jacobianDeterminant} from '../ops/jacobian.js';
import {toVolumetricField} from '../ops/planar.js';
import {smoothness} from '../ops/smoothness.js';
import {warpTensor} from '../ops/warp.js';
import {pause} from '../platform.js';
import {nameRow, type ValidationRow} from '../progress.js';
import {batchInputs} from './batch.js';
import {
  seesLabels,
  validatedHyperparameters,
  type HyperparameterValues,
} from './hyperparameters.js';
import type {ImagePair} from './make-pair.js';
import {trainingShape} from './training-grid.js';
import type {MovedPair} from './validation-picture.js';

/** A label map, each voxel with the nearest label of the place that it is moved from. */
function moveLabels(labels: Uint16Array, displacement: tf.Tensor): tf.Tensor {
  const map = tf.tensor(Float32Array.from(labels), [...displacement.shape.slice(0, -1), 1]);
  return warpTensor(map, displacement, {interpolation: 'nearest', fill: 0});
}

/** What is known of how the labels of a pair agree. */
function agreementOf(
  fixed: ArrayLike<number>,
  moved: ArrayLike<number>,
  config: TrainingConfig,
): Pick<ValidationRow, 'dice' | 'hd95Mm'> {
  const {spacingMm} = config.grid;
  const [i, j, k = 1] = spacingMm ?? [1, 1, 1];
  const grid = {shape: trainingShape(config), affine: Affine.scaling([i, j, k])};
  const {dice, hd95Mm} = compareLabels([fixed, moved], grid).mean;
  return {
    ...(dice !== null && {dice}),
    ...(hd95Mm !== null && spacingMm !== null && {hd95Mm}),
  };
}

/** How well a labeller tells the labels of a pair's fixed image, whatever lambda is. */
async function labellingOf(
  network: RegistrationNetwork,
  {fixed, labels}: ImagePair,
  config: TrainingConfig,
): Promise<Pick<ValidationRow, 'labellerDice'>> {
  if (labels === null || config.architecture.labeller === undefined) return {};
  const told = tf.tidy(() => {
    const image = tf.tensor(fixed, [1, ...config.grid.shape, 1]);
    return tf.argMax(network.scoreLabels(image), -1);
  });
  const {dice} = agreementOf(labels.fixed, await told.data(), config);
  told.dispose();
  return dice === undefined ? {} : {labellerDice: dice};
}

/** What a validation found: figures of each lambda, and the first pair as the first and the last row's network moves it. */
export interface Validation {
  readonly rows: ValidationRow[];
  readonly moved: readonly MovedPair[];
}

/**
 * Measure a network on fixed pairs, for each lambda and each weight of the labels.
 *
 * @returns Null where the signal ended it.
 */
export async function validate(
  network: RegistrationNetwork,
  pairs: readonly ImagePair[],
  options: {
    readonly config: TrainingConfig;
    readonly objective: ObjectiveOptions;
    readonly engine: KernelRunner;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Validation | null> {
  const rows: ValidationRow[] = [];
  const moved: MovedPair[] = [];
  const {config} = options;
  const places = validatedHyperparameters(config);
  const labelled: Pick<ValidationRow, 'labellerDice'>[] = [];
  for (const pair of pairs) {
    await pause();
    if (options.signal?.aborted === true) return null;
    labelled.push(await labellingOf(network, pair, config));
  }
  for (const values of places) {
    const {lambda, labels} = values;
    const place = {lambda, ...(seesLabels(config.architecture) && {labels})};
    const measured: Measures[] = [];
    for (const [n, pair] of pairs.entries()) {
      await pause();
      if (options.signal?.aborted === true) return null;
      const isShown = pair === pairs[0] && [places[0], places.at(-1)].includes(values);
      const see = (one: Omit<MovedPair, 'name'>) =>
        isShown && moved.push({name: nameRow(place), ...one});
      const measures = await measurePair(network, pair, values, {...options, see});
      measured.push({...measures, ...labelled[n]});
    }
    rows.push({...place, ...summarise(values, measured)});
  }
  return {rows, moved};
}

type Measures = Omit<ValidationRow, 'lambda' | 'labels' | 'total'>;
type OptionalMeasure = 'dice' | 'hd95Mm' | 'labellerDice';

/** Means over the pairs, and the objective of these means: Dice stands for the overlap. */
function summarise(
  {lambda, labels}: HyperparameterValues,
  measured: readonly Measures[],
): Measures & Pick<ValidationRow, 'total'> {
  const mean = (key: Exclude<keyof Measures, OptionalMeasure>) =>
    measured.reduce((sum, entry) => sum + entry[key] / measured.length, 0);
  const meanOf = (key: OptionalMeasure) => meanOfKnown(measured.map((entry) => entry[key] ?? null));
  const [similarity, smoothnessTerm] = [mean('similarity'), mean('smoothness')];
  const [dice, hd95Mm] = [meanOf('dice'), meanOf('hd95Mm')];
  const labellerDice = meanOf('labellerDice');
  const fit = dice === null ? similarity : (1 - labels) * similarity - labels * dice;
  return {
    total: (1 - lambda) * fit + lambda * smoothnessTerm,
    similarity,
    smoothness: smoothnessTerm,
    ...(dice !== null && {dice}),
    ...(hd95Mm !== null && {hd95Mm}),
    ...(labellerDice !== null && {labellerDice}),
    sdLogJacobian: mean('sdLogJacobian'),
    foldingFraction: mean('foldingFraction'),
  };
}

async function measurePair(
  network: RegistrationNetwork,
  pair: ImagePair,
  hyperparameters: HyperparameterValues,
  options: {
    readonly config: TrainingConfig;
    readonly objective: ObjectiveOptions;
    readonly engine: KernelRunner;
    readonly see: (moved: Omit<MovedPair, 'name'>) => void;
  },
): Promise<Measures> {
  const {config, objective, engine, see} = options;
  const results = tf.tidy(() => {
    const one = {pairs: [pair], hyperparameters: [hyperparameters], labels: [[]]};
    const inputs = batchInputs(config, one);
    const {moved, displacement, integrationVelocity} = network.predict(inputs);
    return [
      objective.similarity(inputs.fixed, moved),
      tf.mul(smoothness(integrationVelocity, objective.penalty), objective.smoothnessScale),
      jacobianDeterminant(displacement),
      toVolumetricField(displacement),
      ...(pair.labels === null ? [] : [moveLabels(pair.labels.moving, displacement)]),
    ];
  });
  const [similarity, rough, determinants, field, movedLabels] = await Promise.all(
    results.map((t) => t.data()),
  );
  tf.dispose(results);
  see({displacement: field as Float32Array, determinants: determinants as Float32Array});
  const {sdLogJacobian, foldingFraction} = jacobianMeasureOf(
    engine.run(
      MEASURE_DETERMINANTS,
      determinants as Float32Array,
      trainingShape(config),
      null,
      SMALLEST_DETERMINANT,
    ),
  );
  return {
    similarity: similarity[0],
    smoothness: rough[0],
    ...(pair.labels !== null && agreementOf(pair.labels.fixed, movedLabels, config)),
    sdLogJacobian: sdLogJacobian ?? NaN,
    foldingFraction: foldingFraction ?? NaN,
  };
}
