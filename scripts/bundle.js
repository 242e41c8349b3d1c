// Bundles the command line, dist/cli, into one file, dist/bundle/program.cjs: a program of hundreds of modules spends most of its start
// looking for them. What a command needs still runs only when the command does. The library, dist, stays as it is.
//
//   node scripts/bundle.js

import {readFileSync, rmSync} from 'node:fs';
import {dirname, join, relative, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');
const OUTPUT = join(DIST, 'bundle');

/** Loaded by few runs or none: the optional engine, the reader of HDF5 (a large WebAssembly), a download that never happens. */
const OUTSIDE = ['@tensorflow/tfjs-node-gpu', 'h5wasm', 'node-fetch'];

/**
 * A module asks for its own place to find files beside it: the answer stays that of the file it comes from. A script cannot load what
 * is an ES module only, so whoever runs the program passes `importModule`.
 */
const keepPlaces = {
  name: 'keep-places',
  setup: ({onLoad}) => {
    onLoad({filter: /\.js$/}, ({path}) => {
      if (!path.startsWith(join(DIST, sep))) return undefined;
      const place = relative(OUTPUT, path).split(sep).join('/');
      const contents = OUTSIDE.reduce(
        (text, name) => text.replaceAll(`import('${name}')`, `importModule('${name}')`),
        readFileSync(path, 'utf8'),
      ).replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, programUrl).href`);
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

/** Of TensorFlow.js' layers only the class that ours extend is used, and the loaded module is five times smaller without the others. */
const layersAlone = {
  name: 'layers-alone',
  setup: ({onResolve, onLoad}) => {
    onResolve({filter: /^@tensorflow\/tfjs-layers$/}, ({path, resolveDir}) => ({
      ...{path, namespace: 'layers-alone', pluginData: resolveDir},
    }));
    onLoad({filter: /.*/, namespace: 'layers-alone'}, ({pluginData}) => ({
      resolveDir: pluginData,
      contents: `import '@tensorflow/tfjs-core/dist/register_all_gradients';
        import {Layer} from '@tensorflow/tfjs-layers/dist/engine/topology';
        import * as initializers from '@tensorflow/tfjs-layers/dist/exports_initializers';
        export {initializers};
        export const layers = {Layer};`,
    }));
  },
};

// Style and script of the pages are read by the program that writes pages.
await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/pages/client/style.css', 'src/pages/client/viewer.js'],
  outdir: join(DIST, 'pages', 'client'),
  minify: true,
  target: 'es2022',
  logLevel: 'warning',
});

rmSync(OUTPUT, {recursive: true, force: true});
await build({
  absWorkingDir: ROOT,
  stdin: {
    contents: `export {run} from './dist/cli/program.js'; export {guardStreams, watchSignals} from './dist/cli/streams.js';`,
    resolveDir: ROOT,
  },
  outfile: join(OUTPUT, 'program.cjs'),
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minify: true,
  keepNames: true,
  logLevel: 'warning',
  // TensorFlow.js says only of its ES modules which of them do something when they are loaded.
  mainFields: ['module', 'main'],
  external: OUTSIDE,
  banner: {js: "const programUrl = require('node:url').pathToFileURL(__filename);"},
  plugins: [keepPlaces, lazyProcess, layersAlone],
});
