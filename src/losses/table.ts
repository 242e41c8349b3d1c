import * as z from 'zod';
import {mutualInformationLoss} from './mutual-information.js';
import {lnccLoss, mseLoss, tukeyLoss, type SimilarityLoss} from './similarity.js';

const positive = z.number().positive();

/** How the likeness of the fixed and the moved image is measured. */
export const similaritySchema = z.discriminatedUnion('kind', [
  /** Mean squared difference over sigma^2. */
  z.strictObject({kind: z.literal('mse'), sigma: positive.default(0.05)}),
  /** Local normalised cross-correlation, bounded. */
  z.strictObject({
    kind: z.literal('lncc'),
    window: z.int().positive().default(9),
    epsilon: positive.default(1e-5),
    signed: z.boolean().default(false),
  }),
  /** Tukey's biweight: differences above `c` do not pull any more. */
  z.strictObject({kind: z.literal('tukey'), c: positive.default(0.5)}),
  /** Mutual information with soft bins, for images of different contrasts. */
  z.strictObject({kind: z.literal('mutualInformation'), bins: z.int().min(2).default(16)}),
]);

/** A similarity with its settings. */
export type SimilaritySettings = z.infer<typeof similaritySchema>;

type Kind = SimilaritySettings['kind'];
type SettingsOf<K extends Kind> = Extract<SimilaritySettings, {kind: K}>;

const LOSSES: {readonly [K in Kind]: (settings: SettingsOf<K>) => SimilarityLoss} = {
  mse: ({sigma}) => mseLoss(sigma),
  lncc: lnccLoss,
  tukey: ({c}) => tukeyLoss(c),
  mutualInformation: mutualInformationLoss,
};

/** The loss that settings ask for. */
export function similarityLoss<K extends Kind>(
  settings: SettingsOf<K> & {kind: K},
): SimilarityLoss {
  return LOSSES[settings.kind](settings);
}
