import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {HypermorphError} from '../../src/errors.js';
import {decodeSafetensors, encodeSafetensors} from '../../src/formats/weights/safetensors.js';
import {architectureSchema} from '../../src/models/architecture.js';
import type {ModelDraft} from '../../src/models/model-description.js';
import {
  completeDescription,
  decodeModel,
  encodeModel,
  hashWeights,
  readDescription,
  readModel,
  writeModel,
  type WeightTensor,
} from '../../src/models/model-file.js';
import {listWeights} from '../../src/models/weight-specs.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';

const architecture = architectureSchema.parse({
  hypernetwork: {layers: 2, units: 3},
  unet: {encoder: [2, 2], decoder: [2, 2, 2]},
});

const draft: ModelDraft = {
  architecture,
  grid: {spacingMm: [2, 2, 2], orientation: 'LIA', multiple: 4, trainingShape: [16, 16, 24]},
  normalisation: {kind: 'percentile', low: 0, high: 99.5},
  hyperparameters: [{name: 'lambda', minimum: 0, maximum: 1, recommended: 0.3}],
  recommended: {brains: {overall: [0.3], labels: {'17': [0.2]}}},
  provenance: {tool: 'hypermorph', toolVersion: '0.1.0', steps: 10, seed: 1, anything: ['kept']},
};

const folder = mkdtempSync(join(tmpdir(), 'hypermorph-'));
after(() => rmSync(folder, {recursive: true}));

function makeWeights(): Map<string, WeightTensor> {
  const random = seededRandom(7);
  return new Map(
    listWeights(architecture).map(({name, shape}) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, {shape, data: Float32Array.from({length}, () => random() - 0.5)}];
    }),
  );
}

const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof HypermorphError);
    assert.equal(error.code, 'E_WEIGHTS');
    assert.match(error.message, message);
    return true;
  });

/** The model file with its description or its tensors changed. */
function tamper(
  change: (description: Record<string, unknown>, weights: Map<string, WeightTensor>) => void,
): Uint8Array {
  const {tensors, metadata} = decodeSafetensors(encodeModel({description: draft, weights}));
  const description = JSON.parse(metadata.hypermorph) as Record<string, unknown>;
  const changed = new Map<string, WeightTensor>(tensors);
  change(description, changed);
  return encodeSafetensors(changed, {metadata: {hypermorph: JSON.stringify(description)}});
}

const weights = makeWeights();

test('a model survives writing and reading, bit for bit', async () => {
  const path = join(folder, 'deep', 'model.safetensors');
  await writeModel(path, {description: draft, weights});
  const model = await readModel(path);
  assert.deepEqual([...model.weights.keys()], [...weights.keys()]);
  for (const [name, {shape, data}] of weights) {
    assert.deepEqual(model.weights.get(name)!.shape, shape);
    assert.deepEqual(model.weights.get(name)!.data, data);
  }
  assert.deepEqual(model.description, completeDescription(draft, weights));
  assert.deepEqual(model.description.provenance.anything, ['kept']);
});

test('a model read and written again is the same file', () => {
  const bytes = encodeModel({description: draft, weights});
  assert.deepEqual(encodeModel(decodeModel(bytes)), bytes);
});

test('weights may come in any order and get the same hash and file', () => {
  const reversed = new Map([...weights].reverse());
  assert.equal(hashWeights(reversed), hashWeights(weights));
  assert.deepEqual(
    encodeModel({description: draft, weights: reversed}),
    encodeModel({description: draft, weights}),
  );
});

test('the hash changes with a single number, a name or a shape', () => {
  const hash = hashWeights(new Map([['a', {shape: [2], data: Float32Array.of(1, 2)}]]));
  const others: [string, WeightTensor][] = [
    ['a', {shape: [2], data: Float32Array.of(1, 2.0000002)}],
    ['b', {shape: [2], data: Float32Array.of(1, 2)}],
    ['a', {shape: [1, 2], data: Float32Array.of(1, 2)}],
  ];
  for (const other of others) assert.notEqual(hashWeights(new Map([other])), hash);
});

test('half storage rounds the weights, halves the file and keeps a valid hash', () => {
  for (const storage of ['float16', 'bfloat16'] as const) {
    const bytes = encodeModel({description: draft, weights}, {storage});
    assert.ok(bytes.length < encodeModel({description: draft, weights}).length);
    const decoded = decodeModel(bytes);
    const tolerance = storage === 'float16' ? 2 ** -12 : 2 ** -9; // half a step at 0.5
    for (const [name, {data}] of weights) {
      decoded.weights.get(name)!.data.forEach((value, i) => {
        assert.ok(Math.abs(value - data[i]) <= tolerance, `${name}[${i}] as ${storage}`);
      });
    }
  }
});

