import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import {pairsOf} from '../../src/cli/commands/batch/rows.js';
import {decodePairRows} from '../../src/cli/commands/batch/table.js';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {startNative} from '../../src/engines/native.js';
import {loadAddon} from '../../src/engines/native/open-addon.js';
import {HypermorphError} from '../../src/errors.js';
import {readImage, readField} from '../../src/formats/images/read-image.js';
import {describeImage} from '../../src/formats/images/describe-image.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {encodeImage} from '../../src/formats/images/write-image.js';
import {openSeries} from '../../src/formats/images/series.js';
import {joinBytes} from '../../src/formats/bytes.js';
import type {ConventionName} from '../../src/formats/transforms/conventions.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import {encodeTransform} from '../../src/formats/transforms/write-transform.js';
import {Affine} from '../../src/geometry/affine.js';
import {affineTransform} from '../../src/transforms/transform.js';
import {decodeHere, decodeKerasFile} from '../../src/models/keras-file.js';
import {decodeModel, encodeModel} from '../../src/models/model-file.js';
import {architectureSchema} from '../../src/models/architecture.js';
import {initialiseWeights} from '../../src/models/initialise.js';
import {Random} from '../../src/random.js';
import {buildNifti} from '../../test/support/nifti-builder.js';

const ROOT = join(import.meta.dirname, '../..');

/** Gives one damaged input to a reader; throws what the reader throws. */
type Fuzzer = (random: Random) => Promise<unknown>;

/**
 * Change bytes: single bits, whole runs, numbers at the ends of their ranges, the length.
 *
 * @param headerBytes - Headers are where decisions are made: half of all damage is there.
 */
function damage(sound: Uint8Array, random: Random, headerBytes = 600): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(sound);
  for (let n = 1 + random.index(6); n > 0 && bytes.length > 0; n--) {
    const reach = random.uniform() < 0.5 ? Math.min(headerBytes, bytes.length) : bytes.length;
    const at = random.index(reach);
    const kind = random.index(6);
    if (kind === 0) bytes[at] ^= 1 << random.index(8);
    else if (kind === 1) bytes[at] = random.index(256);
    else if (kind === 2) bytes.fill(random.index(256), at, at + 1 + random.index(16));
    else if (kind === 3) bytes = bytes.slice(0, at);
    else if (kind === 4 && at + 8 <= bytes.length) {
      new DataView(bytes.buffer).setFloat64(at, EXTREMES[random.index(EXTREMES.length)], true);
    } else if (at + 4 <= bytes.length) {
      new DataView(bytes.buffer).setInt32(at, WHOLES[random.index(WHOLES.length)], true);
    }
  }
  return bytes;
}

const EXTREMES = [NaN, Infinity, -Infinity, 1e308, -1e308, 1e103, 5e-324, 1e18, 0, -0];
const WHOLES = [0, -1, 1, 0x7fffffff, -0x80000000, 0x7fff, 0xffff, 348, 540];

/** Change a text: pieces doubled, dropped, exchanged, and words that mean something to a parser. */
function damageText(sound: string, random: Random): string {
  let text = sound;
  for (let n = 1 + random.index(4); n > 0; n--) {
    const at = random.index(text.length + 1);
    const piece = text.slice(at, at + random.index(20));
    const kind = random.index(4);
    if (kind === 0) text = text.slice(0, at) + text.slice(at + piece.length);
    else if (kind === 1) text = text.slice(0, at) + piece + piece + text.slice(at);
    else if (kind === 2)
      text = text.slice(0, at) + WORDS[random.index(WORDS.length)] + text.slice(at);
    else text = text.replace(/\d+(\.\d+)?/, NUMBERS[random.index(NUMBERS.length)]);
  }
  return text;
}

const WORDS = [
  '*a',
  '&a ',
  '[',
  ']',
  '{',
  '}',
  ': ',
  '- ',
  '"',
  "'",
  '\n',
  '\t',
  '!!js ',
  'null',
  '#',
  '%',
  '|\n',
  '\u0000',
  '[[[[',
  '<<: *a',
];
const NUMBERS = ['-1', '1e308', '.nan', '.inf', '0.5', '99999999999', '0', '1e-320', '""'];

