#!/usr/bin/env node
import {run} from '../dist/bundle/program.js';
import {guardStreams} from '../dist/bundle/streams.js';

const interruption = new globalThis.AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    // The first lets the work stop where nothing is half written; the second does not wait.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  });
}

const {stdout, stderr} = process;
let lost = 0;
guardStreams({stdout, stderr}, (exitCode) => {
  lost = exitCode;
  process.exitCode = exitCode;
});
const exitCode = await run(process.argv.slice(2), {stdout, stderr, signal: interruption.signal});
process.exitCode = exitCode || lost;