test('defaults of the architecture are filled in', () => {
  const description = completeDescription(draft, weights);
  assert.equal(description.architecture.integrationSteps, 7);
  assert.equal(description.formatVersion, 1);
});

test('a weight that float16 cannot hold is refused with its place', () => {
  const large = makeWeights();
  large.get('flow/bias')!.data[1] = 70000;
  refuses(
    () => encodeModel({description: draft, weights: large}, {storage: 'float16'}),
    /tensor "flow\/bias" must be finite as float16, got 70000 at element 1/,
  );
});

test('an unknown version is said before anything else', () => {
  refuses(
    () => decodeModel(tamper((d) => Object.assign(d, {formatVersion: 2, grid: 7}))),
    /^model: the format version of the model must be 1, got 2\.$/,
  );
});

test('a missing tensor, a wrong shape and a tensor too many are named', () => {
  refuses(
    () => decodeModel(tamper((_, w) => w.delete('flow/bias'))),
    /must have a tensor "flow\/bias", got none/,
  );
  refuses(
    () =>
      decodeModel(tamper((_, w) => w.set('flow/bias', {shape: [1, 3], data: new Float32Array(3)}))),
    /tensor "flow\/bias" must have shape \[3\], got \[1, 3\]/,
  );
  refuses(
    () => decodeModel(tamper((_, w) => w.set('more', {shape: [], data: new Float32Array(1)}))),
    /the architecture has no tensor "more"/,
  );
});

test('a changed weight is noticed by the hash, a cut file by its size', () => {
  const bytes = encodeModel({description: draft, weights});
  const changed = Uint8Array.from(bytes);
  changed[bytes.length - 1] ^= 1;
  refuses(() => decodeModel(changed), /the model is damaged, its weights must have the hash/);
  refuses(() => decodeModel(bytes.subarray(0, bytes.length - 100)), /damaged or cut off/);
});

test('weights that are not finite are refused, although their hash is right', () => {
  for (const value of [NaN, Infinity]) {
    const bytes = tamper((description, changed) => {
      const {shape, data} = changed.get('flow/bias')!;
      changed.set('flow/bias', {shape, data: data.map((old, n) => (n === 1 ? value : old))});
      description.contentHash = hashWeights(changed);
    });
    const message = `^m.safetensors: tensor "flow/bias" must be finite, got ${value} at element 1`;
    refuses(() => decodeModel(bytes, 'm.safetensors'), new RegExp(message));
  }
});

test('other safetensors files are refused as such', () => {
  const other = encodeSafetensors(new Map([['x', {shape: [1], data: Float32Array.of(1)}]]));
  refuses(() => decodeModel(other), /not a hypermorph model/);
  const broken = encodeSafetensors(new Map(), {metadata: {hypermorph: '{'}});
  refuses(() => decodeModel(broken), /description is not valid JSON/);
});

test('contradictions in a description are named by their path', () => {
  const cases: [Record<string, unknown>, string][] = [
    [
      {grid: {...draft.grid, orientation: 'RLA'}},
      'grid.orientation must name 3 different axes, such as RAS, got "RLA".',
    ],
    [{grid: {...draft.grid, spacingMm: [1, 1]}}, 'grid.spacingMm must have 3 numbers, got [1,1].'],
    [{hyperparameters: []}, 'hyperparameters must have 1 entries, got [].'],
    [
      {hyperparameters: [{name: 'lambda', minimum: 0, maximum: 1, recommended: 2}]},
      'hyperparameters[0].recommended must lie in [0, 1], got 2.',
    ],
    [
      {normalisation: {kind: 'percentile', low: 5, high: 5}},
      'normalisation.low must be below normalisation.high, got 5.',
    ],
    [
      {normalisation: {kind: 'sigma'}},
      'normalisation.kind must be one of "none", "minmax", "percentile", got "sigma".',
    ],
    [
      {recommended: {brains: {overall: [0.1, 0.2]}}},
      'recommended.brains must have 1 numbers each, got {"overall":[0.1,0.2]}.',
    ],
    [{contentHash: 'abc'}, 'contentHash must be 64 hexadecimal digits, got "abc".'],
    [{unknown: 1}, 'unknown must be a known setting, got 1.'],
    [
      {architecture: {...draft.architecture, integrationSteps: -1}},
      'architecture.integrationSteps must be an integer of at least 0, got -1.',
    ],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => decodeModel(tamper((description) => Object.assign(description, change))), {
      code: 'E_WEIGHTS',
      message: `model: in the model description, ${message}`,
    });
  }
});

