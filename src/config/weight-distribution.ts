import * as z from 'zod';
import {must, type Contradiction} from '../explain-schema.js';

const weight = z.number().min(0).max(1);
const positive = z.number().positive();

/** How a weight in [0, 1] of the objective is drawn for every pair. */
export const weightDistributionSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({kind: z.literal('ends'), endProbability: weight.default(0.2)})
    .describe(
      "With probability `endProbability` one of the ends, else uniform: the original's way.",
    ),
  z.strictObject({kind: z.literal('uniform')}).describe('Uniform in [0, 1].'),
  z
    .strictObject({
      kind: z.literal('logOdds'),
      lowest: positive.default(0.01),
      highest: positive.default(100),
    })
    .describe('weight / (1 - weight) log-uniform between two odds.'),
  z.strictObject({kind: z.literal('fixed'), value: weight}).describe('Always one value.'),
]);

export type WeightDistribution = z.infer<typeof weightDistributionSchema>;

/** A weight that is drawn, or the number that it always is. */
export function distributionOf(weight: WeightDistribution | number): WeightDistribution {
  return typeof weight === 'number' ? {kind: 'fixed', value: weight} : weight;
}

/** The range that a distribution covers. */
export function weightRange(distribution: WeightDistribution): {
  readonly minimum: number;
  readonly maximum: number;
} {
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

/** A distribution must have a range, and vary only where the network sees by how much. */
export function* findDistributionContradictions(
  distribution: WeightDistribution,
  path: readonly string[],
  {isSeen, unseenWhere}: {readonly isSeen: boolean; readonly unseenWhere: string},
): Generator<Contradiction> {
  if (distribution.kind === 'logOdds' && distribution.lowest >= distribution.highest) {
    const requirement = `be below ${[...path, 'highest'].join('.')}`;
    yield must([...path, 'lowest'], requirement, distribution.lowest);
  }
  if (!isSeen && distribution.kind !== 'fixed') {
    yield must([...path, 'kind'], `be "fixed" where ${unseenWhere}`, distribution.kind);
  }
}
