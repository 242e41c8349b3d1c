import type {LambdaDistribution} from '../config/training-config.js';
import type {Random} from '../random.js';

/**
 * Draw the regularisation weight of one pair, in [0, 1].
 *
 * @see Hoopes et al., IPMI 2021, section 3: the ends are drawn more often, since they are the hardest to learn.
 */
export function drawLambda(distribution: LambdaDistribution, random: Random): number {
  switch (distribution.kind) {
    case 'ends':
      if (random.uniform() < distribution.endProbability) return random.uniform() < 0.5 ? 0 : 1;
      return random.uniform();
    case 'uniform':
      return random.uniform();
    case 'logOdds': {
      const {lowest, highest} = distribution;
      const odds = Math.exp(random.uniform(Math.log(lowest), Math.log(highest)));
      return odds / (1 + odds);
    }
    case 'fixed':
      return distribution.value;
  }
}

/** The range that a distribution covers, for the model's description. */
export function lambdaRange(distribution: LambdaDistribution): {minimum: number; maximum: number} {
  switch (distribution.kind) {
    case 'logOdds':
      return {
        minimum: distribution.lowest / (1 + distribution.lowest),
        maximum: distribution.highest / (1 + distribution.highest),
      };
    case 'fixed':
      return {minimum: distribution.value, maximum: distribution.value};
    default:
      return {minimum: 0, maximum: 1};
  }
}
