import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {File as Hdf5File, ready} from 'h5wasm';
import {HypermorphError} from '../../src/errors.js';
import {countParameters, listWeights} from '../../src/models/weight-specs.js';
import {importKerasModel} from '../../src/models/keras-import.js';
import {decodeModel, encodeModel} from '../../src/models/model-file.js';
import {
  describeGoldenSets,
  goldenCase,
  goldenCases,
  goldenModelPath,
  goldenWeightNames,
  isAvailable,
} from '../golden/support/golden.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const fixture = (path: string) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url));

/** By case: name, shape and SHA-256 of every weight as h5py reads them. */
const checksums = JSON.parse(fixture('golden/weights.json').toString()) as Record<
  string,
  [name: string, shape: number[], sha256: string][]
>;

const sha256 = (data: Float32Array) =>
  createHash('sha256').update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

interface Layer {
  readonly name: string;
  readonly weights: readonly {name: string; shape: number[]}[];
}

/** The layers that the original makes of the smallest arguments below. */
const ARGUMENTS = {inshape: [8, 8], nb_unet_features: [[2], [2, 2]], svf_resolution: 2};
const LAYERS: readonly Layer[] = [
  {name: 'input', weights: []},
  ...[
    {name: 'enc', shape: [3, 3, 2, 2]},
    {name: 'dec', shape: [3, 3, 2, 2]},
    {name: 'final', shape: [3, 3, 2, 2]},
    {name: 'flow', shape: [3, 3, 2, 2]},
  ].map(({name, shape}) => ({
    name,
    weights: [
      {name: `${name}/kernel:0`, shape},
      {name: `${name}/bias:0`, shape: [2]},
    ],
  })),
];

/** Write a file as Keras does, in memory. */
async function makeKerasFile(
  config: unknown,
  layers: readonly Layer[] = LAYERS,
  className = 'VxmDense',
): Promise<Uint8Array> {
  const {FS} = await ready;
  const path = '/made.h5';
  const file = new Hdf5File(path, 'w');
  file.create_attribute('model_config', JSON.stringify({class_name: className, config}));
  const root = file.create_group('model_weights');
  root.create_attribute(
    'layer_names',
    layers.map(({name}) => name),
  );
  for (const {name, weights} of layers) {
    const group = root.create_group(name);
    if (weights.length === 0) continue;
    group.create_attribute(
      'weight_names',
      weights.map((weight) => weight.name),
    );
    group.create_group(name);
    for (const weight of weights) {
      const length = weight.shape.reduce((a, b) => a * b, 1);
      const data = new Float32Array(length).fill(0.5);
      group.create_dataset({name: weight.name, data, shape: weight.shape});
    }
  }
  file.close();
  const bytes = FS.readFile(path);
  FS.unlink(path);
  return bytes;
}

const refuses = (bytes: Uint8Array, message: RegExp) =>
  assert.rejects(importKerasModel(bytes, {name: 'm.h5'}), (error: unknown) => {
    assert.ok(error instanceof HypermorphError, String(error));
    assert.equal(error.code, 'E_WEIGHTS');
    assert.match(error.message, message);
    assert.match(error.message, /^m\.h5: /);
    return true;
  });

const saved = goldenCases().filter(({model_file: file}) => file !== undefined);

test('every file of the golden set has its checksums', () => {
  assert.deepEqual(
    saved.map(({name}) => name).sort(),
    Object.keys(checksums).sort(),
    describeGoldenSets(),
  );
});

for (const golden of saved.filter(isAvailable)) {
  test(`the original's ${golden.name} imports with exactly its weights, names and arguments`, async () => {
    const {description, weights} = await importKerasModel(goldenModelPath(golden));
    const names = goldenWeightNames(golden);
    assert.deepEqual(
      [...weights].map(([name, {shape, data}]) => [name, [...shape], sha256(data).digest('hex')]),
      checksums[golden.name].map(([name, shape, hash]) => [names.get(name), shape, hash]),
    );
    assert.deepEqual(
      [...weights.keys()],
      listWeights(description.architecture).map(({name}) => name),
    );
    const {args} = golden;
    const {architecture, grid} = description;
    assert.deepEqual(grid.trainingShape, args.inshape);
    assert.equal(architecture.dimensions, (args.inshape as number[]).length);
    assert.equal(architecture.integrationSteps, args.int_steps);
    assert.equal(architecture.velocityResolution, args.svf_resolution);
    assert.equal(architecture.integrationResolution, args.int_resolution);
    assert.equal(architecture.bidirectional, args.bidir);
    assert.equal(architecture.movingChannels, args.src_feats);
    assert.equal(architecture.fixedChannels, args.trg_feats);
    assert.equal(architecture.fill, args.fill_value);
    assert.equal(architecture.hyperparameters, args.nb_hyp_params ?? 0);
    assert.equal(description.hyperparameters.length, architecture.hyperparameters);
    assert.equal(description.provenance.imported?.registrationField, args.reg_field);
    if (golden.parameters !== undefined) {
      assert.equal(countParameters(architecture), golden.parameters);
    }
  });
}

