import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import {trainingConfigSchema, type TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {explainFaults} from '../explain-schema.js';
import {readFileBytes, writeFileAtomically} from '../formats/files.js';
import {requireShallow} from '../formats/shallow.js';
import {decodeSafetensors, encodeSafetensors} from '../formats/weights/safetensors.js';
import {hashWeights, requireWeights, type WeightTensor} from '../models/model-file.js';
import type {RegistrationNetwork} from '../models/registration-network.js';
import type {RandomState} from '../random.js';
import {isFiniteArray} from '../volume/finite.js';
import type {Adam} from '../optimisers/adam.js';
import type {Recommendation} from './recommend.js';
import {compareSettings, type SettingsChange} from './resume.js';
import {isTrained} from './trained.js';

const METADATA_KEY = 'hypermorph-checkpoint';
const FORMAT_VERSION = 2;

const word = z.int().min(0).max(0xffffffff);

const stateSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  step: z.int().nonnegative(),
  random: z.tuple([word, word, word, word]),
  best: z.number().nullable(),
  /** Checkpoints of earlier versions have none. */
  chosen: z
    .strictObject({lambda: z.number(), labels: z.number().optional()})
    .nullable()
    .default(null),
  /** The settings of the run so far. */
  config: z.record(z.string(), z.unknown()),
  history: z.array(
    z.strictObject({
      step: z.int().nonnegative(),
      settings: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
    }),
  ),
  /** SHA-256 of all tensors, as of a model's weights. */
  contentHash: z.string(),
});

/** Where a training stands, beside weights and moments. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly random: RandomState;
  /** The lowest validation loss so far. */
  readonly best: number | null;
  /** The hyperparameters that the last validation chose. */
  readonly chosen: Recommendation | null;
  /** The settings that it was done with, the last ones. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Which settings were others before, by the step at which they changed. */
  readonly history: readonly SettingsChange[];
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
  const whole = {formatVersion: FORMAT_VERSION, ...state, contentHash: hashWeights(tensors)};
  const metadata = {[METADATA_KEY]: JSON.stringify(whole)};
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
 * Read a checkpoint to go on from with these settings.
 *
 * @throws {HypermorphError} E_IO; E_WEIGHTS if it is none, damaged, or of another architecture; E_CONFIG as `compareSettings`.
 */
export async function readCheckpoint(path: string, config: TrainingConfig): Promise<Checkpoint> {
  const {architecture} = config;
  const {tensors, metadata} = decodeSafetensors(await readFileBytes(path), path);
  const text = Object.hasOwn(metadata, METADATA_KEY) ? metadata[METADATA_KEY] : undefined;
  if (text === undefined) {
    throw new HypermorphError('E_WEIGHTS', `${path}: must be a checkpoint, got another file.`);
  }
  const {contentHash, step, random, best, chosen, ...earlier} = decodeState(text, path);
  const change = compareSettings(withDefaults(earlier.config), config, step);
  const history = change === null ? earlier.history : [...earlier.history, change];
  const hash = hashWeights(tensors);
  if (hash !== contentHash) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${path}: the checkpoint is damaged, its numbers must have the hash ${contentHash}, got ${hash}.`,
      {hint: 'Copy it again, or go on from the model: `initialModel`.'},
    );
  }
  const part = (prefix: string) =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor] as const),
    );
  const weights = requireWeights(architecture, part('weight:'), path);
  const isChanged = (name: string) => step > 0 && isTrained(name, config.trains);
  const momentsOf = (prefix: string) => {
    const untrained = [...weights].filter(([name]) => !isChanged(name));
    const all = requireWeights(architecture, new Map([...untrained, ...part(prefix)]), path);
    return [...all].filter(([name]) => isChanged(name));
  };
  const seconds = new Map(momentsOf('second:'));
  const moments = new Map(
    momentsOf('first:').map(([name, first]) => [name, {first, second: seconds.get(name)!}]),
  );
  return {state: {step, random, best, chosen, config, history}, weights, moments};
}

/** Settings that an earlier version did not have were what they are by default. */
function withDefaults(
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const result = trainingConfigSchema.safeParse(config);
  return result.success ? result.data : config;
}

function decodeState(text: string, path: string): z.infer<typeof stateSchema> {
  const fail = (fault: string): never => {
    throw new HypermorphError('E_WEIGHTS', `${path}: in the state of the checkpoint, ${fault}`);
  };
  requireShallow(text, fail);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('the text must be JSON.');
  }
  const version = (json as {formatVersion?: unknown} | null)?.formatVersion;
  if (version !== FORMAT_VERSION) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${path}: the format version of the checkpoint must be ${FORMAT_VERSION}, got ${JSON.stringify(version)}.`,
      {hint: 'Another version of hypermorph wrote it: go on from its model, `initialModel`.'},
    );
  }
  const result = stateSchema.safeParse(json);
  if (result.success) return result.data;
  return fail(explainFaults(stateSchema, json, result.error, {whole: 'it'})[0]);
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
