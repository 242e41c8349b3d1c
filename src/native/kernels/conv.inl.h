#pragma once

// The convolution and its gradient by the input, which is a convolution of the gradient with the flipped filter.

#include "kernels/conv.h"
#include "kernels/conv_direct.inl.h"
#include "kernels/conv_winograd.inl.h"
#include "kernels/pool.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// kBfloat16 rounds the factors of Winograd's products, where suitsBfloat16() says so; every other convolution stays as
// it is.
template <Precision kPrecision>
static ScratchNeed convPlan(const ConvShape& shape) noexcept {
  if (suitsWinograd(shape, shape.channels, shape.coarse_channels, shape.outputs)) {
    return winogradPlan(winogradProblem(shape, kPrecision));
  }
  const ConvProblem p = forwardProblem(shape);
  return ScratchNeed{sharedFloats(p), workerFloats(p)};
}

static void packBias(const float* bias, int32_t items, int64_t outputs, int64_t padded, float* packed) {
  clearFloats(packed, items * padded);
  if (bias == nullptr) return;
  for (int32_t item = 0; item < items; ++item) copyFloats(packed + item * padded, bias + item * outputs, outputs);
}

// Where output row (n, i, j) is written: into y, or into `buffer` on its way to the pooled rows.
static float* outputRow(const ConvArgs& a, int64_t n, int64_t i, int64_t j, float* buffer) {
  const ConvShape& s = a.shape;
  return a.isPooled() ? buffer : a.y + ((n * s.out[0] + i) * s.out[1] + j) * s.out[2] * s.outputs;
}

// Takes a row into the row of its windows' largest values; the first row of a window starts it. The rows of a window
// come in order and from one task.
static void poolRow(const ConvArgs& a, int64_t n, int64_t i, int64_t j, const float* row) {
  const ConvShape& s = a.shape;
  const int64_t pooled[3] = {s.out[0] / a.window[0], s.out[1] / a.window[1], s.out[2] / a.window[2]};
  const int64_t pi = i / a.window[0];
  const int64_t pj = j / a.window[1];
  if (pi >= pooled[0] || pj >= pooled[1]) return;
  const bool is_first = i % a.window[0] == 0 && j % a.window[1] == 0;
  float* to = a.y + ((n * pooled[0] + pi) * pooled[1] + pj) * pooled[2] * s.outputs;
  for (int64_t k = 0; k < pooled[2]; ++k, to += s.outputs) {
    for (int64_t o = 0; o < s.outputs; o += kLanes) {
      const int64_t lanes = s.outputs - o;
      Vec best = loadLanes(row + o, lanes);
      if (a.window[2] == 2) {
        const Vec next = loadLanes(row + s.outputs + o, lanes);
        best = next > best ? next : best;
      }
      if (!is_first) {
        const Vec before = loadLanes(to + o, lanes);
        best = best > before ? best : before;
      }
      storeLanes(to + o, best, lanes);
    }
    row += a.window[2] * s.outputs;
  }
}

static void convByWinograd(const ConvArgs& args, Precision precision) {
  const WinogradProblem p = winogradProblem(args.shape, precision);
  ConvShape fine = args.shape;
  fine.coarse_channels = 0;
  float* const packed = args.scratch.shared;
  float* const bias = packed + p.filter_items * p.filterFloats();
  for (int32_t item = 0; item < p.filter_items; ++item) {
    packWinogradFilter(p, args.filter + item * 27 * p.inputs() * p.outputs, false, packed + item * p.filterFloats());
  }
  packBias(args.bias, p.filter_items, p.outputs, p.paddedOutputs(), bias);
  const auto row_of = [&](int64_t n, int64_t i, int64_t j, float* buffer) { return outputRow(args, n, i, j, buffer); };
  const auto finished = [&](int64_t n, int64_t i, int64_t j, const float* row) {
    if (args.isPooled()) poolRow(args, n, i, j, row);
  };
  convolveWinograd(p, forwardSource(fine, args.x, nullptr), args.coarse, packed, bias, args.slope, args.scratch, row_of,
                   finished);
}

template <Precision kPrecision>
static void convWith(const ConvArgs& args) {
  const ConvShape& s = args.shape;
  if (suitsWinograd(s, s.channels, s.coarse_channels, s.outputs)) return convByWinograd(args, kPrecision);
  ConvProblem p = forwardProblem(args.shape);
  p.block_i = args.window[0];  // and rows per task are a multiple of 2, or all
  const RowSource source = forwardSource(args.shape, args.x, args.coarse);
  float* const packed = args.scratch.shared;
  float* const bias = packed + p.filter_items * p.packedFilterFloats();
  for (int32_t item = 0; item < p.filter_items; ++item) {
    packFilter(p, args.filter + item * args.shape.taps() * p.inputs * p.outputs, false,
               packed + item * p.packedFilterFloats());
  }
  packBias(args.bias, p.filter_items, p.outputs, p.paddedOutputs(), bias);
  const auto row_of = [&](int64_t n, int64_t i, int64_t j, float* buffer) { return outputRow(args, n, i, j, buffer); };
  const auto finished = [&](int64_t n, int64_t i, int64_t j, const float* row) {
    if (args.isPooled()) poolRow(args, n, i, j, row);
  };
  convolve(p, source, packed, bias, args.slope, args.scratch, row_of, finished);
}

static void conv(const ConvArgs& args) noexcept { convWith<Precision::kFloat32>(args); }
static void convBf16(const ConvArgs& args) noexcept { convWith<Precision::kBfloat16>(args); }

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
