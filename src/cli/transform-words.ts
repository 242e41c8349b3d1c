import {existsSync} from 'node:fs';
import {type Command, Option} from 'commander';
import {HypermorphError} from '../errors.js';
import {
  CONVENTION_NAMES,
  CONVENTIONS,
  isConventionName,
  type ConventionName,
} from '../formats/transforms/conventions.js';
import type {TransformInput} from '../workflows/transform-chain.js';
import {addCommonOptions, addEngineOption} from './common-options.js';

const INVERSE = 'inverse:';

/** What a transform may be, in words for a description: two paragraphs, of which the second one is a list. */
export const TRANSFORM_FILES = `A transform is a file of ITK or ANTs (.nii, .nii.gz, .nrrd, .mha, .txt, .tfm, .mat, .h5), elastix (TransformParameters) or FreeSurfer (.lta, .mgz), \
or a field whose header names NiftyReg (or its control points), SPM or FNIRT; affine maps, fields and cubic B-splines. What does not show whose it is, is named before the file: fsl:flirt.mat, \
greedy:affine.mat, voxels:flow.nii.gz. The names:

${CONVENTION_NAMES.map((name) => `- ${name}: ${CONVENTIONS[name].meaning}`).join('\n')}`;

/** `-t`: a file; before it `inverse:`, the name of a convention and a colon, or both. A file of that very name is meant before anything else. */
export function parseTransform(text: string): TransformInput {
  if (existsSync(text)) return {path: text};
  if (text.startsWith(INVERSE)) {
    return {...parseTransform(text.slice(INVERSE.length)), inverse: true};
  }
  const name = text.slice(0, Math.max(0, text.indexOf(':')));
  if (!isConventionName(name)) return {path: text};
  return {...parseTransform(text.slice(name.length + 1)), convention: name};
}

/**
 * The same for an option that takes a transform as it is.
 *
 * @throws {HypermorphError} E_USAGE for one that is to lead back.
 */
export function parseOneWay(text: string, option: string): TransformInput {
  const input = parseTransform(text);
  if (input.inverse !== true) return input;
  throw new HypermorphError('E_USAGE', `${option} must be a file as it is, got an inverse.`, {
    hint: 'Write what leads back with `hypermorph invert` first.',
  });
}

/** `-t A -t B`, for several. */
export function addTransforms(command: Command): Command {
  return command.option(
    '-t, --transform <file>',
    'a transform, fixed to moving; inverse:<file> leads back; repeatable, -t A -t B is T(x) = A(B(x)): the last one acts first on a point of the fixed image',
    (text: string, earlier?: readonly TransformInput[]) => [
      ...(earlier ?? []),
      parseTransform(text),
    ],
  );
}

/** `--to`, `--fixed` and `--moving`, of what is written. */
export function addTargetOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--to <convention>',
        'whose numbers to write (default: itk; freesurfer for .lta and .mgz; a .mat needs it)',
      ).choices(CONVENTION_NAMES),
    )
    .option(
      '--fixed <image>',
      'the image that the transform starts from: a field is written on its grid, and fsl and freesurfer need it',
    )
    .option('--moving <image>', 'the image that it leads to: fsl and freesurfer need it');
}

/** What `addTargetOptions` gives. */
export interface TargetOptions {
  readonly to?: ConventionName;
  readonly fixed?: string;
  readonly moving?: string;
}

/** The arguments and options of a command that makes one transform file of another. */
export function addOneToOne(command: Command): void {
  command
    .argument('<in>', 'the transform; name:<in> where it does not show whose it is')
    .argument('<out>', 'the file to write');
  addEngineOption(addTargetOptions(command));
  addCommonOptions(command);
}
