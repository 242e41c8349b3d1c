#!/usr/bin/env node
// Builds the native engine, build/native/hypermorph.node, with the C++ compiler that is there; nothing is downloaded.
// A prebuilt binary that fits, made from the same sources, is left to do the work instead. Without either it says so in one
// line and succeeds: the javascript engine still works.
//
//   node scripts/build-native.js [--sanitize] [--target linux-arm64] [--output FOLDER]
//   node scripts/build-native.js --prebuild [--target NAME]   writes prebuilds/<target>/ for publication
//   node scripts/build-native.js --print-target               the name of this machine
//
// Targets are <platform>-<arch>, with -musl behind it for Linux without glibc. CXX names the compiler, with arguments if need be;
// the default is the first one found. Built and tested where this is developed: linux-x64 and linux-arm64 (under emulation).
// musl, darwin and win32 are untested: written after the manuals, for the matrix of .github/workflows/prebuild.yml.

import {spawn, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src/native');
const JOBS = 2;
const LIBRARY = 'hypermorph.node';
const FALLBACK = 'the javascript engine will be used.';
const require = createRequire(import.meta.url);

const AVX512_FLAGS = [
  '-mavx512f',
  '-mavx512bw',
  '-mavx512dq',
  '-mavx512vl',
  '-mfma',
  '-mprefer-vector-width=512',
];
/** Flags of each instruction set; everything else is built for the base processor. */
const ISA_FLAGS = {
  x64: {
    scalar: [],
    avx2: ['-mavx2', '-mfma'],
    avx512: AVX512_FLAGS,
    avx512bf16: [...AVX512_FLAGS, '-mavx512bf16'],
  },
  arm64: {scalar: [], neon: []},
};

/** Compilers in the order in which they are looked for. On Windows it has to be clang++: cl has no vector types. */
const COMPILERS = {linux: ['c++', 'g++', 'clang++'], darwin: ['clang++'], win32: ['clang++']};
const TRIPLES = {x64: 'x86_64', arm64: 'aarch64'};
const CLANG_FLAGS = ['-Wno-unknown-pragmas', '-Wno-bitwise-conditional-parentheses'];
/** For `node scripts/test.js --sanitize`. */
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];

const {values: options} = parseArgs({
  options: {
    target: {type: 'string', default: targetOfHost()},
    output: {type: 'string'},
    prebuild: {type: 'boolean', default: false},
    sanitize: {type: 'boolean', default: false},
    'print-target': {type: 'boolean', default: false},
  },
});
const isHost = options.target === targetOfHost();
const [, platform, arch, musl] =
  /^(linux|darwin|win32)-(x64|arm64)(-musl)?$/.exec(options.target) ?? [];

function say(text) {
  process.stdout.write(`${text}\n`);
}

/** The same rule as hostTarget() in src/engines/native/open-addon.ts. */
function targetOfHost() {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return name;
  // Otherwise the report asks a name server for every open connection.
  process.report.excludeNetwork = true;
  const {glibcVersionRuntime} = process.report.getReport().header;
  return glibcVersionRuntime === undefined ? `${name}-musl` : name;
}

/** @returns {string[] | undefined} Program and first arguments of the first compiler that answers. */
function findCompiler() {
  const cross = `${TRIPLES[arch]}-linux-${musl ? 'musl' : 'gnu'}-g++`;
  const names = platform === 'linux' && !isHost ? [cross] : COMPILERS[platform];
  const candidates = process.env['CXX'] ? [process.env['CXX']] : names;
  return candidates
    .map((name) => name.split(' '))
    .find(([program, ...args]) => {
      const {status} = spawnSync(program, [...args, '--version'], {stdio: 'ignore'});
      return status === 0;
    });
}

