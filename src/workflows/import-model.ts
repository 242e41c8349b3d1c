import {HypermorphError} from '../errors.js';
import {identityOf, requireWritable, writeFileAtomically} from '../formats/files.js';
import type {TensorStorage} from '../formats/weights/safetensors.js';
import {compactModel} from '../models/compact.js';
import {importKerasModel, type KerasImportOptions} from '../models/keras-import.js';
import type {ModelDescription} from '../models/model-description.js';
import {decodeModel, encodeModel} from '../models/model-file.js';

export interface ImportModelSettings extends Omit<KerasImportOptions, 'name'> {
  /** A Keras file, `.h5`. */
  readonly source: string;
  /** The model to write, `.safetensors`. */
  readonly target: string;
  /** Number type of the weights in the file, float32 unless told. */
  readonly storage?: TensorStorage | undefined;
  /** Whether to keep only what the kernels are generated from, see `compactModel`. */
  readonly compact?: boolean | undefined;
}

/** What was written. */
export interface ImportedModel extends Pick<ImportModelSettings, 'source' | 'target'> {
  readonly description: ModelDescription;
}

/**
 * Turn a Keras file of VoxelMorph or HyperMorph into a model file.
 *
 * @throws {HypermorphError} E_USAGE if the target is the source or has another ending; else as `importKerasModel` and
 *   `writeModel`.
 *
 * @example
 * import {importModel} from 'hypermorph';
 * const {description} = await importModel({source: 'model.h5', target: 'imported.safetensors', spacingMm: [2]});
 * description.grid.spacingMm; // [2, 2, 2]
 */
export async function importModel(settings: ImportModelSettings): Promise<ImportedModel> {
  const {source, target, storage = 'float32', compact = false, ...options} = settings;
  if (!/\.safetensors$/i.test(target)) {
    throw new HypermorphError(
      'E_USAGE',
      `import: the name of the model must end in .safetensors, got ${target}.`,
    );
  }
  if ((await identityOf(source)) === (await identityOf(target))) {
    throw new HypermorphError(
      'E_USAGE',
      `import: the input must not be overwritten, got ${target}.`,
    );
  }
  await requireWritable(target);
  const model = await importKerasModel(source, options);
  const bytes = encodeModel(compact ? compactModel(model) : model, {storage});
  await writeFileAtomically(target, bytes);
  return {source, target, description: decodeModel(bytes, target).description};
}
