// A process that registers pairs of a batch, see `WorkerPool`.

import {removeUnfinished} from '../../../formats/files.js';
import {describeError} from '../../../workflows/batch-records.js';
import {KeptFiles} from '../../../workflows/kept-files.js';
import {registerWith} from '../../../workflows/register-files.js';
import {EXIT} from '../../exit-codes.js';
import {processMemory} from '../../memory.js';
import {watchSignals} from '../../signals.js';
import type {WorkerAnswer, WorkerTask} from './workers.js';

const kept = new KeptFiles();
const interruption = new AbortController();
const {signal} = interruption;
const watch = watchSignals();
watch.signal.addEventListener('abort', () => interruption.abort());

const answer = (message: WorkerAnswer) => process.send?.(message);

async function work({settings, writer}: WorkerTask & {readonly kind: 'register'}): Promise<void> {
  try {
    const report = await registerWith(kept, settings, {
      ...{signal, memory: processMemory, writer},
      onProgress: (event) => {
        if (event.kind === 'engine') watch.onComputing();
        if (event.kind === 'warning') answer({kind: 'progress', event});
      },
    });
    answer({kind: 'done', report});
  } catch (error) {
    answer({kind: 'failed', error: describeError(error)});
  }
}

process.on('message', (task: WorkerTask) => {
  if (task.kind === 'stop') interruption.abort();
  else void work(task);
});
// The batch has ended, or was killed: nobody waits for what is in hand.
process.on('disconnect', () => {
  removeUnfinished();
  process.exit(EXIT.interrupted);
});
