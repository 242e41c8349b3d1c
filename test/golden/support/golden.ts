import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {findShared} from '../../../scripts/support/shared-folder.js';
import {decodeNpz, type GoldenTensor} from '../../support/npz.js';

export type {GoldenTensor};

export type GoldenGroup = 'layers' | 'transforms' | 'losses' | 'models' | 'training';

/** A result of the original and how close ours must come: max|ours - data| <= atol. */
export interface GoldenExpectation extends GoldenTensor {
  readonly atol: number;
  /** 'exact': the float64 result, used where the original's own float32 result is mostly rounding noise. */
  readonly source: 'stored' | 'exact';
}

interface ArrayEntry {
  readonly key: string;
  readonly shape: readonly number[];
}

interface OutputEntry extends ArrayEntry {
  readonly atol: number;
  readonly rounding: number;
  readonly noise?: number;
  readonly ties?: number;
  readonly exact?: {readonly file: string; readonly key: string; readonly atol: number};
}

/** One run of the original, as the manifest describes it. */
export interface GoldenCase {
  readonly name: string;
  readonly group: GoldenGroup;
  /** Every argument, the original's defaults included; `layer`, `model`, `loss` or `function` names the class. */
  readonly args: Readonly<Record<string, unknown>>;
  /** False: the original refuses with `error`, and there are no outputs. */
  readonly works: boolean;
  readonly error?: string;
  readonly file?: string;
  readonly inputs: Readonly<Record<string, ArrayEntry>>;
  readonly outputs: Readonly<Record<string, OutputEntry>>;
  readonly weight_order?: readonly string[];
  readonly statistics?: Readonly<
    Record<string, {shape: readonly number[]; min: number; max: number; std: number}>
  >;
  readonly model_file?: string;
  /** The constructor arguments in the `.h5`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** models: one entry per run; training: one entry (per batch item) per step. */
  readonly hyper_values?: readonly (readonly number[])[] | null;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly model_outputs?: readonly string[];
  readonly parameters?: number;
  readonly layers?: readonly {
    readonly layer: string;
    readonly class: string;
    readonly weights: readonly {readonly name: string; readonly shape: readonly number[]}[];
  }[];
  readonly listing?: string;
  readonly pair_indices?: readonly (readonly number[])[];
}

/** The manifest lists this many cases. */
export const GOLDEN_CASE_COUNT = 172;

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const fullSet = findShared('golden');
const roots = [
  ...(fullSet === undefined ? [] : [{name: 'full set', root: fullSet}]),
  {name: 'repository', root: join(REPOSITORY, 'test', 'fixtures', 'golden')},
];

const manifest = JSON.parse(readFileSync(join(roots[0].root, 'manifest.json'), 'utf8')) as {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly GoldenCase[];
};

const archives = new Map<string, Map<string, GoldenTensor>>();

/** Where a file of the golden set lies, or undefined if no set that is present has it. */
function findFile(file: string): string | undefined {
  return roots.map(({root}) => join(root, file)).find((path) => existsSync(path));
}

function requireFile(file: string): string {
  const path = findFile(file);
  assert.ok(path, `${file} is in no golden set that is present; ask isAvailable() first`);
  return path;
}

function readArchive(file: string): Map<string, GoldenTensor> {
  const cached = archives.get(file);
  if (cached) return cached;
  const tensors = decodeNpz(readFileSync(requireFile(file)), file);
  archives.set(file, tensors);
  return tensors;
}

function readEntry(file: string | undefined, entry: ArrayEntry): GoldenTensor {
  assert.ok(file, 'the case has no arrays');
  const tensor = readArchive(file).get(entry.key);
  assert.ok(tensor, `${file} has no ${entry.key}`);
  assert.deepEqual(tensor.shape, entry.shape, `${file}: ${entry.key}`);
  return tensor;
}

/** Every case of the manifest, or those of one group, whether its arrays are present or not. */
export function goldenCases(group?: GoldenGroup): readonly GoldenCase[] {
  return manifest.cases.filter((golden) => group === undefined || golden.group === group);
}

