import {Command} from 'commander';
import {addExamples} from '../../common-options.js';
import {addOneToOne, TRANSFORM_FILES} from '../../transform-words.js';

const DESCRIPTION = `Write the transform that leads back, from the moving image to the fixed one.

--fixed and --moving are those of <in>: the field that leads back is written on the grid of --moving, or without it on that of <in>. \
It is searched until no voxel is further off than 0.001 mm; where the field of <in> folds there is none, and that is said.

${TRANSFORM_FILES}`;

export function invertCommand(): Command {
  const command = new Command('invert')
    .summary('write the transform that leads back')
    .description(DESCRIPTION);
  addOneToOne(command);
  return addExamples(command, [
    {
      purpose: 'The warp from the moving image to the fixed one:',
      command: 'hypermorph invert --moving moving.nii.gz warp.nii.gz inverse_warp.nii.gz',
    },
  ]);
}
