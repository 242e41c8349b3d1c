import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {Affine} from '../../src/geometry/affine.js';
import {
  architectureSchema,
  sizeMultiple,
  type Architecture,
} from '../../src/models/architecture.js';
import {writeModel} from '../../src/models/model-file.js';
import {balancedWeights} from '../../src/training/initial-weights.js';
import {Random} from '../../src/random.js';
import {findShared} from '../support/shared-folder.js';
import {waves} from './tensors.js';

/** Two heads on one grid of 160x160x192 voxels of 1 mm, where the larger collection is at hand. */
const HEADS = ['sub02', 'sub09'].flatMap(
  (subject) => findShared('data', 'brainmaps', '1mm', `${subject}_t1.nii.gz`) ?? [],
);

/** Standard deviation of the flow kernels: velocities of a few voxels, as after training. */
const FLOW_DEVIATION = 0.02;

/** The network that everything is measured with: the default architecture. */
export const ARCHITECTURE: Architecture = architectureSchema.parse({});

/** Files that the workers read, in a folder that `remove` deletes. */
export interface BenchInputs {
  readonly folder: string;
  readonly model: string;
  readonly fixed: string;
  readonly moving: string;
  remove(): Promise<void>;
}

/** Write a model with random weights and, unless two heads are at hand, two made-up images. */
export async function makeInputs(): Promise<BenchInputs> {
  const folder = await mkdtemp(join(tmpdir(), 'hypermorph-bench-'));
  const model = join(folder, 'model.safetensors');
  await writeRandomModel(model);
  const [fixed, moving] =
    HEADS.length === 2
      ? HEADS
      : await Promise.all([0, 1].map((n) => writeMadeUpImage(join(folder, `image${n}.nii.gz`), n)));
  return {folder, model, fixed, moving, remove: () => rm(folder, {recursive: true, force: true})};
}

async function writeRandomModel(path: string): Promise<void> {
  const weights = balancedWeights(ARCHITECTURE, 1);
  const random = new Random(2);
  const flow = weights.get('flow/kernel')!.data;
  for (let n = 0; n < flow.length; n++) flow[n] = random.normal(FLOW_DEVIATION);
  const description = {
    architecture: ARCHITECTURE,
    grid: {
      spacingMm: null,
      orientation: null,
      multiple: sizeMultiple(ARCHITECTURE),
      trainingShape: [160, 192, 224],
    },
    normalisation: {kind: 'minmax' as const},
    hyperparameters: [{name: 'lambda', minimum: 0, maximum: 1, recommended: 0.5}],
    provenance: {data: 'none: random weights for benchmarks'},
  };
  await writeModel(path, {description, weights});
}

/** A smooth bright shape with noise on a dark ground, 160x160x192. */
async function writeMadeUpImage(path: string, n: number): Promise<string> {
  const shape = [160, 160, 192] as const;
  const data = waves(shape, 1, 200);
  const random = new Random(10 + n);
  for (let index = 0; index < data.length; index++) {
    data[index] = Math.max(0, data[index] * (1 + 0.1 * n) + random.uniform(-5, 5));
  }
  const affine = Affine.translation([-80, -80, -96]);
  const bytes = Uint8Array.from(data);
  await writeImage(path, {shape, data: bytes, geometry: geometryFromGrid({affine})});
  return path;
}
