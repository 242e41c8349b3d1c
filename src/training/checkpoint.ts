import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {readFileBytes, writeFileAtomically} from '../formats/files.js';
import {decodeSafetensors, encodeSafetensors} from '../formats/weights/safetensors.js';
import type {Architecture} from '../models/architecture.js';
import {requireWeights, type WeightTensor} from '../models/model-file.js';
import type {RegistrationNetwork} from '../models/registration-network.js';
import type {RandomState} from '../random.js';
import {isFiniteArray} from '../volume/finite.js';
import type {Adam} from '../optimisers/adam.js';

const METADATA_KEY = 'hypermorph-checkpoint';
const FORMAT_VERSION = 1;

/** Where a training stands, beside weights and moments. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly random: RandomState;
  /** The lowest validation loss so far. */
  readonly best: number | null;
}

/** Everything from which a training goes on as if it had never stopped. */
export interface Checkpoint {
  readonly state: TrainingState;
  readonly weights: ReadonlyMap<string, WeightTensor>;
  readonly moments: ReadonlyMap<
    string,
    {readonly first: WeightTensor; readonly second: WeightTensor}
  >;
}

/** Read the weights of a network from its engine. */
export async function weightsOf(network: RegistrationNetwork): Promise<Map<string, WeightTensor>> {
  const weights = new Map<string, WeightTensor>();
  for (const [name, variable] of network.weights) weights.set(name, await valueOf(variable));
  return weights;
}

async function valueOf(tensor: tf.Tensor): Promise<WeightTensor> {
  // A copy: the engine may hand out its own memory, which the next step overwrites.
  return {shape: tensor.shape, data: Float32Array.from(await tensor.data())};
}

/**
 * Write a checkpoint whole or not at all.
 *
 * @throws {HypermorphError} E_RANGE if a weight is no longer finite; then the earlier checkpoint stays.
 */
export async function writeCheckpoint(
  path: string,
  weights: ReadonlyMap<string, WeightTensor>,
  optimiser: Adam,
  state: TrainingState,
): Promise<void> {
  const tensors = new Map<string, WeightTensor>();
  for (const [name, weight] of weights) tensors.set(`weight:${name}`, weight);
  for (const [name, {first, second}] of optimiser.moments) {
    tensors.set(`first:${name}`, await valueOf(first));
    tensors.set(`second:${name}`, await valueOf(second));
  }
  const metadata = {[METADATA_KEY]: JSON.stringify({formatVersion: FORMAT_VERSION, ...state})};
  await writeFileAtomically(path, encodeSafetensors(tensors, {metadata}));
}

/** @throws {HypermorphError} E_RANGE that names the first weight that is not finite. */
export function requireFinite(
  weights: ReadonlyMap<string, WeightTensor>,
  {step, hint}: {readonly step: number; readonly hint: string},
): void {
  for (const [name, {data}] of weights) {
    if (isFiniteArray(data)) continue;
    const index = data.findIndex((value) => !Number.isFinite(value));
    throw new HypermorphError(
      'E_RANGE',
      `training: weight ${name} must be finite, got ${data[index]} after step ${step}.`,
      {hint},
    );
  }
}

/**
 * Read a checkpoint.
 *
 * @throws {HypermorphError} E_IO; E_WEIGHTS if it is none, damaged, or of another architecture.
 */
export async function readCheckpoint(
  path: string,
  architecture: Architecture,
): Promise<Checkpoint> {
  const {tensors, metadata} = decodeSafetensors(await readFileBytes(path), path);
  const text = Object.hasOwn(metadata, METADATA_KEY) ? metadata[METADATA_KEY] : undefined;
  if (text === undefined) {
    throw new HypermorphError('E_WEIGHTS', `${path}: must be a checkpoint, got another file.`);
  }
  const {formatVersion, ...state} = JSON.parse(text) as TrainingState & {formatVersion: number};
  if (formatVersion !== FORMAT_VERSION) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${path}: the format version of the checkpoint must be ${FORMAT_VERSION}, got ${formatVersion}.`,
    );
  }
  const part = (prefix: string) =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor] as const),
    );
  const weights = requireWeights(architecture, part('weight:'), path);
  const [firsts, seconds] = [part('first:'), part('second:')];
  const moments = new Map(
    [...firsts].map(([name, first]) => [name, {first, second: seconds.get(name)!}]),
  );
  return {state, weights, moments};
}

/** Put an optimiser where a checkpoint left it. */
export function restoreOptimiser(optimiser: Adam, {state, moments}: Checkpoint): void {
  const tensors = new Map(
    [...moments].map(([name, {first, second}]) => [
      name,
      {first: tensorOf(first), second: tensorOf(second)},
    ]),
  );
  optimiser.restore(state.step, tensors);
  for (const {first, second} of tensors.values()) tf.dispose([first, second]);
}

function tensorOf({shape, data}: WeightTensor): tf.Tensor {
  return tf.tensor(data, [...shape], 'float32');
}
