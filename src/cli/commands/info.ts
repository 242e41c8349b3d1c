import {Command} from 'commander';
import {addCommonOptions, addExamples, type CommonOptions} from '../common-options.js';
import type {CliContext} from '../context.js';

export function infoCommand(context: CliContext): Command {
  const command = new Command('info')
    .summary('describe an image, a warp or a model')
    .description(
      'Describe a NIfTI image or warp (size, spacing, orientation, what its numbers mean) or a model (what it is made of, what it expects, what it was trained on).',
    )
    .argument('<file>', 'a NIfTI file or a model (.safetensors)');
  addCommonOptions(command);
  addExamples(command, [
    {purpose: 'How is this image stored?', command: 'hypermorph info moving.nii.gz'},
    {purpose: 'What can this model do?', command: 'hypermorph info model.safetensors'},
  ]);
  return command.action(async (file: string, options: CommonOptions) => {
    const {runInfo} = await import('../run-info.js');
    await runInfo(file, options, context);
  });
}
