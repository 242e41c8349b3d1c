import type {SourceSettings} from '../config/sources.js';
import type {Augmentation, TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {identityOf} from '../formats/files.js';
import {Random} from '../random.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {listFiles} from './file-list.js';
import {pairWarnings} from './grid-warnings.js';
import type {ImageStore} from './images.js';
import {
  augmentPair,
  renderPair,
  type ImagePair,
  type LabelledImage,
  type PairContext,
} from './make-pair.js';
import type {GridContext} from './smooth-noise.js';
import {matchLabels, numberAlike, openLabels, type LabelsOf} from './label-maps.js';
import {isStill} from './random-transform.js';
import {drawShapes, type LabelMap} from './shapes.js';
import {trainingShape} from './training-grid.js';

/** Draws pairs; all randomness comes from the generator that it is given. */
export type PairSource = (random: Random) => Promise<ImagePair>;

/**
 * Read everything that the sources of a configuration name and make one source of them, each drawn by its weight.
 *
 * @param where - The setting, such as `sources`, for messages.
 * @param options.augment - Validation takes scans as they are; rendered pairs are deformed in any case.
 * @throws {HypermorphError} E_CONFIG if a list fits no file, or too few; errors of reading name the file.
 */
export async function openSources(
  sources: readonly SourceSettings[],
  config: TrainingConfig,
  options: {
    readonly where: string;
    readonly store: ImageStore;
    readonly engine: KernelRunner;
    readonly augment: boolean;
  },
): Promise<PairSource> {
  const contextFor = ({kind}: SourceSettings): PairContext => ({
    shape: trainingShape(config),
    engine: options.engine,
    augmentation:
      kind === 'shapes'
        ? moving(config.augmentation)
        : options.augment || kind === 'labels'
          ? config.augmentation
          : null,
  });
  const opened: PairSource[] = [];
  for (const [index, source] of sources.entries()) {
    const where = `${options.where}[${index}]`;
    opened.push(
      await openSource(source, contextFor(source), {...options, where, seed: config.seed + index}),
    );
  }
  const total = sources.reduce((sum, {weight}) => sum + weight, 0);
  return (random) => {
    let rest = random.uniform(0, total);
    const index = sources.findIndex(({weight}) => (rest -= weight) < 0);
    return opened[index < 0 ? sources.length - 1 : index](random);
  };
}

/** Both images of a pair of shapes come from one map: without a change of their place they would be the same picture. */
function moving(augmentation: Augmentation): Augmentation {
  return isStill(augmentation) ? {...augmentation, ...SHAPES_MOVE} : augmentation;
}

const SHAPES_MOVE = {deformationVox: 2, deformationScaleVox: 24} as const;

/** The random shapes that stand around rendered label maps. */
const BACKGROUND = {maps: 8, labels: 24, scaleVox: 12} as const;

async function openSource(
  source: SourceSettings,
  context: PairContext,
  {where, store, seed}: {where: string; store: ImageStore; seed: number},
): Promise<PairSource> {
  const intensities = (path: string) => store.intensities(path);
  switch (source.kind) {
    case 'scans': {
      const files = await readAll(source.images, `${where}.images`, intensities);
      requireTwo(files, `${where}.images`);
      const labelsOf = await openLabels(
        await matchLabels(files, source.labels, where),
        store,
        where,
      );
      return async (random) => {
        const [fixed, moved] = drawTwo(files, random);
        const load = (path: string) => loadLabelled(store, labelsOf, path);
        return augmentPair(context, [await load(fixed), await load(moved)], random);
      };
    }
    case 'atlas': {
      const files = await readAll(source.images, `${where}.images`, intensities);
      const [atlas] = await readAll(source.atlas, `${where}.atlas`, intensities);
      if (files.length === 1) await requireDifferent([atlas, files[0]], where, context);
      const maps = await matchLabels(files, source.labels, where);
      if (source.atlasLabels !== null) maps.push({image: atlas, labels: source.atlasLabels});
      const labelsOf = await openLabels(maps, store, where);
      return async (random) => {
        const scan = drawOne(files, random);
        const load = (path: string) => loadLabelled(store, labelsOf, path);
        return augmentPair(context, [await load(atlas), await load(scan)], random);
      };
    }
    case 'pairs': {
      const maps = source.pairs.flatMap(({fixed, moving: moved, fixedLabels, movingLabels}) =>
        fixedLabels === null || movingLabels === null
          ? []
          : [
              {image: fixed, labels: fixedLabels},
              {image: moved, labels: movingLabels, partner: fixed},
            ],
      );
      const labelsOf = await openLabels(maps, store, where);
      // Both lie on the grid of the fixed one, as in a registration.
      const load = async ({fixed, moving: moved}: {fixed: string; moving: string}) =>
        [
          await loadLabelled(store, labelsOf, fixed),
          await loadLabelled(store, labelsOf, moved, fixed),
        ] as const;
      for (const [n, pair] of source.pairs.entries()) {
        await requireDifferent([pair.fixed, pair.moving], `${where}.pairs[${n}]`, context);
        const [fixed, moved] = await load(pair);
        store.warnings.push(...pairWarnings(fixed.image, moved.image));
      }
      return async (random) =>
        augmentPair(context, await load(drawOne(source.pairs, random)), random);
    }
    case 'labels': {
      const files = await readAll(source.images, `${where}.images`, (path) => store.labels(path));
      requireTwo(files, `${where}.images`);
      const load = await numberAlike(files, (path) => store.labels(path), `${where}.images`);
      const backgrounds = source.background > 0 ? drawMaps(BACKGROUND, context, seed) : [];
      return async (random) => {
        const [fixed, moved] = drawTwo(files, random);
        const background =
          random.uniform() < source.background ? drawOne(backgrounds, random) : 'black';
        return renderPair(context, [await load(fixed), await load(moved)], background, random);
      };
    }
    case 'shapes': {
      const maps = drawMaps(source, context, seed);
      return (random) => {
        const map = drawOne(maps, random);
        return Promise.resolve(renderPair(context, [map, map], null, random));
      };
    }
  }
}

async function loadLabelled(
  store: ImageStore,
  labelsOf: LabelsOf,
  path: string,
  partner = path,
): Promise<LabelledImage> {
  return {
    image: await store.intensities(path, partner),
    labels: await labelsOf(path, partner),
  };
}

function drawMaps(
  settings: {readonly maps: number; readonly labels: number; readonly scaleVox: number},
  context: GridContext,
  seed: number,
): LabelMap[] {
  const random = new Random(seed);
  return Array.from({length: settings.maps}, (_, n) => ({
    name: `shapes ${n + 1}`,
    data: drawShapes(context, settings, random),
    codes: settings.labels,
  }));
}

function drawOne<T>(items: readonly T[], random: Random): T {
  return items[random.index(items.length)];
}

/** Two different ones. */
function drawTwo<T>(items: readonly T[], random: Random): readonly [T, T] {
  const first = random.index(items.length);
  const second = (first + 1 + random.index(items.length - 1)) % items.length;
  return [items[first], items[second]];
}

/** A pair of one image with itself, that nothing changes, teaches nothing. */
async function requireDifferent(
  [fixed, moved]: readonly [string, string],
  where: string,
  {augmentation}: PairContext,
): Promise<void> {
  if (augmentation !== null && !isStill(augmentation)) return;
  if ((await identityOf(fixed)) !== (await identityOf(moved))) return;
  throw new HypermorphError(
    'E_CONFIG',
    `${where}: must be two different images, got ${fixed} and ${moved}.`,
    {hint: 'Name another image, or let `augmentation` change their place.'},
  );
}

function requireTwo(images: readonly string[], where: string): void {
  if (images.length >= 2) return;
  throw new HypermorphError(
    'E_CONFIG',
    `${where}: must fit at least two files, got ${images.length}.`,
  );
}

/** Read every file once, so that what is wrong with one is said before anything is trained. */
async function readAll(
  patterns: string | readonly string[],
  where: string,
  read: (path: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const files = await listFiles(patterns, where);
  for (const file of files) await read(file);
  return files;
}
