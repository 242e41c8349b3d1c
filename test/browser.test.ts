import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {createContext, runInContext} from 'node:vm';
import {deflateSync, gzipSync} from 'node:zlib';
import {build} from 'esbuild';
import * as source from '../src/browser.js';
import {joinBytes} from '../src/formats/bytes.js';
import {encodeImage} from '../src/formats/images/write-image.js';
import * as files from '../src/formats/files.js';
import * as filesInBrowser from '../src/formats/files.browser.js';
import {Affine} from '../src/geometry/affine.js';
import * as platform from '../src/platform.js';
import * as platformInBrowser from '../src/platform.browser.js';
import {seededRandom} from './support/random.js';
import {temporaryFolder} from './support/temporary-folder.js';
import {writeTinyModel} from './support/tiny-model.js';

type Library = typeof source;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What a browser has and JavaScript itself has not. */
const BROWSER = {
  Blob,
  CompressionStream,
  DecompressionStream,
  TextDecoder,
  TextEncoder,
  clearTimeout,
  console,
  performance,
  setTimeout,
};

/** The entry for browsers as `npm run build` left it, bundled as applications do. */
const bundle = await build({
  absWorkingDir: ROOT,
  entryPoints: ['dist/browser.js'],
  bundle: true,
  format: 'iife',
  globalName: 'library',
  logLevel: 'silent',
  mainFields: ['browser', 'module', 'main'],
  metafile: true,
  platform: 'browser',
  write: false,
});

function loadBundle(): Library {
  const context = createContext({...BROWSER});
  // A worker, as TensorFlow.js tells it.
  runInContext('globalThis.self = globalThis; globalThis.WorkerGlobalScope = Object;', context);
  runInContext(bundle.outputFiles[0].text, context);
  return (context as unknown as {library: Library}).library;
}

function imageBytes(seed: number): Uint8Array {
  const random = seededRandom(seed);
  const shape = [16, 15, 14] as const;
  const data = Int16Array.from({length: 16 * 15 * 14}, () => 1000 * random());
  const affine = Affine.fromMatrix([4, 0, 0, -30, 0, 4, 0, -28, 0, 0, 4, -26]);
  return gzipSync(source.encodeNifti({shape, data, geometry: source.geometryFromGrid({affine})}));
}

/** Bytes in, numbers out: what an application does. */
async function registerBytes(library: Library, model: Uint8Array): Promise<readonly number[]> {
  const [fixed, moving] = await Promise.all(
    ['fixed', 'moving'].map(async (name, seed) => {
      const file = {name: `${name}.nii.gz`, bytes: imageBytes(seed + 1)};
      return {...(await library.readImage(file)), name};
    }),
  );
  const {description, weights} = library.decodeModel(model);
  const engine = await library.startJavascript();
  const network = library.RegistrationNetwork.fromWeights(description.architecture, weights);
  const {moved, outputs} = await library.registerPair({
    fixed,
    moving,
    engine,
    model: {
      network,
      grid: library.gridSpecOf(description),
      normalisation: description.normalisation,
    },
    hyperparameters: [0.3],
    outputs: ['warp'],
  });
  network.dispose();
  return [...moved, ...outputs.warp!];
}

test('images of every format are read in a browser as here, compressed or not', async () => {
  const library = loadBundle();
  const shape = [3, 2, 2] as const;
  const data = Int16Array.from({length: 12}, (_, n) => 7 * n);
  const geometry = source.geometryFromGrid({affine: Affine.scaling([-2, 2, 3])});
  const encode = (name: string) => joinBytes(encodeImage(name, {shape, data, geometry}));
  const packed = (
    name: string,
    [from, to]: readonly [string, string],
    pack: typeof deflateSync,
  ) => {
    const bytes = encode(name);
    const header = Buffer.from(bytes.subarray(0, -24)).toString('latin1').replace(from, to);
    return Buffer.concat([Buffer.from(header, 'latin1'), pack(bytes.subarray(-24))]);
  };
  for (const [name, bytes] of [
    ['a.nii.gz', gzipSync(encode('a.nii'))],
    ['a.mgz', gzipSync(encode('a.mgh'))],
    ['a.nrrd', encode('a.nrrd')],
    ['a.nrrd', packed('a.nrrd', ['encoding: raw', 'encoding: gzip'], gzipSync)],
    ['a.mha', encode('a.mha')],
    ['a.mha', packed('a.mha', ['CompressedData = False', 'CompressedData = True'], deflateSync)],
  ] as const) {
    for (const {readImage} of [source, library]) {
      const image = await readImage({name, bytes: new Uint8Array(bytes)}, {kind: 'label'});
      assert.deepEqual([...image.data], [...data], name);
      assert.deepEqual([...image.affine.spacing], [2, 2, 3], name);
    }
  }
});

test('the entry for browsers bundles without a module of Node.js', () => {
  assert.deepEqual(bundle.warnings, []);
  const imports = Object.values(bundle.metafile.inputs).flatMap((input) => input.imports);
  assert.deepEqual(
    imports.filter(({path, external}) => external === true || path.startsWith('node:')),
    [],
  );
});

test('what stands in for a module of Node.js has its names', () => {
  assert.deepEqual(Object.keys(platformInBrowser), Object.keys(platform));
  const missing = Object.keys(filesInBrowser).filter((name) => !(name in files));
  assert.deepEqual(missing, []);
});

test('a browser registers two images from their bytes, to the numbers of Node.js', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny.safetensors');
  await writeTinyModel(path);
  const model = new Uint8Array(await readFile(path));
  const expected = await registerBytes(source, model);
  const found = await registerBytes(loadBundle(), model);
  assert.deepEqual(found, expected);
});

test('a browser reads a transform, composes it, carries points and inverts a field', async () => {
  const library = loadBundle();
  await library.startJavascript();
  const text =
    '#Insight Transform File V1.0\n#Transform 0\nTransform: TranslationTransform_double_3_3\n' +
    'Parameters: 1 2 3\nFixedParameters:\n';
  const file = {name: 'shift.tfm', bytes: new TextEncoder().encode(text)};
  const {transform: shift} = await library.readTransform(file);
  const grid = {shape: [5, 5, 5], affine: library.Affine.identity} as const;
  const values = new Float32Array(375).fill(0.25);
  const field = library.displacementTransform({grid, unit: 'mm', order: 'disk', values});
  const chain = library.compose(shift, field);
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
  assert.deepEqual(plain(library.mapPoints(chain, [[2, 2, 2]])), [[1.25, 0.25, 5.25]]);
  const {transform: back} = library.inverse(field);
  assert.deepEqual(plain(library.mapPoints(back, [[2, 2, 2]])), [[1.75, 1.75, 1.75]]);
  assert.ok(library.jacobianOn(chain, grid).every((determinant) => determinant === 1));
});

test('a browser compresses what Node.js unpacks, hashes the same, and refuses paths in a sentence', async () => {
  const library = loadBundle();
  const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(100_000)];
  const stream = await library.gzipBytes(parts);
  const unpacked: number[] = [];
  await platform.gunzip(stream, (piece) => unpacked.push(...piece) > 0, {pieceBytes: 1024});
  assert.deepEqual(unpacked, [1, 2, 3, ...parts[1]]);
  for (const pieces of [[], ['λ = ', Uint8Array.of(0, 255)]]) {
    assert.equal(platformInBrowser.sha256(pieces), platform.sha256(pieces));
  }
  await assert.rejects(library.readImage('/data/fixed.nii.gz'), {
    code: 'E_IO',
    message: '/data/fixed.nii.gz: paths do not exist in a browser, got one.',
  });
});
