import type {Source, TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {Random} from '../random.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {listFiles} from './file-list.js';
import type {ImageStore, TrainingImage} from './images.js';
import {augmentPair, renderPair, type ImagePair, type PairContext} from './make-pair.js';
import type {GridContext} from './smooth-noise.js';
import {compactLabels, drawShapes, type LabelMap} from './shapes.js';
import {trainingShape} from './training-grid.js';

/** Draws pairs; all randomness comes from the generator that it is given. */
export type PairSource = (random: Random) => ImagePair;

/**
 * Read everything that the sources of a configuration name and make one source of them, each drawn by its weight.
 *
 * @param where - The setting, such as `sources`, for messages.
 * @param options.augment - Validation takes scans as they are; rendered pairs are deformed in any case.
 * @throws {HypermorphError} E_CONFIG if a list fits no file, or too few; errors of reading name the file.
 */
export async function openSources(
  sources: readonly Source[],
  config: TrainingConfig,
  options: {
    readonly where: string;
    readonly store: ImageStore;
    readonly engine: KernelRunner;
    readonly augment: boolean;
  },
): Promise<PairSource> {
  const contextFor = ({kind}: Source): PairContext => ({
    shape: trainingShape(config),
    engine: options.engine,
    augmentation:
      options.augment || kind === 'shapes' || kind === 'labels' ? config.augmentation : null,
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

/** The random shapes that stand around rendered label maps. */
const BACKGROUND = {maps: 8, labels: 24, scaleVox: 12} as const;

async function openSource(
  source: Source,
  context: PairContext,
  {where, store, seed}: {where: string; store: ImageStore; seed: number},
): Promise<PairSource> {
  const intensities = (path: string) => store.intensities(path);
  switch (source.kind) {
    case 'scans': {
      const images = await loadAll(source.images, `${where}.images`, intensities);
      requireTwo(images, `${where}.images`);
      return (random) => augmentPair(context, drawTwo(images, random), random);
    }
    case 'atlas': {
      const images = await loadAll(source.images, `${where}.images`, intensities);
      const [atlas] = await loadAll(source.atlas, `${where}.atlas`, intensities);
      return (random) => augmentPair(context, [atlas, drawOne(images, random)], random);
    }
    case 'pairs': {
      const pairs = await Promise.all(
        source.pairs.map(
          async ({fixed, moving}) => [await intensities(fixed), await intensities(moving)] as const,
        ),
      );
      return (random) => augmentPair(context, drawOne(pairs, random), random);
    }
    case 'labels': {
      const images = await loadAll(source.images, `${where}.images`, (path) => store.labels(path));
      requireTwo(images, `${where}.images`);
      const maps = compactLabels(images, `${where}.images`);
      const backgrounds = source.background > 0 ? drawMaps(BACKGROUND, context, seed) : [];
      return (random) => {
        const pair = drawTwo(maps, random);
        const background =
          random.uniform() < source.background ? drawOne(backgrounds, random) : 'black';
        return renderPair(context, pair, background, random);
      };
    }
    case 'shapes': {
      const maps = drawMaps(source, context, seed);
      return (random) => {
        const map = drawOne(maps, random);
        return renderPair(context, [map, map], null, random);
      };
    }
  }
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

function requireTwo(images: readonly TrainingImage[], where: string): void {
  if (images.length >= 2) return;
  throw new HypermorphError(
    'E_CONFIG',
    `${where}: must fit at least two files, got ${images.length}.`,
  );
}

async function loadAll(
  patterns: string | readonly string[],
  where: string,
  load: (path: string) => Promise<TrainingImage>,
): Promise<TrainingImage[]> {
  const files = await listFiles(patterns, where);
  const images: TrainingImage[] = [];
  for (const file of files) images.push(await load(file));
  return images;
}
