import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {diceLoss, labellingLoss, labelOverlap} from '../../src/losses/dice.js';
import {registrationObjective} from '../../src/losses/objective.js';
import {mseLoss} from '../../src/losses/similarity.js';
import {onEveryEngine} from '../support/engines.js';

/** Memberships of labels 1 to `count` along lines of voxels, [items, voxels, 1, count]. */
function memberships(items: readonly (readonly number[])[], count: number): tf.Tensor4D {
  const channels = items
    .flat()
    .flatMap((code) => Array.from({length: count}, (_, label) => (code === label + 1 ? 1 : 0)));
  return tf.tensor4d(channels, [items.length, items[0].length, 1, count]);
}

const OPTIONS = {similarity: mseLoss(0.5), penalty: 'l2', smoothnessScale: 2} as const;

onEveryEngine('the objective', () => {
  test('overlap of labels is the mean Dice of those that the fixed map has', () => {
    const fixed = memberships([[1, 1, 2, 0]], 3);
    const moved = memberships([[1, 2, 2, 3]], 3);
    // Both labels: 2 · 1 / 3; the third is not in the fixed map.
    assert.ok(Math.abs(labelOverlap(fixed, moved).dataSync()[0] - 2 / 3) < 1e-6);
    assert.equal(labelOverlap(fixed, fixed).dataSync()[0], 1);
    const nothing = memberships([[0, 0]], 2);
    assert.equal(labelOverlap(nothing, memberships([[1, 2]], 2)).dataSync()[0], 0);
    const swapped = [labelOverlap(fixed, moved), tf.neg(diceLoss(fixed, moved))];
    // The original counts a label that is empty in both, or in one, as 0.
    assert.ok(Math.abs(swapped[1].dataSync()[0] - (2 * swapped[0].dataSync()[0]) / 3) < 1e-6);
  });

  test('a labeller that is right and sure has nothing to learn; one that says nothing has ln 3 and what it does not overlap', () => {
    const wanted = memberships([[1, 1, 2, 3, 3, 2]], 3);
    assert.ok(Math.abs(labellingLoss(tf.mul(wanted, 50), wanted).dataSync()[0]) < 1e-6);
    const nothing = tf.zeros([1, 6, 1, 3]);
    // Each label has 2 of 6 voxels: 2 · (2 / 3) / (2 + 2).
    const expected = 1 - 1 / 3 + Math.log(3);
    assert.ok(Math.abs(labellingLoss(nothing, wanted).dataSync()[0] - expected) < 1e-5);
  });

  test('labels stand beside the similarity by their weight, for each pair its own', () => {
    const images = {fixed: tf.ones([2, 4, 4, 1]), moved: tf.zeros([2, 4, 4, 1])};
    const velocity = tf.tensor4d(
      Array.from({length: 64}, (_, n) => Math.sin(n)),
      [2, 4, 4, 2],
    );
    const lambda = tf.tensor1d([0.25, 0.5]);
    const plain = registrationObjective(images, velocity, lambda, OPTIONS);
    const maps = {
      fixed: memberships(
        [
          [1, 1],
          [1, 1],
        ],
        1,
      ),
      moved: memberships(
        [
          [1, 0],
          [1, 0],
        ],
        1,
      ),
    };
    const withLabels = (weight: number[]) =>
      registrationObjective(images, velocity, lambda, {
        ...OPTIONS,
        labels: {overlap: labelOverlap(maps.fixed, maps.moved), weight: tf.tensor1d(weight)},
      });
    const read = (term: tf.Scalar) => term.dataSync()[0];
    assert.equal(plain.labels, undefined);
    assert.equal(read(withLabels([0, 0]).total), read(plain.total));
    const {total, similarity, labels, smoothness} = withLabels([0.4, 0]);
    assert.equal(read(smoothness), read(plain.smoothness));
    // Squared difference 1 over 0.25; overlap 2 · 1 / 3.
    assert.ok(Math.abs(read(similarity) - (0.75 * 0.6 * 4 + 0.5 * 4) / 2) < 1e-5);
    assert.ok(Math.abs(read(labels!) + (0.75 * 0.4 * 2) / 3 / 2) < 1e-5);
    const sum = read(similarity) + read(labels!) + read(smoothness);
    assert.ok(Math.abs(read(total) - sum) < 1e-5);
  });
});
