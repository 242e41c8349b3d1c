import {HypermorphError} from '../errors.js';
import {KIND_BYTES} from '../formats/file-kinds.js';
import {withOpenFile, writeFileAtomically} from '../formats/files.js';
import {named} from '../formats/named.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensorsMetadata,
  requireNoOtherKind,
  roundToStorage,
  type TensorStorage,
} from '../formats/weights/safetensors.js';
import {requireShallow} from '../formats/shallow.js';
import {sha256} from '../platform.js';
import {isFiniteArray} from '../volume/finite.js';
import type {Architecture} from './architecture.js';
import {
  MODEL_FORMAT_VERSION,
  parseDescription,
  type ModelDescription,
  type ModelDraft,
} from './model-description.js';
import {listWeights} from './weight-specs.js';

/** One weight, last axis fastest. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** By the names of `listWeights`. */
export type ModelWeights = ReadonlyMap<string, WeightTensor>;

/** A model in memory: all that is needed to register. */
export interface Model {
  readonly description: ModelDescription;
  readonly weights: Map<string, WeightTensor>;
}

/** The `__metadata__` entry that holds the description as one JSON text. */
const METADATA_KEY = 'hypermorph';

/**
 * Identify weights: SHA-256 over all tensors in the order of their names (by UTF-16 unit), each as its name, a space, its shape
 * as JSON, a line feed and its float32 numbers, little-endian.
 *
 * @returns 64 hexadecimal digits.
 */
export function hashWeights(weights: ModelWeights): string {
  const pieces = [...weights.keys()].sort().flatMap((name) => {
    const {shape, data} = weights.get(name)!;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [`${name} ${JSON.stringify(shape)}\n`, bytes];
  });
  return sha256(pieces);
}

/**
 * Identify what a description says, but for this hash itself: SHA-256 of its JSON with the keys of every group in order.
 *
 * @returns 64 hexadecimal digits.
 */
