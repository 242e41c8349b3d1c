import type {TrainingConfig} from '../config/training-config.js';
import {architectureSchema, type Architecture} from '../models/architecture.js';

/** The network's own settings among those of a training. */
export function architectureOf(config: TrainingConfig): Architecture {
  const keys = Object.keys(architectureSchema.shape) as (keyof Architecture)[];
  return architectureSchema.parse(Object.fromEntries(keys.map((key) => [key, config[key]])));
}