const images = [
  buildNifti(),
  buildNifti({version: 2}),
  buildNifti({littleEndian: false, slope: 2}),
  buildNifti({datatype: 16, dim: [5, 2, 3, 4, 1, 3], voxels: new Uint8Array(288)}),
  buildNifti({datatype: 1024, dim: [3, 3, 3, 3], voxels: new Uint8Array(216)}),
];

/** An image in every other format. */
const others = ['a.mgh', 'a.nrrd', 'a.mha'].flatMap((name) => {
  const output = {shape: [3, 2, 2], geometry: geometryFromGrid({affine: Affine.identity})} as const;
  const bytes = joinBytes(encodeImage(name, {...output, data: new Int16Array(12)}));
  const isText = name !== 'a.mgh';
  const packed = {name: 'a.mgz', bytes: new Uint8Array(gzipSync(bytes)), isText};
  const text = String.fromCharCode(...bytes)
    .replace(/DimSize = .*/, 'DimSize = 2 2 1\nElementNumberOfChannels = 3')
    .replace('dimension: 3', 'dimension: 4')
    .replace(/sizes: .*/, 'sizes: 3 2 2 1')
    .replace('directions:', 'directions: none')
    .replace('kinds:', 'kinds: vector');
  const field = {name, bytes: Uint8Array.from(text, (one) => one.charCodeAt(0)), isText};
  return isText ? [{name, bytes, isText}, field] : [{name, bytes, isText}, packed];
});

async function readAsImage(bytes: Uint8Array, random: Random): Promise<void> {
  const source = {name: 'damaged.nii.gz', bytes};
  await describeImage(source);
  if (random.index(3) === 0) await readField(source);
  const volume = random.index(2);
  await readImage(source, {volume, kind: random.index(2) === 0 ? 'label' : 'intensity'});
}

const architecture = architectureSchema.parse({
  hypernetwork: {layers: 1, units: 2},
  unet: {encoder: [2], decoder: [2]},
});
const model = encodeModel({
  description: {
    architecture,
    grid: {spacingMm: [2, 2, 2], orientation: 'LIA', multiple: 2, trainingShape: [16, 16, 16]},
    normalisation: {kind: 'minmax'},
    hyperparameters: [{name: 'lambda', minimum: 0, maximum: 1}],
    provenance: {tool: 'hypermorph'},
  },
  weights: initialiseWeights(architecture, 1),
});

const configurations = ['default', 'shapes', 'hippocampus-labeller'].map((name) =>
  readFileSync(join(ROOT, 'configs', `${name}.yaml`), 'utf8'),
);
const keras = readFileSync(join(ROOT, 'test/fixtures/golden/models/vxm2d.h5'));
/** Most of a file's structure stands before its numbers. */
const HDF5_STRUCTURE = 24_000;
const grid = {shape: [4, 5, 3], affine: Affine.scaling([-2, 2, 3])} as const;
const turn = affineTransform(Affine.rotation(2, 20));
const ELASTIX = [
  `(Transform "EulerTransform")
(FixedImageDimension 3)
(TransformParameters 0.1 0.2 0.3 4 5 6)
(CenterOfRotationPoint 1 2 3)
`,
  `(Transform "BSplineTransform")
(FixedImageDimension 3)
(TransformParameters ${new Array<number>(192).fill(1.5).join(' ')})
(GridSize 4 4 4)
(GridOrigin 0 0 0)
(GridSpacing 9 9 9)
(GridDirection 1 0 0 0 1 0 0 0 1)
`,
] as const;
const withBoth = {fixed: grid, moving: grid} as const;
/** Files of transforms: their names, what they are, and their bytes. */
const transforms = await Promise.all(
  [
    ['damaged.txt', 'itk'],
    ['damaged.mat', 'itk'],
    ['damaged.mat', 'greedy'],
    ['damaged.mat', 'fsl'],
    ['damaged.lta', 'freesurfer'],
    ['damaged.mgh', 'freesurfer'],
    ['damaged.nii', 'niftyreg'],
    ['damaged.nii', 'voxels'],
  ].map(async ([name, word]) => {
    const convention = word as ConventionName;
    const content = await encodeTransform(turn, name, {...withBoth, convention});
    const isText = typeof content === 'string';
    return {name, convention, isText, bytes: isText ? encodeText(content) : joinBytes(content)};
  }),
);
const chain = joinBytes((await encodeTransform(turn, 'a.h5')) as Uint8Array);

