#pragma once

// Winograd's minimal filtering F(2, 3) along all three axes: 64 instead of 216 multiplications for 2 x 2 x 2 outputs of a 3 x 3 x 3
// filter (Lavin and Gray, CVPR 2016, section 4.1, nested once more).
//
//   y = A^T [(G g) * (B^T d)],  B^T = |1  0 -1  0|   G = |1    0    0 |   A^T = |1 1  1  0|
//                                     |0  1  1  0|       |1/2  1/2 1/2|         |0 1 -1 -1|
//                                     |0 -1  1  0|       |1/2 -1/2 1/2|
//                                     |0  1  0 -1|       |0    0    1 |
//
// An up-sampled input of factor 2 has tiles d = (a, b, b, c) along each axis, so B^T d = (a - b, 2 b, 0, b - c): only 27 of its 64
// products are not zero, and they are made from the coarse values alone. The 2 moves into the filter.

#include "kernels/conv_direct.inl.h"
#include "kernels/conv_rows.inl.h"
#include "kernels/conv_tile.inl.h"
#include "options.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kTilesPerBlock = 28;  // transformed values of a block stay in the first-level cache
inline constexpr int64_t kPoints = 64;
inline constexpr int32_t kSmallestWinogradAxis = 4;

struct WinogradProblem {
  int32_t n;
  int32_t size[3];
  int32_t channels;         // of the fine input
  int32_t coarse_channels;  // 0: none
  int32_t outputs;
  int32_t filter_items;
  // Outputs [0, summed_outputs), whole blocks, are only used summed over each 2 x 2 x 2 tile: the gradient by a coarse input. The sum's
  // weights are (1, 2, 0, -1) along each axis, so products at a third point are not needed.
  int32_t summed_outputs;

  int64_t tiles(int axis) const { return (size[axis] + 1) / 2; }
  int64_t inputs() const { return int64_t{channels} + coarse_channels; }
  int64_t paddedOutputs() const { return ceilDivide(outputs, kLanes) * kLanes; }
  int64_t rowFloats() const { return (2 * tiles(2) + 2) * channels; }          // one voxel of padding at each end
  int64_t coarseRowFloats() const { return (tiles(2) + 2) * coarse_channels; }
  int64_t outputRowFloats() const { return 2 * tiles(2) * paddedOutputs(); }
  int64_t filterFloats() const { return kPoints * inputs() * paddedOutputs(); }  // of one item
};

// Whether this convolution can and should run here. Small or odd channel counts stay with the direct algorithm.
static bool suitsWinograd(const ConvShape& s, int32_t inputs, int32_t coarse_inputs, int32_t outputs) {
  bool suits = isWinogradAllowed() && inputs % kLanes == 0 && coarse_inputs % kLanes == 0 && inputs > 0 && outputs > 1;
  for (int axis = 0; axis < 3; ++axis) {
    suits = suits && s.filter[axis] == 3 && s.stride[axis] == 1 && s.dilation[axis] == 1 && s.pad[axis] == 1 &&
            s.in[axis] == s.out[axis] && s.in[axis] >= kSmallestWinogradAxis && (s.coarse_channels == 0 || s.up[axis] == 2);
  }
  return suits;
}

static WinogradProblem winogradProblem(const ConvShape& s) {
  return WinogradProblem{s.n, {s.in[0], s.in[1], s.in[2]}, s.channels, s.coarse_channels, s.outputs, s.filter_items, 0};
}

// The gradient by the input: outputs and inputs exchanged; an up-sampled input is split afterwards.
static WinogradProblem winogradGradientProblem(const ConvShape& s) {
  constexpr int32_t kBlock = kWideVectors * kLanes;
  const int32_t summed = s.coarse_channels / kBlock * kBlock;
  return WinogradProblem{s.n, {s.in[0], s.in[1], s.in[2]}, s.outputs, 0, s.inputs(), s.filter_items, summed};
}

// ---- The filter ----

// to[4] = G from[3], each a row of `count` values `stride` apart.
static inline void transformFilterAxis(const Vec* from, int from_stride, Vec* to, int to_stride) {
  const Vec half = broadcast(0.5f);
  const Vec ends = (from[0] + from[2 * from_stride]) * half;
  const Vec middle = from[from_stride] * half;
  to[0] = from[0];
  to[to_stride] = ends + middle;
  to[2 * to_stride] = ends - middle;
  to[3 * to_stride] = from[2 * from_stride];
}

