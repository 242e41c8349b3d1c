import type {Dataset, Group} from 'h5wasm';
import {HypermorphError, type ErrorCode} from '../errors.js';
import {recogniseFile} from '../formats/file-kinds.js';
import {MAX_INFLATION} from '../formats/gzip.js';
import {requireShallow} from '../formats/shallow.js';
import {runApart} from '../platform.js';

/** A weight as Keras stores it, last axis fastest. */
export interface KerasWeight {
  /** `<layer>/<weight>`, as in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What a whole-model file of Keras 2 says: the class, the arguments it was made with, and its weights. */
export interface KerasFile {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly kerasVersion: string | undefined;
  /** In the order in which Keras assigns them; layers without weights leave nothing. */
  readonly weights: readonly KerasWeight[];
}

const SIGNATURE = '\x89HDF\r\n\x1a\n';

let opened = 0;

function fail(text: string, cause?: unknown): never {
  throw new HypermorphError('E_WEIGHTS', text, {cause});
}

/**
 * Read an HDF5 file that Keras 2 wrote with `model.save`: configuration and weights.
 *
 * @throws {HypermorphError} E_WEIGHTS if it is not HDF5, damaged, or lacks the model's configuration or weights; without the
 *   name of the file.
 */
export async function decodeKerasFile(bytes: Uint8Array): Promise<KerasFile> {
  requireHdf5(bytes);
  // Damage can keep the HDF5 library busy for ever: on a thread of its own it can be ended.
  const timeoutMs = BASE_MS + bytes.length / BYTES_PER_MS;
  // Threads of Node.js read no TypeScript: run from its source, the program takes the thread that was built.
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/models' : '.';
  const apart = runApart as typeof runApart | null; // null in a browser
  if (apart === null) return decodeHere(bytes);
  const thread = new URL(`${folder}/keras-worker.js`, import.meta.url);
  const answer = (await apart(thread, bytes, {timeoutMs})) as KerasAnswer | null;
  if (answer === null) {
    const seconds = Math.round(timeoutMs / 1000);
    fail(`the HDF5 file must be read within ${seconds} s, got no end; it is damaged.`);
  }
  if ('file' in answer) return answer.file;
  throw new HypermorphError(answer.error.code, answer.error.message);
}

/** What a thread that reads a Keras file answers: errors cross threads by their parts. */
export type KerasAnswer =
  | {readonly file: KerasFile}
  | {readonly error: {readonly code: ErrorCode; readonly message: string}};

/** A sound file is read in far less. */
const BASE_MS = 20_000;
const BYTES_PER_MS = 1e4;

function requireHdf5(bytes: Uint8Array): void {
  if (String.fromCharCode(...bytes.subarray(0, SIGNATURE.length)) !== SIGNATURE) {
    const other = recogniseFile(bytes);
    throw new HypermorphError(
      'E_WEIGHTS',
      `not an HDF5 file (.h5), so not a model that Keras 2 saved${other === null ? '' : `; it looks like ${other.name}`}.`,
      other === null ? {} : {hint: other.advice},
    );
  }
}

/** The same on this thread. */
export async function decodeHere(bytes: Uint8Array): Promise<KerasFile> {
  // Loaded on demand: 6 MB of WebAssembly that only importing needs.
  const {ready, File} = await import('h5wasm');
  const module = await ready;
  module.activate_throwing_error_handler(); // else HDF5 prints its errors
  const path = `/keras-${++opened}.h5`;
  module.FS.writeFile(path, bytes); // in memory
  try {
    const file = new File(path, 'r');
    try {
      return readModel(file, MAX_INFLATION * bytes.length);
    } finally {
      file.close();
    }
  } catch (cause) {
    if (cause instanceof HypermorphError) throw cause;
    const isCut = cause instanceof Error && cause.message.includes('truncated file');
    return fail(
      isCut ? 'the HDF5 file is cut off.' : 'the HDF5 file is damaged, it cannot be read.',
      cause,
    );
  } finally {
    module.FS.unlink(path);
  }
}

/** @param mostBytes - That a weight can hold. */
function readModel(file: Group, mostBytes: number): KerasFile {
  const [text] = readTexts(file, 'model_config') ?? [];
  if (text === undefined) {
    fail(
      'the HDF5 file must have a "model_config" attribute, got none (are these weights without their model?).',
    );
  }
  requireShallow(text, (fault) => fail(`in the "model_config" of the HDF5 file, ${fault}`));
  let model: {class_name?: unknown; config?: unknown} | null;
  try {
    model = JSON.parse(text) as typeof model;
  } catch (cause) {
    return fail('the "model_config" of the HDF5 file is not valid JSON.', cause);
  }
  const {class_name: className, config} = model ?? {};
  if (typeof className !== 'string' || typeof config !== 'object' || config === null) {
    fail('the "model_config" of the HDF5 file must have a class_name and a config.');
  }
  const root = file.get('model_weights');
  if (!isGroup(root)) fail('the HDF5 file must have a group "model_weights", got none.');
  const layerNames = readTexts(root, 'layer_names');
  if (!layerNames) fail('the HDF5 file must list its layers in "layer_names", got none.');
  return {
    className,
    config: config as Record<string, unknown>,
    kerasVersion: readTexts(file, 'keras_version')?.[0],
    weights: layerNames.flatMap((layer) => readLayer(root, layer, mostBytes)),
  };
}

function readLayer(root: Group, layer: string, mostBytes: number): readonly KerasWeight[] {
  const group = root.get(layer);
  if (!isGroup(group)) fail(`the HDF5 file must have weights of layer "${layer}", got none.`);
  return (readTexts(group, 'weight_names') ?? []).map((name) => {
    const dataset = group.get(name);
    if (!isDataset(dataset)) fail(`the HDF5 file must have weight "${name}", got none.`);
    // Before the numbers are read: a lying shape asks for any amount of memory.
    const {type, size, shape} = dataset.metadata;
    if (type !== FLOATS || size !== 4) {
      const got =
        type === FLOATS
          ? `float${8 * size}`
          : `numbers of another type (${dataset.dtype as string})`;
      fail(`weight "${name}" must be float32, got ${got}; save the model with float32 weights.`);
    }
    const bytes = (shape ?? []).reduce((product, length) => product * length, size);
    if (!(bytes <= mostBytes)) {
      fail(`weight "${name}" must fit into the file, got the shape [${(shape ?? []).join(', ')}].`);
    }
    const data = dataset.value;
    if (!(data instanceof Float32Array)) fail(`weight "${name}" must hold numbers.`);
    return {name, shape: shape ?? [], data};
  });
}

/** HDF5's class of floating-point numbers. */
const FLOATS = 1;

type Entity = ReturnType<Group['get']>;

function isKind(entity: Entity, kind: string): boolean {
  if (entity === null || !('type' in entity)) return false;
  const type: string = entity.type;
  return type === kind;
}
const isGroup = (entity: Entity): entity is Group => isKind(entity, 'Group');
const isDataset = (entity: Entity): entity is Dataset => isKind(entity, 'Dataset');

/**
 * A text attribute as a list: variable-length strings, fixed-length bytes (older Keras), one or many.
 *
 * Keras cuts a list that exceeds the 64 KiB of an HDF5 attribute into `<name>0`, `<name>1`, and so on.
 */
function readTexts(entity: Group, name: string): readonly string[] | undefined {
  const attributes = entity.attrs;
  if (name in attributes) return toTexts(attributes[name].value);
  const parts: string[] = [];
  for (let n = 0; `${name}${n}` in attributes; n++) {
    parts.push(...toTexts(attributes[`${name}${n}`].value));
  }
  return `${name}0` in attributes ? parts : undefined;
}

function toTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  // An empty list has no strings to tell its type by and comes as numbers.
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}