/** Which machine the code is for, where the compiler's name does not say it. */
function machineFlags() {
  if (platform === 'darwin')
    return ['-arch', arch === 'x64' ? 'x86_64' : 'arm64', '-mmacosx-version-min=11.0'];
  if (platform === 'win32' && !process.env['CXX'])
    return [`--target=${TRIPLES[arch]}-pc-windows-msvc`];
  return [];
}

function commonFlags() {
  const flags = ['-std=c++20', ...(platform === 'win32' ? [] : ['-fPIC']), '-fvisibility=hidden'];
  flags.push('-fno-math-errno', '-fno-trapping-math');
  flags.push('-Wall', '-Wextra', '-Werror=missing-field-initializers', '-Wno-psabi', '-DNDEBUG');
  // NAPI_VERSION 8: Node 20 and later.
  flags.push('-DNAPI_VERSION=8', `-I${SOURCE}`);
  flags.push('-isystem', require('node-api-headers').include_dir);
  if (options.sanitize) flags.push('-O1', '-g', ...SANITIZERS, '-fno-omit-frame-pointer');
  else flags.push('-O3');
  return [...flags, ...machineFlags()];
}

/** Every translation unit: source, object, flags. */
function listUnits(folder) {
  const isaFlags = ISA_FLAGS[arch];
  const units = [];
  for (const room of ['.', 'bindings', 'isa']) {
    for (const name of readdirSync(join(SOURCE, room)).filter((entry) => entry.endsWith('.cc'))) {
      const stem = basename(name, '.cc');
      if (room === 'isa' && !(stem in isaFlags)) continue;
      units.push({
        source: join(SOURCE, room, name),
        object: join(folder, `${room.replace('.', 'base')}-${stem}.o`),
        flags: [...commonFlags(), ...(room === 'isa' ? isaFlags[stem] : [])],
      });
    }
  }
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
  const [program, ...first] = compiler;
  const version = spawnSync(program, [...first, '--version']).stdout;
  const fingerprint = createHash('sha256').update(version).digest('hex');
  // The pragmas are for g++; clang++ would name each of them.
  const quiet = /clang/.test(String(version)) ? CLANG_FLAGS : [];
  const waiting = [];
  for (const unit of units) {
    const args = [
      ...first,
      ...unit.flags,
      ...quiet,
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
      await execute(program, next.args);
      writeFileSync(`${next.unit.object}.cmd`, next.command);
    }
  };
  await Promise.all(Array.from({length: JOBS}, worker));
  return total;
}

function linkFlags(folder) {
  if (platform === 'win32') return ['-shared', ...machineFlags(), ...importLibraries(folder)];
  const flags = ['-shared', ...machineFlags()];
  if (options.sanitize) return [...flags, '-pthread', ...SANITIZERS];
  if (platform === 'darwin') return [...flags, '-undefined', 'dynamic_lookup', '-Wl,-dead_strip'];
  flags.push('-static-libgcc', '-static-libstdc++', '-pthread', '-Wl,--gc-sections');
  return options.prebuild ? [...flags, '-Wl,-s'] : flags;
}

/** Windows wants to know which program will offer Node's functions; llvm-dlltool, which comes with clang++, makes libraries that say it. */
function importLibraries(folder) {
  const machine = arch === 'x64' ? 'i386:x86-64' : 'arm64';
  return Object.entries(require('node-api-headers').def_paths).map(([name, definition]) => {
    const library = join(folder, `${name}.lib`);
    const tool = process.env['DLLTOOL']?.split(' ') ?? ['llvm-dlltool'];
    const args = ['-m', machine, '-d', definition, '-l', library];
    const {status} = spawnSync(tool[0], [...tool.slice(1), ...args], {stdio: 'inherit'});
    if (status !== 0) throw new Error(`${tool[0]} failed on ${definition}`);
    return library;
  });
}

