import * as z from 'zod';
import {mutualInformationLoss} from './mutual-information.js';
import {lnccLoss, mseLoss, tukeyLoss, type SimilarityLoss} from './similarity.js';

const positive = z.number().positive();

/** How the likeness of the fixed and the moved image is measured. */
export const similaritySchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('mse'),
      sigma: positive.default(0.05).describe('Standard deviation of the image noise.'),
    })
    .describe('Mean squared difference over sigma^2.'),
  z
    .strictObject({
      kind: z.literal('lncc'),
      window: z.int().positive().default(9).describe('Edge of the window, voxels.'),
      epsilon: positive.default(1e-5).describe('Least covariance and variance.'),
      signed: z.boolean().default(false).describe('The correlation instead of its square.'),
    })
    .describe('Local normalised cross-correlation.'),
  z
    .strictObject({
      kind: z.literal('tukey'),
      c: positive.default(0.5).describe('Larger differences of intensity do not pull any more.'),
    })
    .describe("Tukey's biweight, for images with outliers."),
  z
    .strictObject({kind: z.literal('mutualInformation'), bins: z.int().min(2).default(16)})
    .describe('Mutual information, for images of different contrasts; memory grows with the bins.'),
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
