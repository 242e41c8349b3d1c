#pragma once

// Convolution by Winograd's algorithm: transformed tiles, one matrix product for each of the 64 points, the way back.

#include "kernels/conv_tile.inl.h"
#include "kernels/conv_winograd_transform.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// ---- The output ----

// A^T along one axis, one point at a time: low = m0 + m1 + m2, high = m1 - m2 - m3.
static inline __attribute__((always_inline)) void accumulatePoint(int point, float* low, float* high, Vec value) {
  switch (point) {
    case 0:
      store(low, value);
      break;
    case 1:
      store(low, load(low) + value);
      store(high, value);
      break;
    case 2:
      store(low, load(low) + value);
      store(high, load(high) - value);
      break;
    default:
      store(high, load(high) - value);
      break;
  }
}

// products[4 points of k][tiles, O] of point xj into rows[2 of j][positions, O], tiles from `begin` on.
template <int kPoint>
static void gatherProducts(const float* products, int64_t begin, int64_t tiles, int64_t outputs, float* rows,
                           int64_t row_floats) {
  const int64_t point = kTilesPerBlock * outputs;
  float* low = rows + 2 * begin * outputs;
  float* high = low + row_floats;
  for (int64_t t = 0; t < tiles; ++t) {
    for (int64_t o = 0; o < outputs; o += kLanes) {
      const float* const m = products + t * outputs + o;
      const Vec m0 = load(m);
      const Vec m1 = load(m + point);
      const Vec m2 = load(m + 2 * point);
      const Vec m3 = load(m + 3 * point);
      accumulatePoint(kPoint, low + o, high + o, m0 + m1 + m2);
      accumulatePoint(kPoint, low + outputs + o, high + outputs + o, m1 - m2 - m3);
    }
    low += 2 * outputs;
    high += 2 * outputs;
  }
}

// rows[2 of j] of point xi of i into sums[2 of i][2 of j].
template <int kPoint>
static void gatherRows(const float* rows, int64_t count, float* sums) {
  for (int64_t e = 0; e < count; e += kLanes) accumulatePoint(kPoint, sums + e, sums + count + e, load(rows + e));
}

// Matrix product of one point: products[tiles, O] = values[tiles, C] * filter[C, O], zero for the first `unused`
// outputs.
template <Precision kPrecision>
static void multiplyPoint(const WinogradProblem& p, const float* fine, const float* coarse, const float* filter,
                          int64_t tiles, int64_t unused, float* products) {
  const int64_t padded = p.paddedOutputs();
  for (int64_t t = 0; t < tiles && unused > 0; ++t) clearFloats(products + t * padded, unused);
  for (int64_t block = unused; block < padded; block += kWideVectors * kLanes) {
    const int64_t width = smaller(padded - block, kWideVectors * kLanes);
    const float* const block_filter = filter + block * p.words(p.inputs());
    const int64_t length = p.words(p.channels);
    const int64_t coarse_length = p.words(p.coarse_channels);
    const Segment segments[2] = {{fine, block_filter, length, length},
                                 {coarse, block_filter + length * width, coarse_length, coarse_length}};
    TileArgs tile{};
    tile.segments = segments;
    tile.count = coarse == nullptr ? 1 : 2;
    tile.y = products + block;
    tile.y_stride = padded;
    tile.outputs = static_cast<int>(width);
    if (width > kLanes) convRow<kWideVectors, Finish::kStore, 0, kPrecision>(tile, tiles);
    else convRow<1, Finish::kStore, 0, kPrecision>(tile, tiles);
  }
}

struct WinogradMemory {
  float* temporary;  // four input rows
  TransformedRows rows;
  float* values;         // [4, kTilesPerBlock, C]
  float* coarse_values;  // [4, kTilesPerBlock, C1]
  float* products;       // [4, kTilesPerBlock, O]
  float* row_sums;       // [2, positions, O]
  float* sums;           // [2, 2, positions, O]
  float* row;            // one output row
};

