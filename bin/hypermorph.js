#!/usr/bin/env node
import {run} from '../dist/bundle/program.js';
import {guardStreams, removeUnfinished} from '../dist/bundle/streams.js';

const interruption = new globalThis.AbortController();
// A closed terminal (SIGHUP) stops the work as Ctrl-C does.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // The first lets the work stop where nothing is half written; the second does not wait.
    if (interruption.signal.aborted) {
      removeUnfinished();
      process.exit(130);
    }
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
