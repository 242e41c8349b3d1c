import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {describeImage} from '../formats/images/describe-image.js';
import type {FileImage} from '../formats/images/types.js';
import {readImage} from '../formats/images/read-image.js';
import {Affine} from '../geometry/affine.js';
import {countVoxels, isSameGrid, type Grid} from '../geometry/grid.js';
import {alignPair} from '../registration/align/align-pair.js';
import {SAMPLE_GRID} from '../kernels/sampling.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {memoryLimit} from '../platform.js';
import {conformImage} from '../volume/conform.js';
import {areFinite} from '../volume/finite.js';
import {fillMissing, measureIntensity, normaliseInPlace} from '../volume/intensity.js';
import {gridWarnings} from './grid-warnings.js';
import {labelsOf, numberLabels} from './shapes.js';
import {trainingGridOn, trainingShape} from './training-grid.js';

/** An image on the training grid, as the network sees it. */
export interface TrainingImage {
  readonly name: string;
  /** [I, J, K] in tensor order, normalised. */
  readonly data: Float32Array;
  /** What lies outside the image, normalised. */
  readonly outside: number;
}

/** A label map on the training grid. */
export interface TrainingLabels {
  readonly name: string;
  /** [I, J, K] in tensor order: places in `labels`. */
  readonly data: Uint16Array;
  /** Its labels, 0 first, the others in ascending order. */
  readonly labels: readonly number[];
}

/** What a training reads, and what of it is kept. */
export interface StoreSummary {
  readonly images: number;
  /** Memory that all of them would take. */
  readonly bytes: number;
  /** Memory for those that are kept; others are read again. */
  readonly limitBytes: number;
}

/** Share of all memory that is taken for images unless a configuration says otherwise. */
const USUAL_SHARE = 0.5;

/**
 * Reads images, conformed and normalised. As many as fit into the memory that the configuration gives are kept; others are read
 * again each time.
 */
export class ImageStore {
  readonly warnings: string[] = [];
  readonly #config: TrainingConfig;
  readonly #engine: KernelRunner;
  readonly #limitBytes: number;
  readonly #sizes = new Map<string, number>();
  readonly #alignments = new Map<string, Promise<Affine>>();
  readonly #kept = new Map<string, Promise<TrainingImage | TrainingLabels>>();
  #keptBytes = 0;

  /** @param memoryBytes - That the whole training may take. */
  constructor(config: TrainingConfig, engine: KernelRunner, memoryBytes = memoryLimit()) {
    this.#config = config;
    this.#engine = engine;
    const {imageMemoryMib} = config;
    this.#limitBytes =
      imageMemoryMib === null ? USUAL_SHARE * memoryBytes : imageMemoryMib * 2 ** 20;
  }

