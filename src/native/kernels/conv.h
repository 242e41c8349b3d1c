#pragma once

#include <cstdint>

#include "scratch.h"

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
using ConvFn = void (*)(const ConvArgs&) noexcept;
using ConvInputGradientFn = void (*)(const ConvInputGradientArgs&) noexcept;
using ConvFilterGradientFn = void (*)(const ConvFilterGradientArgs&) noexcept;

}  // namespace hypermorph
