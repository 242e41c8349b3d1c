import type {TrainingConfig} from '../config/training-config.js';

/**
 * The learning rate of a step.
 *
 * @param step - Counted from 0.
 * @see Loshchilov & Hutter, "SGDR", ICLR 2017, equation 5 (cosine, one period).
 */
export function learningRateAt(
  step: number,
  {optimiser, steps}: Pick<TrainingConfig, 'optimiser' | 'steps'>,
): number {
  const {learningRate, schedule, finalShare, warmupSteps} = optimiser;
  const rise = Math.min(1, (step + 1) / (warmupSteps + 1));
  if (schedule === 'constant') return learningRate * rise;
  const done = Math.min(1, Math.max(0, step - warmupSteps) / Math.max(1, steps - warmupSteps));
  const fall = finalShare + ((1 - finalShare) * (1 + Math.cos(Math.PI * done))) / 2;
  return learningRate * rise * fall;
}