  get summary(): StoreSummary {
    const bytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    return {images: this.#sizes.size, bytes, limitBytes: this.#limitBytes};
  }

  /**
   * An image by its path. Errors name the file.
   *
   * @param partner - The image on whose grid it lies, as the moving image of a pair does; its own unless told.
   */
  intensities(path: string, partner = path): Promise<TrainingImage> {
    const bytes = Float32Array.BYTES_PER_ELEMENT * this.#voxels;
    return this.#keep(`image ${path} on ${partner}`, bytes, async (warn) => {
      const read = await this.#read(path, 'intensity');
      const grid = await this.#gridFor(partner);
      const {normalisation} = this.#config;
      const scale = measureIntensity(read, normalisation, this.#engine, {where: path});
      warn([...read.warnings, ...scale.warnings]);
      const image = fillMissing(read, scale);
      const toVoxel = Affine.compose(
        image.affine.inverse(),
        await this.#alignmentOf(path),
        grid.affine,
      );
      const data = conformImage(image, toVoxel, {
        ...{shape: grid.shape, scale, engine: this.#engine},
      });
      if (!areFinite(this.#engine, data)) {
        const value = data.find((one) => !Number.isFinite(one));
        throw new HypermorphError('E_RANGE', `${path}: voxels must be finite, got ${value}.`);
      }
      const outside = Float32Array.of(scale.outside);
      normaliseInPlace(outside, scale);
      warn(gridWarnings({image, scale, data, outside: outside[0]}, grid, path));
      return {name: path, data, outside: outside[0]};
    });
  }

  /**
   * A label map by its path, nearest voxels, 0 outside.
   *
   * @param whose - The image that it belongs to and goes with, and the one on whose grid that lies; where nothing is told it stands for itself.
   * @throws {HypermorphError} E_GRID if it does not lie on the grid of its image.
   */
  labels(
    path: string,
    whose?: {readonly image: string; readonly partner: string},
  ): Promise<TrainingLabels> {
    const bytes = Uint16Array.BYTES_PER_ELEMENT * this.#voxels;
    const partner = whose?.partner ?? path;
    return this.#keep(`labels ${path} on ${partner}`, bytes, async (warn) => {
      const image = await this.#read(path, 'label');
      if (whose !== undefined) await this.#requireGridOf(whose.image, {...image, name: path});
      const grid = await this.#gridFor(partner);
      warn(image.warnings);
      // Labels may be larger than the whole numbers of float32: their places in a list are sampled.
      const found = labelsOf(image.data, path);
      const [none, ...others] = new Set(found.map((label) => this.#meaningOf(label)));
      const labels = [none, ...others.sort((a, b) => a - b)];
      const places = new Map(found.map((label) => [label, labels.indexOf(this.#meaningOf(label))]));
      const alignment =
        whose === undefined ? Affine.identity : await this.#alignmentOf(whose.image);
      const toVoxel = Affine.compose(image.affine.inverse(), alignment, grid.affine);
      const numbered = Float32Array.from(numberLabels(image.data, places));
      const sampled = this.#engine.run(
        SAMPLE_GRID,
        {shape: image.shape, data: numbered},
        toVoxel,
        grid.shape,
        {interpolation: 'nearest', outside: 0},
      );
      // Labels that do not lie on the grid do not count.
      const used = labelsOf(sampled, path);
      const seen = sampled.map((place) => Math.min(place, 1));
      const drawn = {shape: image.shape, data: numbered.map((place) => Math.min(place, 1))};
      const scale = {low: 0, high: 1, clips: false};
      warn(
        gridWarnings(
          {image: {...drawn, affine: image.affine}, scale, data: seen, outside: 0},
          grid,
          path,
        ),
      );
      const data = numberLabels(sampled, new Map(used.map((place, n) => [place, n])));
      return {name: path, data, labels: used.map((place) => labels[place])};
    });
  }

  /** The label that it counts as. */
  #meaningOf(label: number): number {
    return this.#config.sameLabels.find((group) => group.includes(label))?.[0] ?? label;
  }

  get #voxels(): number {
    return countVoxels(trainingShape(this.#config));
  }

  /** Read once and keep, or read again where there is no room; warnings are told once. */
  #keep<Kept extends TrainingImage | TrainingLabels>(
    key: string,
    bytes: number,
    load: (warn: (texts: readonly string[]) => void) => Promise<Kept>,
  ): Promise<Kept> {
    const known = this.#kept.get(key);
    if (known) return known as Promise<Kept>;
    const isNew = !this.#sizes.has(key);
    this.#sizes.set(key, bytes);
    const loading = load((texts) => {
      if (isNew) this.warnings.push(...texts);
    });
    if (this.#keptBytes + bytes <= this.#limitBytes) {
      this.#keptBytes += bytes;
      this.#kept.set(key, loading);
    }
    return loading;
  }

  async #read(path: string, kind: 'intensity' | 'label'): Promise<FileImage> {
    const {geometry, volume} = this.#config;
    const {volumes} = await describeImage(path, {geometry});
    const several = volumes > 1 && volume !== null ? {volume} : {};
    return readImage(path, {geometry, kind, ...several});
  }

  async #requireGridOf(path: string, labels: Grid & {readonly name: string}): Promise<void> {
    const image = await describeImage(path, {geometry: this.#config.geometry});
    if (isSameGrid(labels, image)) return;
    throw new HypermorphError(
      'E_GRID',
      `${labels.name}: label maps must lie on the grid of their image ${path} (${image.shape.join('x')}), got ${labels.shape.join('x')} or another place.`,
      {hint: 'Label maps belong to the images in the order of their names.'},
    );
  }

  /** From the points of the reference to those of an image, RAS mm; nothing moves where the configuration aligns nothing. */
  #alignmentOf(path: string): Promise<Affine> {
    const {align, reference} = this.#config.grid;
    if (align === 'none' || reference === null || path === reference) {
      return Promise.resolve(Affine.identity);
    }
    const known = this.#alignments.get(path);
    if (known) return known;
    const found = this.#alignWith(reference, path);
    this.#alignments.set(path, found);
    return found;
  }

  async #alignWith(reference: string, path: string): Promise<Affine> {
    const [fixed, moving] = await Promise.all(
      [reference, path].map(async (name) => ({...(await this.#read(name, 'intensity')), name})),
    );
    return (await alignPair(fixed, moving, {kind: 'auto', engine: this.#engine})).affine;
  }

  async #gridFor(path: string): Promise<Grid> {
    const {centre, reference} = this.#config.grid;
    const centred = centre === 'volume' || reference === null ? path : reference;
    const {geometry} = this.#config;
    const image = await describeImage(centred, {geometry});
    return trainingGridOn({...image, name: centred}, this.#config);
  }
}
