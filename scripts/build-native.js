#!/usr/bin/env node
// Builds the native engine, build/native/hypermorph.node, with the C++ compiler that is there; nothing is downloaded.
// Without a compiler it says so in one line and succeeds: the javascript engine still works.
//
//   node scripts/build-native.js [--sanitize] [--arch arm64 --output build/native-arm64]
//   CXX names the compiler (default: c++, g++, clang++, first one found).

import {spawn, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src/native');
const JOBS = 2;

/** Flags of each instruction set; everything else is built for the base processor. */
const ISA_FLAGS = {
  x64: {
    scalar: [],
    avx2: ['-mavx2', '-mfma'],
    avx512: [
      '-mavx512f',
      '-mavx512bw',
      '-mavx512dq',
      '-mavx512vl',
      '-mfma',
      '-mprefer-vector-width=512',
    ],
  },
  arm64: {scalar: [], neon: []},
};

const {values: options} = parseArgs({
  options: {
    arch: {type: 'string', default: process.arch},
    output: {type: 'string', default: 'build/native'},
    sanitize: {type: 'boolean', default: false},
  },
});

function say(text) {
  process.stdout.write(`${text}\n`);
}

function findCompiler() {
  const candidates = process.env['CXX'] ? [process.env['CXX']] : ['c++', 'g++', 'clang++'];
  return candidates.find((name) => spawnSync(name, ['--version'], {stdio: 'ignore'}).status === 0);
}

function commonFlags() {
  const flags = [
    '-std=c++20',
    '-fPIC',
    '-fvisibility=hidden',
    '-fno-math-errno',
    '-fno-trapping-math',
  ];
  flags.push('-Wall', '-Wextra', '-Werror=missing-field-initializers', '-Wno-psabi', '-DNDEBUG');
  // NAPI_VERSION 8: Node 20 and later.
  flags.push('-DNAPI_VERSION=8', `-I${SOURCE}`);
  flags.push('-isystem', join(ROOT, 'node_modules/node-api-headers/include'));
  if (options.sanitize)
    flags.push('-O1', '-g', '-fsanitize=address,undefined', '-fno-omit-frame-pointer');
  else flags.push('-O3');
  return flags;
}

/** Every translation unit: source, object, flags. */
function listUnits(output) {
  const isaFlags = ISA_FLAGS[options.arch];
  const units = [];
  const add = (folder, extra) => {
    for (const name of readdirSync(join(SOURCE, folder)).filter((entry) => entry.endsWith('.cc'))) {
      const stem = basename(name, '.cc');
      if (folder === 'isa' && !(stem in isaFlags)) continue;
      units.push({
        source: join(SOURCE, folder, name),
        object: join(output, 'objects', `${folder.replace('.', 'base')}-${stem}.o`),
        flags: [...commonFlags(), ...(folder === 'isa' ? isaFlags[stem] : []), ...extra],
      });
    }
  };
  add('.', []);
  add('bindings', []);
  add('isa', []);
  return units;
}

/** The files an object was made from, as the compiler wrote them. */
function readDependencies(object) {
  const text = readFileSync(`${object}.d`, 'utf8');
  const list = text.slice(text.indexOf(':') + 1).replaceAll('\\\n', ' ');
  return list.split(/\s+/).filter((name) => name.length > 0);
}

function isCurrent(unit, command) {
  if (![unit.object, `${unit.object}.d`, `${unit.object}.cmd`].every((path) => existsSync(path)))
    return false;
  if (readFileSync(`${unit.object}.cmd`, 'utf8') !== command) return false;
  const made = statSync(unit.object).mtimeMs;
  return readDependencies(unit.object).every(
    (path) => existsSync(path) && statSync(path).mtimeMs <= made,
  );
}

function execute(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {stdio: ['ignore', 'inherit', 'inherit']});
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with code ${code}`));
    });
  });
}

async function compileAll(compiler, units) {
  const version = spawnSync(compiler, ['--version']).stdout;
  const fingerprint = createHash('sha256').update(version).digest('hex');
  const waiting = [];
  for (const unit of units) {
    const args = [
      ...unit.flags,
      '-MMD',
      '-MF',
      `${unit.object}.d`,
      '-c',
      unit.source,
      '-o',
      unit.object,
    ];
    const command = `${fingerprint} ${args.join(' ')}`;
    if (!isCurrent(unit, command)) waiting.push({unit, args, command});
  }
  const total = waiting.length;
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await execute(compiler, next.args);
      writeFileSync(`${next.unit.object}.cmd`, next.command);
    }
  };
  await Promise.all(Array.from({length: JOBS}, worker));
  return total;
}

function linkFlags() {
  const flags = ['-shared'];
  if (process.platform === 'darwin') flags.push('-undefined', 'dynamic_lookup');
  else flags.push('-static-libgcc', '-static-libstdc++', '-pthread', '-Wl,--gc-sections');
  if (options.sanitize) return ['-shared', '-pthread', '-fsanitize=address,undefined'];
  return flags;
}

async function main() {
  if (!(options.arch in ISA_FLAGS) || process.platform === 'win32') {
    say(
      `native engine: not built for ${process.platform}-${options.arch}; the javascript engine will be used.`,
    );
    return;
  }
  const compiler = findCompiler();
  if (compiler === undefined) {
    say(
      'native engine: not built, no C++ compiler found (install g++ or clang++); the javascript engine will be used.',
    );
    return;
  }
  const output = join(ROOT, options.output + (options.sanitize ? '-sanitize' : ''));
  mkdirSync(join(output, 'objects'), {recursive: true});
  const library = join(output, 'hypermorph.node');
  const units = listUnits(output);
  const compiled = await compileAll(compiler, units);
  if (compiled > 0 || !existsSync(library)) {
    // Linked beside and renamed: a running process keeps the library it has loaded.
    await execute(compiler, [
      ...units.map((unit) => unit.object),
      ...linkFlags(),
      '-o',
      `${library}.new`,
    ]);
    await execute('mv', ['-f', `${library}.new`, library]);
  }
  say(`native engine: ${compiled === 0 ? 'up to date' : `built (${compiled} files)`}, ${library}`);
}

main().catch((error) => {
  say(`native engine: not built, ${error.message}; the javascript engine will be used.`);
  // An explicit build fails loudly; during an installation the package stays usable without it.
  process.exitCode =
    process.env['npm_command'] === 'ci' || process.env['npm_command'] === 'install' ? 0 : 1;
});
