import {architectureSchema, sizeMultiple} from '../../src/models/architecture.js';
import {
  NETWORK_ALONE,
  type ModelDescription,
  type RegistrationStages,
} from '../../src/models/model-description.js';
import {writeModel} from '../../src/models/model-file.js';
import {listWeights} from '../../src/models/weight-specs.js';
import {seededRandom} from './random.js';

export interface TinyModelOptions {
  readonly hyperparameters?: ModelDescription['hyperparameters'];
  /** By the kind of data; nothing unless told. */
  readonly recommended?: ModelDescription['recommended'];
  /** How strong its (meaningless) velocities are. */
  readonly strength?: number;
  /** Of its grid, mm. */
  readonly spacing?: number;
  /** What it asks for around its network; nothing unless told. */
  readonly stages?: RegistrationStages;
  /** Labels that it tells, at random; none unless told. */
  readonly labels?: number;
}

/** Write a model of two levels with random weights that is run in a moment. It moves things, but to no good end. */
export async function writeTinyModel(path: string, options: TinyModelOptions = {}): Promise<void> {
  const {
    hyperparameters = [{name: 'lambda', minimum: 0, maximum: 1, recommended: 0.3}],
    recommended,
    strength = 0.02,
    spacing = 4,
    stages = NETWORK_ALONE,
    labels,
  } = options;
  const architecture = architectureSchema.parse({
    hyperparameters: hyperparameters.length,
    hypernetwork: {layers: 2, units: 4},
    unet: {encoder: [4, 4], decoder: [4, 4, 4]},
    integrationSteps: 4,
    ...(labels !== undefined && {labeller: {labels, encoder: [4, 4], decoder: [4, 4, 4]}}),
  });
  const random = seededRandom(7);
  const weights = new Map(
    listWeights(architecture).map(({name, shape}) => {
      const scale = name.startsWith('flow') ? strength : 0.6;
      const length = shape.reduce((product, n) => product * n, 1);
      const data = Float32Array.from({length}, () => scale * (2 * random() - 1));
      return [name, {shape, data}];
    }),
  );
  await writeModel(path, {
    weights,
    description: {
      architecture,
      grid: {
        spacingMm: [spacing, spacing, spacing],
        orientation: 'LIA',
        multiple: sizeMultiple(architecture),
        trainingShape: [16, 16, 16],
      },
      normalisation: {kind: 'minmax'},
      ...{hyperparameters, stages},
      ...(recommended === undefined ? {} : {recommended}),
      provenance: {tool: 'hypermorph', data: 'none: random weights for tests'},
    },
  });
}
