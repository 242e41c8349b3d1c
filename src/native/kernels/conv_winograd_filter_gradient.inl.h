#pragma once

// Gradient by the filter of a Winograd convolution, the transpose of its three steps:
//
//   dg = G^T [(B^T d) * (A dy)], summed over all tiles before G^T; A = |1 0|
//                                                                    |1 1|
//                                                                    |1 -1|
//                                                                    |0 -1|

#include "kernels/conv_product.inl.h"
#include "kernels/conv_winograd.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kTilesPerSum = 56;  // sums stay in registers over so many tiles

struct WinogradSums {
  WinogradProblem problem;
  int64_t slabs;        // parts of one item along i
  int64_t tile_rows;    // of i in one slab
  int64_t part_floats;  // [64, C, padded O], then the bias [padded O]
};

static WinogradSums planWinogradSums(const ConvShape& shape) {
  WinogradSums plan{};
  plan.problem = winogradProblem(shape, Precision::kFloat32);
  const int64_t most = larger(1, kMostParts / shape.n);
  plan.tile_rows = ceilDivide(plan.problem.tiles(0), most);
  plan.slabs = ceilDivide(plan.problem.tiles(0), plan.tile_rows);
  plan.part_floats = plan.problem.filterFloats() + plan.problem.paddedOutputs();
  return plan;
}

struct WinogradSumMemory {
  float* temporary;  // four input rows, or one gradient row
  TransformedRows rows;
  float* values;           // [4, kTilesPerSum, C]
  float* coarse_values;    // [4, kTilesPerSum, C1]
  float* gradient_rows;    // [2 of i, 2 of j][positions, padded O]
  float* transformed;      // [4 points of i, 2 of j][positions, padded O]
  float* gradient_values;  // [4, kTilesPerSum, padded O]
};

static int64_t layoutWinogradSums(const WinogradProblem& p, float* base, WinogradSumMemory* m) {
  int64_t used = 0;
  const auto take = [&](float** area, int64_t floats) {
    if (base != nullptr) *area = base + used;
    used += ceilDivide(floats, 16) * 16;
  };
  const int64_t gradient_row = int64_t{p.size[2]} * p.outputs;
  take(&m->temporary,
       larger(larger(4 * int64_t{p.size[2]} * p.channels, p.tiles(2) * p.coarse_channels), gradient_row));
  take(&m->rows.fine, 16 * p.rowFloats());
  take(&m->rows.coarse, 9 * p.coarseRowFloats());
  take(&m->values, 4 * kTilesPerSum * p.channels);
  take(&m->coarse_values, 4 * kTilesPerSum * p.coarse_channels);
  take(&m->gradient_rows, 4 * p.outputRowFloats());
  take(&m->transformed, 8 * p.outputRowFloats());
  take(&m->gradient_values, 4 * kTilesPerSum * p.paddedOutputs());
  return used;
}

// row[2 * tiles, padded O] of the gradient, zero outside.
static void fillPaddedRow(const WinogradProblem& p, const RowSource& source, int64_t n, int64_t i, int64_t j,
                          float* tight, float* row) {
  const int64_t padded = p.paddedOutputs();
  if (i >= p.size[0] || j >= p.size[1]) return clearFloats(row, p.outputRowFloats());
  clearFloats(row + p.size[2] * padded, p.outputRowFloats() - p.size[2] * padded);
  if (padded == p.outputs) {
    fillRow(source, n, i, j, row);
    return;
  }
  const float* const from = findRow(source, n, i, j, tight);
  for (int64_t k = 0; k < p.size[2]; ++k) {
    copyFloats(row + k * padded, from + k * p.outputs, p.outputs);
    clearFloats(row + k * padded + p.outputs, padded - p.outputs);
  }
}

// Gradient rows of tile row (ti, tj), transformed along i; their sum goes to the bias.
static void addGradientRows(const WinogradProblem& p, const WinogradSumMemory& m, const RowSource& source, int64_t n,
                            int64_t ti, int64_t tj, float* bias) {
  const int64_t row_floats = p.outputRowFloats();
  for (int64_t child = 0; child < 4; ++child) {
    float* const row = m.gradient_rows + child * row_floats;
    fillPaddedRow(p, source, n, 2 * ti + child / 2, 2 * tj + child % 2, m.temporary, row);
    addBias(row, p.size[2], p.paddedOutputs(), bias);
  }
  const int64_t pair = 2 * row_floats;
  for (int64_t e = 0; e < pair; e += kLanes) {
    const Vec low = load(m.gradient_rows + e);
    const Vec high = load(m.gradient_rows + pair + e);
    store(m.transformed + e, low);
    store(m.transformed + pair + e, low + high);
    store(m.transformed + 2 * pair + e, low - high);
    store(m.transformed + 3 * pair + e, -high);
  }
}

