import {Command} from 'commander';
import {
  addCommonOptions,
  addEngineOption,
  addExamples,
  addMemoryOption,
  collect,
  type CommonOptions,
  type EngineChoice,
} from '../../common-options.js';

export interface TrainOptions extends CommonOptions {
  readonly config?: string;
  readonly printSchema?: boolean;
  readonly set?: readonly string[];
  readonly output?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly engine: EngineChoice;
  readonly threads?: string;
  readonly maxMemory?: number;
}

const DESCRIPTION = `Train a model as a configuration says.

The run folder holds config.yaml (every setting), log.jsonl (one JSON object a line), the same for TensorBoard, report.html (curves and validation, a page to look at), checkpoint.safetensors (everything to go on \
from), model.safetensors (the model of the last checkpoint) and, where the configuration has validation pairs, best.safetensors (the model with the lowest validation loss, mean over lambdas). \
Paths in the configuration are read from the current folder.

Ctrl-C finishes the step, writes a checkpoint and ends with exit code 130; --resume goes on as if nothing had happened.`;

export function trainCommand(): Command {
  const command = new Command('train')
    .summary('train a model on your own images, or on random shapes')
    .description(DESCRIPTION)
    .option('-c, --config <file>', 'the configuration, YAML; required')
    .option(
      '-s, --set <path=value>',
      'change a setting, such as optimiser.learningRate=1e-3 or architecture.unet.encoder[2]=64; repeatable',
      collect,
    )
    .option('-o, --output <folder>', 'the run folder (default: runs/ and the name of <config>)')
    .option('--resume', 'go on from the checkpoint in the run folder')
    .option('-n, --dry-run', 'read the configuration and all images, and say what would be done');
  command.option(
    '--print-schema',
    'print the JSON Schema of configurations, by which editors complete and check them, and do nothing else',
  );
  addMemoryOption(addEngineOption(command)).option(
    '--threads <n>',
    'threads to use (default: one for each processor that the process may use)',
  );
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'Random shapes need no data; look at what would happen first:',
      command: 'hypermorph train --config configs/shapes.yaml --dry-run',
    },
    {
      purpose: 'Train, with another learning rate and folder:',
      command:
        'hypermorph train --config configs/shapes.yaml --set optimiser.learningRate=2e-4 --output runs/slow',
    },
    {
      purpose: 'Let an editor check configurations that lie beside this file:',
      command: 'hypermorph train --print-schema > training.schema.json',
    },
    {
      purpose: 'Go on with it after Ctrl-C:',
      command: 'hypermorph train --config configs/shapes.yaml --output runs/slow --resume',
    },
  ]);
}
