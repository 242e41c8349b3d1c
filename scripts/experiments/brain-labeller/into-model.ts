// Puts a labeller that train.py made beside the network of the shipped model.
//
//   node --import tsx scripts/experiments/brain-labeller/into-model.ts labeller.safetensors model.safetensors

import {readFile} from 'node:fs/promises';
import {loadTrainingConfig} from '../../../src/config/load-config.js';
import {decodeSafetensors} from '../../../src/formats/weights/safetensors.js';
import {readModel, writeModel} from '../../../src/models/model-file.js';
import {isOfLabeller} from '../../../src/models/weight-specs.js';
import {describeGrid} from '../../../src/training/training-grid.js';

/** What docs/experiments/brain-labeller.md tells in full. */
const TRAINING = {
  data: '11 brains at 2 mm (published label maps of real anatomy, synthetic T1-like contrast) with their label maps, deformed towards each other, 45 % painted anew',
  program: 'scripts/experiments/brain-labeller/train.py (PyTorch, one GPU)',
  steps: 30_001,
  batch: 8,
};
/** It tells at half of the resolution as well while it learns. */
const HALF = 'labeller_half_labels/';

const [from, to] = process.argv.slice(2);
const shipped = await readModel('data/models/default.safetensors');
const config = await loadTrainingConfig('configs/brain-labeller.yaml');
const {tensors} = decodeSafetensors(await readFile(from), from);
const weights = new Map([
  ...[...shipped.weights].filter(([name]) => !isOfLabeller(name)),
  ...[...tensors].filter(([name]) => !name.startsWith(HALF)),
]);
const {description} = shipped;
const draft = {
  ...description,
  architecture: config.architecture,
  grid: describeGrid(config),
  ...(config.labelWeight !== null && {labelWeight: config.labelWeight}),
  provenance: {...description.provenance, labeller: TRAINING},
};
await writeModel(to, {description: draft, weights}, {storage: 'float16'});