// taps[27] -> points[64], both in row-major order of the axes.
static void transformFilter(const Vec* taps, Vec* points) {
  Vec along_k[9 * 4];
  Vec along_j[3 * 16];
  for (int row = 0; row < 9; ++row) transformFilterAxis(taps + row * 3, 1, along_k + row * 4, 1);
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 4; ++k) transformFilterAxis(along_k + i * 12 + k, 4, along_j + i * 16 + k, 4);
  }
  for (int jk = 0; jk < 16; ++jk) transformFilterAxis(along_j + jk, 16, points + jk, 16);
}

// Points of an up-sampled input: its second value counts twice along each axis.
static inline float coarseWeight(int point) {
  return ((point & 3) == 1 ? 2.0f : 1.0f) * ((point >> 2 & 3) == 1 ? 2.0f : 1.0f) * ((point >> 4) == 1 ? 2.0f : 1.0f);
}

// filter [3, 3, 3, C, O] of one item (C: coarse channels first) -> [point][output block][fine channels, then coarse ones, V * kLanes].
// `is_flipped`: the filter of the input gradient; filter is then [3, 3, 3, O, C].
static void packWinogradFilter(const WinogradProblem& p, const float* filter, bool is_flipped, float* packed) {
  const int64_t padded = p.paddedOutputs();
  const int64_t inputs = p.inputs();
  forEachTask(inputs, [&](int64_t c, int) {
    // Where input channel c stands in the packed order.
    const int64_t place = c < p.coarse_channels ? p.channels + c : c - p.coarse_channels;
    for (int64_t o = 0; o < padded; o += kLanes) {
      Vec taps[27];
      Vec points[kPoints];
      const int count = static_cast<int>(smaller(kLanes, p.outputs - o));
      for (int64_t tap = 0; tap < 27; ++tap) {
        if (is_flipped) {
          Vec value = {};
          for (int lane = 0; lane < count; ++lane) value[lane] = filter[((26 - tap) * p.outputs + o + lane) * inputs + c];
          taps[tap] = value;
        } else {
          taps[tap] = loadPart(filter + (tap * inputs + c) * p.outputs + o, count);
        }
      }
      transformFilter(taps, points);
      const int64_t block = o / (kWideVectors * kLanes) * (kWideVectors * kLanes);
      const int64_t width = smaller(padded - block, kWideVectors * kLanes);
      for (int point = 0; point < kPoints; ++point) {
        const Vec value = c < p.coarse_channels ? points[point] * broadcast(coarseWeight(point)) : points[point];
        store(packed + point * inputs * padded + block * inputs + place * width + o - block, value);
      }
    }
  });
}

// ---- The input ----

// Transformed rows of one tile row, [4 points of i][4 rows of j][positions, C], and of the coarse input, [3][3][positions, C1].
struct TransformedRows {
  float* fine;
  float* coarse;
};

// to[0..3] = B^T from[0..3] along i, `count` values each.
static void transformPlanes(const float* const (&from)[4], float* const (&to)[4], int64_t count) {
  for (int64_t e = 0; e < count; e += kLanes) {
    const Vec d1 = load(from[1] + e);
    const Vec d2 = load(from[2] + e);
    store(to[0] + e, load(from[0] + e) - d2);
    store(to[1] + e, d1 + d2);
    store(to[2] + e, d2 - d1);
    store(to[3] + e, d1 - load(from[3] + e));
  }
}

// Row j of the planes of tile row ti. Padding at both ends of the rows is zero already and stays so.
static void addFineRow(const WinogradProblem& p, const RowSource& source, int64_t n, int64_t ti, int64_t j, float* temporary,
                       const TransformedRows& rows) {
  const int64_t used = int64_t{p.size[2]} * p.channels;
  const float* from[4];
  float* to[4];
  for (int64_t plane = 0; plane < 4; ++plane) {
    from[plane] = findRow(source, n, 2 * ti - 1 + plane, j, temporary + plane * used);
    to[plane] = rows.fine + (plane * 4 + ((j + 1) & 3)) * p.rowFloats() + p.channels;
  }
  transformPlanes(from, to, used);
}

