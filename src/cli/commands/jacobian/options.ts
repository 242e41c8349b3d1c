import {Command} from 'commander';
import type {TransformInput} from '../../../workflows/transform-chain.js';
import {
  addCommonOptions,
  addEngineOption,
  addExamples,
  type CommonOptions,
  type EngineChoice,
} from '../../common-options.js';
import {addTransforms, TRANSFORM_FILES} from '../../transform-words.js';

/** The options of `jacobian`, as the parser gives them. */
export interface JacobianOptions extends CommonOptions {
  readonly transform?: readonly TransformInput[];
  readonly reference?: string;
  readonly output: string;
  readonly log?: boolean;
  readonly withoutAffine?: boolean;
  readonly engine: EngineChoice;
}

const DESCRIPTION = `Write how much a transform changes the volume at every voxel: the determinant of its derivative.

Above 1 the structure is larger in the moving image, 0 or less is a fold. The warp of register holds its affine map, too; \
what it does beyond that is "-t inverse:affine.txt -t warp.nii.gz", where affine.txt is what register --affine-out wrote.

${TRANSFORM_FILES}`;

export function jacobianCommand(): Command {
  const command = new Command('jacobian')
    .summary('write the local change of volume of a transform')
    .description(DESCRIPTION);
  addTransforms(command)
    .option(
      '-r, --reference <image>',
      'the image on whose grid the result lies (default: the grid of the field, where there is one)',
    )
    .requiredOption(
      '-o, --output <file>',
      'the image to write (.nii, .nii.gz, .mgz, .mgh, .nrrd, .mha)',
    )
    .option('--log', 'its natural logarithm, of at least 1e-9')
    .option(
      '--without-affine',
      'leave out the affine maps of the chain, which change every volume alike',
    );
  addEngineOption(command);
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'The change of volume, as a logarithm:',
      command: 'hypermorph jacobian -t warp.nii.gz --log -o log_jacobian.nii.gz',
    },
    {
      purpose: 'Beyond the affine map that register folded into its warp:',
      command: 'hypermorph jacobian -t inverse:affine.txt -t warp.nii.gz -o jacobian.nii.gz',
    },
  ]);
}
