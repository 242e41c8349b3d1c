// Widens the layers of a three-dimensional model's labeller to those of a configuration, without changing what it tells.
//
//   node --import tsx scripts/experiments/pytorch/widen.ts config.yaml model.safetensors wider.safetensors
//
// A feature that is new begins as in a fresh network and counts for nothing in what follows, until a training makes something of it.
// Convolutions are fastest where features are multiples of 16: two layers of 8 and 24 as 16 and 32 take a third less time.

import {loadTrainingConfig} from '../../../src/config/load-config.js';
import {listConvolutions, unetOfLabeller, type Labeller} from '../../../src/models/architecture.js';
import {initialiseWeights} from '../../../src/models/initialise.js';
import {readModel, writeModel} from '../../../src/models/model-file.js';

const [configPath, from, to] = process.argv.slice(2);
const {architecture, storage} = await loadTrainingConfig(configPath);
const {description, weights} = await readModel(from);
const [narrow, wide] = [description.architecture.labeller!, architecture.labeller!];
for (const part of ['encoder', 'decoder'] as const) {
  if (narrow[part].length !== wide[part].length || narrow[part].some((n, at) => n > wide[part][at]))
    throw new Error(
      `The labeller's ${part} must be as long and as wide as ${narrow[part].join(', ')}, got ${wide[part].join(', ')}.`,
    );
}
const fresh = initialiseWeights(architecture, 1);
const names = [...listConvolutions(unetOfLabeller(wide)).map(({name}) => name), 'labels'];
const widened = new Map(weights);
for (const [n, name] of names.entries()) {
  const [kernel, bias] = ['kernel', 'bias'].map((weight) => `labeller_${name}/${weight}`);
  widened.set(kernel, widenKernel(kernel, inputsOf(narrow)[n], inputsOf(wide)[n]));
  const values = Float32Array.from(fresh.get(bias)!.data);
  values.set(weights.get(bias)!.data);
  widened.set(bias, {shape: [values.length], data: values});
}
const described = {...description, architecture: {...description.architecture, labeller: wide}};
await writeModel(to, {description: described, weights: widened}, {storage});

/** Features that come into every convolution, in running order: from below, and those of a skip. */
function inputsOf({encoder, decoder}: Labeller): number[][] {
  const levels = encoder.length;
  return [
    ...encoder.map((_, level) => [level === 0 ? 1 : encoder[level - 1]]),
    ...decoder.map((_, n) => {
      if (n === 0) return [encoder[levels - 1]];
      return n <= levels ? [decoder[n - 1], encoder[levels - n]] : [decoder[n - 1]];
    }),
    decoder.length > levels ? [decoder[decoder.length - 1]] : [decoder[levels - 1], encoder[0]],
  ];
}

/** A kernel [3, 3, 3, in, out] with more of both. */
function widenKernel(name: string, before: number[], after: number[]) {
  const [trained, {shape, data}] = [weights.get(name)!, fresh.get(name)!];
  const [[inputs, outputs], [wideInputs, wideOutputs]] = [trained.shape, shape].map((s) =>
    s.slice(-2),
  );
  // Where each input stands now; those of a skip come after all from below.
  const places = before.flatMap((count, part) => {
    const start = after.slice(0, part).reduce((sum, length) => sum + length, 0);
    return Array.from({length: count}, (_, n) => start + n);
  });
  const values = Float32Array.from(data);
  for (let tap = 0; tap < 27; tap++) {
    for (let input = 0; input < wideInputs; input++) {
      const row = (tap * wideInputs + input) * wideOutputs;
      const old = places.indexOf(input);
      for (let output = 0; output < outputs; output++)
        values[row + output] = old < 0 ? 0 : trained.data[(tap * inputs + old) * outputs + output];
    }
  }
  return {shape, data: values};
}
