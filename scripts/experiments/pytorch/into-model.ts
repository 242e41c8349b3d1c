// Puts weights that were trained with PyTorch into a model file.
//
//   node --import tsx scripts/experiments/pytorch/into-model.ts config.yaml weights.safetensors model.safetensors
//
// The weights take the place of those of the same part (network or labeller) of the configuration's initial model; its architecture,
// grid and recommendations are those of the configuration.

import {readFile} from 'node:fs/promises';
import {loadTrainingConfig} from '../../../src/config/load-config.js';
import {decodeSafetensors} from '../../../src/formats/weights/safetensors.js';
import {readModel, writeModel} from '../../../src/models/model-file.js';
import {isOfLabeller} from '../../../src/models/weight-specs.js';
import {describeTraining} from '../../../src/training/describe.js';

/** It tells at half of the resolution as well while it learns. */
const HALF = 'labeller_half_labels/';

const [configPath, from, to] = process.argv.slice(2);
const config = await loadTrainingConfig(configPath);
const base = await readModel(config.initialModel!);
const {tensors} = decodeSafetensors(await readFile(from), from);
const isLabeller = [...tensors.keys()].some(isOfLabeller);
const weights = new Map([
  ...[...base.weights].filter(([name]) => isOfLabeller(name) !== isLabeller),
  ...[...tensors].filter(([name]) => !name.startsWith(HALF)),
]);
const {provenance, recommended} = base.description;
// Steps and version are those of what was trained here, which is nothing.
const described = describeTraining(config, {steps: 0, toolVersion: ''});
const data = config.dataDescription;
const part = {
  data,
  program: 'scripts/experiments/pytorch (PyTorch, one GPU)',
};
await writeModel(
  to,
  {
    description: {
      ...described,
      recommended: described.recommended ?? recommended,
      provenance: isLabeller
        ? {...provenance, labeller: part}
        : {tool: provenance.tool, data, network: part, labeller: provenance.labeller},
    },
    weights,
  },
  {storage: config.storage},
);
