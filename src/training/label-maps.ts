import {HypermorphError} from '../errors.js';
import {listFiles} from './file-list.js';
import type {ImageStore, TrainingLabels} from './images.js';
import {commonCodes, numberLabels, type LabelMap} from './shapes.js';

/** An image, its label map, and the image on whose grid both lie. */
export interface LabelledPath {
  readonly image: string;
  readonly labels: string;
  readonly partner?: string;
}

/** The label map of an image on the grid of a partner; null where it has none. */
export type LabelsOf = (image: string, partner: string) => Promise<LabelMap | null>;

/** The label maps of images, in the order of names. */
export async function matchLabels(
  images: readonly string[],
  patterns: string | readonly string[] | null,
  where: string,
): Promise<LabelledPath[]> {
  if (patterns === null) return [];
  const maps = await listFiles(patterns, `${where}.labels`);
  if (maps.length === images.length) return images.map((image, n) => ({image, labels: maps[n]}));
  throw new HypermorphError(
    'E_CONFIG',
    `${where}.labels: must fit as many files as there are images (${images.length}), got ${maps.length}.`,
  );
}

/** Read all label maps once, and number their labels alike. */
export async function openLabels(
  maps: readonly LabelledPath[],
  store: ImageStore,
  where: string,
): Promise<LabelsOf> {
  if (maps.length === 0) return () => Promise.resolve(null);
  const keyOf = (image: string, partner: string) => JSON.stringify([image, partner]);
  const byKey = new Map(maps.map((map) => [keyOf(map.image, map.partner ?? map.image), map]));
  const read = (key: string) => {
    const {image, labels, partner = image} = byKey.get(key)!;
    return store.labels(labels, {image, partner});
  };
  const load = await numberAlike([...byKey.keys()], read, `${where}.labels`);
  return async (image, partner) => {
    const key = keyOf(image, partner);
    return byKey.has(key) ? load(key) : null;
  };
}

/** Label maps of which one code means one label in all. */
export async function numberAlike(
  keys: readonly string[],
  read: (key: string) => Promise<TrainingLabels>,
  where: string,
): Promise<(key: string) => Promise<LabelMap>> {
  const lists: (readonly number[])[] = [];
  for (const key of keys) lists.push((await read(key)).labels);
  const codes = commonCodes(
    lists.map((labels) => ({labels})),
    where,
  );
  return async (key) => {
    const {name, data, labels} = await read(key);
    const codeOf = new Map(labels.map((label, place) => [place, codes.get(label)!]));
    return {name, data: numberLabels(data, codeOf), codes: codes.size};
  };
}
