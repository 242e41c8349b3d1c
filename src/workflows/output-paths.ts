import {basename} from 'node:path';
import {HypermorphError} from '../errors.js';
import type {Bytes} from '../formats/bytes.js';
import {fileExists, identityOf, requireWritable} from '../formats/files.js';
import {filesOfImage} from '../formats/images/open-image.js';
import {requireImageName} from '../formats/images/write-image.js';
import {OUTPUTS, OUTPUT_KEYS, type OutputKey, type PerOutput} from '../registration/outputs.js';

/** A file that belongs to the moving image, and where to write it moved. */
export interface FilePair {
  readonly source: string;
  readonly target: string;
}

/** A file to be written. */
export interface OutputFile {
  readonly path: string;
  readonly content: Bytes | string;
}

/** Where the results of a registration go; what is left out is not written. */
export interface OutputPaths {
  readonly outputs: PerOutput<string>;
  readonly labels: readonly FilePair[];
  readonly report?: string | undefined;
  readonly affine?: string | undefined;
  readonly qc?: string | undefined;
  readonly thumbnail?: string | undefined;
}

/** The outputs of a registration as they are asked for. */
interface GivenPaths {
  readonly outputs?: Readonly<Partial<Record<OutputKey, string | undefined>>> | undefined;
  readonly labels?: readonly FilePair[] | undefined;
  readonly report?: string | undefined;
  readonly affineOut?: string | undefined;
  readonly qc?: string | undefined;
  readonly thumbnail?: string | undefined;
}

/** Every file that is asked for by its name. */
export function outputFiles({outputs = {}, labels = [], ...texts}: GivenPaths): string[] {
  const {report, affineOut, qc, thumbnail} = texts;
  const images = [...Object.values(outputs), ...labels.map(({target}) => target)];
  const paths = [...images, affineOut, report, qc, thumbnail];
  return paths.filter((path) => path !== undefined);
}

/**
 * Decide which files a registration writes: those that are given, or else the moved image under a name of our making.
 *
 * @param inputs - Files that must not be overwritten.
 * @throws {HypermorphError} E_USAGE if a name is no NIfTI name, two outputs share a file, or an output is an input; E_IO if one
 *   could not be written.
 */
export async function planPaths(
  inputs: readonly string[],
  moving: string,
  given: GivenPaths,
): Promise<OutputPaths> {
  const {labels = [], report, affineOut: affine, qc, thumbnail} = given;
  const named = OUTPUT_KEYS.flatMap((key) => {
    const path = given.outputs?.[key];
    return path === undefined ? [] : [[key, path] as const];
  });
  const isDefault = named.length === 0 && labels.length === 0;
  const outputs: PerOutput<string> = isDefault
    ? {moved: `${stemOf(moving)}_moved.nii.gz`}
    : Object.fromEntries(named);
  const images = [...Object.values(outputs), ...labels.map(({target}) => target)];
  for (const {key, components} of OUTPUTS) {
    const path = outputs[key];
    if (path !== undefined) requireImageName(path, components);
  }
  labels.forEach(({target}) => requireImageName(target));
  const all = [...images, ...[affine, report, qc, thumbnail].filter((path) => path !== undefined)];
  requireName(report, REPORT_NAME);
  requireName(affine, AFFINE_NAME);
  requireName(qc, QC_NAME);
  await requireSeparateFiles(inputs, all, 'registration');
  if (isDefault) await requireNew(images[0]);
  for (const path of all) await requireWritable(path);
  return {outputs, labels, affine, report, qc, thumbnail};
}

/** The names of a kind of file that is no image. */
interface FileName {
  readonly what: string;
  readonly pattern: RegExp;
  readonly endings: string;
}

/** No ending, or one that promises no other format. */
const REPORT_NAME: FileName = {
  what: 'the report',
  pattern:
    /^(?!.*\.(nii|gz|hdr|img|mg[hz]|mh[ad]|nrrd|nhdr|h5|csv|tsv|txt|tfm|mat|xlsx?|ya?ml|safetensors)$)/i,
  endings: '.json',
};
const AFFINE_NAME: FileName = {
  what: 'an affine',
  pattern: /\.(txt|tfm)$/i,
  endings: '.txt or .tfm',
};
const QC_NAME: FileName = {
  what: 'a page to look at',
  pattern: /\.(html|png)$/i,
  endings: '.html or .png',
};
/** Of a table of comma-separated values. */
export const TABLE_NAME: FileName = {what: 'a table', pattern: /\.csv$/i, endings: '.csv'};

/**
 * A name whose ending promises another format than the file has leads programs and people astray.
 *
 * @throws {HypermorphError} E_USAGE with the endings.
 */
export function requireName(path: string | undefined, {what, pattern, endings}: FileName): void {
  if (path === undefined || pattern.test(path)) return;
  throw new HypermorphError('E_USAGE', `${path}: the name of ${what} must end in ${endings}.`);
}

/** A name of our making must not cost a file: an earlier call may have written it. */
async function requireNew(path: string): Promise<void> {
  if (!(await fileExists(path))) return;
  throw new HypermorphError(
    'E_USAGE',
    `\`moved\` must be given, because the name that is used without it, ${path}, is taken.`,
    {hint: 'Name the output (the same name overwrites it), or remove the earlier file.'},
  );
}

/** Which file holds what; absent outputs are left out. */
export function listOutputs({
  outputs,
  labels,
  affine,
  report,
  qc,
  thumbnail,
}: OutputPaths): Readonly<Record<string, string | readonly string[]>> {
  return {
    ...outputs,
    ...(affine === undefined ? {} : {affine}),
    ...(report === undefined ? {} : {report}),
    ...(qc === undefined ? {} : {qc}),
    ...(thumbnail === undefined ? {} : {thumbnail}),
    ...(labels.length === 0 ? {} : {labels: labels.map(({target}) => target)}),
  };
}

/** The name of an image file without folder and endings. */
export function stemOf(path: string): string {
  return basename(path).replace(/(\.(nii|hdr|img|mgh|mgz|nrrd|nhdr|mha|mhd))?(\.gz)?$/i, '');
}

/**
 * Check that no output takes the place of an input, of both halves of a pair, or of another output, whatever they are called.
 *
 * @param where - Begins the message.
 * @throws {HypermorphError} E_USAGE that names the output.
 */
export async function requireSeparateFiles(
  inputs: readonly string[],
  outputs: readonly string[],
  where: string,
): Promise<void> {
  const taken = new Map<string, string>();
  // One after the other: a batch has more files than can be open at a time.
  for (const input of new Set(inputs)) {
    for (const path of await filesOfImage(input)) taken.set(await identityOf(path), 'an input');
  }
  for (const path of outputs) {
    const real = await identityOf(path);
    const use = taken.get(real);
    if (use !== undefined) {
      throw new HypermorphError(
        'E_USAGE',
        `${where}: an output must have a file of its own, got ${path}, which is ${use}.`,
        {hint: 'Give every output another name; an input is never overwritten.'},
      );
    }
    taken.set(real, 'another output');
  }
}
