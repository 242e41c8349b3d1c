#pragma once

// Gradient by filter and bias: for every tap the matrix product input^T * gradient over all positions.

#include "kernels/conv.h"
#include "kernels/conv_direct.inl.h"
#include "kernels/conv_product.inl.h"
#include "kernels/conv_rows.inl.h"
#include "kernels/conv_winograd_filter_gradient.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

struct FilterGradientPlan {
  ConvProblem problem;
  int64_t slabs;   // parts of one item along i
  int64_t planes;  // of one slab
  int64_t filter_floats;
  int64_t part_floats;  // filter sums [taps, C, padded O], then bias sums [padded O]
};

static FilterGradientPlan planFilterGradient(const ConvShape& shape) {
  FilterGradientPlan plan{};
  plan.problem = forwardProblem(shape);
  const int64_t most = larger(1, kMostParts / shape.n);
  plan.planes = larger(ceilDivide(shape.out[0], most), smaller(2, shape.out[0]));
  plan.slabs = ceilDivide(shape.out[0], plan.planes);
  plan.filter_floats = plan.problem.packedFilterFloats();
  plan.part_floats = plan.filter_floats + plan.problem.paddedOutputs();
  return plan;
}

static ScratchNeed convFilterGradientPlan(const ConvShape& shape) noexcept {
  if (suitsWinograd(shape, shape.channels, shape.coarse_channels, shape.outputs))
    return winogradFilterGradientPlan(shape);
  const FilterGradientPlan plan = planFilterGradient(shape);
  const int64_t row = int64_t{shape.out[2]} * plan.problem.paddedOutputs() + int64_t{shape.out[2]} * shape.outputs;
  return ScratchNeed{shape.n * plan.slabs * plan.part_floats + 16, workerFloats(plan.problem) + row + 32};
}

// Gradient row (n, i, j), channels padded with zeros to whole vectors.
static void gradientRow(const RowSource& source, int64_t n, int64_t i, int64_t j, int64_t padded, float* tight,
                        float* row) {
  const int64_t outputs = source.channels;
  if (padded == outputs) {
    fillRow(source, n, i, j, row);
    return;
  }
  fillRow(source, n, i, j, tight);
  for (int64_t k = 0; k < source.size[2]; ++k) {
    copyFloats(row + k * padded, tight + k * outputs, outputs);
    clearFloats(row + k * padded + outputs, padded - outputs);
  }
}

static void addRow(const ConvProblem& p, const RowRing& ring, int64_t i, int64_t first_row, const float* gradient,
                   float* sums) {
  const int64_t padded = p.paddedOutputs();
  const int64_t length = p.segmentLength();
  const int64_t per_row = p.segmentsPerRow();
  ProductArgs a{};
  a.position_stride = int64_t{p.stride[2]} * p.inputs;
  a.gradient = gradient;
  a.gradient_stride = padded;
  a.positions = p.out[2];
  a.sum_stride = padded;
  for (int32_t fi = 0; fi < p.filter[0]; ++fi) {
    const int64_t plane = i * p.stride[0] + int64_t{fi} * p.dilation[0] - p.pad[0] + kPlaneBias;
    for (int32_t fj = 0; fj < p.filter[1]; ++fj) {
      const int32_t row = static_cast<int32_t>(first_row + int64_t{fj} * p.dilation[1]);
      float* segment_sums = sums + (int64_t{fi} * p.filter[1] + fj) * per_row * length * padded;
      if (ring.isZero(plane, row)) continue;
      for (int64_t fk = 0; fk < per_row; ++fk) {
        a.input = ring.row(plane, row) + fk * p.dilation[2] * p.inputs;
        a.sums = segment_sums;
        addSegment(a, length, padded);
        segment_sums += length * padded;
      }
    }
  }
}

// Sums of one part: planes [begin_i, end_i) of item n.
static void sumPart(const ConvFilterGradientArgs& args, const FilterGradientPlan& plan, int64_t n, int64_t slab,
                    float* memory, float* sums) {
  const ConvProblem& p = plan.problem;
  const RowSource source = forwardSource(args.shape, args.x, args.coarse);
  const RowSource gradients = gradientSource(args.shape, args.dy, args.y, args.slope, false);
  const RowRing ring = makeRing(p, &memory);
  const int64_t padded = p.paddedOutputs();
  float* const gradient = memory;
  float* const tight = gradient + p.out[2] * padded;
  const int64_t begin_i = slab * plan.planes;
  const int64_t end_i = smaller(begin_i + plan.planes, p.out[0]);
  clearFloats(sums, plan.part_floats);
  for (int64_t begin_j = 0; begin_j < p.out[1]; begin_j += p.block_j) {
    const int64_t end_j = smaller(begin_j + p.block_j, p.out[1]);
    int64_t filled = begin_i * p.stride[0] - p.pad[0];
    for (int64_t i = begin_i; i < end_i; ++i) {
      const int64_t first = i * p.stride[0] - p.pad[0];
      fillPlanes(ring, source, n, larger(filled, first), first + ring.planes, begin_j * p.stride[1] - p.pad[1]);
      filled = first + ring.planes;
      for (int64_t j = begin_j; j < end_j; ++j) {
        gradientRow(gradients, n, i, j, padded, tight, gradient);
        addRow(p, ring, i, (j - begin_j) * p.stride[1], gradient, sums);
        addBias(gradient, p.out[2], padded, sums + plan.filter_floats);
      }
    }
  }
}

static void convFilterGradient(const ConvFilterGradientArgs& args) noexcept {
  const ConvShape& s = args.shape;
  if (suitsWinograd(s, s.channels, s.coarse_channels, s.outputs)) return winogradFilterGradient(args);
  const FilterGradientPlan plan = planFilterGradient(args.shape);
  const ConvProblem& p = plan.problem;
  forEachTask(int64_t{p.n} * plan.slabs, [&](int64_t part, int worker) {
    sumPart(args, plan, part / plan.slabs, part % plan.slabs, args.scratch.worker(worker),
            args.scratch.shared + part * plan.part_floats);
  });
  // One row of outputs per (tap, input channel), then the bias; always in the order of the parts.
  const int64_t padded = p.paddedOutputs();
  const int64_t filter_rows = plan.filter_floats / padded;
  const int64_t parts = (p.filter_items > 1 ? 1 : p.n) * plan.slabs;
  constexpr int64_t kRowsPerSum = 64;
  const int64_t chunks = ceilDivide(filter_rows + 1, kRowsPerSum);
  forEachTask(p.filter_items * chunks, [&](int64_t task, int) {
    const int64_t item = task / chunks;
    const float* const sums = args.scratch.shared + item * plan.slabs * plan.part_floats;
    for (int64_t row = task % chunks * kRowsPerSum; row < smaller((task % chunks + 1) * kRowsPerSum, filter_rows + 1);
         ++row) {
      float* const to = row < filter_rows ? args.dfilter + (item * filter_rows + row) * p.outputs
                                          : (args.dbias == nullptr ? nullptr : args.dbias + item * p.outputs);
      if (to == nullptr) continue;
      for (int64_t o = 0; o < p.outputs; ++o) {
        float sum = 0;
        for (int64_t part = 0; part < parts; ++part) sum += sums[part * plan.part_floats + row * padded + o];
        to[o] = sum;
      }
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
