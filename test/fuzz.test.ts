import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fuzz, FUZZERS} from '../scripts/support/fuzzers.js';

for (const kind of Object.keys(FUZZERS)) {
  test(`damaged input is read or refused in a sentence: ${kind}`, async () => {
    const {runs, findings} = await fuzz(kind, {seed: 1, milliseconds: 3000, runs: 1500});
    assert.ok(runs > 0);
    assert.deepEqual(findings, []);
  });
}
