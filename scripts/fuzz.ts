// Gives damaged inputs to everything that reads what others wrote, and reports every error that is not one of ours.
//
//   npm run fuzz -- [--minutes N] [--seed N] [--only KIND]
//
// Without --minutes a short run, the same as in the tests. One line a finding: the kind of input and the seed that makes it again.
// `node scripts/test.js --sanitize test/fuzz.test.ts` gives the addon's calls to the sanitizers.

import {parseArgs} from 'node:util';
import {fuzz, FUZZERS} from './support/fuzzers.js';

const {values} = parseArgs({
  options: {
    minutes: {type: 'string'},
    seed: {type: 'string', default: '1'},
    only: {type: 'string'},
  },
});
const kinds = Object.keys(FUZZERS).filter(
  (kind) => values.only === undefined || kind === values.only,
);
const milliseconds = values.minutes === undefined ? 20_000 : 60_000 * Number(values.minutes);
if (kinds.length === 0 || !(milliseconds > 0)) {
  throw new Error(
    `--only must be one of ${Object.keys(FUZZERS).join(', ')}, --minutes a positive number`,
  );
}
let found = 0;
for (const kind of kinds) {
  const {runs, refused, findings} = await fuzz(kind, {
    seed: Number(values.seed),
    milliseconds: milliseconds / kinds.length,
  });
  console.log(`${kind}: ${runs} inputs, ${refused} refused, ${findings.length} findings`);
  for (const {seed, error} of findings) console.log(`  --only ${kind} --seed ${seed}: ${error}`);
  found += findings.length;
}
process.exitCode = found === 0 ? 0 : 1;
