#!/usr/bin/env node
import {run} from '../dist/bundle/program.js';
import {guardStreams, watchSignals} from '../dist/bundle/streams.js';

const {stdout, stderr} = process;
let lost = 0;
guardStreams({stdout, stderr}, (exitCode) => {
  lost = exitCode;
  process.exitCode = exitCode;
});
const exitCode = await run(process.argv.slice(2), {stdout, stderr, ...watchSignals()});
process.exitCode = exitCode || lost;