function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

const PAIRS = {
  csv: 'name,fixed,moving,lambda,labels,assume_orientation\na,f.nii,m.nii,0.3,"x.nii:y.nii;z.nii:w.nii",yes\nb,f.nii,n.nii,,,n/a\n',
  tsv: 'fixed\tmoving\tvolume\tbackground\nf.nii\tm.nii\t0,3\t-7\n',
  json: '[{"fixed": "f.nii", "moving": "m.nii", "hyper": ["lambda=0.2"], "refine": 3, "keep": "best"}]',
};

/** Everything that reads what others wrote. */
export const FUZZERS: Readonly<Record<string, Fuzzer>> = {
  headers: (random) => readAsImage(damage(images[random.index(images.length)], random), random),
  // Of FreeSurfer, NRRD and MetaImage: as bytes, or as the texts that their headers are.
  formats: async (random) => {
    const {name, bytes, isText} = others[random.index(others.length)];
    const damaged =
      isText && random.index(2) === 0
        ? Uint8Array.from(damageText(String.fromCharCode(...bytes), random), (one) =>
            one.charCodeAt(0),
          )
        : damage(bytes, random);
    const source = {name, bytes: damaged};
    await describeImage(source);
    if (random.index(3) === 0) await readField(source);
    const volume = random.index(2);
    await readImage(source, {volume, kind: random.index(2) === 0 ? 'label' : 'intensity'});
  },
  gzip: (random) => {
    const inside = random.index(2) === 0 ? images[0] : damage(images[0], random);
    return readAsImage(damage(gzipSync(inside), random), random);
  },
  models: (random) => Promise.resolve().then(() => decodeModel(damage(model, random))),
  configurations: (random) => {
    const text = damageText(configurations[random.index(configurations.length)], random);
    return Promise.resolve().then(() => decodeTrainingConfig(text, {where: 'damaged.yaml'}));
  },
  overrides: (random) => {
    const overrides = [damageText('architecture.unet.encoder[2]=64', random)];
    return Promise.resolve().then(() =>
      decodeTrainingConfig(configurations[1], {where: 'shapes.yaml', overrides}),
    );
  },
  transforms: (random) => {
    const n = random.index(transforms.length + 1);
    if (n === transforms.length) {
      return readTransform({
        name: 'a.txt',
        bytes: encodeText(damageText(ELASTIX[random.index(2)], random)),
      });
    }
    const {name, convention, isText, bytes} = transforms[n];
    const damaged = isText
      ? encodeText(damageText(new TextDecoder().decode(bytes), random))
      : damage(bytes, random);
    const named = random.index(2) === 0 ? {convention} : {};
    return readTransform({name, bytes: damaged}, {...withBoth, ...named});
  },
  chains: (random) => readTransform({name: 'damaged.h5', bytes: damage(chain, random)}),
  series: async (random) => {
    const source = {
      name: 'damaged.nii',
      bytes: damage(images[random.index(images.length)], random),
    };
    const {read} = await openSeries(source, {
      kind: random.index(2) === 0 ? 'label' : 'intensity',
    });
    for await (const volume of read()) if (volume.length > 1e7) return;
  },
  tables: (random) => {
    const form = (['csv', 'tsv', 'json'] as const)[random.index(3)];
    return Promise.resolve().then(() => {
      const rows = decodePairRows(damageText(PAIRS[form], random), form, 'damaged');
      return pairsOf(rows, {warp: '{name}.nii', lambda: '0.2'}, 'damaged');
    });
  },
  // Groups, lists and attributes of the file, on the thread that reads it.
  hdf5: (random) => decodeKerasFile(damage(keras, random, HDF5_STRUCTURE)),
  // What the file says about its network.
  keras: (random) => {
    const bytes = Uint8Array.from(keras);
    const text = keras.indexOf('{"class_name"');
    for (let n = 0; n < 3; n++) bytes[text + random.index(1500)] = 32 + random.index(95);
    return decodeHere(bytes);
  },
  addon: callAddon,
};

