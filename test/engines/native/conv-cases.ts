import assert from 'node:assert/strict';
import {
  planConv,
  type PooledConvAttributes,
  type ConvPlan,
} from '../../../src/engines/native/kernels/conv-shape.js';
import type {NativeAddon} from '../../../src/engines/native/addon.js';
import {seededRandom} from '../../support/random.js';

export interface ConvCase {
  readonly items?: number;
  readonly size: readonly [number, number, number];
  readonly channels: number;
  readonly coarseChannels?: number;
  readonly up?: readonly [number, number, number];
  readonly outputs: number;
  readonly filter?: readonly [number, number, number];
  readonly filterPerItem?: boolean;
  readonly attributes?: Partial<PooledConvAttributes>;
}

export function nameOf(test: ConvCase): string {
  const {size, channels, coarseChannels = 0, outputs, filter = [3, 3, 3], items = 1} = test;
  const {strides, dilations, padding, activation} = test.attributes ?? {};
  return [
    `${items} x ${size.join('x')}`,
    `${coarseChannels > 0 ? `${coarseChannels} + ` : ''}${channels} -> ${outputs}`,
    `filter ${filter.join('x')}${test.filterPerItem ? ' per item' : ''}`,
    strides && `stride ${strides.join('x')}`,
    dilations && `dilation ${dilations.join('x')}`,
    padding,
    activation,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Everything a case computes, forward and backward. */
export interface ConvResults {
  readonly y: Float32Array;
  readonly dx: Float32Array;
  readonly dcoarse: Float32Array;
  readonly dfilter: Float32Array;
  readonly dbias: Float32Array;
}

/** What a case reads, and how the addon is told. */
export interface ConvOperands extends ConvPlan {
  readonly x: Float32Array;
  readonly coarse: Float32Array | null;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** @param draw - The next value. */
export function drawOperands(test: ConvCase, draw: () => number): ConvOperands {
  const {items = 1, size, channels, coarseChannels = 0, up = [2, 2, 2], outputs} = test;
  const filter = test.filter ?? [3, 3, 3];
  const filterItems = test.filterPerItem ? items : 1;
  const coarseSize = size.map((length, axis) => length / up[axis]);
  const kernelShape = [filterItems, ...filter, channels + coarseChannels, outputs];
  const shapes = {x: [items, ...size, channels], kernel: kernelShape};
  const coarseShape = [items, ...coarseSize, coarseChannels];
  const plan = planConv(coarseChannels > 0 ? {...shapes, coarse: coarseShape} : shapes, {
    strides: [1, 1, 1],
    dilations: [1, 1, 1],
    padding: 'same',
    activation: 'leakyRelu',
    ...test.attributes,
  });
  const fill = (lengths: readonly number[]) => Float32Array.from({length: product(lengths)}, draw);
  const x = fill(shapes.x);
  const coarse = coarseChannels > 0 ? fill(coarseShape) : null;
  const kernel = fill(kernelShape);
  return {...plan, x, coarse, kernel, bias: fill([filterItems, outputs])};
}

export function runCase(addon: NativeAddon, test: ConvCase, twin: 'kernel' | 'naive'): ConvResults {
  const random = seededRandom(7);
  const draw = () => random() * 2 - 1;
  const {shape, outputShape, slope, x, coarse, kernel, bias} = drawOperands(test, draw);
  const dy = Float32Array.from({length: product(outputShape)}, draw);
  // Filled, so that a value that is not written shows.
  const fresh = (length: number) => new Float32Array(length).fill(77);
  const y = fresh(dy.length);
  const dx = fresh(x.length);
  const dcoarse = fresh(coarse?.length ?? 0);
  const dfilter = fresh(kernel.length);
  const dbias = fresh(bias.length);
  const isNaive = twin === 'naive';
  (isNaive ? addon.convReference : addon.conv)(shape, slope, x, coarse, kernel, bias, y);
  // The gradients of both twins see one y: a sign that rounding decides must not look like an error.
  const seen = fresh(dy.length);
  addon.convReference(shape, slope, x, coarse, kernel, bias, seen);
  const inputGradient = isNaive ? addon.convInputGradientReference : addon.convInputGradient;
  inputGradient(shape, slope, kernel, seen, dy, dx, coarse === null ? null : dcoarse);
  const filterGradient = isNaive ? addon.convFilterGradientReference : addon.convFilterGradient;
  filterGradient(shape, slope, x, coarse, seen, dy, dfilter, dbias);
  return {y, dx, dcoarse, dfilter, dbias};
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}

/** |actual - expected| <= tolerance * largest |expected|; the tolerance grows with the number of terms of the sums. */
export function assertClose(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = 4e-6 * scale + 1e-6;
  let worst = 0;
  for (let i = 1; i < actual.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= Math.abs(actual[worst] - expected[worst])))
      worst = i;
  }
  if (actual.length === 0) return;
  const error = Math.abs(actual[worst] - expected[worst]);
  assert.ok(
    error <= tolerance,
    `${what}: at ${worst} expected ${expected[worst]}, got ${actual[worst]} (tolerance ${tolerance})`,
  );
}
