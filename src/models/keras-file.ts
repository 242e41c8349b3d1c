import type {Dataset, Group} from 'h5wasm';
import {HypermorphError} from '../errors.js';
import {recogniseFile} from '../formats/file-kinds.js';
import {requireShallow} from '../formats/shallow.js';

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
  if (String.fromCharCode(...bytes.subarray(0, SIGNATURE.length)) !== SIGNATURE) {
    const other = recogniseFile(bytes);
    throw new HypermorphError(
      'E_WEIGHTS',
      `not an HDF5 file (.h5), so not a model that Keras 2 saved${other === null ? '' : `; it looks like ${other.name}`}.`,
      other === null ? {} : {hint: other.advice},
    );
  }
  // Loaded on demand: 6 MB of WebAssembly that only importing needs.
  const {ready, File} = await import('h5wasm');
  const module = await ready;
  module.activate_throwing_error_handler(); // else HDF5 prints its errors
  const path = `/keras-${++opened}.h5`;
  module.FS.writeFile(path, bytes); // in memory
  try {
    const file = new File(path, 'r');
    try {
      return readModel(file);
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

function readModel(file: Group): KerasFile {
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
    weights: layerNames.flatMap((layer) => readLayer(root, layer)),
  };
}

function readLayer(root: Group, layer: string): readonly KerasWeight[] {
  const group = root.get(layer);
  if (!isGroup(group)) fail(`the HDF5 file must have weights of layer "${layer}", got none.`);
  return (readTexts(group, 'weight_names') ?? []).map((name) => {
    const dataset = group.get(name);
    if (!isDataset(dataset)) fail(`the HDF5 file must have weight "${name}", got none.`);
    const data = dataset.value;
    if (!(data instanceof Float32Array)) {
      const type = typeof dataset.dtype === 'string' ? dataset.dtype : 'compound';
      fail(`weight "${name}" must be float32, got type ${type}.`);
    }
    return {name, shape: dataset.shape ?? [], data};
  });
}

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
