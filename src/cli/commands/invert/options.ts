import {Command} from 'commander';
import {addCommonOptions, addEngineOption, addExamples} from '../../common-options.js';
import {addTargetOptions, TRANSFORM_FILES} from '../../transform-words.js';

const DESCRIPTION = `Write the transform that leads back, from the moving image to the fixed one.

--fixed and --moving are those of <in>: the field that leads back is written on the grid of --moving, or without it on that of <in>. \
It is searched until no voxel is further off than 0.001 mm; where the field of <in> folds there is none, and that is said.

${TRANSFORM_FILES}`;

export function invertCommand(): Command {
  const command = new Command('invert')
    .summary('write the transform that leads back')
    .description(DESCRIPTION)
    .argument('<in>', 'the transform; name:<in> where it does not show whose it is')
    .argument('<out>', 'the file to write');
  addEngineOption(addTargetOptions(command));
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'The warp from the moving image to the fixed one:',
      command: 'hypermorph invert --moving moving.nii.gz warp.nii.gz inverse_warp.nii.gz',
    },
  ]);
}
