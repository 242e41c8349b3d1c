import {Command, Option} from 'commander';
import {addCommonOptions, addExamples, type CommonOptions} from '../../common-options.js';

export interface ImportOptions extends CommonOptions {
  readonly spacing: string;
  readonly orientation?: string;
  readonly normalisation: string;
  readonly compact?: boolean;
  readonly storage: 'float32' | 'float16' | 'bfloat16';
}

const DESCRIPTION = `Turn a Keras file of VoxelMorph or HyperMorph (.h5) into a model of hypermorph.

Such a file says how the network is built, but not for which images it was trained; the options say that. \
With "--spacing fixed --orientation fixed" the network sees the voxels of the fixed image as they are stored.`;

export function importCommand(): Command {
  const command = new Command('import')
    .summary('turn a Keras model of VoxelMorph or HyperMorph into a model of hypermorph')
    .description(DESCRIPTION)
    .argument('<model.h5>', 'the Keras file')
    .argument('<out.safetensors>', 'the model to write')
    .option(
      '--spacing <mm>',
      'voxel size of the training images: one number, one per axis (1,1,1.5), or "fixed"',
      '1',
    )
    .option(
      '--orientation <axes>',
      'where their axes run to, such as RAS or LIA, or "fixed" (default: RAS; RA for a model of slices)',
    )
    .option(
      '--normalisation <kind>',
      'how intensities were scaled: minmax, percentile:LOW:HIGH, or none',
      'minmax',
    )
    .addOption(
      new Option('--storage <type>', 'number type of the weights in the file')
        .choices(['float32', 'float16', 'bfloat16'])
        .default('float32'),
    )
    .option(
      '--compact',
      'leave out of the hypernetwork what no lambda ever uses: a smaller file, the same answers but for rounding',
    );
  addCommonOptions(command);
  return addExamples(command, [
    {
      purpose: 'A model trained on images of 1 mm with axes to the left, down and forward:',
      command: 'hypermorph import --orientation LIA model.h5 imported.safetensors',
    },
  ]);
}
