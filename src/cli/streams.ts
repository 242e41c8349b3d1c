export {watchSignals} from './signals.js';
import {EXIT} from './exit-codes.js';

/** What of a stream of the process is needed here. */
interface OutputStream {
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  write(text: string): unknown;
}

/**
 * Let a stream that takes no more text end in a sentence instead of a stack.
 *
 * A reader that closed its end (`| head`) wanted no more, so that is no fault; the work goes on, because it may write files.
 *
 * @param onFault - Called with the exit code when a result was lost; it may come after the command has ended.
 */
export function guardStreams(
  {stdout, stderr}: {readonly stdout: OutputStream; readonly stderr: OutputStream},
  onFault: (exitCode: number) => void,
): void {
  let isLost = false;
  stdout.on('error', ({code, message}) => {
    if (code === 'EPIPE' || isLost) return;
    isLost = true;
    const reason = code === 'ENOSPC' ? 'the disk is full' : message;
    stderr.write(`hypermorph: the result cannot be written to stdout: ${reason}.\n`);
    onFault(EXIT.input);
  });
  stderr.on('error', () => undefined); // there is no place left to say it
}
