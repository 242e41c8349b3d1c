import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {peakInStatus, processMemory} from '../../src/cli/memory.js';

test('the peak is never below what is in use', () => {
  const inUse = processMemory.inUse();
  assert.ok(inUse > 10 && processMemory.peak() >= inUse);
});

test('the peak is read from the status of the process, where there is one', () => {
  assert.equal(peakInStatus('VmPeak:\t  999 kB\nVmHWM:\t   123456 kB\nVmRSS:\t 1 kB\n'), 123456);
  assert.equal(peakInStatus(''), null);
});

test(
  'what the caller of the program held is not counted',
  {skip: process.platform !== 'linux'},
  () => {
    // A shell cannot hold memory; a program that replaces itself by this one can, as Python's subprocess does by vfork.
    const held = 600 * 2 ** 20;
    const measure = `import {processMemory} from './src/cli/memory.ts'; console.log(processMemory.peak())`;
    const argv = ['--import', 'tsx', '--input-type=module', '-e', measure];
    const ballast = Buffer.alloc(held, 1);
    const {stdout} = spawnSync(process.execPath, argv, {
      cwd: join(import.meta.dirname, '..', '..'),
      encoding: 'utf8',
    });
    assert.equal(ballast.length, held);
    const peak = Number(stdout);
    assert.ok(peak > 10 && peak < 500, `${peak} MiB`);
  },
);
