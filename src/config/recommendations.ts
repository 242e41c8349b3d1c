import * as z from 'zod';
import {must, type Contradiction} from '../explain-schema.js';
import {distributionOf, weightRange, type WeightDistribution} from './weight-distribution.js';

const share = z.number().min(0).max(1);

/** Hyperparameters by the kind of data that they are best for. */
export const recommendedForSchema = z
  .record(z.string().min(1), z.strictObject({lambda: share, labels: share.optional()}))
  .default({})
  .describe(
    'By the kind of data, in words: with which hyperparameters the model does best on it. The model says so; registering goes by those of `CT of the lung` where both images show that, else by its recommended lambda.',
  );

/** The hyperparameters must be those that the network sees, within what it is trained for. */
export function* findRecommendationContradictions(config: {
  readonly recommendedFor: z.infer<typeof recommendedForSchema>;
  readonly architecture: {readonly hyperparameters: number};
  readonly lambda: WeightDistribution;
  readonly loss: {readonly labels: WeightDistribution | number};
}): Generator<Contradiction> {
  const {recommendedFor, architecture, lambda, loss} = config;
  const trained = [
    ['lambda', lambda],
    ['labels', distributionOf(loss.labels)],
  ] as const;
  for (const [data, values] of Object.entries(recommendedFor)) {
    for (const [n, [name, distribution]] of trained.entries()) {
      const value = values[name];
      if (value === undefined) continue;
      const path = ['recommendedFor', data, name];
      const {minimum, maximum} = weightRange(distribution);
      if (n >= architecture.hyperparameters) {
        const where = `architecture.hyperparameters is ${architecture.hyperparameters}`;
        yield must(path, `be left out where ${where}`, value);
      } else if (value < minimum || value > maximum) {
        yield must(path, `lie in [${minimum}, ${maximum}]`, value);
      }
    }
  }
}
