import {Command, Option} from 'commander';
import type {ImageInterpolation} from '../../../transforms/apply.js';
import type {TransformInput} from '../../../workflows/transform-chain.js';
import {
  addCommonOptions,
  addEngineOption,
  addExamples,
  collect,
  type CommonOptions,
  type EngineChoice,
} from '../../common-options.js';
import {interpolationOption} from '../../interpolation.js';
import {parseFinite, parseWhole} from '../../numbers.js';
import {parseSpacing} from '../../spacing.js';
import {addTransforms, TRANSFORM_FILES} from '../../transform-words.js';

/** The options of `apply`, as the parser gives them. */
export interface ApplyOptions extends CommonOptions {
  readonly transform?: readonly TransformInput[];
  readonly reference?: string;
  readonly image?: readonly string[];
  readonly labels?: readonly string[];
  readonly points?: readonly string[];
  readonly pointsIn: 'ras' | 'lps';
  readonly voxelsOf?: readonly string[];
  readonly spacing?: readonly number[];
  readonly interpolation: ImageInterpolation;
  readonly labelInterpolation: 'nearest' | 'majority';
  readonly background?: number | 'edge';
  readonly engine: EngineChoice;
  readonly threads?: number;
}

const DESCRIPTION = `Carry images, label maps, series and points through one transform or a chain of them.

Images go from moving to the reference: the result at a voxel x of the reference is the image at T(x), interpolated once however \
long the chain is. Points go the other way, from the reference to moving: x becomes T(x). To carry points of the moving image \
to the reference, invert: after "register -w warp.nii.gz fixed.nii.gz moving.nii.gz", "-t warp.nii.gz" moves the image moving.nii.gz \
and points that were marked in fixed.nii.gz, "-t inverse:warp.nii.gz" the image fixed.nii.gz and points that were marked in moving.nii.gz.

The order of -t is that of mathematics, so that an affine map stands before the warp that was found after it: \
"-t affine.txt -t warp.nii.gz" is "-t warp.nii.gz -t affine.txt" of antsApplyTransforms.

Images are those that register reads and writes: NIfTI, .mgz, .mgh, .nrrd and .mha.

${TRANSFORM_FILES}

Those of FSL depend on both images: that of -r and those that are moved, which must share a grid. All files are written, or none.`;

export function applyCommand(): Command {
  const command = new Command('apply')
    .summary('carry images, labels, series and points through transforms')
    .description(DESCRIPTION);
  addTransforms(command.optionsGroup('Transforms:'))
    .option(
      '-r, --reference <file>',
      'the image on whose grid the results lie, fixed (only its header is read), or own: each result on the grid of its own image',
    )
    .option(
      '--spacing <mm>',
      'another distance between the voxels of the results, one number or one per axis (1,1,2), in the same box; nothing is smoothed before',
      (text) => parseSpacing(text, '--spacing'),
    );
  command
    .optionsGroup('What to move:')
    .option(
      '-i, --image <in:out>',
      'an image; a series (4-D) volume by volume; repeatable',
      collect,
    )
    .option('--labels <in:out>', 'a label map, which keeps its whole numbers; repeatable', collect)
    .option(
      '--points <in:out>',
      'a table (.csv) with the columns x, y, z, and others that are kept: points of the reference; repeatable',
      collect,
    )
    .addOption(
      new Option(
        '--points-in <system>',
        'what the numbers of the points are, in mm, before and after',
      )
        .choices(['ras', 'lps'])
        .default('ras'),
    )
    .option(
      '--voxels-of <files...>',
      'the points are voxel indices, from 0: before, of this first image, after, of this second one',
    )
    .addOption(interpolationOption('how images are looked up'))
    .addOption(
      new Option(
        '--label-interpolation <how>',
        'nearest voxel, or the label with the largest share in a linear look-up, whose borders are smooth',
      )
        .choices(['nearest', 'majority'])
        .default('nearest'),
    )
    .option(
      '--background <n>',
      'the value of an image where the transform leads out of it, or edge: that of its nearest voxel (default: 0)',
      (text) => (text === 'edge' ? text : parseFinite(text, {option: '--background'})),
    );
  addEngineOption(command.optionsGroup('Computing:')).option(
    '--threads <n>',
    'threads to use (default: one for each processor that the process may use)',
    (text) => parseWhole(text, {option: '--threads', minimum: 1}),
  );
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose:
        'The moving image and its labels onto the fixed one, through an affine map and a warp that acts first:',
      command:
        'hypermorph apply -t affine.txt -t warp.nii.gz -r fixed.nii.gz -i moving.nii.gz:moved.nii.gz --labels labels.nii.gz:labels_moved.nii.gz',
    },
    {
      purpose:
        'Points that were marked in moving.nii.gz, as voxels of it, to voxels of fixed.nii.gz:',
      command:
        'hypermorph apply -t inverse:warp.nii.gz --points moving.csv:points.csv --voxels-of moving.nii.gz fixed.nii.gz',
    },
    {
      purpose: 'A series onto the grid of the fixed image at 6 mm:',
      command:
        'hypermorph apply -t warp.nii.gz -r fixed.nii.gz --spacing 6 -i series.nii.gz:series_moved.nii.gz',
    },
  ]);
}
