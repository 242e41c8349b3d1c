import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {test as nativeTest} from '../support/native.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('../../bin/hypermorph.js', import.meta.url));

const ENDLESS = `
architecture: {dimensions: 2, hypernetwork: {layers: 1, units: 4}, unet: {encoder: [4, 4], decoder: [4, 4]}}
grid: {shape: [16, 16], spacingMm: null, orientation: null}
sources: [{kind: shapes, maps: 1, labels: 4, scaleVox: 6}]
augmentation: {deformationVox: 1, deformationScaleVox: 8}
checkpointEverySteps: 1
`;

for (const signals of [['SIGHUP'], ['SIGINT', 'SIGINT'], ['SIGHUP', 'SIGTERM']] as const) {
  test(`${signals.join(' and ')} in the midst of writing ends the program and leaves nothing half written`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'c.yaml'), ENDLESS);
    const run = join(folder, 'run');
    const child = spawn(
      process.execPath,
      [PROGRAM, 'train', '-c', join(folder, 'c.yaml'), '-o', run, '--engine', 'javascript'],
      {stdio: ['ignore', 'ignore', 'pipe']},
    );
    let text = '';
    child.stderr.on('data', (piece: Buffer) => {
      text += piece.toString();
      if (!text.includes('Checkpoint of step 2') || text.includes('sent')) return;
      text += 'sent';
      for (const signal of signals) child.kill(signal);
    });
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 130, text);
    assert.deepEqual(
      (await readdir(run)).filter((name) => name.startsWith('.tmp-')),
      [],
    );
  });
}

/** A program in which JavaScript waits, as it does while a kernel computes. */
const BUSY = `
import {watchSignals} from ${JSON.stringify(new URL('../../dist/cli/streams.js', import.meta.url).href)};
const {signal, onComputing} = watchSignals();
onComputing();
process.stdout.write('waiting');
const end = Date.now() + 30_000;
while (Date.now() < end);
await new Promise((resolve) => setImmediate(resolve));
process.exit(signal.aborted ? 7 : 8);
`;

for (const signals of [
  ['SIGINT', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
  ['SIGHUP', 'SIGINT'],
] as const) {
  nativeTest(`${signals.join(' and ')} end a program at once while JavaScript waits`, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', BUSY], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const exit = once(child, 'exit');
    child.kill(signals[0]);
    await setTimeout(300); // one of two equal signals that wait is dropped by the system
    assert.equal(child.exitCode, null); // the first lets the work stop
    const start = performance.now();
    child.kill(signals[1]);
    const [code] = (await exit) as [number];
    assert.equal(code, 130);
    assert.ok(performance.now() - start < 5000);
  });
}
