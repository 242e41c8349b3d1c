import {Command, Option} from 'commander';
import type {Shard} from '../../../workflows/batch-files.js';
import {HypermorphError} from '../../../errors.js';
import {addCommonOptions, addExamples, type CommonOptions} from '../../common-options.js';
import {parseWhole} from '../../numbers.js';
import {addRegistrationOptions} from '../register/options.js';
import {isRepeatable} from './columns.js';

/** The options of `batch` itself; those of `register` are given beside them, as texts. */
export interface BatchOptions extends CommonOptions, Readonly<Record<string, unknown>> {
  readonly fixed?: string;
  readonly moving?: string;
  readonly bids?: string;
  readonly suffix: string;
  readonly space?: string;
  readonly folder?: string;
  readonly jobs: number;
  readonly shard?: Shard;
  readonly dryRun?: boolean;
}

const DESCRIPTION = `Register the pairs of a table, one row each.

The table (.csv, .tsv, or .json with a list of objects) has the columns fixed and moving, and for every option of \
"hypermorph register" a column of its name, without the dashes: lambda, warp, labels, fixed-mask. What a cell leaves empty is said by \
the option of this command, for all rows. A column name calls the pair; without one it is called <moving>_to_<fixed>. \
Several values of a repeatable option stand in one cell with semicolons between them.

In texts, {name}, {fixed}, {moving} (file names without folder and ending) and {column} for any other column are filled in: \
--warp "warps/{name}.nii.gz". A pair without an output writes {name}_moved.nii.gz into the folder of the batch.

In that folder are summary.csv, a row a pair with its quality, pairs.jsonl, a report a line, and records, by which the next call knows \
what is done: a pair is registered again where the contents of its inputs, its settings or the version changed, or its files \
are no longer as they were. A pair that fails stops no other; the exit code is 5 then. \
After Ctrl-C, or a crash, the same command goes on.

With --qc FOLDER, short for --qc FOLDER/{name}.html, each pair gets a page to look at, and index.html in the folder of the batch is a contact sheet of all, \
worst first.

With --bids DIR --fixed TEMPLATE there is no table: every sub-*/[ses-*/]anat/*_T1w.nii.gz is registered to the template. Moved images, with what they are made of beside them (.json), and warps get BIDS' names for derivatives, in derivatives/hypermorph of the dataset.

With --shard 1/3, 2/3 and 3/3 on three machines, together the same is done as without.`;

export function batchCommand(): Command {
  const command = new Command('batch')
    .summary('register many pairs, as a table says')
    .description(DESCRIPTION)
    .argument('[table]', 'the pairs: .csv, .tsv or .json; none with --bids');
  command
    .optionsGroup('Batch:')
    .option('--fixed <file>', 'the fixed image of rows that name none, such as a template')
    .option('--moving <file>', 'the moving image of rows that name none, such as an atlas')
    .option(
      '--bids <folder>',
      'in the place of a table: every anatomical image of a BIDS dataset, with --fixed',
    )
    .addOption(
      new Option('--suffix <name>', 'with --bids: which images')
        .default('T1w')
        .argParser((text) => parseLabel(text, '--suffix')),
    )
    .option(
      '--space <label>',
      'with --bids: what the space of the template is called (default: by its name)',
      (text) => parseLabel(text, '--space'),
    )
    .option(
      '--folder <folder>',
      'for summary and records (default: <table>_batch, or derivatives/hypermorph of the dataset)',
    )
    .option(
      '-j, --jobs <n>',
      'pairs to register at the same time, each by a process of its own; the threads are shared out',
      (text) => parseWhole(text, {option: '--jobs', minimum: 1}),
      1,
    )
    .option('--shard <i/n>', 'do only the i-th of n parts of the table', parseShard)
    .option('-n, --dry-run', 'check every pair, and say what would be done, without registering');
  const own = command.options.length;
  addRegistrationOptions(command);
  command.options.slice(own).forEach(keepText);
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'Every row of the table, with a warp for each:',
      command: 'hypermorph batch pairs.csv --warp {name}_warp.nii.gz',
    },
    {
      purpose: 'See what would be done:',
      command: 'hypermorph batch pairs.csv --lambda 0.8 --dry-run',
    },
  ]);
}

/** What an option says for all rows is checked, but stays a text, in which each row may fill something in. */
function keepText(option: Option): void {
  if (option.isBoolean()) return;
  const check = option.parseArg;
  const isList = isRepeatable(option);
  option.parseArg = <T>(text: string, earlier: T): T => {
    if (!isList && !text.includes('{')) check?.(text, undefined);
    const texts = Array.isArray(earlier) ? [...(earlier as string[]), text] : [text];
    return (isList ? texts : text) as T;
  };
}

/** A label of BIDS: letters and digits. */
function parseLabel(text: string, option: string): string {
  if (/^[A-Za-z0-9+]+$/.test(text)) return text;
  throw new HypermorphError('E_USAGE', `${option} must be letters and digits, got "${text}".`);
}

function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count) return {index, count};
  throw new HypermorphError(
    'E_USAGE',
    `--shard must be a part and how many there are, such as 1/3, got "${text}".`,
  );
}
