#!/usr/bin/env node
import {loadProgram} from './load-program.js';

const [, , ...words] = process.argv;
const {run, guardStreams, watchSignals} = loadProgram(words[0]);

const {stdout, stderr} = process;
let lost = 0;
guardStreams({stdout, stderr}, (exitCode) => {
  lost = exitCode;
  process.exitCode = exitCode;
});
const exitCode = await run(words, {stdout, stderr, ...watchSignals()});
process.exitCode = exitCode || lost;