export function hashDescription(description: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(description).filter(([key]) => key !== 'descriptionHash');
  return sha256([JSON.stringify(Object.fromEntries(entries), inOrder)]);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

/**
 * Check that weights are those of an architecture, no more, no fewer, and bring them into its order.
 *
 * @throws {HypermorphError} E_WEIGHTS that names the tensor.
 */
export function requireWeights(
  architecture: Architecture,
  weights: ModelWeights,
  where: string,
): Map<string, WeightTensor> {
  const fail = (text: string): never => {
    throw new HypermorphError('E_WEIGHTS', `${where}: ${text}`);
  };
  const ordered = new Map<string, WeightTensor>();
  for (const {name, shape} of listWeights(architecture)) {
    const weight = weights.get(name) ?? fail(`the model must have a tensor "${name}", got none.`);
    if (weight.shape.length !== shape.length || weight.shape.some((n, axis) => n !== shape[axis])) {
      fail(
        `tensor "${name}" must have shape [${shape.join(', ')}], got [${weight.shape.join(', ')}].`,
      );
    }
    ordered.set(name, weight);
  }
  for (const name of weights.keys()) {
    if (!ordered.has(name)) fail(`the architecture has no tensor "${name}".`);
  }
  return ordered;
}

/**
 * Make a whole description of a draft: fill in defaults, version and content hash, and check it together with the weights.
 *
 * @throws {HypermorphError} E_WEIGHTS if the draft contradicts itself or the weights do not fit its architecture.
 */
export function completeDescription(
  draft: ModelDraft,
  weights: ModelWeights,
  where = 'model',
): ModelDescription {
  const contentHash = hashWeights(weights);
  const whole = {...draft, formatVersion: MODEL_FORMAT_VERSION, contentHash};
  const description = parseDescription(whole, where);
  delete description.descriptionHash; // of an earlier description
  requireWeights(description.architecture, weights, where);
  // As the file will hold it: JSON knows no undefined.
  const stored = JSON.parse(JSON.stringify(description)) as typeof description;
  return {...stored, descriptionHash: hashDescription(stored)};
}

/**
 * Write a model as a safetensors file in memory.
 *
 * @param model.description - A draft or a whole description; version and content hash are set anew.
 * @param options.storage - Type of the weights in the file, float32 unless told. The hash is that of the rounded weights.
 * @throws {HypermorphError} E_WEIGHTS if description and weights do not fit, or a weight is not finite as stored.
 * @example
 * import {decodeModel, encodeModel, readModel} from 'hypermorph';
 * const model = await readModel('model.safetensors');
 * const bytes = encodeModel(model, {storage: 'bfloat16'});
 * decodeModel(bytes).weights.size === model.weights.size; // true
 */
export function encodeModel(
  model: {readonly description: ModelDraft; readonly weights: ModelWeights},
  options: {readonly storage?: TensorStorage} = {},
): Uint8Array<ArrayBuffer> {
  const storage = options.storage ?? 'float32';
  const stored = new Map<string, WeightTensor>();
  for (const [name, {shape, data}] of model.weights) {
    const rounded = roundToStorage(data, storage);
    const index = firstNotFinite(rounded);
    if (index >= 0) {
      throw new HypermorphError(
        'E_WEIGHTS',
        `encodeModel: tensor "${name}" must be finite as ${storage}, got ${data[index]} at element ${index}.`,
      );
    }
    stored.set(name, {shape, data: rounded});
  }
  const description = completeDescription(model.description, stored, 'encodeModel');
  const ordered = requireWeights(description.architecture, stored, 'encodeModel');
  return encodeSafetensors(ordered, {
    storage,
    metadata: {[METADATA_KEY]: JSON.stringify(description)},
  });
}

function firstNotFinite(data: Float32Array): number {
  return isFiniteArray(data) ? -1 : data.findIndex((value) => !Number.isFinite(value));
}

/**
 * Write a model file, whole or not at all. Errors of `encodeModel`, and E_IO if it cannot be written.
 *
 * @example
 * import {readModel, writeModel} from 'hypermorph';
 * await writeModel('half.safetensors', await readModel('model.safetensors'), {storage: 'float16'});
 */
export async function writeModel(
  path: string,
  model: {readonly description: ModelDraft; readonly weights: ModelWeights},
  options: {readonly storage?: TensorStorage} = {},
): Promise<void> {
  await writeFileAtomically(path, encodeModel(model, options));
}

/**
 * Read a model from the bytes of its file.
 *
 * @param where - Named in error messages, for example the file's name.
 * @returns Description and weights, in the order of `listWeights`. Weights may share memory with `bytes`.
 * @throws {HypermorphError} E_WEIGHTS if the file is damaged, of an unknown version, or not a hypermorph model, or if a weight
 *   is not finite.
 * @example
 * import {readFile} from 'node:fs/promises';
 * import {decodeModel} from 'hypermorph';
 * const {description} = decodeModel(await readFile('model.safetensors'), 'model.safetensors');
 * description.architecture.dimensions; // 3
 */
export function decodeModel(bytes: Uint8Array, where = 'model'): Model {
  const {tensors, metadata} = decodeSafetensors(bytes, where);
  const {json, description} = decodeDescription(metadata, where);
  const weights = requireWeights(description.architecture, tensors, where);
  const hash = hashWeights(weights);
  if (hash !== description.contentHash) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${where}: the model is damaged, its weights must have the hash ${description.contentHash}, got ${hash}.`,
      {hint: 'Fetch or copy the file again.'},
    );
  }
  for (const [name, {data}] of weights) {
    const index = firstNotFinite(data);
    if (index < 0) continue;
    throw new HypermorphError(
      'E_WEIGHTS',
      `${where}: tensor "${name}" must be finite, got ${data[index]} at element ${index}; its training may have diverged.`,
    );
  }
  requireSameDescription(json, where);
  return {description, weights};
}

/** The description as the file holds it, and checked. */
function decodeDescription(
  metadata: Readonly<Record<string, string>>,
  where: string,
): {readonly json: unknown; readonly description: ModelDescription} {
  const text = Object.hasOwn(metadata, METADATA_KEY) ? metadata[METADATA_KEY] : undefined;
  if (text === undefined) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${where}: a safetensors file, but not a hypermorph model (it has no "${METADATA_KEY}" metadata).`,
      {hint: 'Models of VoxelMorph are turned into hypermorph models by `hypermorph import`.'},
    );
  }
  requireShallow(text, (fault) => {
    throw new HypermorphError('E_WEIGHTS', `${where}: in the model description, ${fault}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HypermorphError(
      'E_WEIGHTS',
      `${where}: the model is damaged, its description is not valid JSON.`,
      {cause},
    );
  }
  return {json, description: parseDescription(json, where)};
}

/** A description that was changed by hand or by damage would lead the weights astray without a word. */
function requireSameDescription(json: unknown, where: string): void {
  const description = json as Readonly<Record<string, unknown>> & {
    readonly descriptionHash?: string;
  };
  if (description.descriptionHash === undefined) return;
  const hash = hashDescription(description);
  if (hash === description.descriptionHash) return;
  throw new HypermorphError(
    'E_WEIGHTS',
    `${where}: the model is damaged, its description must have the hash ${description.descriptionHash}, got ${hash}.`,
    {
      hint: 'Fetch or copy the file again; a description is changed by reading the model and writing it again.',
    },
  );
}

/**
 * Read a model file.
 *
 * @param source - A path, or the bytes of the file.
 * @throws {HypermorphError} E_IO if it cannot be read; otherwise as `decodeModel`.
 * @example
 * import {readModel} from 'hypermorph';
 * const {description, weights} = await readModel('model.safetensors');
 * description.hyperparameters[0].name; // 'lambda'
 * weights.get('flow/kernel')?.shape; // [3, 3, 3, 4, 3]
 */
export async function readModel(source: string | Uint8Array): Promise<Model> {
  if (typeof source !== 'string') return decodeModel(source);
  const bytes = await withOpenFile(source, async (file) => {
    // A file of another kind may be too large to be read at all.
    const start = await file.read(0, Math.min(file.size, KIND_BYTES));
    named(source, () => requireNoOtherKind(start));
    return file.read(0, file.size);
  });
  return decodeModel(bytes, source);
}

/**
 * What a model file says about its model, without its weights.
 *
 * @throws {HypermorphError} E_IO if it cannot be read; E_WEIGHTS if its header or its description is damaged: weights and hashes are not
 *   looked at.
 */
export async function readDescription(path: string): Promise<ModelDescription> {
  const metadata = await withOpenFile(path, (file) => readSafetensorsMetadata(file, path));
  return decodeDescription(metadata, path).description;
}
