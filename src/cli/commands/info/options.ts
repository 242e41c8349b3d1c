import {Command} from 'commander';
import {addCommonOptions, addExamples} from '../../common-options.js';

export function infoCommand(): Command {
  const command = new Command('info')
    .summary('describe an image, a warp or a model')
    .description(
      'Describe an image (NIfTI, FreeSurfer, NRRD, MetaImage) or warp (size, spacing, orientation, what its numbers mean) or a model (what it is made of, what it expects, what it was trained on).',
    )
    .argument('<file>', 'an image, a warp or a model (.safetensors)');
  addCommonOptions(command);
  return addExamples(command, [
    {purpose: 'How is this image stored?', command: 'hypermorph info moving.nii.gz'},
    {purpose: 'What can this model do?', command: 'hypermorph info model.safetensors'},
  ]);
}