/** Call a function of the addon with arguments of random kinds and sizes. */
async function callAddon(random: Random): Promise<void> {
  if (tf.getBackend() !== 'hypermorph-native') await startNative({threads: 2});
  const addon = loadAddon() as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
  const names = Object.keys(addon)
    .filter((name) => typeof addon[name] === 'function' && !QUIET.includes(name))
    .sort();
  const name = names[random.index(names.length)];
  const args = Array.from({length: random.index(14)}, () => anything(random));
  try {
    addon[name](...args);
  } catch (error) {
    // The border between the languages speaks in errors of its own form.
    if (error instanceof Error && /^native: /.test(error.message)) {
      throw new HypermorphError('E_SHAPE', error.message);
    }
    throw error;
  }
}

/** Settings of the process, and long measurements. */
const QUIET: readonly string[] = ['setThreads', 'measurePeak', 'exitOnSecondSignal'];

function anything(random: Random): unknown {
  const lengths = [0, 1, 2, 3, 6, 12, 24, 60];
  const length = lengths[random.index(lengths.length)];
  const whole = () =>
    random.index(8) === 0 ? WHOLES[random.index(WHOLES.length)] : 1 + random.index(4);
  switch (random.index(8)) {
    case 0:
      return Float32Array.from({length}, () => random.uniform(-2, 2));
    case 1:
      return Int32Array.from({length}, whole);
    case 2:
      return Float64Array.from({length}, () => random.uniform(-2, 2));
    case 3:
      return new Uint16Array(length);
    case 4:
      return whole();
    case 5:
      return EXTREMES[random.index(EXTREMES.length)];
    case 6:
      return null;
    default:
      return Int32Array.of(65536, 65536, 65536, 65536);
  }
}

export interface FuzzResult {
  readonly runs: number;
  /** Inputs that were refused in a sentence. */
  readonly refused: number;
  readonly findings: readonly {readonly seed: number; readonly error: string}[];
}

/** An input that takes longer is a finding: time without a bound. The thread for HDF5 is ended after twenty seconds. */
const LONGEST_MS = 30_000;
/** The first findings say enough. */
const MOST_FINDINGS = 10;

/**
 * Run a fuzzer with one seed after the other.
 *
 * @param options.seed - The first one.
 */
export async function fuzz(
  kind: string,
  options: {readonly seed: number; readonly milliseconds: number; readonly runs?: number},
): Promise<FuzzResult> {
  await FUZZERS[kind](new Random(0)).catch(() => undefined); // loads what it needs, which does not count
  const end = performance.now() + options.milliseconds;
  const {runs: most = Infinity} = options;
  const findings: {seed: number; error: string}[] = [];
  let [runs, refused] = [0, 0];
  while (performance.now() < end && runs < most && findings.length < MOST_FINDINGS) {
    const seed = options.seed + runs++;
    const start = performance.now();
    try {
      await FUZZERS[kind](new Random(seed));
    } catch (error) {
      if (error instanceof HypermorphError) refused++;
      else findings.push({seed, error: String(error instanceof Error ? error.stack : error)});
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > LONGEST_MS)
      findings.push({seed, error: `took ${Math.round(milliseconds)} ms`});
  }
  return {runs, refused, findings};
}
