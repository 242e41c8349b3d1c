import {Command} from 'commander';
import {addExamples, type CommonOptions, type EngineChoice} from '../../common-options.js';
import {addOneToOne, TRANSFORM_FILES, type TargetOptions} from '../../transform-words.js';

/** The options of `convert`, as the parser gives them. */
export interface ConvertOptions extends CommonOptions, TargetOptions {
  readonly engine: EngineChoice;
}

const DESCRIPTION = `Write a transform as another program reads it.

The name of <out> says the format: .nii or .nii.gz a field, .h5 ITK's file of a whole chain; .txt, .tfm, .mat and .lta an affine map.

${TRANSFORM_FILES}`;

export function convertCommand(): Command {
  const command = new Command('convert')
    .summary('write a transform as another program reads it')
    .description(DESCRIPTION);
  addOneToOne(command);
  return addExamples(command, [
    {
      purpose: 'A warp of register for applywarp of FSL (with --rel):',
      command:
        'hypermorph convert --to fsl --fixed fixed.nii.gz --moving moving.nii.gz warp.nii.gz warp_fsl.nii.gz',
    },
    {
      purpose: 'A matrix of FLIRT for ANTs:',
      command:
        'hypermorph convert --fixed fixed.nii.gz --moving moving.nii.gz fsl:flirt.mat affine_itk.txt',
    },
  ]);
}
