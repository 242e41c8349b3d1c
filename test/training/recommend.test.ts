import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {ValidationRow} from '../../src/progress.js';
import {recommendFrom} from '../../src/training/recommend.js';

const UNLABELLED: ValidationRow = {
  ...{lambda: 0.5, total: 0, similarity: 0, smoothness: 0},
  ...{sdLogJacobian: 0.1, foldingFraction: 0},
};

function row(lambda: number, changes: Partial<ValidationRow> = {}): ValidationRow {
  return {...UNLABELLED, lambda, dice: 0.5, ...changes};
}

test('the highest Dice is recommended', () => {
  const rows = [row(0.1), row(0.5, {dice: 0.7}), row(0.9, {dice: 0.6})];
  assert.equal(recommendFrom(rows), rows[1]);
});

test('overlap that folds, or that volumes pay for, is not', () => {
  const rows = [
    row(0.05, {dice: 0.9, sdLogJacobian: 0.6}),
    row(0.3, {dice: 0.8, foldingFraction: 0.001}),
    row(0.6, {dice: 0.7, sdLogJacobian: 0.3, foldingFraction: 1e-4}),
    row(0.9),
  ];
  assert.equal(recommendFrom(rows), rows[2]);
  assert.equal(recommendFrom(rows.slice(0, 2)), null);
});

test('of equal overlaps the larger lambda is, in any order', () => {
  const rows = [row(0.3), row(0.9), row(0.6)];
  assert.equal(recommendFrom(rows)?.lambda, 0.9);
  assert.equal(recommendFrom(rows.reverse())?.lambda, 0.9);
});

test('without label maps nothing is, nor where a spread is unknown', () => {
  assert.equal(recommendFrom([UNLABELLED, row(0.1, {sdLogJacobian: NaN})]), null);
});

test('the networks of the experiment with hippocampi would recommend 0.6, not the overlap of a collapse', () => {
  // docs/experiments/hippocampus.md, step 7000.
  const rows = [
    [0.05, 0.807, 0.61],
    [0.3, 0.797, 0.33],
    [0.6, 0.781, 0.19],
    [0.9, 0.727, 0.06],
  ].map(([lambda, dice, sdLogJacobian]) => row(lambda, {dice, sdLogJacobian}));
  assert.equal(recommendFrom(rows)?.lambda, 0.6);
});
