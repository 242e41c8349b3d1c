import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runCli} from '../support/cli.js';

interface Report {
  readonly engines: readonly {name: string; loads: boolean; description: string}[];
  readonly machine: {isa: string; bfloat16: boolean; threads: number; gflops: number} | null;
  readonly estimate: {seconds: number; gigabytes: number} | null;
}

test('doctor names every engine and says whether it loads', async () => {
  const {code, stdout} = await runCli(['doctor', '--threads', '2']);
  assert.equal(code, 0);
  for (const name of ['tensorflow', 'native', 'javascript']) {
    assert.match(stdout, new RegExp(`^engine ${name} +(loads|does not load): `, 'm'));
  }
});

test('doctor --json holds what was measured and the estimate', async () => {
  const {code, stdout} = await runCli(['doctor', '--json', '--threads', '1']);
  assert.equal(code, 0);
  const {engines, machine, estimate} = JSON.parse(stdout) as Report;
  const native = engines.find(({name}) => name === 'native')!;
  assert.equal(machine !== null, native.loads);
  if (machine === null || estimate === null) return;
  assert.equal(machine.threads, 1);
  assert.equal(machine.bfloat16, machine.isa === 'avx512bf16');
  assert.ok(machine.gflops > 0 && estimate.seconds > 0 && estimate.gigabytes > 0);
});

test('doctor refuses threads that are no number', async () => {
  const {code, logs} = await runCli(['doctor', '--threads', 'many']);
  assert.equal(code, 2);
  assert.equal(logs.at(-1)!.msg, 'doctor: --threads must be a whole number from 1, got "many".');
});
