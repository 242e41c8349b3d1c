// Bundles the command line, dist/cli, into a few files, dist/bundle: a program of hundreds of modules spends most of its start
// looking for them. What a command needs is still loaded when it runs. The library, dist, stays as it is.
//
//   node scripts/bundle.js

import {readFileSync, rmSync} from 'node:fs';
import {dirname, join, relative, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');
const OUTPUT = join(DIST, 'bundle');

/** A module asks for its own place to find files beside it: the answer stays that of the file it comes from. */
const keepPlaces = {
  name: 'keep-places',
  setup: ({onLoad}) => {
    onLoad({filter: /\.js$/}, ({path}) => {
      if (!path.startsWith(join(DIST, sep))) return undefined;
      const place = relative(OUTPUT, path).split(sep).join('/');
      const contents = readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        `new URL(${JSON.stringify(place)}, import.meta.url).href`,
      );
      return {contents, loader: 'js'};
    });
  },
};

/** The module `node:process` makes all standard streams when it is loaded, and takes its time; the global object does not. */
const lazyProcess = {
  name: 'lazy-process',
  setup: ({onResolve, onLoad}) => {
    onResolve({filter: /^node:process$/}, ({path, kind}) =>
      kind === 'import-statement' ? {path, namespace: 'lazy-process'} : undefined,
    );
    onLoad({filter: /.*/, namespace: 'lazy-process'}, () => ({
      contents: `const {process} = globalThis;
        export const {constrainedMemory, kill, pid} = process;
        export default process;`,
    }));
  },
};

rmSync(OUTPUT, {recursive: true, force: true});
await build({
  absWorkingDir: ROOT,
  entryPoints: ['dist/cli/program.js', 'dist/cli/streams.js'],
  outdir: OUTPUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: true,
  keepNames: true,
  logLevel: 'warning',
  // TensorFlow.js says only of its ES modules which of them do something when they are loaded.
  mainFields: ['module', 'main'],
  // Loaded by few runs or none: the optional engine, the reader of HDF5 (a large WebAssembly), a download that never happens.
  external: ['@tensorflow/tfjs-node-gpu', 'h5wasm', 'node-fetch'],
  banner: {
    js: "import {createRequire as requireFrom} from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  plugins: [keepPlaces, lazyProcess],
});
