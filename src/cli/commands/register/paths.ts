import {basename} from 'node:path';
import {HypermorphError} from '../../../errors.js';
import {requireWritable, resolveLinks} from '../../../formats/files.js';
import {requireNiftiName} from '../../../formats/images/nifti/nifti.js';
import type {OutputPaths} from '../../../registration/outputs.js';
import type {RegisterOptions} from './options.js';

/** A label map to warp: `--labels in:out`. */
export interface LabelPaths {
  readonly source: string;
  readonly target: string;
}

export interface RegisterPaths {
  readonly outputs: OutputPaths;
  readonly labels: readonly LabelPaths[];
  readonly report: string | undefined;
  /** Whether the user named no output, so that the moved image gets a name of our making. */
  readonly isDefault: boolean;
}

/**
 * Decide which files a registration writes.
 *
 * @throws {HypermorphError} E_USAGE if a name is no NIfTI name, two outputs share a file, or an output is an input; E_IO if one
 *   could not be written.
 */
export async function planPaths(
  inputs: readonly string[],
  moving: string,
  options: RegisterOptions,
): Promise<RegisterPaths> {
  const labels = (options.labels ?? []).map(splitLabels);
  const {moved, warp, inverseWarp, jacobian, svf} = options;
  const given = [moved, warp, inverseWarp, jacobian, svf, ...labels.map(({target}) => target)];
  const isDefault = given.every((path) => path === undefined);
  const outputs: OutputPaths = {
    moved: isDefault ? `${stemOf(moving)}_moved.nii.gz` : moved,
    warp,
    inverseWarp,
    jacobian,
    velocity: svf,
    labels: labels.map(({target}) => target),
  };
  const images = [outputs.moved, ...given.slice(1)].filter((path) => path !== undefined);
  images.forEach(requireNiftiName);
  const all = options.report === undefined ? images : [...images, options.report];
  await requireSeparateFiles([...inputs, ...labels.map(({source}) => source)], all);
  for (const path of all) await requireWritable(path);
  return {outputs, labels, report: options.report, isDefault};
}

/** The name of an image file without folder and endings. */
export function stemOf(path: string): string {
  return basename(path).replace(/(\.(nii|hdr|img))?(\.gz)?$/i, '');
}

function splitLabels(pair: string): LabelPaths {
  // The last colon: a drive letter (C:\labels.nii:moved.nii) has one, too.
  const at = pair.lastIndexOf(':');
  if (at < 1 || at === pair.length - 1) {
    throw new HypermorphError(
      'E_USAGE',
      `register: --labels must be two files with a colon between them (labels.nii.gz:labels_moved.nii.gz), got "${pair}".`,
    );
  }
  return {source: pair.slice(0, at), target: pair.slice(at + 1)};
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
        `register: an output must have a file of its own, got ${path}, which is ${use}.`,
        {hint: 'Give every output another name; an input is never overwritten.'},
      );
    }
    taken.set(real, 'another output');
  }
}