test('an imported model can be written as a model file and read back', async () => {
  const model = await importKerasModel(goldenModelPath(goldenCase('hyper2d_2channels')));
  assert.deepEqual(decodeModel(encodeModel(model)).description, model.description);
});

test('integer features spread over levels as the original spreads them', async () => {
  const {description} = await importKerasModel(goldenModelPath(goldenCase('hyper3d_int_features')));
  assert.deepEqual(description.architecture.unet, {
    encoder: [4, 4, 8, 8],
    decoder: [16, 16, 8, 8, 4, 4],
    convolutionsPerLevel: 2,
  });
});

test('features between two integers round to the even one, as in NumPy', async () => {
  const shapes = {enc: [3, 3, 2, 1], dec: [3, 3, 1, 2], final: [3, 3, 2, 1], flow: [3, 3, 1, 2]};
  const layers = Object.entries(shapes).map(([name, shape]) => ({
    name,
    weights: [
      {name: `${name}/kernel:0`, shape},
      {name: `${name}/bias:0`, shape: shape.slice(-1)},
    ],
  }));
  const config = {...ARGUMENTS, nb_unet_features: 1, nb_unet_levels: 2, unet_feat_mult: 2.5};
  const {description} = await importKerasModel(await makeKerasFile(config, layers));
  assert.deepEqual(description.architecture.unet.decoder, [2, 1]);
});

test('weights are taken by order: a model with other names imports', async () => {
  const {weights} = await importKerasModel(goldenModelPath(goldenCase('vxm3d_renamed')));
  assert.equal([...weights.keys()][0], 'unet_enc_conv_0_0/kernel');
});

test('a file of older programs (bytes as names, cut list of layers, old arguments) imports alike', async () => {
  const old = await importKerasModel(fixture('formats/keras-old.h5'));
  const current = await importKerasModel(goldenModelPath(goldenCase('vxm3d_renamed')));
  assert.deepEqual(old.weights, current.weights);
  assert.deepEqual(old.description.architecture, current.description.architecture);
  assert.equal(old.description.provenance.imported?.kerasVersion, '2.3.1');
});

test('absent arguments have the defaults of the constructor', async () => {
  const {description} = await importKerasModel(await makeKerasFile(ARGUMENTS));
  assert.equal(description.architecture.integrationSteps, 7);
  assert.equal(description.architecture.integrationResolution, 2);
  assert.deepEqual(description.normalisation, {kind: 'minmax'});
  assert.deepEqual(description.grid, {
    spacingMm: [1, 1],
    orientation: 'RA',
    multiple: 2,
    trainingShape: [8, 8],
  });
});

test('grid and normalisation can be told, and the provenance holds the hash of the file', async () => {
  const bytes = await makeKerasFile(ARGUMENTS);
  const {description} = await importKerasModel(bytes, {
    spacingMm: null,
    orientation: 'LI',
    normalisation: {kind: 'none'},
    name: '/some/where/model.h5',
  });
  assert.equal(description.grid.spacingMm, null);
  assert.equal(description.grid.orientation, 'LI');
  assert.deepEqual(description.normalisation, {kind: 'none'});
  assert.equal(description.provenance.imported?.file, 'model.h5');
  assert.equal(
    description.provenance.imported?.sha256,
    createHash('sha256').update(bytes).digest('hex'),
  );
});

test('files that are not HDF5, cut off, or damaged are refused in words', async () => {
  await refuses(new TextEncoder().encode('PK not HDF5'), /not an HDF5 file/);
  await refuses(new Uint8Array(0), /not an HDF5 file/);
  const whole = fixture('golden/models/vxm2d.h5');
  await refuses(whole.subarray(0, 60000), /the HDF5 file is cut off/);
  const damaged = Uint8Array.from(whole).fill(0xff, 100, 2000);
  await refuses(damaged, /the HDF5 file (is damaged|must have)/);
});

test('weights without a model, other classes and unknown arguments are refused', async () => {
  const {FS} = await ready;
  const file = new Hdf5File('/plain.h5', 'w');
  file.create_group('layer');
  file.close();
  await refuses(FS.readFile('/plain.h5'), /must have a "model_config" attribute/);
  FS.unlink('/plain.h5');
  await refuses(
    await makeKerasFile(ARGUMENTS, LAYERS, 'VxmAffine'),
    /must be a VxmDense or HyperVxmDense, got VxmAffine/,
  );
  await refuses(
    await makeKerasFile({...ARGUMENTS, use_probs: true}),
    /the VxmDense cannot be imported: use_probs must be false, got true\.$/,
  );
  await refuses(
    await makeKerasFile({...ARGUMENTS, surprise: 1}),
    /surprise must be a known setting, got 1\.$/,
  );
  await refuses(
    await makeKerasFile({...ARGUMENTS, int_steps: -2}),
    /int_steps must be an integer of at least 0, got -2\.$/,
  );
  await refuses(
    await makeKerasFile({...ARGUMENTS, nb_unet_features: 4}),
    /nb_unet_levels must be given where nb_unet_features is a number \(4\)/,
  );
  await refuses(
    await makeKerasFile({...ARGUMENTS, svf_resolution: 64}),
    /arguments do not make a network: velocityResolution must be at most 2/,
  );
});

