#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// y = activation(x kernel + bias); x is [N, P], kernel is [P, U], bias is [U] or null, y is [N, U]. slope: factor below
// zero. Bound by memory: the kernel is read once, and a row of it that every item multiplies by 0 (common after ReLU)
// not at all.
struct DenseArgs {
  const float* x;
  const float* kernel;
  const float* bias;
  float* y;
  int64_t n, inputs, outputs;
  float slope;
};
using DenseFn = void (*)(const DenseArgs&) noexcept;

// Gradients; each result may be null. dx is [N, P], dkernel is [P, U], dbias is [U]. Shared scratch: N U floats.
struct DenseGradientArgs {
  const float* x;
  const float* kernel;
  const float* y;
  const float* dy;
  float* dx;
  float* dkernel;
  float* dbias;
  int64_t n, inputs, outputs;
  float slope;
  Scratch scratch;
};
using DenseGradientFn = void (*)(const DenseGradientArgs&) noexcept;

// Adam with epsilon beside the uncorrected root: m = b1 m + r1 g, v = b2 v + r2 g g, w -= rate m / (sqrt(v) + epsilon).
// rest1 and rest2 are 1 - b1 and 1 - b2, subtracted in double: in float the second would lose five digits. Each output
// may be its input.
struct AdamArgs {
  const float* weight;
  const float* first;
  const float* second;
  const float* gradient;
  float* new_weight;
  float* new_first;
  float* new_second;
  int64_t size;
  float rate, beta1, rest1, beta2, rest2, epsilon;
};
using AdamFn = void (*)(const AdamArgs&) noexcept;

}  // namespace hypermorph