test('a file that is not there is an E_IO error, and a failed write leaves nothing', async () => {
  await assert.rejects(readModel(join(folder, 'none')), {code: 'E_IO'});
  const path = join(folder, 'never.safetensors');
  await assert.rejects(writeModel(path, {description: draft, weights: new Map()}));
  assert.ok(!existsSync(path));
});

test('errors name the file', async () => {
  const path = join(folder, 'short.safetensors');
  writeFileSync(path, 'short');
  await assert.rejects(readModel(path), /short\.safetensors: not a safetensors file/);
});

test('a description that was changed is refused like changed weights, in every entry', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  await writeTinyModel(path);
  const text = (await readFile(path)).toString('latin1');
  for (const [from, to] of [
    ['\\"orientation\\":\\"LIA\\"', '\\"orientation\\":\\"LPS\\"'],
    ['\\"spacingMm\\":[4,', '\\"spacingMm\\":[2,'],
    ['\\"kind\\":\\"minmax\\"', '\\"kind\\":\\"none\\"  '],
    ['\\"recommended\\":0.3', '\\"recommended\\":0.9'],
    ['random weights', 'better weights'],
  ]) {
    assert.ok(text.includes(from), from);
    assert.throws(
      () => decodeModel(Buffer.from(text.replace(from, to), 'latin1'), 'm.safetensors'),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_WEIGHTS' &&
        /^m\.safetensors: the model is damaged, its description must have the hash/.test(
          error.message,
        ),
      to,
    );
  }
  const {description, weights} = await readModel(path);
  await writeModel(path, {description, weights});
  assert.deepEqual((await readModel(path)).description, description);
});

test('a description that is nested without end, or says sizes that no machine has, is refused', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  await writeTinyModel(path);
  const {description, weights} = await readModel(path);
  const deep = JSON.parse(`${'{"a":'.repeat(190)}1${'}'.repeat(190)}`) as object;
  assert.doesNotThrow(() =>
    encodeModel({description: {...description, provenance: {deep}}, weights}),
  );
  const nested = Buffer.from(
    (await readFile(path)).toString('latin1').replace('random weights', '['.repeat(9000)),
    'latin1',
  );
  assert.throws(() => decodeModel(nested, 'm'), {code: 'E_WEIGHTS'});
  for (const [key, value] of [
    ['hypernetwork', {layers: 1e7, units: 4}],
    ['unet', {encoder: [4], decoder: [1e9], convolutionsPerLevel: 1}],
    [
      'unet',
      {encoder: new Array(40).fill(1), decoder: new Array(40).fill(1), convolutionsPerLevel: 1},
    ],
    ['integrationSteps', 1e9],
  ] as const) {
    const architecture = {...description.architecture, [key]: value};
    assert.throws(() => encodeModel({description: {...description, architecture}, weights}), {
      code: 'E_WEIGHTS',
    });
  }
  for (const spacing of [1e300, 1e-300, 1e7]) {
    const grid = {...description.grid, spacingMm: [spacing, 4, 4]};
    assert.throws(() => encodeModel({description: {...description, grid}, weights}), {
      code: 'E_WEIGHTS',
    });
  }
});

test('a description is read without the weights, and says the same', async () => {
  const path = join(folder, 'described.safetensors');
  const fieldOfView: ModelDraft['fieldOfView'] = {
    smallestMm: [30, 40, 30],
    largestMm: [45, 60, 45],
  };
  await writeModel(path, {description: {...draft, fieldOfView}, weights: makeWeights()});
  const description = await readDescription(path);
  assert.deepEqual(description, (await readModel(path)).description);
  assert.deepEqual(description.fieldOfView, fieldOfView);
  const bytes = await readFile(path);
  const cut = join(folder, 'cut.safetensors');
  for (const length of [0, 5, 200]) {
    writeFileSync(cut, bytes.subarray(0, length));
    await assert.rejects(readDescription(cut), {code: 'E_WEIGHTS', message: /cut\.safetensors/});
  }
});

test('a field of view whose largest size is below its smallest is refused', () => {
  const fieldOfView: ModelDraft['fieldOfView'] = {
    smallestMm: [30, 40, 30],
    largestMm: [45, 39, 45],
  };
  refuses(
    () => encodeModel({description: {...draft, fieldOfView}, weights: makeWeights()}),
    /fieldOfView\.largestMm\[1\] must be at least 40, got 39/,
  );
});
