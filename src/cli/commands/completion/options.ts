import {Argument, Command} from 'commander';
import {addExamples} from '../../common-options.js';

/** Shells that can be told what may follow. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

export function completionCommand(): Command {
  const command = new Command('completion')
    .summary('write a script by which a shell completes commands and options')
    .description(
      'Write a script by which a shell completes commands, options and their choices at the tab key. It is made from this program, so write it anew after an update.',
    )
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS));
  return addExamples(command, [
    {
      purpose: 'For bash, in ~/.bashrc:',
      command: 'source <(hypermorph completion bash)',
    },
    {
      purpose: 'For zsh, in a folder of its fpath:',
      command: 'hypermorph completion zsh > _hypermorph',
    },
    {
      purpose: 'For fish, in ~/.config/fish/completions:',
      command: 'hypermorph completion fish > hypermorph.fish',
    },
  ]);
}
