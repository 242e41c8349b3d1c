#!/usr/bin/env node
import module from 'node:module';

// From Node.js 22 on: what was compiled once is found again by the next start.
module.enableCompileCache?.();
const {run} = await import('../dist/bundle/program.js');
const {guardStreams, watchSignals} = await import('../dist/bundle/streams.js');

const {stdout, stderr} = process;
let lost = 0;
guardStreams({stdout, stderr}, (exitCode) => {
  lost = exitCode;
  process.exitCode = exitCode;
});
const exitCode = await run(process.argv.slice(2), {stdout, stderr, ...watchSignals()});
process.exitCode = exitCode || lost;