/** One number for everything a binary is made from. */
function hashOfSources() {
  const hash = createHash('sha256');
  const names = readdirSync(SOURCE, {recursive: true}).map((name) => name.replaceAll('\\', '/'));
  for (const name of names.filter((entry) => /\.(cc|h)$/.test(entry)).sort()) {
    hash.update(`${name}\n${readFileSync(join(SOURCE, name), 'utf8').replaceAll('\r\n', '\n')}`);
  }
  return hash.digest('hex');
}

const PREBUILD = join(ROOT, 'prebuilds', options.target);
const HASH_FILE = 'sources.sha256';

/** Whether there is a prebuilt binary for this machine that is made from these sources and loads here. */
function hasFittingPrebuild() {
  const library = join(PREBUILD, LIBRARY);
  const hash = join(PREBUILD, HASH_FILE);
  if (!existsSync(library) || !existsSync(hash)) return false;
  if (readFileSync(hash, 'utf8').trim() !== hashOfSources()) return false;
  // In another process: this one may still have to compile over it.
  return spawnSync(process.execPath, ['-e', `require(${JSON.stringify(library)})`]).status === 0;
}

async function build(compiler) {
  const suffix = `${isHost ? '' : `-${options.target}`}${options.sanitize ? '-sanitize' : ''}`;
  const work = join(ROOT, `build/native${suffix}`);
  const output = options.prebuild ? PREBUILD : resolve(ROOT, options.output ?? work);
  const objects = join(work, 'objects');
  mkdirSync(objects, {recursive: true});
  mkdirSync(output, {recursive: true});
  const library = join(output, LIBRARY);
  const units = listUnits(objects);
  const compiled = await compileAll(compiler, units);
  const linked = existsSync(library) ? statSync(library).mtimeMs : 0;
  const isStale = units.some(({object}) => statSync(object).mtimeMs > linked);
  if (isStale || options.prebuild) {
    // Linked beside and renamed: a running process keeps the library it has loaded.
    const files = units.map((unit) => unit.object);
    const [program, ...first] = compiler;
    const fresh = `${library}.new`;
    await execute(program, [...first, ...files, ...linkFlags(objects), '-o', fresh]);
    renameSync(fresh, library);
  }
  if (options.prebuild) writeFileSync(join(output, HASH_FILE), `${hashOfSources()}\n`);
  say(`native engine: ${isStale ? `built (${compiled} files)` : 'up to date'}, ${library}`);
}

async function main() {
  if (options['print-target']) return say(options.target);
  if (arch === undefined || (musl && platform !== 'linux'))
    return say(`native engine: not built for ${options.target}; ${FALLBACK}`);
  const isPlain = isHost && !options.prebuild && !options.sanitize && options.output === undefined;
  if (isPlain && !existsSync(join(ROOT, 'build/native', LIBRARY)) && hasFittingPrebuild())
    return say(`native engine: prebuilt for ${options.target}, ${join(PREBUILD, LIBRARY)}`);
  const compiler = findCompiler();
  return compiler === undefined ? reportNoCompiler(isPlain) : build(compiler);
}

function reportNoCompiler(isPlain) {
  const names = platform === 'win32' ? 'clang++' : 'g++ or clang++';
  const there = [join(ROOT, 'build/native', LIBRARY), join(PREBUILD, LIBRARY)].find(existsSync);
  if (isPlain && there !== undefined)
    return say(`native engine: no C++ compiler found (install ${names}); ${there} stays as it is.`);
  say(`native engine: not built, no C++ compiler found (install ${names}); ${FALLBACK}`);
  // Whoever asks for more than the engine of this machine wants to know that it is not there.
  if (!isPlain) process.exitCode = 1;
}

main().catch((error) => {
  say(`native engine: not built, ${error.message}; ${FALLBACK}`);
  // An explicit build fails loudly; during an installation the package stays usable without it.
  const isInstallation =
    ['ci', 'install'].includes(process.env['npm_command']) ||
    ['install', 'prepare'].includes(process.env['npm_lifecycle_event']);
  process.exitCode = isInstallation ? 0 : 1;
});