// values[4 points of k][tiles, O] = A (first_weight * low row + second_weight * high row) for tiles [begin, end).
static void transformGradient(const float* low, const float* high, int xj, int64_t begin, int64_t end, int64_t outputs,
                              float* values) {
  constexpr float kLow[4] = {1, 1, 1, 0};
  constexpr float kHigh[4] = {0, 1, -1, -1};
  const Vec low_weight = broadcast(kLow[xj]);
  const Vec high_weight = broadcast(kHigh[xj]);
  const int64_t point = kTilesPerSum * outputs;
  for (int64_t t = begin; t < end; ++t) {
    const float* const a = low + 2 * t * outputs;
    const float* const b = high + 2 * t * outputs;
    float* const to = values + (t - begin) * outputs;
    for (int64_t o = 0; o < outputs; o += kLanes) {
      const Vec e0 = load(a + o) * low_weight + load(b + o) * high_weight;
      const Vec e1 = load(a + outputs + o) * low_weight + load(b + outputs + o) * high_weight;
      store(to + o, e0);
      store(to + point + o, e0 + e1);
      store(to + 2 * point + o, e0 - e1);
      store(to + 3 * point + o, -e1);
    }
  }
}

// sums[64][C, padded O] += the products of tile row (ti, tj).
static void addTileRow(const WinogradProblem& p, const WinogradSumMemory& m, int64_t tj, float* sums) {
  const int64_t padded = p.paddedOutputs();
  const int64_t tiles = p.tiles(2);
  ProductArgs a{};
  a.gradient_stride = padded;
  a.sum_stride = padded;
  for (int xi = 0; xi < 4; ++xi) {
    const float* const low = m.transformed + xi * 2 * p.outputRowFloats();
    for (int xj = 0; xj < 4; ++xj) {
      const bool has_coarse = p.coarse_channels > 0 && xi != 2 && xj != 2;
      const RowPair fine = finePair(p, m.rows, tj, xi, xj);
      const RowPair coarse = has_coarse ? coarsePair(p, m.rows, tj, xi, xj) : RowPair{};
      for (int64_t begin = 0; begin < tiles; begin += kTilesPerSum) {
        const int64_t end = smaller(begin + kTilesPerSum, tiles);
        transformFine<Precision::kFloat32>(fine, begin, end, p.channels, kTilesPerSum * p.channels, m.values);
        if (has_coarse) {
          transformCoarse<Precision::kFloat32>(coarse, begin, end, p.coarse_channels, kTilesPerSum * p.coarse_channels,
                                               m.coarse_values);
        }
        transformGradient(low, low + p.outputRowFloats(), xj, begin, end, padded, m.gradient_values);
        a.positions = end - begin;
        for (int xk = 0; xk < 4; ++xk) {
          a.gradient = m.gradient_values + xk * kTilesPerSum * padded;
          a.input = m.values + xk * kTilesPerSum * p.channels;
          a.position_stride = p.channels;
          a.sums = sums + ((xi * 4 + xj) * 4 + xk) * p.inputs() * padded;
          addSegment(a, p.channels, padded);
          if (!has_coarse || xk == 2) continue;
          a.input = m.coarse_values + xk * kTilesPerSum * p.coarse_channels;
          a.position_stride = p.coarse_channels;
          a.sums += p.channels * padded;
          addSegment(a, p.coarse_channels, padded);
        }
      }
    }
  }
}

static void sumWinogradPart(const ConvFilterGradientArgs& args, const WinogradSums& plan, int64_t n, int64_t slab,
                            float* memory, float* sums) {
  const WinogradProblem& p = plan.problem;
  ConvShape fine = args.shape;
  fine.coarse_channels = 0;
  const RowSource source = forwardSource(fine, args.x, nullptr);
  const RowSource gradients = gradientSource(args.shape, args.dy, args.y, args.slope, false);
  WinogradSumMemory m{};
  layoutWinogradSums(p, memory, &m);
  clearFloats(m.rows.fine, 16 * p.rowFloats());
  clearFloats(m.rows.coarse, 9 * p.coarseRowFloats());
  clearFloats(sums, plan.part_floats);
  const int64_t end = smaller((slab + 1) * plan.tile_rows, p.tiles(0));
  for (int64_t ti = slab * plan.tile_rows; ti < end; ++ti) {
    int64_t next_row = -1;
    int64_t next_coarse = -1;
    for (int64_t tj = 0; tj < p.tiles(1); ++tj) {
      for (; next_row <= 2 * tj + 2; ++next_row) addFineRow(p, source, n, ti, next_row, m.temporary, m.rows);
      if (p.coarse_channels > 0) {
        clearFloats(m.temporary, p.tiles(2) * p.coarse_channels);
        for (; next_coarse <= tj + 1; ++next_coarse)
          addCoarseRow(p, args.coarse, n, ti, next_coarse, m.temporary, m.rows);
      }
      addGradientRows(p, m, gradients, n, ti, tj, sums + p.filterFloats());
      addTileRow(p, m, tj, sums);
    }
  }
}

