#pragma once

#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// A convolution (correlation) of an input that is either x or, without materialising it,
// concat([upsampleNearest(coarse), x]).
//
//   x      is [N, I, J, K, C2]
//   coarse is [N, I / UI, J / UJ, K / UK, C1]; C1 = 0: there is none. C = C1 + C2, the coarse channels come first.
//   filter is [B, FI, FJ, FK, C, O], B = 1 or N: one filter for all items, or one per item
//   bias   is [B, O] or null
//   y      is [N, OI, OJ, OK, O]
//
//   y[n, i, j, k, o] = act(bias[o] + sum over f, c of input[n, i * stride + f * dilation - pad, c] * filter[f, c, o])
//
// act(v) = v > 0 ? v : slope * v: slope 1 is no activation. Arrays do not overlap.
struct ConvShape {
  int32_t n;
  int32_t in[3];
  int32_t coarse_channels;
  int32_t up[3];
  int32_t channels;  // C2
  int32_t filter[3];
  int32_t out[3];
  int32_t outputs;
  int32_t stride[3];
  int32_t dilation[3];
  int32_t pad[3];  // zeros before
  int32_t filter_items;

  int32_t inputs() const { return coarse_channels + channels; }
  int64_t taps() const { return int64_t{filter[0]} * filter[1] * filter[2]; }
};
inline constexpr int kConvShapeInts = 26;
static_assert(sizeof(ConvShape) == kConvShapeInts * sizeof(int32_t));

struct ConvArgs {
  ConvShape shape;
  const float* x;
  const float* coarse;
  const float* filter;
  const float* bias;
  float slope;
  // 1 or 2 along each axis. Where one is 2, y is the largest value of every window without overlap, [N, OI / WI, OJ /
  // WJ, OK / WK, O] rounded down, and the convolution itself is never held.
  int32_t window[3];
  float* y;
  Scratch scratch;

  bool isPooled() const { return window[0] * window[1] * window[2] > 1; }
};

// Gradient by the input: `dx` and, where there is a coarse input, `dcoarse`. dy and y are [N, OI, OJ, OK, O]; y is read
// when slope != 1.
struct ConvInputGradientArgs {
  ConvShape shape;
  const float* filter;
  const float* y;
  const float* dy;
  float slope;
  float* dx;
  float* dcoarse;
  Scratch scratch;
};

// Gradient by filter and bias (null: not wanted).
struct ConvFilterGradientArgs {
  ConvShape shape;
  const float* x;
  const float* coarse;
  const float* y;
  const float* dy;
  float slope;
  float* dfilter;
  float* dbias;
  Scratch scratch;
};

// The forward convolution has two precisions. In bfloat16 Winograd's transformed input and filter are rounded to it, to
// nearest even, before they are multiplied; transforms, sums, bias, activation, x and y are float32. Layers that do not
// run Winograd's algorithm, with channels that are no multiple of 16, or with fewer than 16 outputs stay float32.
using ConvPlanFn = ScratchNeed (*)(const ConvShape&) noexcept;

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// Stands for a shape that was refused.
inline constexpr ConvShape kOneVoxel{1,         {1, 1, 1}, 0,         {1, 1, 1}, 1,         {1, 1, 1},
                                     {1, 1, 1}, 1,         {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, 1};

// The 26 integers of a ConvShape, if every output reads inside the padded input.
template <typename Call>
ConvShape readShape(Call& call) {
  ConvShape shape{};
  std::memcpy(&shape, call.ints("shape", kConvShapeInts), sizeof(ConvShape));
  bool is_valid = shape.n > 0 && shape.inputs() > 0 && shape.channels >= 0 && shape.coarse_channels >= 0 &&
                  shape.outputs > 0 && (shape.filter_items == 1 || shape.filter_items == shape.n);
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t reach = (int64_t{shape.filter[axis]} - 1) * shape.dilation[axis];
    is_valid = is_valid && shape.in[axis] > 0 && shape.out[axis] > 0 && shape.filter[axis] > 0 &&
               shape.stride[axis] > 0 && shape.dilation[axis] > 0 && shape.pad[axis] >= 0 && shape.pad[axis] <= reach &&
               shape.up[axis] > 0 && (shape.coarse_channels == 0 || shape.in[axis] % shape.up[axis] == 0) &&
               (int64_t{shape.out[axis]} - 1) * shape.stride[axis] < int64_t{shape.in[axis]} + shape.pad[axis];
  }
  call.require(is_valid, "native: the sizes of a convolution must be positive and belong together.");
  return call.ok() ? shape : kOneVoxel;
}