// Row cj of the coarse planes around ti.
static void addCoarseRow(const WinogradProblem& p, const float* coarse, int64_t n, int64_t ti, int64_t cj, float* zeros,
                         const TransformedRows& rows) {
  const int64_t used = p.tiles(2) * p.coarse_channels;
  const float* from[3];
  for (int64_t plane = 0; plane < 3; ++plane) {
    const int64_t ci = ti - 1 + plane;
    const bool is_inside = ci >= 0 && ci < p.tiles(0) && cj >= 0 && cj < p.tiles(1);
    from[plane] = is_inside ? coarse + ((n * p.tiles(0) + ci) * p.tiles(1) + cj) * used : zeros;
  }
  float* const to = rows.coarse + ((cj + 1) % 3) * p.coarseRowFloats() + p.coarse_channels;
  const int64_t point = 3 * p.coarseRowFloats();
  for (int64_t e = 0; e < used; e += kLanes) {
    const Vec b = load(from[1] + e);
    store(to + e, load(from[0] + e) - b);
    store(to + point + e, b);
    store(to + 2 * point + e, b - load(from[2] + e));
  }
}

// Two rows of a transform along j: first + sign * second.
struct RowPair {
  const float* first;
  const float* second;
  float sign;
};

// Along j and k: values[4 points of k][tiles, C] of tiles [begin, end); `point` floats from one point to the next.
static void transformFine(const RowPair& pair, int64_t begin, int64_t end, int64_t channels, int64_t point, float* values) {
  const Vec sign = broadcast(pair.sign);
  for (int64_t c = 0; c < channels; c += kLanes) {
    const float* first = pair.first + 2 * begin * channels + c;
    const float* second = pair.second + 2 * begin * channels + c;
    float* to = values + c;
    Vec d0 = load(first) + sign * load(second);
    Vec d1 = load(first + channels) + sign * load(second + channels);
    for (int64_t t = begin; t < end; ++t) {
      first += 2 * channels;
      second += 2 * channels;
      const Vec d2 = load(first) + sign * load(second);
      const Vec d3 = load(first + channels) + sign * load(second + channels);
      store(to, d0 - d2);
      store(to + point, d1 + d2);
      store(to + 2 * point, d2 - d1);
      store(to + 3 * point, d1 - d3);
      d0 = d2;
      d1 = d3;
      to += channels;
    }
  }
}

// The same for the coarse rows: points 0, 1 and 3.
static void transformCoarse(const RowPair& pair, int64_t begin, int64_t end, int64_t channels, int64_t point, float* values) {
  const Vec sign = broadcast(pair.sign);
  for (int64_t c = 0; c < channels; c += kLanes) {
    const float* first = pair.first + begin * channels + c;
    const float* second = pair.second + begin * channels + c;
    float* to = values + c;
    Vec a = load(first) + sign * load(second);
    Vec b = load(first + channels) + sign * load(second + channels);
    for (int64_t t = begin; t < end; ++t) {
      first += channels;
      second += channels;
      const Vec next = load(first + channels) + sign * load(second + channels);
      store(to, a - b);
      store(to + point, b);
      store(to + 3 * point, b - next);
      a = b;
      b = next;
      to += channels;
    }
  }
}

// Rows that point xj of j is made of, for tile row tj, at point xi of i.
static RowPair finePair(const WinogradProblem& p, const TransformedRows& rows, int64_t tj, int xi, int xj) {
  constexpr int kFirst[4] = {0, 1, 2, 1};
  constexpr int kSecond[4] = {2, 2, 1, 3};
  const auto row = [&](int r) { return rows.fine + (xi * 4 + ((2 * tj + r) & 3)) * p.rowFloats(); };
  return RowPair{row(kFirst[xj]), row(kSecond[xj]), xj == 1 ? 1.0f : -1.0f};
}

static RowPair coarsePair(const WinogradProblem& p, const TransformedRows& rows, int64_t tj, int xi, int xj) {
  const int plane = xi == 3 ? 2 : xi;
  const auto row = [&](int64_t r) { return rows.coarse + (plane * 3 + (tj + r) % 3) * p.coarseRowFloats(); };
  if (xj == 0) return RowPair{row(0), row(1), -1.0f};
  if (xj == 1) return RowPair{row(1), row(1), 0.0f};
  return RowPair{row(1), row(2), -1.0f};
}

// ---- The output ----

// A^T along one axis, one point at a time: low = m0 + m1 + m2, high = m1 - m2 - m3.
static inline __attribute__((always_inline)) void accumulatePoint(int point, float* low, float* high, Vec value) {
  switch (point) {
    case 0: store(low, value); break;
    case 1: store(low, load(low) + value); store(high, value); break;
    case 2: store(low, load(low) + value); store(high, load(high) - value); break;
    default: store(high, load(high) - value); break;
  }
}

