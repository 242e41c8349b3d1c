import {join, relative} from 'node:path';
import {HypermorphError} from '../errors.js';
import {fileExists, listDirectory, readFileText, writeFilesAtomically} from '../formats/files.js';
import {VERSION} from '../version.js';
import {stemOf} from './output-paths.js';
import type {Report} from './report.js';

/** An image of a BIDS dataset. */
export interface BidsImage {
  /** As it is opened. */
  readonly path: string;
  /** Inside the dataset, with slashes. */
  readonly source: string;
  /** The name without its suffix and ending: `sub-01_ses-2_run-1`. */
  readonly entities: string;
  /** The folder of the image inside the dataset: `sub-01/ses-2/anat`. */
  readonly folder: string;
}

/** Where the results of an image go, by BIDS' names for derivatives. */
export interface BidsNames {
  readonly moved: string;
  readonly warp: string;
  /** What the moved image is, JSON. */
  readonly sidecar: string;
}

const SUBJECT = /^sub-[A-Za-z0-9]+$/;
const SESSION = /^ses-[A-Za-z0-9]+$/;
/** Version of the specification whose names are used. */
const BIDS_VERSION = '1.10.0';

/**
 * The anatomical images of a dataset, in the order of their names.
 *
 * @param suffix - Such as T1w.
 * @throws {HypermorphError} E_IO if the folder cannot be read, or has none.
 */
export async function findBidsImages(root: string, suffix: string): Promise<readonly BidsImage[]> {
  const images: BidsImage[] = [];
  for (const subject of (await listDirectory(root)).filter((name) => SUBJECT.test(name))) {
    const inside = await foldersIn(join(root, subject));
    const sessions = inside.filter((name) => SESSION.test(name)).map((name) => join(subject, name));
    for (const place of [subject, ...sessions]) {
      images.push(...(await imagesIn(root, join(place, 'anat'), suffix)));
    }
  }
  if (images.length > 0) return images;
  throw new HypermorphError(
    'E_IO',
    `${root}: must be a BIDS dataset with images such as sub-01/anat/sub-01_${suffix}.nii.gz, got none.`,
  );
}

/** What cannot be listed is a file. */
function foldersIn(path: string): Promise<readonly string[]> {
  return listDirectory(path).catch(() => []);
}

async function imagesIn(root: string, folder: string, suffix: string): Promise<BidsImage[]> {
  const pattern = new RegExp(
    `^(sub-[A-Za-z0-9]+(?:_[a-z]+-[A-Za-z0-9+]+)*)_${suffix}\\.nii(\\.gz)?$`,
  );
  return (await foldersIn(join(root, folder))).flatMap((name) => {
    const entities = pattern.exec(name)?.[1];
    if (entities === undefined) return [];
    const slashed = folder.replaceAll('\\', '/');
    return [
      {path: join(root, folder, name), source: `${slashed}/${name}`, entities, folder: slashed},
    ];
  });
}

/**
 * The label of the space of a template, by the name of its file: that of its tpl or space entity, else the letters and digits of the
 * name.
 */
export function spaceOf(template: string): string {
  const stem = stemOf(template);
  const entity = /(?:^|_)(?:tpl|space)-([A-Za-z0-9+]+)/.exec(stem)?.[1];
  return entity ?? stem.replace(/[^A-Za-z0-9]/g, '');
}

/**
 * Names of derivatives: https://bids-specification.readthedocs.io (Derivatives), and for the warp those of fMRIPrep (BEP 014).
 *
 * @param folder - Of the derivatives.
 */
export function bidsNames(
  {entities, folder: inside}: BidsImage,
  {
    folder,
    suffix,
    space,
  }: {readonly folder: string; readonly suffix: string; readonly space: string},
): BidsNames {
  const stem = join(folder, inside, `${entities}_space-${space}_desc-moved_${suffix}`);
  return {
    moved: `${stem}.nii.gz`,
    warp: join(folder, inside, `${entities}_from-${suffix}_to-${space}_mode-image_xfm.nii.gz`),
    sidecar: `${stem}.json`,
  };
}

/** What the moved image is and where it comes from. No time: the same work gives the same text. */
export function bidsSidecar({source}: BidsImage, report: Report): string {
  const {version, engine, fixed, moving, labels, model, hyperparameters, affine, answer} = report;
  const {interpolation} = report;
  const {quality, similarity, displacement, jacobian, warnings} = report;
  const content = {
    Description: `${moving.path} registered to ${fixed.path}`,
    Sources: [`bids:raw:${source}`],
    SpatialReference: fixed.path,
    // A registration removes no tissue, and images of a raw dataset have all of it.
    SkullStripped: false,
    GeneratedBy: [{Name: 'hypermorph', Version: version}],
    Registration: {
      ...{inputs: {fixed, moving, labels, model}, engine, hyperparameters, interpolation},
      ...{affine, kept: answer.kept, quality, similarity, displacement, jacobian, warnings},
    },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Files and folders of a batch that are none of BIDS; a slash behind a folder would hide what is in it, but not the folder itself. */
const NOT_BIDS = [
  ...['records', 'thumbnails', 'index.html', 'summary.csv', 'pairs.jsonl', '*.lock'],
  '*_xfm.nii.gz',
];

/**
 * Make a folder a dataset of derivatives: what made it, of which dataset, and what of it is not BIDS.
 *
 * @throws {HypermorphError} E_IO if it cannot be written; E_USAGE if it is a dataset of another program.
 */
export async function describeDerivatives(folder: string, root: string): Promise<void> {
  const path = join(folder, 'dataset_description.json');
  if ((await fileExists(path)) && !/"hypermorph"/.test(await readFileText(path))) {
    throw new HypermorphError(
      'E_USAGE',
      `batch: the folder of derivatives must be our own, got ${folder}, which another program described.`,
    );
  }
  const raw = relative(folder, root).replaceAll('\\', '/');
  const description = {
    Name: 'Registrations by hypermorph',
    ...{BIDSVersion: BIDS_VERSION, DatasetType: 'derivative'},
    GeneratedBy: [{Name: 'hypermorph', Version: VERSION}],
    ...{DatasetLinks: {raw}, SourceDatasets: [{URL: raw}]},
  };
  const readme = `Images of ${raw} registered to a template by hypermorph ${VERSION}: moved images (desc-moved), the warps that moved them (xfm, in ITK's convention), and of each a description with its inputs and figures (.json). summary.csv and index.html are about all of them.\n`;
  await writeFilesAtomically([
    {path: join(folder, 'README.md'), content: readme},
    {path, content: `${JSON.stringify(description, null, 2)}\n`},
    {path: join(folder, '.bidsignore'), content: `${NOT_BIDS.join('\n')}\n`},
  ]);
}