// to[3] = G^T from[4].
static inline void transposeFilterAxis(const Vec* from, int from_stride, Vec* to, int to_stride) {
  const Vec half = broadcast(0.5f);
  const Vec sum = (from[from_stride] + from[2 * from_stride]) * half;
  to[0] = from[0] + sum;
  to[to_stride] = (from[from_stride] - from[2 * from_stride]) * half;
  to[2 * to_stride] = sum + from[3 * from_stride];
}

static void transposeFilter(const Vec* points, Vec* taps) {
  Vec along_i[3 * 16];
  Vec along_j[9 * 4];
  for (int jk = 0; jk < 16; ++jk) transposeFilterAxis(points + jk, 16, along_i + jk, 16);
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 4; ++k) transposeFilterAxis(along_i + i * 16 + k, 4, along_j + i * 12 + k, 4);
  }
  for (int row = 0; row < 9; ++row) transposeFilterAxis(along_j + row * 4, 1, taps + row * 3, 1);
}

// Adds the parts in order, then G^T: the gradient of one input channel.
static void finishFilterChannel(const ConvFilterGradientArgs& args, const WinogradSums& plan, int64_t item, int64_t c) {
  const WinogradProblem& p = plan.problem;
  const int64_t padded = p.paddedOutputs();
  const int64_t parts = (p.filter_items > 1 ? 1 : p.n) * plan.slabs;
  const float* const sums = args.scratch.shared + item * plan.slabs * plan.part_floats;
  const bool is_coarse = c < p.coarse_channels;
  const int64_t place = is_coarse ? p.channels + c : c - p.coarse_channels;
  float* const dfilter = args.dfilter + (item * 27 * p.inputs() + c) * p.outputs;
  for (int64_t o = 0; o < padded; o += kLanes) {
    Vec points[kPoints];
    for (int point = 0; point < kPoints; ++point) {
      const float* const from = sums + (point * p.inputs() + place) * padded + o;
      Vec sum = {};
      for (int64_t part = 0; part < parts; ++part) sum += load(from + part * plan.part_floats);
      points[point] = is_coarse ? sum * broadcast(coarseWeight(point)) : sum;
    }
    Vec taps[27];
    transposeFilter(points, taps);
    const int count = static_cast<int>(smaller(kLanes, p.outputs - o));
    for (int64_t tap = 0; tap < 27; ++tap) storePart(dfilter + tap * p.inputs() * p.outputs + o, taps[tap], count);
  }
}

static ScratchNeed winogradFilterGradientPlan(const ConvShape& shape) {
  const WinogradSums plan = planWinogradSums(shape);
  WinogradSumMemory memory{};
  return ScratchNeed{shape.n * plan.slabs * plan.part_floats + 16, layoutWinogradSums(plan.problem, nullptr, &memory)};
}

static void winogradFilterGradient(const ConvFilterGradientArgs& args) {
  const WinogradSums plan = planWinogradSums(args.shape);
  const WinogradProblem& p = plan.problem;
  forEachTask(p.n * plan.slabs, [&](int64_t part, int worker) {
    sumWinogradPart(args, plan, part / plan.slabs, part % plan.slabs, args.scratch.worker(worker),
                    args.scratch.shared + part * plan.part_floats);
  });
  forEachTask(p.filter_items * p.inputs(),
              [&](int64_t task, int) { finishFilterChannel(args, plan, task / p.inputs(), task % p.inputs()); });
  if (args.dbias == nullptr) return;
  const int64_t parts = (p.filter_items > 1 ? 1 : p.n) * plan.slabs;
  for (int64_t item = 0; item < p.filter_items; ++item) {
    const float* const sums = args.scratch.shared + item * plan.slabs * plan.part_floats + p.filterFloats();
    for (int64_t o = 0; o < p.outputs; ++o) {
      float sum = 0;
      for (int64_t part = 0; part < parts; ++part) sum += sums[part * plan.part_floats + o];
      args.dbias[item * p.outputs + o] = sum;
    }
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
