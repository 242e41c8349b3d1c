import type {TrainingConfig} from '../config/training-config.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {OnProgress} from '../progress.js';
import {Random} from '../random.js';
import {summarise} from './grid-warnings.js';
import {ImageStore, type StoreSummary} from './images.js';
import type {ImagePair} from './make-pair.js';
import {openSources, type PairSource} from './pair-source.js';

/** The pairs of a training. */
export interface TrainingData {
  readonly draw: PairSource;
  readonly validation: readonly ImagePair[];
  readonly images: StoreSummary;
}

/** Read all images that a configuration names; what a dry run does too. */
export async function openData({
  config,
  engine,
  memoryBytes,
  onProgress,
}: {
  readonly config: TrainingConfig;
  readonly engine: KernelRunner;
  /** That the whole training may take; all of the machine's unless told. */
  readonly memoryBytes?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
}): Promise<TrainingData> {
  const store = new ImageStore(config, engine, memoryBytes);
  const training = {store, engine, where: 'sources', augment: true};
  const draw = await openSources(config.sources, config, training);
  const {sources, pairs, seed} = config.validation;
  const validation: ImagePair[] = [];
  if (sources.length > 0) {
    const where = 'validation.sources';
    const settings = {store, engine, where, augment: false};
    const drawValidation = await openSources(sources, {...config, seed}, settings);
    const random = new Random(seed);
    for (let n = 0; n < pairs; n++) validation.push(await drawValidation(random));
  }
  for (const text of summarise(store.warnings)) onProgress?.({kind: 'warning', text});
  return {draw, validation, images: store.summary};
}
