import {basename, extname, join} from 'node:path';
import {loadTrainingConfig} from '../../../config/load-config.js';
import type {TrainingConfig} from '../../../config/training-config.js';
import {startEngine} from '../../../engines/select.js';
import {HypermorphError} from '../../../errors.js';
import {countParameters} from '../../../models/weight-specs.js';
import {startingWeights} from '../../../training/start.js';
import {
  openData,
  train,
  type TrainingEvent,
  type TrainingSummary,
} from '../../../training/train.js';
import {VERSION} from '../../../version.js';
import type {TrainOptions} from './options.js';
import type {CliContext} from '../../context.js';
import {createLogger, type Logger} from '../../logger.js';
import {writeJson, writeTable} from '../../output.js';
import {createProgressBar} from '../../progress.js';
import {parseThreads} from '../../threads.js';

/** The command `train`. */
export async function run(options: TrainOptions, context: CliContext): Promise<void> {
  const logger = await createLogger(context, options);
  const config = await loadTrainingConfig(options.config, options.set);
  const output = options.output ?? join('runs', basename(options.config, extname(options.config)));
  const engine = await startEngine({
    engine: options.engine,
    ...parseThreads('train', options.threads),
  });
  engine.warnings.forEach((warning) => logger.warn(warning));
  logger.debug(`engine ${engine.name}: ${engine.description}`);
  const {voxelKernels: kernels, trainingKernels} = engine;
  if (options.dryRun === true) {
    await startingWeights(config, VERSION);
    const {report: onProgress} = createReporter(logger, context, options);
    await openData({config, kernels, trainingKernels, onProgress});
    return describePlan(config, output, options, context);
  }

  const reporter = createReporter(logger, context, options);
  let summary: TrainingSummary;
  try {
    summary = await train({
      config,
      output,
      resume: options.resume === true,
      kernels,
      trainingKernels,
      toolVersion: VERSION,
      signal: context.signal,
      onProgress: reporter.report,
    });
  } finally {
    reporter.clear();
  }
  if (options.json === true) writeJson(context.stdout, summary);
  else {
    writeTable(context.stdout, [
      ['steps', `${summary.step} of ${config.steps}`],
      ['model', summary.model],
      ...(summary.best === null ? [] : [['best model', summary.best] as const]),
      ['checkpoint', summary.checkpoint],
    ]);
  }
  if (summary.outcome === 'interrupted') {
    throw new HypermorphError(
      'E_INTERRUPTED',
      `train: interrupted after step ${summary.step} of ${config.steps}; the checkpoint is in ${summary.checkpoint}.`,
      {hint: 'Go on with the same command and --resume.'},
    );
  }
}

/** `--dry-run`: the configuration is sound, the model to start from fits, and all images can be read. */
function describePlan(
  config: TrainingConfig,
  output: string,
  options: TrainOptions,
  context: CliContext,
): void {
  const parameters = countParameters(config.architecture);
  const plan = {
    dryRun: true,
    config: options.config,
    output,
    parameters,
    shape: config.grid.shape,
    sources: config.sources.map(({kind}) => kind),
    validationPairs: config.validation.sources.length === 0 ? 0 : config.validation.pairs,
    steps: config.steps,
  };
  if (options.json === true) return writeJson(context.stdout, plan);
  writeTable(context.stdout, [
    ['config', plan.config],
    ['would write to', plan.output],
    ['parameters', String(plan.parameters)],
    ['grid', plan.shape.join('x')],
    ['pairs from', plan.sources.join(', ')],
    ['validation pairs', String(plan.validationPairs)],
    ['steps', String(plan.steps)],
  ]);
}

interface Reporter {
  readonly report: (event: TrainingEvent) => void;
  readonly clear: () => void;
}

/** Events as a bar on a terminal, and as log lines. */
function createReporter(logger: Logger, context: CliContext, options: TrainOptions): Reporter {
  const bar = createProgressBar(context.stderr, options.quiet !== true && options.json !== true);
  const log = (fields: object, text: string) => {
    bar.clear();
    logger.info(fields, text);
  };
  const report = (event: TrainingEvent) => {
    switch (event.kind) {
      case 'warning':
        bar.clear();
        logger.warn(event.text);
        break;
      case 'start':
        log(
          {parameters: event.parameters, step: event.step},
          `Training ${event.parameters} parameters, from step ${event.step} to ${event.steps}.`,
        );
        break;
      case 'step':
        bar.update(
          event.step / event.steps,
          `step ${event.step} of ${event.steps}, loss ${event.total.toFixed(4)}`,
        );
        break;
      case 'checkpoint':
        log({step: event.step, path: event.path}, `Checkpoint of step ${event.step} written.`);
        break;
      case 'validation':
        for (const row of event.rows) {
          log(
            {step: event.step, ...row},
            `Validation after step ${event.step}, lambda ${row.lambda}: similarity loss ${row.similarity.toFixed(4)}, ` +
              `SDlogJ ${row.sdLogJacobian.toFixed(3)}, folds ${(100 * row.foldingFraction).toFixed(3)} %.`,
          );
        }
        break;
    }
  };
  return {report, clear: () => bar.clear()};
}
