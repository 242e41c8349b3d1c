import {basename} from 'node:path';
import {HypermorphError} from '../errors.js';
import {requireWritable, resolveLinks} from '../formats/files.js';
import {requireNiftiName} from '../formats/images/nifti/nifti.js';
import {OUTPUT_KEYS, type OutputKey, type PerOutput} from '../registration/outputs.js';

/** A label map to warp, and where to write it. */
export interface LabelPaths {
  readonly source: string;
  readonly target: string;
}

/** Where the results of a registration go; what is left out is not written. */
export interface OutputPaths {
  readonly outputs: PerOutput<string>;
  readonly labels: readonly LabelPaths[];
  readonly report?: string | undefined;
  readonly affine?: string | undefined;
}

/**
 * Decide which files a registration writes: those that are given, or else the moved image under a name of our making.
 *
 * @param inputs - Files that must not be overwritten, beside the label maps.
 * @throws {HypermorphError} E_USAGE if a name is no NIfTI name, two outputs share a file, or an output is an input; E_IO if one
 *   could not be written.
 */
export async function planPaths(
  inputs: readonly string[],
  moving: string,
  given: {
    readonly outputs?: Readonly<Partial<Record<OutputKey, string | undefined>>> | undefined;
    readonly labels?: readonly LabelPaths[] | undefined;
    readonly report?: string | undefined;
    readonly affineOut?: string | undefined;
  },
): Promise<OutputPaths> {
  const {labels = [], report, affineOut: affine} = given;
  const named = OUTPUT_KEYS.flatMap((key) => {
    const path = given.outputs?.[key];
    return path === undefined ? [] : [[key, path] as const];
  });
  const isDefault = named.length === 0 && labels.length === 0;
  const outputs: PerOutput<string> = isDefault
    ? {moved: `${stemOf(moving)}_moved.nii.gz`}
    : Object.fromEntries(named);
  const images = [...Object.values(outputs), ...labels.map(({target}) => target)];
  images.forEach(requireNiftiName);
  const all = [...images, ...[affine, report].filter((path) => path !== undefined)];
  await requireSeparateFiles([...inputs, ...labels.map(({source}) => source)], all);
  for (const path of all) await requireWritable(path);
  return {outputs, labels, affine, report};
}

/** Which file holds what; absent outputs are left out. */
export function listOutputs({
  outputs,
  labels,
  affine,
  report,
}: OutputPaths): Readonly<Record<string, string | readonly string[]>> {
  return {
    ...outputs,
    ...(affine === undefined ? {} : {affine}),
    ...(report === undefined ? {} : {report}),
    ...(labels.length === 0 ? {} : {labels: labels.map(({target}) => target)}),
  };
}

/** The name of an image file without folder and endings. */
export function stemOf(path: string): string {
  return basename(path).replace(/(\.(nii|hdr|img))?(\.gz)?$/i, '');
}

async function requireSeparateFiles(
  inputs: readonly string[],
  outputs: readonly string[],
): Promise<void> {
  const taken = new Map<string, string>();
  for (const path of inputs) taken.set(await resolveLinks(path), 'an input');
  for (const path of outputs) {
    const real = await resolveLinks(path);
    const use = taken.get(real);
    if (use !== undefined) {
      throw new HypermorphError(
        'E_USAGE',
        `registration: an output must have a file of its own, got ${path}, which is ${use}.`,
        {hint: 'Give every output another name; an input is never overwritten.'},
      );
    }
    taken.set(real, 'another output');
  }
}
