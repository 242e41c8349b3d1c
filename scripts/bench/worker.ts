// Runs one case of the benchmarks on one of our engines, on request: a line of JSON in, a line of JSON out.
//
//   node --import tsx scripts/bench/worker.ts ENGINE THREADS

import {createInterface} from 'node:readline';
import {startEngine} from '../../src/engines/select.js';
import {prepareCall, type Call} from './calls.js';
import type {Answer, Request} from './protocol.js';

const [name, threads] = process.argv.slice(2);
const PEAK_RUNS = 5;

const engine = await startEngine({
  engine: name as 'native' | 'tensorflow',
  threads: Number(threads),
});

let call: Call = null;

async function answer(request: Request): Promise<Answer> {
  if (request.do === 'describe') return {engine: engine.name, description: engine.description};
  if (request.do === 'peak') return measurePeak();
  if (request.do === 'prepare') {
    call = null;
    call = await prepareCall(request.work, engine, request.model);
    return {ready: call !== null};
  }
  if (call === null) throw new Error('nothing was prepared');
  const spent = process.cpuUsage();
  const start = performance.now();
  await call();
  const ms = performance.now() - start;
  const {user, system} = process.cpuUsage(spent);
  return {ms, processorMs: (user + system) / 1000};
}

async function measurePeak(): Promise<Answer> {
  const {loadAddon} = await import('../../src/engines/native/open-addon.js');
  const addon = loadAddon();
  // On a busy machine most runs are disturbed.
  const runs = Array.from({length: PEAK_RUNS}, () => addon.measurePeak());
  return {
    gflops: Math.max(...runs.map(({gflops}) => gflops)),
    gigabytesPerSecond: Math.max(...runs.map(({gigabytesPerSecond}) => gigabytesPerSecond)),
    isa: addon.isa(),
  };
}

for await (const line of createInterface({input: process.stdin})) {
  const result = await answer(JSON.parse(line) as Request);
  console.log(JSON.stringify(result));
}
