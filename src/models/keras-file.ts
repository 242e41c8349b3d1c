import {HypermorphError} from '../errors.js';
import {MAX_INFLATION} from '../formats/gzip.js';
import {FLOATS, isDataset, isGroup, readHdf5, withHdf5, type Group} from '../formats/hdf5.js';
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

function fail(text: string, cause?: unknown): never {
  throw new HypermorphError('E_WEIGHTS', text, {cause});
}

/**
 * Read an HDF5 file that Keras 2 wrote with `model.save`: configuration and weights.
 *
 * @throws {HypermorphError} E_WEIGHTS if it is not HDF5, damaged, or lacks the model's configuration or weights; without the
 *   name of the file.
 */
export function decodeKerasFile(bytes: Uint8Array): Promise<KerasFile> {
  return readHdf5(bytes, {
    here: decodeHere,
    thread: 'models/keras-worker.js',
    code: 'E_WEIGHTS',
    wanted: 'a model that Keras 2 saved',
  });
}

/** The same on this thread. */
export function decodeHere(bytes: Uint8Array): Promise<KerasFile> {
  return withHdf5(bytes, (file) => readModel(file, MAX_INFLATION * bytes.length), 'E_WEIGHTS');
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
