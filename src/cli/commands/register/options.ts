import {Command, Option} from 'commander';
import {OUTPUTS, type OutputKey} from '../../../registration/outputs.js';
import type {RegisterFilesSettings} from '../../../workflows/register-files.js';
import {
  addCommonOptions,
  addEngineOption,
  addExamples,
  addMemoryOption,
  collect,
  type CommonOptions,
} from '../../common-options.js';
import {interpolationOption} from '../../interpolation.js';
import {parseFinite, parseWhole} from '../../numbers.js';
import {optionFor} from '../../option-words.js';
import {parsePerImage, parseRefine} from './parse.js';

/** What commander calls the option of an output. */
type OutputAttribute = OutputKey | 'svf';

/** The options as commander gives them: settings of the registration, and what becomes one. */
export interface RegisterOptions
  extends
    CommonOptions,
    Readonly<Partial<Record<OutputAttribute, string>>>,
    Omit<
      RegisterFilesSettings,
      'fixed' | 'moving' | 'hyperparameters' | 'labels' | 'outputs' | 'hashes'
    > {
  readonly fixed?: string;
  readonly moving?: string;
  readonly lambda?: string;
  readonly hyper?: readonly string[];
  readonly labels?: readonly string[];
  readonly dryRun?: boolean;
}

const SHORT_FLAGS: Readonly<Partial<Record<OutputKey, string>>> = {moved: '-o, ', warp: '-w, '};

/** One option per output. */
const makeOutputOptions = (): readonly Option[] =>
  OUTPUTS.map(
    ({key, meaning}) => new Option(`${SHORT_FLAGS[key] ?? ''}${optionFor(key)} <file>`, meaning),
  );

/** What commander calls the option of each output. */
export const outputAttributes = makeOutputOptions().map((option, n) => ({
  key: OUTPUTS[n].key,
  attribute: option.attributeName() as OutputAttribute,
}));

const DESCRIPTION = `Register <moving> to <fixed>.

Both are images of any size, spacing and orientation: NIfTI (.nii, .nii.gz, .hdr/.img), FreeSurfer (.mgz, .mgh), NRRD (.nrrd, .nhdr) or \
MetaImage (.mha, .mhd). The name of an output says its format: .nii, .nii.gz, .mgz, .mgh, .nrrd or .mha; of a warp .nii or .nii.gz. \
The result lies on the grid of <fixed>: each of its voxels is looked up once in <moving>. \
Without an output option the moved image is written to <moving>_moved.nii.gz in the current folder.`;

export function registerCommand(): Command {
  const command = new Command('register')
    .summary('register a moving image to a fixed one')
    .description(DESCRIPTION)
    .argument('[fixed]', 'the image that stays')
    .argument('[moving]', 'the image that is warped onto it')
    .optionsGroup('Images:')
    .option('--fixed <file>', 'the image that stays, by name in the place of the two arguments')
    .option('--moving <file>', 'the image that is warped onto it, likewise');
  addRegistrationOptions(command).option(
    '-n, --dry-run',
    'check options, model, files and output names, and say what would be done, without registering',
  );
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'Register, and look at the result:',
      command: 'hypermorph register fixed.nii.gz moving.nii.gz',
    },
    {
      purpose: 'A smoother deformation, and the warp for ITK, ANTs or Slicer:',
      command:
        'hypermorph register --lambda 0.8 -o moved.nii.gz --warp warp.nii.gz fixed.nii.gz moving.nii.gz',
    },
    {
      purpose: 'Bring the label map of the moving image along, and keep a report:',
      command:
        'hypermorph register --labels labels.nii.gz:labels_moved.nii.gz --report report.json fixed.nii.gz moving.nii.gz',
    },
  ]);
}

/** All that can be said about a registration but its two images. */
export function addRegistrationOptions(command: Command): Command {
  addModelOptions(command.optionsGroup('Model:'));
  addOutputOptions(command.optionsGroup('Outputs:'));
  addStageOptions(command.optionsGroup('Stages:'));
  addInputOptions(command.optionsGroup('Inputs:'));
  addComputingOptions(command.optionsGroup('Computing:'));
  return command;
}

