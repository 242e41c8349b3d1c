#pragma once

// Gradient by filter and bias: for every tap the matrix product input^T * gradient over all positions. R input values times V vectors
// of output channels stay in registers while a row runs past.

#include "kernels/conv.h"
#include "kernels/conv_direct.inl.h"
#include "kernels/conv_rows.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// Parts of the volume with a sum of their own, added in order at the end. Depends on the shape only, so that the bits do not
// depend on the threads.
inline constexpr int64_t kMostParts = 32;

struct ProductArgs {
  const float* input;       // [positions] with position_stride floats between, R values each
  int64_t position_stride;  // floats
  const float* gradient;    // [positions, gradient_stride]
  int64_t gradient_stride;
  int64_t positions;
  float* sums;  // [R, sum_stride]
  int64_t sum_stride;
};

template <int R, int V>
static __attribute__((noinline)) void addProduct(const ProductArgs& a) {
  Vec sums[R * V];
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[r * V + v] = load(a.sums + r * a.sum_stride + v * kLanes);
  }
  const float* input = a.input;
  const float* gradient = a.gradient;
  for (int64_t k = 0; k < a.positions; ++k) {
    Vec values[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) values[v] = load(gradient + v * kLanes);
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r) {
      const Vec factor = broadcast(input[r]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r * V + v] = factor * values[v] + sums[r * V + v];
    }
    input += a.position_stride;
    gradient += a.gradient_stride;
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store(a.sums + r * a.sum_stride + v * kLanes, sums[r * V + v]);
  }
}

template <int R, int V>
static void addProductOf(int rows, const ProductArgs& a) {
  if (rows == R) return addProduct<R, V>(a);
  if constexpr (R > 1) addProductOf<R - 1, V>(rows, a);
}

// sums[length, padded outputs] += input^T * gradient for one segment of one row.
static void addSegment(ProductArgs a, int64_t length, int64_t padded_outputs) {
  const ProductArgs whole = a;
  for (int64_t block = 0; block < padded_outputs; block += kWideVectors * kLanes) {
    const bool is_wide = padded_outputs - block > kLanes;
    const int64_t most = is_wide ? kWidePositions : kNarrowPositions;
    const int64_t blocks = ceilDivide(length, most);
    int64_t begin = 0;
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t end = (b + 1) * length / blocks;
      a.input = whole.input + begin;
      a.gradient = whole.gradient + block;
      a.sums = whole.sums + begin * padded_outputs + block;
      if (is_wide) addProductOf<kWidePositions, kWideVectors>(static_cast<int>(end - begin), a);
      else addProductOf<kNarrowPositions, 1>(static_cast<int>(end - begin), a);
      begin = end;
    }
  }
}

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
  const FilterGradientPlan plan = planFilterGradient(shape);
  const int64_t row = int64_t{shape.out[2]} * plan.problem.paddedOutputs() + int64_t{shape.out[2]} * shape.outputs;
  return ScratchNeed{shape.n * plan.slabs * plan.part_floats + 16, workerFloats(plan.problem) + row + 32};
}

// Gradient row (n, i, j), channels padded with zeros to whole vectors.
static void gradientRow(const RowSource& source, int64_t n, int64_t i, int64_t j, int64_t padded, float* tight, float* row) {
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

static void addRow(const ConvProblem& p, const RowRing& ring, int64_t i, int64_t first_row, const float* gradient, float* sums) {
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

static void addBias(const float* gradient, int64_t positions, int64_t padded, float* sums) {
  for (int64_t o = 0; o < padded; o += kLanes) {
    Vec sum = {};
    for (int64_t k = 0; k < positions; ++k) sum += load(gradient + k * padded + o);
    store(sums + o, load(sums + o) + sum);
  }
}

// Sums of one part: planes [begin_i, end_i) of item n.
static void sumPart(const ConvFilterGradientArgs& args, const FilterGradientPlan& plan, int64_t n, int64_t slab, float* memory,
                    float* sums) {
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
    for (int64_t row = task % chunks * kRowsPerSum; row < smaller((task % chunks + 1) * kRowsPerSum, filter_rows + 1); ++row) {
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
