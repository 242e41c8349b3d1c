import {HypermorphError} from '../../../errors.js';
import {formatBytes} from '../../../models/memory.js';
import {planTraining, trainFiles, type TrainFilesSettings} from '../../../workflows/train-files.js';
import type {CommandContext} from '../../context.js';
import {parseWhole} from '../../numbers.js';
import {writeJson, writeTable} from '../../output.js';
import {createReporter} from '../../progress-events.js';
import type {TrainOptions} from './options.js';

/** The command `train`. */
export async function run(options: TrainOptions, context: CommandContext): Promise<void> {
  if (options.printSchema === true) {
    const {trainingJsonSchema} = await import('../../../config/training-schema.js');
    return writeJson(context.stdout, trainingJsonSchema());
  }
  const {onProgress, clear} = await createReporter(options, context);
  const {config, set: overrides, output, resume, engine, maxMemory} = options;
  if (config === undefined) {
    throw new HypermorphError('E_USAGE', 'train: --config must be given, the configuration.', {
      hint: '`hypermorph train --help` shows how it is used.',
    });
  }
  const threads = parseWhole(options.threads, {option: '--threads', minimum: 1});
  const settings = {config, overrides, output, resume, engine, threads, maxMemory};
  if (options.dryRun === true) return describePlan(settings, options, {...context, onProgress});

  const {signal, stdout} = context;
  const summary = await trainFiles(settings, {onProgress, signal}).finally(clear);
  const {outcome, step, steps, model, best, checkpoint, report} = summary;
  if (options.json === true) writeJson(stdout, summary);
  else {
    writeTable(stdout, [
      ['steps', `${step} of ${steps}`],
      ['model', model],
      ...(best === null ? [] : [['best model', best] as const]),
      ['checkpoint', checkpoint],
      ['report', report],
    ]);
  }
  if (outcome === 'interrupted') {
    throw new HypermorphError(
      'E_INTERRUPTED',
      `train: interrupted after step ${step} of ${steps}; the checkpoint is in ${checkpoint}.`,
      {hint: 'Go on with the same command and --resume.'},
    );
  }
}

/** `--dry-run`: the configuration is sound, the model to start from fits, and all images can be read. */
async function describePlan(
  settings: TrainFilesSettings,
  options: TrainOptions,
  {stdout, onProgress}: Pick<CommandContext, 'stdout'> & Parameters<typeof planTraining>[1],
): Promise<void> {
  const plan = await planTraining(settings, {onProgress});
  if (options.json === true) return writeJson(stdout, {dryRun: true, ...plan});
  writeTable(stdout, [
    ['config', plan.config],
    ['would write to', plan.output],
    ['parameters', String(plan.parameters)],
    ['grid', plan.shape.join('x')],
    ['pairs from', plan.sources.join(', ')],
    ...(plan.images === 0
      ? []
      : [
          [
            'images',
            `${plan.images}, ${formatBytes(plan.bytes)} on the grid; up to ${formatBytes(plan.limitBytes)} are kept in memory`,
          ] as const,
        ]),
    ['validation pairs', String(plan.validationPairs)],
    ['steps', String(plan.steps)],
  ]);
}
