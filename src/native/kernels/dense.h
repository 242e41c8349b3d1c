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

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// dense(sizes [n, inputs, outputs], slope, x, kernel, bias | null, y)
template <typename Call>
void dense(Call& call, DenseArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.n = sizes[0];
  args.inputs = sizes[1];
  args.outputs = sizes[2];
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", args.n * args.inputs).data;
  args.kernel = call.floats("kernel", args.inputs * args.outputs).data;
  args.bias = call.optionalFloats("bias", args.outputs).data;
  args.y = call.floats("y", args.n * args.outputs).data;
}

// denseGradient(sizes, slope, x, kernel, y, dy, dx | null, dkernel | null, dbias | null)
template <typename Call>
void denseGradient(Call& call, DenseGradientArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.n = sizes[0];
  args.inputs = sizes[1];
  args.outputs = sizes[2];
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", args.n * args.inputs).data;
  args.kernel = call.floats("kernel", args.inputs * args.outputs).data;
  args.y = call.floats("y", args.n * args.outputs).data;
  args.dy = call.floats("dy", args.n * args.outputs).data;
  args.dx = call.optionalFloats("dx", args.n * args.inputs).data;
  args.dkernel = call.optionalFloats("dkernel", args.inputs * args.outputs).data;
  args.dbias = call.optionalFloats("dbias", args.outputs).data;
  args.scratch = call.scratch(ScratchNeed{args.n * args.outputs, 0});
}

// adam(constants [rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon], weight, first, second, gradient, newWeight,
// newFirst, newSecond)
template <typename Call>
void adam(Call& call, AdamArgs& args) {
  const auto constants = call.floats("constants", 6);
  const auto weight = call.floats("weight", 0);
  args.weight = weight.data;
  args.size = weight.size;
  args.first = call.floats("first", args.size).data;
  args.second = call.floats("second", args.size).data;
  args.gradient = call.floats("gradient", args.size).data;
  args.new_weight = call.floats("newWeight", args.size).data;
  args.new_first = call.floats("newFirst", args.size).data;
  args.new_second = call.floats("newSecond", args.size).data;
  if (!call.ok()) return;
  args.rate = constants.data[0];
  args.beta1 = constants.data[1];
  args.rest1 = constants.data[2];
  args.beta2 = constants.data[3];
  args.rest2 = constants.data[4];
  args.epsilon = constants.data[5];
}

}  // namespace hypermorph::reading
