import {planRegistration, registerFiles} from '../../../workflows/register-files.js';
import type {CommandContext} from '../../context.js';
import {processMemory} from '../../memory.js';
import {writeJson, writeTable} from '../../output.js';
import {createReporter} from '../../progress-events.js';
import type {RegisterOptions} from './options.js';
import {planRows, reportRows} from './results.js';
import {settingsOf} from './settings.js';

/** The command `register`: options in, results out. */
export async function run(
  options: RegisterOptions,
  context: CommandContext,
  files: readonly string[],
): Promise<void> {
  const {logger, onProgress, clear} = await createReporter(options, context);
  const settings = settingsOf(files, options);
  if (options.dryRun === true) {
    const {fixed, moving, ...plan} = await planRegistration(settings, {onProgress});
    if (options.json !== true)
      return writeTable(context.stdout, planRows({fixed, moving, ...plan}));
    return writeJson(context.stdout, {
      ...{dryRun: true, fixed: fixed.path, moving: moving.path},
      ...plan,
    });
  }
  const {signal, stdout} = context;
  const report = await registerFiles(settings, {onProgress, signal, memory: processMemory}).finally(
    clear,
  );
  const isNamed = Object.values(settings.outputs ?? {}).some((path) => path !== undefined);
  if (!isNamed && settings.labels === undefined) {
    logger.info(`The moved image is in ${String(report.outputs.moved)}.`);
  }
  if (options.json === true) writeJson(stdout, report);
  else writeTable(stdout, reportRows(report));
}