inline int64_t inputFloats(const ConvShape& s) { return s.n * product(s.in, 3) * s.channels; }
inline int64_t coarseFloats(const ConvShape& s) {
  return s.n * product(s.in, 3) / product(s.up, 3) * s.coarse_channels;
}
inline int64_t outputFloats(const ConvShape& s) { return s.n * product(s.out, 3) * s.outputs; }
inline int64_t filterFloats(const ConvShape& s) { return s.filter_items * s.taps() * s.inputs() * s.outputs; }
inline int64_t biasFloats(const ConvShape& s) { return int64_t{s.filter_items} * s.outputs; }

// The pooling window of a convolution; 1 along each axis where there is none.
template <typename Call>
void readWindow(Call& call, int32_t* window) {
  const int32_t* const lengths = call.optionalInts("window", 3);
  for (int axis = 0; axis < 3; ++axis) {
    window[axis] = lengths[axis];
    call.require(window[axis] == 1 || window[axis] == 2, "native: a pooling window must be 1 or 2 along each axis.");
  }
}

inline int64_t pooledFloats(const ConvArgs& args) {
  int64_t floats = args.shape.n * int64_t{args.shape.outputs};
  for (int axis = 0; axis < 3; ++axis) floats *= args.shape.out[axis] / args.window[axis];
  return floats;
}

// An input or its gradient that has to be there where its channels are.
template <typename Call>
float* readCoarse(Call& call, const char* name, const ConvShape& shape) {
  float* const coarse = call.optionalFloats(name, coarseFloats(shape)).data;
  call.require(shape.coarse_channels == 0 || coarse != nullptr,
               "native: the coarse input must be given when it has channels.");
  return coarse;
}

// conv(shape, slope, x, coarse | null, filter, bias | null, y, window | undefined)
template <typename Call>
void conv(Call& call, ConvArgs& args) {
  args.shape = readShape(call);
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", inputFloats(args.shape)).data;
  args.coarse = readCoarse(call, "coarse", args.shape);
  args.filter = call.floats("filter", filterFloats(args.shape)).data;
  args.bias = call.optionalFloats("bias", biasFloats(args.shape)).data;
  const auto y = call.floats("y", 0);
  readWindow(call, args.window);
  call.require(y.size >= pooledFloats(args), "native: y must have room for the result.");
  args.y = y.data;
  if (call.ok()) args.scratch = call.scratch(call.kernels().conv_plan(args.shape));
}

// convBf16, as conv
template <typename Call>
void convBf16(Call& call, ConvArgs& args) {
  conv(call, args);
  if (call.ok()) args.scratch = call.scratch(call.kernels().conv_bf16_plan(args.shape));
}

// convInputGradient(shape, slope, filter, y, dy, dx, dcoarse | null)
template <typename Call>
void convInputGradient(Call& call, ConvInputGradientArgs& args) {
  args.shape = readShape(call);
  args.slope = static_cast<float>(call.number("slope"));
  args.filter = call.floats("filter", filterFloats(args.shape)).data;
  args.y = call.floats("y", outputFloats(args.shape)).data;
  args.dy = call.floats("dy", outputFloats(args.shape)).data;
  args.dx = call.floats("dx", inputFloats(args.shape)).data;
  args.dcoarse = readCoarse(call, "dcoarse", args.shape);
  if (call.ok()) args.scratch = call.scratch(call.kernels().conv_input_gradient_plan(args.shape));
}

// convFilterGradient(shape, slope, x, coarse | null, y, dy, dfilter, dbias | null)
template <typename Call>
void convFilterGradient(Call& call, ConvFilterGradientArgs& args) {
  args.shape = readShape(call);
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", inputFloats(args.shape)).data;
  args.coarse = readCoarse(call, "coarse", args.shape);
  args.y = call.floats("y", outputFloats(args.shape)).data;
  args.dy = call.floats("dy", outputFloats(args.shape)).data;
  args.dfilter = call.floats("dfilter", filterFloats(args.shape)).data;
  args.dbias = call.optionalFloats("dbias", biasFloats(args.shape)).data;
  if (call.ok()) args.scratch = call.scratch(call.kernels().conv_filter_gradient_plan(args.shape));
}

}  // namespace hypermorph::reading
