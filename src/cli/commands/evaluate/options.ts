import {Command, InvalidArgumentError, Option} from 'commander';
import {addCommonOptions, addExamples, type CommonOptions} from '../../common-options.js';

/** The options of `evaluate`, as the parser gives them. */
export interface EvaluateOptions extends CommonOptions {
  readonly images?: readonly string[];
  readonly labels?: readonly string[];
  readonly warp?: string;
  readonly landmarks?: readonly string[];
  readonly landmarksIn: 'ras' | 'lps';
  readonly voxelsOf?: readonly string[];
  readonly mask?: string;
  readonly onlyLabels?: readonly number[];
  readonly resample?: boolean;
  readonly window?: number;
  readonly bins?: number;
  readonly csv?: string;
}

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .summary('measure how good a registration is')
    .description(
      'Measure how well images, label maps or landmarks agree, and how regular a warp is. Each of --images, --labels, --warp and --landmarks asks for its own measures; give one or several. The fixed file comes first. Images and label maps are those that register reads.',
    )
    .option('--images <files...>', 'fixed and moved image: NCC, local NCC, MSE, mutual information')
    .option(
      '--labels <files...>',
      'fixed and moved label map: Dice, Jaccard, HD95 and ASSD in mm, for every label and as a mean',
    )
    .option(
      '--warp <file>',
      'a warp, fixed to moving (of ITK, ANTs or register; name:<file> where it does not show whose it is, see apply): folds, Jacobian determinant, SDlogJ, lengths',
    )
    .option(
      '--landmarks <files...>',
      'fixed and moving landmarks: two tables (.csv) with the columns x, y, z and partners in equal rows, or one with fixed_x to moving_z; distances before and, with --warp, after',
    )
    .addOption(
      new Option('--landmarks-in <system>', 'what the numbers of the landmarks are, in mm')
        .choices(['ras', 'lps'])
        .default('ras'),
    )
    .addOption(
      new Option(
        '--voxels-of <files...>',
        'the landmarks are voxel indices, from 0, of this fixed and this moving image',
      ),
    )
    .option(
      '--resample',
      'sample the second image and label map on the grid of the first: through --warp where it is given, else as their headers place them',
    )
    .option(
      '--mask <file>',
      'only voxels where this image is not 0 count, for --images and --warp; on the grid of the fixed image',
    )
    .option('--only-labels <values>', 'compare only these labels, e.g. 1,2,17', wholeNumbers)
    .option('--window <voxels>', 'edge of the window of the local NCC (default: 9)', oddNumber)
    .option(
      '--bins <count>',
      'bins of each image for the mutual information (default: 32)',
      atLeastTwo,
    )
    .option('--csv <file>', 'write all numbers as a table: part, label, measure, value');
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'How well do the labels of two images agree, through a warp?',
      command:
        'hypermorph evaluate --labels fixed_labels.nii.gz labels.nii.gz --warp warp.nii.gz --resample',
    },
    {
      purpose: 'Landmarks in voxels, and a table for the statistics:',
      command:
        'hypermorph evaluate --landmarks fixed.csv moving.csv --voxels-of fixed.nii.gz moving.nii.gz --warp warp.nii.gz --csv results.csv',
    },
  ]);
}

function wholeNumbers(text: string): readonly number[] {
  const values = text.split(',').map((word) => (word.trim() === '' ? NaN : Number(word)));
  if (values.every((value) => Number.isInteger(value))) return values;
  throw new InvalidArgumentError(
    'It must be whole numbers with commas between them, such as 1,2,17.',
  );
}

function oddNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value % 2 === 1) return value;
  throw new InvalidArgumentError('It must be an odd whole number, such as 9.');
}

function atLeastTwo(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 1) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 2.');
}
