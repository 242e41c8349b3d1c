import {Command} from 'commander';
import {addCommonOptions, addExamples, type CommonOptions} from '../../common-options.js';

export interface DoctorOptions extends CommonOptions {
  readonly threads?: string;
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('say what this machine can run, and how fast')
    .description(
      'Say which engines load and why the others do not, measure the native engine (about a second), and estimate what a registration of 160 x 192 x 224 voxels takes.',
    )
    .option(
      '--threads <n>',
      'threads of the native engine (default: one for each processor that the process may use)',
    );
  addCommonOptions(command);
  return addExamples(command, [
    {purpose: 'Is everything in place?', command: 'hypermorph doctor'},
    {purpose: 'For a report of a problem', command: 'hypermorph doctor --json'},
  ]);
}