// Lays the areas out from `base` on (null: only counts); returns the floats they take.
static int64_t layoutWinograd(const WinogradProblem& p, float* base, WinogradMemory* m) {
  int64_t used = 0;
  const auto take = [&](float** area, int64_t floats) {
    if (base != nullptr) *area = base + used;
    used += ceilDivide(floats, 16) * 16;
  };
  const int64_t coarse_row = p.tiles(2) * p.coarse_channels;
  take(&m->temporary, larger(4 * int64_t{p.size[2]} * p.channels, coarse_row));
  take(&m->rows.fine, 16 * p.rowFloats());
  take(&m->rows.coarse, 9 * p.coarseRowFloats());
  take(&m->values, 4 * kTilesPerBlock * p.words(p.channels));
  take(&m->coarse_values, 4 * kTilesPerBlock * p.words(p.coarse_channels));
  take(&m->products, 4 * kTilesPerBlock * p.paddedOutputs());
  take(&m->row_sums, 2 * p.outputRowFloats());
  take(&m->sums, 4 * p.outputRowFloats());
  take(&m->row, int64_t{p.size[2]} * p.outputs);
  return used;
}

// Products of the four points of k at point (xi, xj), for tiles [begin, end) of tile row tj.
template <Precision kPrecision>
static void multiplyTiles(const WinogradProblem& p, const WinogradMemory& m, int64_t tj, int xi, int xj, int64_t begin,
                          int64_t end, const float* filter) {
  const bool has_coarse = p.coarse_channels > 0 && xi != 2 && xj != 2;
  const int64_t fine_point = kTilesPerBlock * p.words(p.channels);
  const int64_t coarse_point = kTilesPerBlock * p.words(p.coarse_channels);
  const int64_t filter_point = p.words(p.inputs()) * p.paddedOutputs();
  transformFine<kPrecision>(finePair(p, m.rows, tj, xi, xj), begin, end, p.channels, fine_point, m.values);
  if (has_coarse) {
    transformCoarse<kPrecision>(coarsePair(p, m.rows, tj, xi, xj), begin, end, p.coarse_channels, coarse_point,
                                m.coarse_values);
  }
  for (int xk = 0; xk < 4; ++xk) {
    const bool reads_coarse = has_coarse && xk != 2;
    const bool is_third = xi == 2 || xj == 2 || xk == 2;
    multiplyPoint<kPrecision>(p, m.values + xk * fine_point,
                              reads_coarse ? m.coarse_values + xk * coarse_point : nullptr,
                              filter + ((xi * 4 + xj) * 4 + xk) * filter_point, end - begin,
                              is_third ? p.summed_outputs : 0, m.products + xk * kTilesPerBlock * p.paddedOutputs());
  }
}

// All 16 points of (i, j) of tile row (ti, tj): m.sums holds its 2 x 2 output rows afterwards.
static void computeTileRow(const WinogradProblem& p, const WinogradMemory& m, int64_t tj, const float* filter) {
  const int64_t padded = p.paddedOutputs();
  const int64_t tiles = p.tiles(2);
  const int64_t row_floats = p.outputRowFloats();
  for (int xi = 0; xi < 4; ++xi) {
    for (int xj = 0; xj < 4; ++xj) {
      for (int64_t begin = 0; begin < tiles; begin += kTilesPerBlock) {
        const int64_t end = smaller(begin + kTilesPerBlock, tiles);
        if (p.precision == Precision::kBfloat16)
          multiplyTiles<Precision::kBfloat16>(p, m, tj, xi, xj, begin, end, filter);
        else multiplyTiles<Precision::kFloat32>(p, m, tj, xi, xj, begin, end, filter);
        if (xj == 0) gatherProducts<0>(m.products, begin, end - begin, padded, m.row_sums, row_floats);
        else if (xj == 1) gatherProducts<1>(m.products, begin, end - begin, padded, m.row_sums, row_floats);
        else if (xj == 2) gatherProducts<2>(m.products, begin, end - begin, padded, m.row_sums, row_floats);
        else gatherProducts<3>(m.products, begin, end - begin, padded, m.row_sums, row_floats);
      }
    }
    if (xi == 0) gatherRows<0>(m.row_sums, 2 * row_floats, m.sums);
    else if (xi == 1) gatherRows<1>(m.row_sums, 2 * row_floats, m.sums);
    else if (xi == 2) gatherRows<2>(m.row_sums, 2 * row_floats, m.sums);
    else gatherRows<3>(m.row_sums, 2 * row_floats, m.sums);
  }
}

