import {HypermorphError} from '../errors.js';
import type {ModelDescription} from './model-description.js';

/** One hyperparameter as a model describes it. */
export type HyperparameterSpec = ModelDescription['hyperparameters'][number];

/** Values by the names of hyperparameters. */
export type NamedHyperparameters = Readonly<Record<string, number>>;

/**
 * Decide the value of every hyperparameter of a model: what is given, else what the model recommends, else the middle of its
 * range.
 *
 * @param given - By name; where none is called `lambda`, that name means the first one.
 * @param modelName - Names the model in messages.
 * @returns In the order of the model; empty for a model without any.
 * @throws {HypermorphError} E_USAGE if a value is not a number of the trained range or belongs to no hyperparameter of the
 *   model; `details` has the name, what was got, and the range.
 *
 * @example
 * import {chooseHyperparameters} from 'hypermorph';
 * const hyperparameters = [{name: 'lambda', minimum: 0, maximum: 1, recommended: 0.25}];
 * chooseHyperparameters({hyperparameters}, {lambda: 0.5}); // [0.5]
 */
export function chooseHyperparameters(
  {hyperparameters: specs}: Pick<ModelDescription, 'hyperparameters'>,
  given: NamedHyperparameters = {},
  modelName = 'the model',
): readonly number[] {
  const values = new Map<string, number>();
  for (const [name, value] of Object.entries(given)) {
    const spec = requireSpec(specs, {name, value, modelName});
    values.set(spec.name, requireInRange(value, spec, {name, modelName}));
  }
  return specs.map(
    ({name, minimum, maximum, recommended}) =>
      values.get(name) ?? recommended ?? (minimum + maximum) / 2,
  );
}

/**
 * Values in the order of a model, by their names.
 *
 * @example
 * import {nameHyperparameters} from 'hypermorph';
 * const hyperparameters = [{name: 'lambda', minimum: 0, maximum: 1}];
 * nameHyperparameters({hyperparameters}, [0.5]); // {lambda: 0.5}
 */
export function nameHyperparameters(
  {hyperparameters: specs}: Pick<ModelDescription, 'hyperparameters'>,
  values: readonly number[],
): NamedHyperparameters {
  return Object.fromEntries(specs.map(({name}, n) => [name, values[n]]));
}

/**
 * What a model recommends on a kind of data, by the names of its hyperparameters; null where it says nothing of it.
 *
 * @example
 * import {recommendedOn} from 'hypermorph';
 * const hyperparameters = [{name: 'lambda', minimum: 0, maximum: 1, recommended: 0.3}];
 * const recommended = {'CT of the lung': {overall: [0.8]}};
 * recommendedOn({hyperparameters, recommended}, 'CT of the lung'); // {lambda: 0.8}
 */
export function recommendedOn(
  {hyperparameters, recommended}: Pick<ModelDescription, 'hyperparameters' | 'recommended'>,
  kind: string,
): NamedHyperparameters | null {
  const values = recommended?.[kind]?.overall;
  return values === undefined ? null : nameHyperparameters({hyperparameters}, values);
}

function requireSpec(
  specs: readonly HyperparameterSpec[],
  {
    name,
    value,
    modelName,
  }: {readonly name: string; readonly value: number; readonly modelName: string},
): HyperparameterSpec {
  const found = specs.find((spec) => spec.name === name) ?? (name === 'lambda' && specs[0]);
  if (found) return found;
  const details = {name, got: value, known: specs.map((spec) => spec.name)};
  if (specs.length > 0) {
    throw new HypermorphError(
      'E_USAGE',
      `\`hyperparameters\` must be those of ${modelName} (it has ${details.known.join(', ')}), got "${name}".`,
      {details},
    );
  }
  throw new HypermorphError(
    'E_USAGE',
    `\`hyperparameters.${name}\` must be left out for ${modelName}, which has no hyperparameters, got ${value}.`,
    {details, hint: 'Its smoothness was fixed when it was trained.'},
  );
}

function requireInRange(
  value: number,
  {minimum, maximum}: HyperparameterSpec,
  {name, modelName}: {readonly name: string; readonly modelName: string},
): number {
  if (value >= minimum && value <= maximum) return value;
  throw new HypermorphError(
    'E_USAGE',
    `\`hyperparameters.${name}\` must be a number from ${minimum} to ${maximum}, the range that ${modelName} was trained for, got ${value}.`,
    {details: {name, minimum, maximum, got: value}},
  );
}
