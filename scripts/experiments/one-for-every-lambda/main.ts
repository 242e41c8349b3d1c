/**
 * One network for every lambda, trained as long as one of the others or as all of them together, beside networks that are trained for one
 * lambda each: same U-Net and images, measured on the same pairs, for some seeds.
 *
 *   npm run experiment:lambdas -- [--data FOLDER] [--output FOLDER] [--lambdas 0.05,...] [--between 0,...] [--seeds 1,2,3]
 *       [--steps N] [--jobs N]
 *
 * --data has `train` and `val`, each with `images` and `labels` of the same names. --lambdas are those for which a network is
 * trained alone; at --between the one network is measured, too. --jobs trainings run at a time, a thread each. What is done is not
 * done again: after an interruption the same command goes on. The output folder gets results.json, table.md and curves.svg.
 * Docs: docs/experiments/one-for-every-lambda.md.
 */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {findShared} from '../../support/shared-folder.js';
import {alignImages, train} from './commands.js';
import {curvesOf, markdownOf} from './report.js';
import {outcomeOf, pointsOf, runsOf, type Outcome, type Run} from './results.js';

const {values: options} = parseArgs({
  options: {
    data: {type: 'string', default: findShared('data', 'hippocampus') ?? 'hippocampus'},
    output: {type: 'string', default: 'runs/one-for-every-lambda'},
    lambdas: {type: 'string', default: '0.05,0.2,0.4,0.7,0.95'},
    between: {type: 'string', default: '0,0.1,0.3,0.55,0.85,1'},
    seeds: {type: 'string', default: '1,2,3'},
    steps: {type: 'string', default: '1200'},
    jobs: {type: 'string', default: '2'},
  },
});

const numbersOf = (text: string) => (text === '' ? [] : text.split(',').map(Number));

async function trainAll(runs: readonly Run[]): Promise<readonly Outcome[]> {
  const outcomes = new Array<Outcome>(runs.length);
  const waiting = runs.entries();
  const work = async () => {
    for (const [n, run] of waiting) {
      outcomes[n] = outcomeOf(run, await train(run, options.output));
      console.error(`lambda ${run.lambda ?? 'any'}, seed ${run.seed}, ${run.steps} steps: done`);
    }
  };
  await Promise.all(Array.from({length: Number(options.jobs)}, work));
  return outcomes;
}

const runs = runsOf({
  lambdas: numbersOf(options.lambdas),
  between: numbersOf(options.between),
  seeds: numbersOf(options.seeds),
  steps: Number(options.steps),
});
mkdirSync(options.output, {recursive: true});
await alignImages(options.data, options.output);
const outcomes = await trainAll(runs);
const points = pointsOf(outcomes);
const write = (name: string, text: string) => writeFileSync(join(options.output, name), text);
write('results.json', `${JSON.stringify({points, outcomes}, null, 1)}\n`);
write('curves.svg', curvesOf(points));
write('table.md', markdownOf(points, outcomes));
console.log(markdownOf(points, outcomes));
