import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {readImage} from '../formats/images/read-image.js';
import {Affine} from '../geometry/affine.js';
import type {Grid} from '../geometry/grid.js';
import {SAMPLE_GRID} from '../kernels/sampling.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {conformImage} from '../volume/conform.js';
import {areFinite} from '../volume/finite.js';
import {fillMissing, measureIntensity, normaliseInPlace} from '../volume/intensity.js';
import {trainingGridOn} from './training-grid.js';

/** An image on the training grid, as the network sees it. */
export interface TrainingImage {
  readonly name: string;
  /** [I, J, K] in tensor order, normalised. */
  readonly data: Float32Array;
  /** What lies outside the image, normalised. */
  readonly outside: number;
}

/** Reads images and keeps each one once, conformed and normalised. */
export class ImageStore {
  readonly warnings: string[] = [];
  readonly #config: TrainingConfig;
  readonly #engine: KernelRunner;
  readonly #images = new Map<string, Promise<TrainingImage>>();
  #reference: Promise<Grid> | null = null;

  constructor(config: TrainingConfig, engine: KernelRunner) {
    this.#config = config;
    this.#engine = engine;
  }

  /** An image by its path. Errors name the file. */
  intensities(path: string): Promise<TrainingImage> {
    return this.#once(`image ${path}`, async () => {
      const read = await readImage(path);
      const grid = await this.#gridFor(read);
      const scale = measureIntensity(read, this.#config.normalisation, this.#engine, {where: path});
      const image = fillMissing(read, scale);
      this.warnings.push(...read.warnings, ...scale.warnings);
      const toVoxel = Affine.compose(image.affine.inverse(), grid.affine);
      const data = conformImage(image, toVoxel, {
        shape: grid.shape,
        scale,
        engine: this.#engine,
      });
      if (!areFinite(this.#engine, data)) {
        const value = data.find((one) => !Number.isFinite(one));
        throw new HypermorphError('E_RANGE', `${path}: voxels must be finite, got ${value}.`);
      }
      const outside = Float32Array.of(scale.outside);
      normaliseInPlace(outside, scale);
      return {name: path, data, outside: outside[0]};
    });
  }

  /** A label map by its path, nearest voxels, 0 outside. */
  labels(path: string): Promise<TrainingImage> {
    return this.#once(`labels ${path}`, async () => {
      const image = await readImage(path, {kind: 'label'});
      const grid = await this.#gridFor(image);
      this.warnings.push(...image.warnings);
      const data = this.#engine.run(
        SAMPLE_GRID,
        {shape: image.shape, data: new Float32Array(image.data)},
        Affine.compose(image.affine.inverse(), grid.affine),
        grid.shape,
        {interpolation: 'nearest', outside: 0},
      );
      return {name: path, data, outside: 0};
    });
  }

  #once(key: string, load: () => Promise<TrainingImage>): Promise<TrainingImage> {
    const known = this.#images.get(key);
    if (known) return known;
    const loading = load();
    this.#images.set(key, loading);
    return loading;
  }

  async #gridFor(image: Grid): Promise<Grid> {
    const {centre, reference} = this.#config.grid;
    if (centre === 'volume' || reference === null) return trainingGridOn(image, this.#config);
    this.#reference ??= readImage(reference).then((volume) => trainingGridOn(volume, this.#config));
    return this.#reference;
  }
}
