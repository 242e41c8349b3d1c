#!/usr/bin/env node
// Fails when an object of one instruction set defines a weak symbol outside its own namespace: the linker would keep one copy for
// all sets, possibly full of instructions that an older processor does not have.
//
//   node scripts/check-native-symbols.js [folder with objects, default build/native/objects]

import {spawnSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(ROOT, 'build/native/objects');
const WEAK = /^[0-9a-f]*\s+[VWu]\s+(.*)$/;

const objects = readdirSync(folder).filter((name) => /^isa-\w+\.o$/.test(name));
const offenders = [];
for (const name of objects) {
  const isa = /^isa-(\w+)\.o$/.exec(name)[1];
  const {stdout, status, error} = spawnSync('nm', ['-C', join(folder, name)], {encoding: 'utf8'});
  if (error !== undefined || status !== 0) throw new Error(`nm failed on ${name}`, {cause: error});
  for (const line of stdout.split('\n')) {
    const symbol = WEAK.exec(line)?.[1];
    // DW.ref.… is a pointer to the C++ exception personality, data without instructions.
    if (symbol === undefined || symbol.startsWith('DW.ref.')) continue;
    if (!symbol.includes(`hypermorph::${isa}::`)) offenders.push(`${name}: ${symbol}`);
  }
}
if (objects.length === 0)
  throw new Error(`no objects in ${folder}: run node scripts/build-native.js`);
if (offenders.length > 0) {
  console.error(`Weak symbols outside their instruction set's namespace:\n${offenders.join('\n')}`);
  process.exitCode = 1;
} else {
  console.log(`${objects.length} instruction sets, no weak symbol outside its namespace.`);
}
