import type {WeightDistribution} from '../config/weight-distribution.js';
import type {Random} from '../random.js';

/**
 * Draw a weight of the objective for one pair, in [0, 1].
 *
 * @see Hoopes et al., IPMI 2021, section 3: the ends are drawn more often, since they are the hardest to learn.
 */
export function drawWeight(distribution: WeightDistribution, random: Random): number {
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
