import {kindOfPath, withOpenFile} from '../formats/files.js';
import {describeImage} from '../formats/images/describe-image.js';
import type {FileDescription} from '../formats/images/types.js';
import type {ModelDescription} from '../models/model-description.js';
import {readModel} from '../models/model-file.js';

/** An image or a warp, from its header alone. */
export interface ImageDescription extends FileDescription {
  readonly kind: 'image';
}

/** A model, with the numbers of all its weights counted. */
export interface ModelFileDescription extends ModelDescription {
  readonly kind: 'model';
  readonly path: string;
  readonly parameters: number;
}

/**
 * What a file says about itself; its content decides what it is.
 *
 * @throws {HypermorphError} E_IO; E_NIFTI, or E_WEIGHTS of a model.
 *
 * @example
 * import {describeFile} from 'hypermorph';
 * const file = await describeFile('fixed.nii.gz');
 * file.kind === 'image' && file.shape; // [11, 9, 10]
 * (await describeFile('model.safetensors')).kind; // 'model'
 */
export async function describeFile(path: string): Promise<ImageDescription | ModelFileDescription> {
  if (!(await isSafetensors(path))) return {kind: 'image', ...(await describeImage(path))};
  const {description, weights} = await readModel(path);
  const parameters = [...weights.values()].reduce((sum, {data}) => sum + data.length, 0);
  return {kind: 'model', path, parameters, ...description};
}

/** A safetensors file starts with the length of a JSON text, eight bytes, and that text. */
async function isSafetensors(path: string): Promise<boolean> {
  if (/\.safetensors$/i.test(path)) return true;
  if ((await kindOfPath(path)) === 'folder') return false; // its reader says what to do
  return withOpenFile(path, async (file) => {
    if (file.size < 10) return false;
    const start = await file.read(0, 9);
    const length = new DataView(start.buffer).getBigUint64(0, true);
    return start[8] === '{'.charCodeAt(0) && length < BigInt(file.size);
  });
}
