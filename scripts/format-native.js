// Formats the C++ sources by .clang-format, or with --check says which of them are not.
//
//   node scripts/format-native.js [--check]
//
// Versions of clang-format disagree about details, so one is meant: that of scripts/provide-python.js.

import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const formatter = join(root, '.cache/python/bin/clang-format');
const source = join(root, 'src/native');

function format() {
  if (!existsSync(formatter)) {
    console.error(
      'format-native: no clang-format here (node scripts/provide-python.js gets it); the C++ sources were not looked at.',
    );
    return 0;
  }
  const files = readdirSync(source, {recursive: true})
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(source, name));
  const mode = process.argv.includes('--check') ? ['--dry-run', '-Werror'] : ['-i'];
  return spawnSync(formatter, [...mode, ...files], {stdio: 'inherit'}).status ?? 1;
}

process.exitCode = format();
