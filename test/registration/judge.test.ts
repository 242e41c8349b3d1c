import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bestOf, type Judgement} from '../../src/registration/judge.js';

const alignment: Judgement = {
  answer: 'alignment',
  similarity: 0.3,
  ...{information: null, foldingFraction: 0},
};
const refinement: Judgement = {...alignment, answer: 'refinement', similarity: 0.4};

test('of answers that fit as well the simplest is kept', () => {
  assert.equal(bestOf([alignment]), 0);
  assert.equal(bestOf([alignment, {...refinement, similarity: 0.3}]), 0);
  assert.equal(bestOf([alignment, {...refinement, similarity: 0.3001}]), 0);
});

test('a better one is kept unless it folds', () => {
  assert.equal(bestOf([alignment, refinement]), 1);
  assert.equal(bestOf([alignment, {...refinement, foldingFraction: 0.004}]), 1);
  assert.equal(bestOf([alignment, {...refinement, foldingFraction: null}]), 1);
  assert.equal(bestOf([alignment, {...refinement, foldingFraction: 0.006}]), 0);
});

test('where contrasts are mixed it has to gain mutual information, too', () => {
  const informed = (gain: number) =>
    bestOf([
      {...alignment, information: 1},
      {...refinement, information: 1 + gain},
    ]);
  assert.equal(informed(0.01), 0);
  assert.equal(informed(0.034), 0);
  assert.equal(informed(0.036), 1);
  assert.equal(bestOf([alignment, {...refinement, information: 0}]), 1);
});

test('the gain is over the answer that would be kept without it', () => {
  const [first, second, third] = [
    {...alignment, information: 1},
    {...refinement, answer: 'network', information: 1.05},
    {...refinement, similarity: 0.5, information: 1.06},
  ] as const;
  assert.equal(bestOf([first, second, third]), 1);
  assert.equal(bestOf([first, third]), 1);
});
