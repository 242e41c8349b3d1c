import {HypermorphError} from '../errors.js';

/** A loss that is so many times as large as the first one has run away; numbers that are still finite mean nothing then. */
const RUN_AWAY = 1e6;
/** ... and one that is so many times as large is on its way. */
const RISING = 1e3;

/**
 * Watch the loss of a training.
 *
 * @returns To be called with every step and its loss; gives a warning, once, where the loss begins to run away.
 * @throws {HypermorphError} E_RANGE, from the function that is returned, where the loss is not finite or has run away.
 */
export function watchLoss(): (
  loss: number,
  at: {readonly step: number; readonly pairs: string; readonly wayOn: string},
) => string | null {
  let first: number | null = null;
  let isSaid = false;
  return (loss, {step, pairs, wayOn}) => {
    if (!Number.isFinite(loss)) {
      const hint =
        step === 1
          ? 'Nothing was learned yet: look for the reason in these images, in the settings of the loss, and in initialModel.'
          : wayOn;
      const message = `training: the loss must be finite, got ${loss} in step ${step} (${pairs}).`;
      throw new HypermorphError('E_RANGE', message, {hint});
    }
    first ??= Math.abs(loss);
    const size = Math.abs(loss) / (1 + first);
    if (size > RUN_AWAY) {
      const message = `training: the loss must stay within ${RUN_AWAY} times the first one, ${first.toPrecision(3)}, got ${loss.toPrecision(3)} in step ${step} (${pairs}).`;
      throw new HypermorphError('E_RANGE', message, {hint: wayOn});
    }
    if (size <= RISING || isSaid) return null;
    isSaid = true;
    return `training: the loss runs away: ${loss.toPrecision(3)} in step ${step}, ${first.toPrecision(3)} at first; lower optimiser.learningRate if it does not come back.`;
  };
}
