#pragma once

// The convolution and its gradient by the input, which is a convolution of the gradient with the flipped filter.

#include "kernels/conv.h"
#include "kernels/conv_direct.inl.h"
#include "kernels/conv_winograd.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

static ScratchNeed convPlan(const ConvShape& shape) noexcept {
  if (suitsWinograd(shape, shape.channels, shape.coarse_channels, shape.outputs)) return winogradPlan(winogradProblem(shape));
  const ConvProblem p = forwardProblem(shape);
  return ScratchNeed{sharedFloats(p), workerFloats(p)};
}

static void packBias(const float* bias, int32_t items, int64_t outputs, int64_t padded, float* packed) {
  clearFloats(packed, items * padded);
  if (bias == nullptr) return;
  for (int32_t item = 0; item < items; ++item) copyFloats(packed + item * padded, bias + item * outputs, outputs);
}

static void convByWinograd(const ConvArgs& args) {
  const WinogradProblem p = winogradProblem(args.shape);
  ConvShape fine = args.shape;
  fine.coarse_channels = 0;
  float* const packed = args.scratch.shared;
  float* const bias = packed + p.filter_items * p.filterFloats();
  for (int32_t item = 0; item < p.filter_items; ++item) {
    packWinogradFilter(p, args.filter + item * 27 * p.inputs() * p.outputs, false, packed + item * p.filterFloats());
  }
  packBias(args.bias, p.filter_items, p.outputs, p.paddedOutputs(), bias);
  const auto row_of = [&](int64_t n, int64_t i, int64_t j, float*) {
    return args.y + ((n * p.size[0] + i) * p.size[1] + j) * p.size[2] * p.outputs;
  };
  convolveWinograd(p, forwardSource(fine, args.x, nullptr), args.coarse, packed, bias, args.slope, args.scratch, row_of,
                   [](int64_t, int64_t, int64_t, float*) {});
}

static void conv(const ConvArgs& args) noexcept {
  const ConvShape& s = args.shape;
  if (suitsWinograd(s, s.channels, s.coarse_channels, s.outputs)) return convByWinograd(args);
  const ConvProblem p = forwardProblem(args.shape);
  const RowSource source = forwardSource(args.shape, args.x, args.coarse);
  float* const packed = args.scratch.shared;
  float* const bias = packed + p.filter_items * p.packedFilterFloats();
  for (int32_t item = 0; item < p.filter_items; ++item) {
    packFilter(p, args.filter + item * args.shape.taps() * p.inputs * p.outputs, false, packed + item * p.packedFilterFloats());
  }
  packBias(args.bias, p.filter_items, p.outputs, p.paddedOutputs(), bias);
  const auto row_of = [&](int64_t n, int64_t i, int64_t j, float*) {
    return args.y + ((n * p.out[0] + i) * p.out[1] + j) * p.out[2] * p.outputs;
  };
  convolve(p, source, packed, bias, args.slope, args.scratch, row_of, [](int64_t, int64_t, int64_t, float*) {});
}

static ScratchNeed convInputGradientPlan(const ConvShape& shape) noexcept {
  if (suitsWinograd(shape, shape.outputs, 0, shape.inputs())) return winogradPlan(winogradGradientProblem(shape));
  const ConvProblem p = inputGradientProblem(shape);
  return ScratchNeed{sharedFloats(p), workerFloats(p)};
}

// One row of the gradient by concat([upsampled coarse, x]): the coarse part is summed over the children of each voxel.
static void splitRow(const ConvInputGradientArgs& args, int64_t n, int64_t i, int64_t j, const float* row) {
  const ConvShape& s = args.shape;
  const int64_t c1 = s.coarse_channels;
  const int64_t c2 = s.channels;
  const int64_t ck = s.in[2] / s.up[2];
  float* dx = args.dx + ((n * s.in[0] + i) * s.in[1] + j) * s.in[2] * c2;
  float* dcoarse =
      args.dcoarse + ((n * (s.in[0] / s.up[0]) + i / s.up[0]) * (s.in[1] / s.up[1]) + j / s.up[1]) * ck * c1;
  const bool is_first_row = i % s.up[0] == 0 && j % s.up[1] == 0;
  for (int64_t k = 0; k < ck; ++k, dcoarse += c1) {
    for (int32_t child = 0; child < s.up[2]; ++child, row += c1 + c2, dx += c2) {
      if (is_first_row && child == 0) {
        copyFloats(dcoarse, row, c1);
      } else {
        for (int64_t c = 0; c < c1; ++c) dcoarse[c] += row[c];
      }
      copyFloats(dx, row + c1, c2);
    }
  }
}

static void convInputGradient(const ConvInputGradientArgs& args) noexcept {
  const ConvShape& s = args.shape;
  const RowSource source = gradientSource(s, args.dy, args.y, args.slope, true);
  float* const packed = args.scratch.shared;
  const bool is_split = s.coarse_channels > 0;
  const auto row_of = [&](int64_t n, int64_t i, int64_t j, float* buffer) {
    return is_split ? buffer : args.dx + ((n * s.in[0] + i) * s.in[1] + j) * s.in[2] * s.channels;
  };
  const auto finished = [&](int64_t n, int64_t i, int64_t j, const float* row) {
    if (is_split) splitRow(args, n, i, j, row);
  };
  const int64_t item_floats = s.taps() * s.inputs() * s.outputs;
  if (suitsWinograd(s, s.outputs, 0, s.inputs())) {
    const WinogradProblem p = winogradGradientProblem(s);
    float* const bias = packed + p.filter_items * p.filterFloats();
    packBias(nullptr, p.filter_items, p.outputs, p.paddedOutputs(), bias);
    for (int32_t item = 0; item < p.filter_items; ++item) {
      packWinogradFilter(p, args.filter + item * item_floats, true, packed + item * p.filterFloats());
    }
    convolveWinograd(p, source, nullptr, packed, bias, 1.0f, args.scratch, row_of, finished);
    return;
  }
  const ConvProblem p = inputGradientProblem(s);
  float* const bias = packed + p.filter_items * p.packedFilterFloats();
  packBias(nullptr, p.filter_items, p.outputs, p.paddedOutputs(), bias);
  for (int32_t item = 0; item < p.filter_items; ++item) {
    packFilter(p, args.filter + item * item_floats, true, packed + item * p.packedFilterFloats());
  }
  convolve(p, source, packed, bias, 1.0f, args.scratch, row_of, finished);
}

}  // namespace hypermorph::HYPERMORPH_ISA
