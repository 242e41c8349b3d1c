import {Command} from 'commander';
import type {TransformInput} from '../../../workflows/transform-chain.js';
import {
  addCommonOptions,
  addEngineOption,
  addExamples,
  type CommonOptions,
  type EngineChoice,
} from '../../common-options.js';
import {
  addTargetOptions,
  addTransforms,
  TRANSFORM_FILES,
  type TargetOptions,
} from '../../transform-words.js';

/** The options of `compose`, as the parser gives them. */
export interface ComposeOptions extends CommonOptions, TargetOptions {
  readonly transform?: readonly TransformInput[];
  readonly output: string;
  readonly engine: EngineChoice;
}

const DESCRIPTION = `Write several transforms, one after the other, as one.

Affine maps become one matrix (.txt, .tfm, .mat, .lta), anything else one field (.nii, .nii.gz) on the grid of --fixed, or a chain in \
ITK's own file (.h5), which keeps every part as it is.

${TRANSFORM_FILES}`;

export function composeCommand(): Command {
  const command = new Command('compose')
    .summary('write a chain of transforms as one')
    .description(DESCRIPTION);
  addTransforms(command).requiredOption('-o, --output <file>', 'the file to write');
  addEngineOption(addTargetOptions(command));
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'An affine map and the warp that was found after it, as one warp:',
      command:
        'hypermorph compose -t affine.txt -t warp.nii.gz --fixed fixed.nii.gz -o total.nii.gz',
    },
    {
      purpose: 'From one image to another one by what was found for a third, as a chain for ITK:',
      command: 'hypermorph compose -t warp.nii.gz -t inverse:affine.txt -o chain.h5',
    },
  ]);
}