function addModelOptions(command: Command): void {
  command
    .option(
      '-m, --model <file|name>',
      'model to register with: a file, default or hippocampus, which come with hypermorph, or none to do without a network (default: hippocampus for crops of its size, else default)',
    )
    .option(
      '-l, --lambda <number>',
      'smoothness: small follows the images closely, large keeps the deformation smooth (default: what the model recommends)',
    )
    .option('--hyper <name=value>', 'another hyperparameter of the model; repeatable', collect);
}

function addOutputOptions(command: Command): void {
  for (const option of makeOutputOptions()) command.addOption(option);
  command
    .addOption(interpolationOption('how <moving> is looked up for the moved image'))
    .option(
      '--labels <in:out>',
      'warp a label map that belongs to <moving>, nearest voxel; repeatable',
      collect,
    )
    .option(
      '--fixed-labels <file>',
      'a label map that belongs to <fixed>, of the same numbers as the first of --labels: both are outlined and compared on the page of --qc',
    )
    .option(
      '--affine-out <file>',
      'the affine that brought the images together, <fixed> to <moving>, as a text file of ITK',
    )
    .option('--report <file>', 'what was done and how well it went, as JSON')
    .option(
      '--qc <file>',
      'a page to judge the result by (.html): slices before and after every stage with swipe and flicker, edges, grid, Jacobian, key figures; or one picture of them (.png)',
    );
}

function addStageOptions(command: Command): void {
  command
    .option(
      '--affine <how>',
      'bring the images together first: auto searches an affine and keeps it where it helps; rigid, similarity and affine keep what they find; ' +
        'centre and fov move the centre of mass or of the field of view; none (or headers) trusts the headers; or a file of an affine map, fixed to moving, as apply takes it (fsl:flirt.mat) ' +
        '(default: auto)',
    )
    .option(
      '--refine <auto|none|n>',
      'optimise the deformation on the pair itself, at most n steps at each resolution (default: auto)',
      parseRefine,
    )
    .addOption(
      new Option(
        '--keep <answer>',
        'of alignment, network and refinement keep the best, by similarity and folds, or the last (default: best). ' +
          'A model of another program is run alone unless told: none, none, last',
      ).choices(['best', 'last']),
    );
}

function addInputOptions(command: Command): void {
  command
    .option('--fixed-mask <file>', 'where <fixed> counts; an image on its grid, 0 does not count')
    .option('--moving-mask <file>', 'where <moving> counts, likewise')
    .option(
      '--volume <n[,m]>',
      'which volume of a file with several, counted from 0; two numbers are that of <fixed> and that of <moving>',
      (text) => parsePerImage(text, whole('--volume', 0)),
    )
    .option(
      '--background <n[,m]>',
      'the intensity outside the images; two numbers are that of <fixed> and that of <moving> (default: what their faces show)',
      (text) => parsePerImage(text, (one) => parseFinite(one, {option: '--background'})),
    )
    .addOption(
      new Option('--geometry <source>', 'which placement in the header to believe')
        .choices(['auto', 'sform', 'qform'])
        .default('auto'),
    )
    .option(
      '--assume-orientation',
      'write warps although a header does not say how the image is oriented',
    );
}

function addComputingOptions(command: Command): void {
  addMemoryOption(addEngineOption(command))
    .addOption(
      new Option(
        '--precision <name>',
        'what the large convolutions multiply; bf16 keeps 8 of 24 binary places, and needs the native engine and a processor with AVX512_BF16',
      )
        .choices(['float32', 'bf16'])
        .default('float32'),
    )
    .option(
      '--threads <n>',
      'threads to use (default: one for each processor that the process may use)',
      whole('--threads', 1),
    );
}

function whole(option: string, minimum: number): (text: string) => number | undefined {
  return (text) => parseWhole(text, {option, minimum});
}
