import {nameRow, STAGE_TEXTS, type OnProgress} from '../progress.js';
import type {CommandContext} from './context.js';
import type {CommonOptions} from './common-options.js';
import {createLogger, type Logger} from './logger.js';
import {createProgressBar} from './progress.js';

/** How a command follows its work. */
export interface Reporter {
  readonly logger: Logger;
  readonly onProgress: OnProgress;
  /** Wipe the progress bar. */
  readonly clear: () => void;
}

/** Progress as a bar on a terminal; warnings and milestones as log lines, in the words of the command. */
export async function createReporter(
  options: CommonOptions,
  context: CommandContext,
): Promise<Reporter> {
  const logger = await createLogger(context, options);
  const bar = createProgressBar(context.stderr, options.quiet !== true && options.json !== true);
  const say = (level: 'debug' | 'info' | 'warn', fields: object, text: string) => {
    bar.clear();
    logger[level](fields, text);
  };
  const onProgress: OnProgress = (event) => {
    switch (event.kind) {
      case 'warning':
        return say('warn', {}, context.inOptionWords(event.text));
      case 'engine':
        context.onComputing?.();
        return say('debug', {}, `engine ${event.name}: ${event.description}`);
      case 'stage':
        return bar.update(event.done, STAGE_TEXTS[event.stage]);
      case 'start': {
        const {parameters, step, steps} = event;
        const text = `Training ${parameters} parameters, from step ${step} to ${steps}.`;
        return say('info', {parameters, step}, text);
      }
      case 'step': {
        const {step, steps, total} = event;
        return bar.update(step / steps, `step ${step} of ${steps}, loss ${total.toFixed(4)}`);
      }
      case 'checkpoint': {
        const {step, path} = event;
        return say('info', {step, path}, `Checkpoint of step ${step} written.`);
      }
      case 'validation':
        for (const row of event.rows) {
          const text =
            `Validation after step ${event.step}, ${nameRow(row)}: similarity loss ${row.similarity.toFixed(4)}, ` +
            (row.dice === undefined ? '' : `Dice ${row.dice.toFixed(4)}, `) +
            (row.hd95Mm === undefined ? '' : `HD95 ${row.hd95Mm.toFixed(2)} mm, `) +
            `SDlogJ ${row.sdLogJacobian.toFixed(3)}, folds ${(100 * row.foldingFraction).toFixed(3)} %.`;
          say('info', {step: event.step, ...row}, text);
        }
    }
  };
  return {logger, onProgress, clear: () => bar.clear()};
}