export function goldenCase(name: string): GoldenCase {
  const found = manifest.cases.find((golden) => golden.name === name);
  assert.ok(found, `the golden manifest has no case ${name}`);
  return found;
}

/** Whether all files of a case are in a set that is present. True for cases without files. */
export function isAvailable(golden: GoldenCase): boolean {
  return [golden.file, golden.model_file].every(
    (file) => file === undefined || findFile(file) !== undefined,
  );
}

export function goldenInput(golden: GoldenCase, name: string): GoldenTensor {
  assert.ok(name in golden.inputs, `${golden.name} has no input ${name}`);
  return readEntry(golden.file, golden.inputs[name]);
}

export function goldenInputs(golden: GoldenCase): Readonly<Record<string, GoldenTensor>> {
  return Object.fromEntries(
    Object.keys(golden.inputs).map((name) => [name, goldenInput(golden, name)]),
  );
}

/** The output that a name stands for: fields that equal another are stored once (`preint_flow.0` may be `svf.0`). */
function resolveAlias(golden: GoldenCase, name: string): string {
  const [field, ...run] = name.split('.');
  const target = golden.aliases?.[field];
  return target === undefined ? name : [target, ...run].join('.');
}

/**
 * What an output must be. Aliased names are accepted.
 *
 * The exact result replaces the stored one where the manifest says that the stored one means nothing.
 */
export function goldenOutput(golden: GoldenCase, name: string): GoldenExpectation {
  const resolved = resolveAlias(golden, name);
  assert.ok(resolved in golden.outputs, `${golden.name} has no output ${name}`);
  const entry = golden.outputs[resolved];
  if (entry.exact === undefined) {
    return {...readEntry(golden.file, entry), atol: entry.atol, source: 'stored'};
  }
  const exact = readEntry(entry.exact.file, {key: entry.exact.key, shape: entry.shape});
  return {...exact, atol: entry.exact.atol, source: 'exact'};
}

/** All outputs by name, aliases included. */
export function goldenOutputs(golden: GoldenCase): ReadonlyMap<string, GoldenExpectation> {
  const names = Object.keys(golden.outputs);
  const aliases = Object.entries(golden.aliases ?? {}).flatMap(([alias, target]) =>
    names
      .filter((name) => name === target || name.startsWith(`${target}.`))
      .map((name) => alias + name.slice(target.length)),
  );
  return new Map([...names, ...aliases].map((name) => [name, goldenOutput(golden, name)]));
}

/** Path of the Keras file of a `models` or `training` case. */
export function goldenModelPath(golden: GoldenCase): string {
  assert.ok(golden.model_file, `${golden.name} has no model file`);
  return requireFile(golden.model_file);
}

/**
 * Our name of each weight by the original's, `<layer>/<weight>`, in the original's order.
 *
 * `hyper_vxm_dense_hyp_dense_1/kernel` is `hypernetwork_dense_1/kernel`, `hyper_vxm_dense_flow/bias` is `flow/bias`.
 */
export function goldenWeightNames(golden: GoldenCase): ReadonlyMap<string, string> {
  assert.ok(golden.layers, `${golden.name} has no layers`);
  const flow = golden.layers[golden.layers.length - 1].layer;
  const prefix = flow.slice(0, -'flow'.length);
  return new Map(
    golden.layers.flatMap(({layer, weights}) => {
      const ours = layer.slice(prefix.length).replace(/^hyp_dense_/, 'hypernetwork_dense_');
      return weights.map(({name}) => [`${layer}/${name}`, `${ours}/${name}`] as const);
    }),
  );
}

/** Layers and shapes of the default model, from the case `full_default_listing`. */
export function readDefaultListing(): unknown {
  return JSON.parse(readFileSync(requireFile('full-default-listing.json'), 'utf8'));
}

/** One sentence for the test output: which sets are present and how many cases they hold. */
export function describeGoldenSets(): string {
  const available = manifest.cases.filter(isAvailable).length;
  const names = roots.map(({name}) => name).join(' and ');
  return `Golden sets present: ${names}; ${available} of ${manifest.cases.length} cases can run.`;
}
