import {HypermorphError} from '../errors.js';
import type {ModelDescription} from '../models/model-description.js';
import type {NetworkGridSpec} from '../volume/conform.js';

/**
 * Refuse a model that needs several channels per image.
 *
 * @throws {HypermorphError} E_USAGE
 */
export function requireSingleChannel(
  {architecture}: Pick<ModelDescription, 'architecture'>,
  modelName: string,
): void {
  const {movingChannels, fixedChannels} = architecture;
  if (movingChannels === 1 && fixedChannels === 1) return;
  throw new HypermorphError(
    'E_USAGE',
    `register: the model must take one channel per image, but ${modelName} takes ${movingChannels} for moving and ${fixedChannels} for fixed.`,
  );
}

/** The grid on which a described model sees its images. */
export function gridSpecOf({
  architecture,
  grid,
}: Pick<ModelDescription, 'architecture' | 'grid'>): NetworkGridSpec {
  const {multiple, orientation, spacingMm: spacing} = grid;
  if (architecture.dimensions === 3) {
    return {orientation, spacing, multiple: [multiple, multiple, multiple]};
  }
  // The third axis of a slice is the one that the model does not name, with one voxel of the slice's thickness.
  return {
    orientation: orientation === null ? null : orientation + missingAxis(orientation),
    axes: 'image', // a slice that lies aslant is still seen as a slice
    spacing: spacing === null ? null : [...spacing, null],
    multiple: [multiple, multiple, 1],
  };
}

function missingAxis(orientation: string): string {
  const taken = orientation.toUpperCase();
  return ['RL', 'AP', 'SI'].find(
    (ends) => !taken.includes(ends[0]) && !taken.includes(ends[1]),
  )![0];
}

/** Hyperparameters as a user gives them: texts, because the model decides what is allowed. */
export interface GivenHyperparameters {
  /** Value of the first hyperparameter. */
  readonly lambda?: string | undefined;
  /** `name=value` for any of them. */
  readonly named?: readonly string[] | undefined;
}

/**
 * Decide the value of every hyperparameter of a model: what the user says, else what the model recommends, else the middle of
 * its range.
 *
 * @returns In the order of the model; empty for a model without any.
 * @throws {HypermorphError} E_USAGE if a value is not a number, lies outside the trained range, is given twice, or belongs to
 *   no hyperparameter of this model.
 */
export function chooseHyperparameters(
  description: Pick<ModelDescription, 'hyperparameters'>,
  given: GivenHyperparameters,
  modelName: string,
): readonly number[] {
  const specs = description.hyperparameters;
  const texts = new Map<string, {readonly option: string; readonly text: string}>();
  if (given.lambda !== undefined) {
    if (specs.length === 0) {
      throw new HypermorphError(
        'E_USAGE',
        `register: --lambda must be left out for ${modelName}, which has no hyperparameters, got ${given.lambda}.`,
        {hint: 'Its smoothness was fixed when it was trained.'},
      );
    }
    texts.set(specs[0].name, {option: '--lambda', text: given.lambda});
  }
  for (const pair of given.named ?? []) {
    const [name, text] = splitPair(pair);
    const option = `--hyper ${name}`;
    const names = specs.map((spec) => spec.name);
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      throw new HypermorphError(
        'E_USAGE',
        `register: --hyper must name a hyperparameter of ${modelName} (${known}), got "${name}".`,
      );
    }
    if (texts.has(name)) {
      throw new HypermorphError(
        'E_USAGE',
        `register: ${name} must be given once, got ${texts.get(name)!.option} and ${option}.`,
      );
    }
    texts.set(name, {option, text});
  }
  return specs.map((spec) => {
    const value = texts.get(spec.name);
    if (value === undefined) return spec.recommended ?? (spec.minimum + spec.maximum) / 2;
    return requireInRange(value.text, spec, {option: value.option, modelName});
  });
}

function splitPair(pair: string): [name: string, text: string] {
  const at = pair.indexOf('=');
  if (at < 1) {
    throw new HypermorphError('E_USAGE', `register: --hyper must be name=value, got "${pair}".`);
  }
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function requireInRange(
  text: string,
  {minimum, maximum}: {readonly minimum: number; readonly maximum: number},
  {option, modelName}: {readonly option: string; readonly modelName: string},
): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= minimum && value <= maximum)) {
    throw new HypermorphError(
      'E_USAGE',
      `register: ${option} must be a number from ${minimum} to ${maximum}, the range that ${modelName} was trained for, got ${text === '' ? 'nothing' : text}.`,
    );
  }
  return value;
}