test('arguments that no machine could follow are refused at once', async () => {
  const start = performance.now();
  for (const [name, argument] of [
    ['nb_unet_levels', {nb_unet_features: 4, nb_unet_levels: 1e7}],
    [
      'nb_unet_conv_per_level',
      {nb_unet_features: 4, nb_unet_levels: 3, nb_unet_conv_per_level: 1e7},
    ],
    ['int_steps', {int_steps: 1e9}],
  ] as const) {
    await refuses(
      await makeKerasFile({...ARGUMENTS, ...argument}),
      new RegExp(`${name} must be an integer of at most \\d+, got 10+`),
    );
  }
  await refuses(
    await makeKerasFile({...ARGUMENTS, nb_hyp_layers: 1e7}, LAYERS, 'HyperVxmDense'),
    /nb_hyp_layers must be an integer of at most \d+, got 10000000/,
  );
  assert.ok(performance.now() - start < 20_000);
});

test('a data set whose shape promises more than the file can hold is refused before it is read', async () => {
  const sound = fixture('golden/models/vxm2d.h5');
  for (const length of [1e7, 2 ** 31, 2 ** 52]) {
    const bytes = Buffer.from(sound);
    // The dataspace of the first kernel, its largest lengths behind it (HDF5 File Format Specification, section IV.A.2.b).
    const shape = Buffer.alloc(32);
    [3, 3, 2, 8].forEach((n, axis) => shape.writeBigUInt64LE(BigInt(n), 8 * axis));
    const at = bytes.indexOf(shape);
    assert.ok(at > 0 && bytes.indexOf(shape, at + 32) === at + 32);
    for (const place of [at, at + 32]) bytes.writeBigUInt64LE(BigInt(length), place + 24);
    await refuses(bytes, /must fit into the file, got the shape \[3, 3, 2, \d+\]|damaged/);
  }
});

test('a wrong number of weights and a wrong shape are named', async () => {
  await refuses(await makeKerasFile(ARGUMENTS, LAYERS.slice(0, -1)), /must have 8 weights, got 6/);
  const changed = LAYERS.map((layer) =>
    layer.name === 'flow'
      ? {...layer, weights: [layer.weights[0], {name: 'flow/bias:0', shape: [3]}]}
      : layer,
  );
  await refuses(
    await makeKerasFile(ARGUMENTS, changed),
    /weight 8 \("flow\/bias:0", ours "flow\/bias"\) must have shape \[2\], got \[3\]/,
  );
});

test('a file that is not there is an E_IO error', async () => {
  await assert.rejects(importKerasModel('/nowhere/model.h5'), {code: 'E_IO'});
});

test('damage that keeps the HDF5 library busy, or promises more than the file can hold, ends in a sentence', async () => {
  const sound = fixture('golden/models/vxm2d.h5');
  for (const [at, value] of [
    [2057, 0xaf],
    [16947, 0x45],
  ]) {
    const bytes = Buffer.from(sound);
    bytes[at] = value;
    await assert.rejects(importKerasModel(bytes, {name: 'x.h5'}), (error) => {
      assert.ok(error instanceof HypermorphError);
      assert.equal(error.code, 'E_WEIGHTS');
      return true;
    });
  }
});

test('damage that makes the HDF5 library ask for memory gets little of it', async (t) => {
  const path = join(await temporaryFolder(t), 'big.h5');
  const bytes = Buffer.from(fixture('golden/models/vxm2d.h5'));
  bytes[16947] = 0x45;
  await writeFile(path, bytes);
  const built = (file: string) =>
    JSON.stringify(new URL(`../../dist/${file}`, import.meta.url).href);
  const program = `import {importKerasModel} from ${built('index.js')};
    import {processMemory} from ${built('cli/memory.js')};
    await importKerasModel(${JSON.stringify(path)}).catch(({code}) => console.log(code));
    console.log(processMemory.peak());`;
  const {stdout} = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  const [code, peakMib] = stdout.trim().split('\n');
  assert.equal(code, 'E_WEIGHTS');
  assert.ok(Number(peakMib) < 700, `${peakMib} MiB`);
});

test('weights of another number type are named as what they are', async () => {
  const sound = fixture('golden/models/vxm2d.h5');
  // The datatype message of float32 (HDF5 File Format Specification, section IV.A.2.d), and that of float16 in its place.
  const single = Buffer.from('11201f000400000000002000170800177f000000', 'hex');
  const half = Buffer.from('11200f000200000000001000' + '0a05000a' + '0f000000', 'hex');
  const bytes = Buffer.from(sound);
  let count = 0;
  for (let at = bytes.indexOf(single); at >= 0; at = bytes.indexOf(single, at + 1)) {
    half.copy(bytes, at);
    count++;
  }
  assert.ok(count > 0);
  await assert.rejects(importKerasModel(bytes, {name: 'half.h5'}), {
    code: 'E_WEIGHTS',
    message:
      /^half\.h5: weight ".*" must be float32, got float16; save the model with float32 weights\.$/,
  });
});
