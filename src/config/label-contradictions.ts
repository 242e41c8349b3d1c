import {must, type Contradiction} from '../explain-schema.js';
import type {Labeller} from '../models/architecture.js';
import {hasLabels, type SourceSettings} from './sources.js';
import {distributionOf, weightRange, type WeightDistribution} from './weight-distribution.js';

/** What a configuration says of label maps and of what depends on them. */
interface LabelSettings {
  readonly architecture: {readonly labeller?: Labeller | undefined};
  readonly trains: 'all' | 'labeller';
  readonly sources: readonly SourceSettings[];
  readonly loss: {readonly labels: number | WeightDistribution};
  readonly grid: {readonly align: 'none' | 'affine'};
  readonly sameLabels: readonly (readonly number[])[];
}

/** Label maps that are half given, or counted on where there are none. */
export function* findLabelContradictions({
  architecture: {labeller},
  trains,
  sources,
  loss,
  grid,
  sameLabels,
}: LabelSettings): Generator<Contradiction> {
  for (const [index, source] of sources.entries()) {
    const at = ['sources', index];
    if (source.kind === 'labels' && grid.align === 'affine') {
      yield must([...at, 'kind'], 'be another where grid.align is "affine"', source.kind);
    }
    if (source.kind === 'atlas' && (source.labels === null) !== (source.atlasLabels === null)) {
      yield must([...at, 'atlasLabels'], 'be given with `labels`, or neither', source.atlasLabels);
    }
    for (const [n, pair] of source.kind === 'pairs' ? source.pairs.entries() : []) {
      if ((pair.fixedLabels === null) === (pair.movingLabels === null)) continue;
      const path = [...at, 'pairs', n, 'movingLabels'];
      yield must(path, 'be given with `fixedLabels`, or neither', pair.movingLabels);
    }
  }
  for (const [n, group] of sameLabels.entries()) {
    const rest = sameLabels.flatMap((other, at) => (at < n ? other : []));
    const twice = group.find((label, at) => rest.includes(label) || group.indexOf(label) < at);
    if (twice !== undefined) yield must(['sameLabels', n], 'name no label twice', twice);
    if (group.indexOf(0) > 0) yield must(['sameLabels', n], 'have 0 first, if at all', group);
  }
  if (trains === 'labeller' && labeller === undefined) {
    yield must(['trains'], 'be "all" where there is no architecture.labeller', trains);
  }
  if (labeller !== undefined && !sources.some(hasLabels)) {
    yield must(
      ['architecture', 'labeller'],
      'be left out where no source has label maps',
      labeller,
    );
  }
  if (weightRange(distributionOf(loss.labels)).maximum > 0 && !sources.some(hasLabels)) {
    yield must(['loss', 'labels'], 'be 0 where no source has label maps', loss.labels);
  }
}
