import * as z from 'zod';

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const path = z.string().min(1);

const fileList = z.union([path, z.array(path).min(1)]);
const images = fileList.describe('Images, by paths and patterns.');

const weight = positive
  .default(1)
  .describe('How often pairs come from this source, in proportion to the other sources.');

const shapesSource = z
  .strictObject({
    kind: z.literal('shapes'),
    weight,
    maps: z
      .int()
      .positive()
      .max(4096)
      .default(16)
      .describe('Different label maps, made once at the start.'),
    labels: z.int().min(2).max(255).default(16).describe('Shapes in each map.'),
    scaleVox: positive.default(16).describe('Distance over which the outlines vary, voxels.'),
  })
  .describe(
    'Images rendered from random shapes: no data needed. Where `augmentation` moves nothing they are deformed by 2 voxels, as both images would else be the same.',
  );

const noLabels = path.nullable().default(null);
const labels = fileList
  .nullable()
  .default(null)
  .describe('Their label maps for `loss.labels`, as many and in the same order of names.');

/** Where pairs of images come from. */
export const sourceSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({kind: z.literal('scans'), weight, images, labels})
    .describe('Two different scans of the list, drawn independently.'),
  z
    .strictObject({
      kind: z.literal('atlas'),
      weight,
      atlas: path.describe('The fixed image of every pair.'),
      images,
      atlasLabels: noLabels.describe('Its label map, given with `labels`.'),
      labels,
    })
    .describe('One atlas, always fixed, and a scan of the list.'),
  z
    .strictObject({
      kind: z.literal('pairs'),
      weight,
      pairs: z
        .array(
          z.strictObject({
            fixed: path,
            moving: path,
            fixedLabels: noLabels.describe('The label maps of both, or of none.'),
            movingLabels: noLabels,
          }),
        )
        .min(1),
    })
    .describe('Given pairs.'),
  z
    .strictObject({
      kind: z.literal('labels'),
      weight,
      images,
      background: share
        .default(0)
        .describe('How often label 0 is replaced by random shapes, one map for both images.'),
    })
    .describe('Images rendered from label maps in random contrasts, the same contrast for both.'),
  shapesSource,
]);

export type SourceSettings = z.infer<typeof sourceSchema>;

/** Whether pairs of a source have label maps. */
export function hasLabels(source: SourceSettings): boolean {
  switch (source.kind) {
    case 'scans':
    case 'atlas':
      return source.labels !== null;
    case 'pairs':
      return source.pairs.some(({fixedLabels}) => fixedLabels !== null);
    case 'labels':
    case 'shapes':
      return true;
  }
}
