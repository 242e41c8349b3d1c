import {fileURLToPath} from 'node:url';
import {HypermorphError} from '../errors.js';
import {fileExists} from '../formats/files.js';
import {describeImage} from '../formats/images/describe-image.js';
import type {ReadImageOptions} from '../formats/images/types.js';
import {isMadeFor} from '../models/field-of-view.js';
import type {ModelDescription} from '../models/model-description.js';
import {readDescription} from '../models/model-file.js';

/** The models that come with the package: the one for anything, then those for images of certain sizes. */
const SHIPPED_MODELS = ['default', 'hippocampus'] as const;

type ShippedModel = (typeof SHIPPED_MODELS)[number];

/** Where one of them lies, seen from src/workflows and from dist/workflows. */
function shippedModelFile(name: ShippedModel): string {
  return fileURLToPath(new URL(`../../data/models/${name}.safetensors`, import.meta.url));
}

/** The files that a model stands for: of one that comes along by its name, all that come along where none is named, else itself. */
export function modelFiles(asked: string | undefined): readonly string[] {
  if (asked === undefined) return SHIPPED_MODELS.map(shippedModelFile);
  const name = SHIPPED_MODELS.find((shipped) => shipped === asked);
  return [name === undefined ? asked : shippedModelFile(name)];
}

/** The images of a pair, and which placement in their headers to believe. */
interface PairOfFiles {
  readonly fixed: string;
  readonly moving: string;
  readonly geometry?: ReadImageOptions['geometry'];
}

/** The model to register with, and why. */
export interface ChosenModelFile {
  readonly path: string;
  /** What of the images decided; null where the model was given, or is the one for anything. */
  readonly chosenFor: 'field of view' | null;
}

/**
 * The file of the model to register with: the one that was asked for, else the first of those that come along whose description names
 * the field of view of both images, else the one for anything.
 *
 * @throws {HypermorphError} E_USAGE if none came along; errors of `readDescription`.
 */
export async function chooseModelFile(
  asked: string | undefined,
  pair: PairOfFiles,
): Promise<ChosenModelFile> {
  if (asked !== undefined) return {path: modelFiles(asked)[0], chosenFor: null};
  const [forAnything, ...others] = modelFiles(asked);
  if (!(await fileExists(forAnything))) {
    throw new HypermorphError(
      'E_USAGE',
      '`model` must be given, because none came with this installation.',
      {hint: 'With `model: none` a pair is registered without a network.'},
    );
  }
  const isFor = await suitsPair(pair);
  for (const path of others) {
    if ((await fileExists(path)) && isFor(await readDescription(path)))
      return {path, chosenFor: 'field of view'};
  }
  return {path: forAnything, chosenFor: null};
}

/** By the headers; what is wrong with those is said where the images are read. */
async function suitsPair({
  fixed,
  moving,
  geometry,
}: PairOfFiles): Promise<(description: ModelDescription) => boolean> {
  const place = geometry === undefined ? {} : {geometry};
  try {
    const grids = await Promise.all([describeImage(fixed, place), describeImage(moving, place)]);
    return (description) => grids.every((grid) => isMadeFor(description, grid));
  } catch {
    return () => false;
  }
}