// y_row[positions, O] = act(sums + bias); sums are [positions, padded O].
static void finishRow(const WinogradProblem& p, const float* sums, const float* bias, float slope, float* y_row) {
  const int64_t padded = p.paddedOutputs();
  const Vec slopes = broadcast(slope);
  for (int64_t k = 0; k < p.size[2]; ++k, sums += padded, y_row += p.outputs) {
    for (int64_t o = 0; o < p.outputs; o += kLanes) {
      const Vec value = leakyRelu(load(sums + o) + load(bias + o), slopes);
      const int64_t left = p.outputs - o;
      if (left >= kLanes) store(y_row + o, value);
      else storePart(y_row + o, value, static_cast<int>(left));
    }
  }
}

// As `convolve`: packed and bias are per item, rowOf and finish take every output row; a tile's 2 x 2 rows belong to
// one task.
template <typename RowOf, typename Finished>
static void convolveWinograd(const WinogradProblem& p, const RowSource& source, const float* coarse,
                             const float* packed, const float* bias, float slope, const Scratch& scratch,
                             const RowOf& rowOf, const Finished& finished) {
  // Several tasks for every thread; each starts with two input rows that its neighbour has as well.
  const int64_t wanted = ceilDivide(int64_t{6} * threadCount(), p.n * p.tiles(0));
  const int64_t rows_per_task = larger(ceilDivide(p.tiles(1), wanted), smaller(4, p.tiles(1)));
  const int64_t blocks = ceilDivide(p.tiles(1), rows_per_task);
  forEachTask(p.n * p.tiles(0) * blocks, [&](int64_t task, int worker) {
    const int64_t n = task / (p.tiles(0) * blocks);
    const int64_t ti = task / blocks % p.tiles(0);
    const int64_t begin = task % blocks * rows_per_task;
    const int64_t end = smaller(begin + rows_per_task, p.tiles(1));
    const int64_t item = p.filter_items > 1 ? n : 0;
    WinogradMemory m{};
    layoutWinograd(p, scratch.worker(worker), &m);
    clearFloats(m.rows.fine, 16 * p.rowFloats());
    clearFloats(m.rows.coarse, 9 * p.coarseRowFloats());
    int64_t next_row = 2 * begin - 1;
    int64_t next_coarse = begin - 1;
    for (int64_t tj = begin; tj < end; ++tj) {
      for (; next_row <= 2 * tj + 2; ++next_row) addFineRow(p, source, n, ti, next_row, m.temporary, m.rows);
      if (p.coarse_channels > 0) {
        clearFloats(m.temporary, p.tiles(2) * p.coarse_channels);
        for (; next_coarse <= tj + 1; ++next_coarse) addCoarseRow(p, coarse, n, ti, next_coarse, m.temporary, m.rows);
      }
      computeTileRow(p, m, tj, packed + item * p.filterFloats());
      for (int64_t child = 0; child < 4; ++child) {
        const int64_t i = 2 * ti + child / 2;
        const int64_t j = 2 * tj + child % 2;
        if (i >= p.size[0] || j >= p.size[1]) continue;
        float* const row = rowOf(n, i, j, m.row);
        finishRow(p, m.sums + child * p.outputRowFloats(), bias + item * p.paddedOutputs(), slope, row);
        finished(n, i, j, row);
      }
    }
  });
}

static ScratchNeed winogradPlan(const WinogradProblem& p) {
  WinogradMemory memory{};
  return ScratchNeed{p.filter_items * (p.filterFloats() + p.paddedOutputs()) + 16, layoutWinograd(p, nullptr, &memory)};
}

}  // namespace hypermorph::HYPERMORPH_ISA