// products[4 points of k][tiles, O] of point xj into rows[2 of j][positions, O], tiles from `begin` on.
template <int kPoint>
static void gatherProducts(const float* products, int64_t begin, int64_t tiles, int64_t outputs, float* rows, int64_t row_floats) {
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

// Matrix product of one point: products[tiles, O] = values[tiles, C] * filter[C, O], zero for the first `unused` outputs.
static void multiplyPoint(const WinogradProblem& p, const float* fine, const float* coarse, const float* filter, int64_t tiles,
                          int64_t unused, float* products) {
  const int64_t padded = p.paddedOutputs();
  for (int64_t t = 0; t < tiles && unused > 0; ++t) clearFloats(products + t * padded, unused);
  for (int64_t block = unused; block < padded; block += kWideVectors * kLanes) {
    const int64_t width = smaller(padded - block, kWideVectors * kLanes);
    const float* const block_filter = filter + block * p.inputs();
    const Segment segments[2] = {{fine, block_filter, p.channels, p.channels},
                                 {coarse, block_filter + p.channels * width, p.coarse_channels, p.coarse_channels}};
    TileArgs tile{};
    tile.segments = segments;
    tile.count = coarse == nullptr ? 1 : 2;
    tile.y = products + block;
    tile.y_stride = padded;
    tile.outputs = static_cast<int>(width);
    if (width > kLanes) convRow<kWideVectors, Finish::kStore>(tile, tiles);
    else convRow<1, Finish::kStore>(tile, tiles);
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
  take(&m->values, 4 * kTilesPerBlock * p.channels);
  take(&m->coarse_values, 4 * kTilesPerBlock * p.coarse_channels);
  take(&m->products, 4 * kTilesPerBlock * p.paddedOutputs());
  take(&m->row_sums, 2 * p.outputRowFloats());
  take(&m->sums, 4 * p.outputRowFloats());
  take(&m->row, int64_t{p.size[2]} * p.outputs);
  return used;
}

// All 16 points of (i, j) of tile row (ti, tj): m.sums holds its 2 x 2 output rows afterwards.
static void computeTileRow(const WinogradProblem& p, const WinogradMemory& m, int64_t tj, const float* filter) {
  const int64_t padded = p.paddedOutputs();
  const int64_t point_floats = p.inputs() * padded;
  const int64_t tiles = p.tiles(2);
  const int64_t row_floats = p.outputRowFloats();
  for (int xi = 0; xi < 4; ++xi) {
    for (int xj = 0; xj < 4; ++xj) {
      const bool has_coarse = p.coarse_channels > 0 && xi != 2 && xj != 2;
      const RowPair fine = finePair(p, m.rows, tj, xi, xj);
      const RowPair coarse = has_coarse ? coarsePair(p, m.rows, tj, xi, xj) : RowPair{};
      for (int64_t begin = 0; begin < tiles; begin += kTilesPerBlock) {
        const int64_t end = smaller(begin + kTilesPerBlock, tiles);
        transformFine(fine, begin, end, p.channels, kTilesPerBlock * p.channels, m.values);
        if (has_coarse) {
          transformCoarse(coarse, begin, end, p.coarse_channels, kTilesPerBlock * p.coarse_channels, m.coarse_values);
        }
        for (int xk = 0; xk < 4; ++xk) {
          const bool reads_coarse = has_coarse && xk != 2;
          const bool is_third = xi == 2 || xj == 2 || xk == 2;
          multiplyPoint(p, m.values + xk * kTilesPerBlock * p.channels,
                        reads_coarse ? m.coarse_values + xk * kTilesPerBlock * p.coarse_channels : nullptr,
                        filter + ((xi * 4 + xj) * 4 + xk) * point_floats, end - begin, is_third ? p.summed_outputs : 0,
                        m.products + xk * kTilesPerBlock * padded);
        }
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

// As `convolve`: packed and bias are per item, rowOf and finish take every output row; a tile's 2 x 2 rows belong to one task.
template <typename RowOf, typename Finished>
static void convolveWinograd(const WinogradProblem& p, const RowSource& source, const float* coarse, const float* packed,
                             const float* bias, float slope, const Scratch& scratch, const RowOf& rowOf, const Finished& finished) {
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
