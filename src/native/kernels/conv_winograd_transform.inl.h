#pragma once

// Winograd's minimal filtering F(2, 3) along all three axes: 64 instead of 216 multiplications for 2 x 2 x 2 outputs of
// a 3 x 3 x 3 filter (Lavin and Gray, CVPR 2016, section 4.1, nested once more).
//
//   y = A^T [(G g) * (B^T d)],  B^T = |1  0 -1  0|   G = |1    0    0 |   A^T = |1 1  1  0|
//                                     |0  1  1  0|       |1/2  1/2 1/2|         |0 1 -1 -1|
//                                     |0 -1  1  0|       |1/2 -1/2 1/2|
//                                     |0  1  0 -1|       |0    0    1 |
//
// An up-sampled input of factor 2 has tiles d = (a, b, b, c) along each axis, so B^T d = (a - b, 2 b, 0, b - c): only
// 27 of its 64 products are not zero, and they are made from the coarse values alone. The 2 moves into the filter.

#include "bfloat16.h"
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
  // Outputs [0, summed_outputs), whole blocks, are only used summed over each 2 x 2 x 2 tile: the gradient by a coarse
  // input. The sum's weights are (1, 2, 0, -1) along each axis, so products at a third point are not needed.
  int32_t summed_outputs;
  // Of the transformed input and filter; everything before and after their products is float32.
  Precision precision;

  int64_t tiles(int axis) const { return (size[axis] + 1) / 2; }
  int64_t inputs() const { return int64_t{channels} + coarse_channels; }
  int64_t words(int64_t inputs) const { return precision == Precision::kBfloat16 ? inputs / kPairChannels : inputs; }
  int64_t paddedOutputs() const { return ceilDivide(outputs, kLanes) * kLanes; }
  int64_t rowFloats() const { return (2 * tiles(2) + 2) * channels; }  // one voxel of padding at each end
  int64_t coarseRowFloats() const { return (tiles(2) + 2) * coarse_channels; }
  int64_t outputRowFloats() const { return 2 * tiles(2) * paddedOutputs(); }
  int64_t filterFloats() const { return kPoints * words(inputs()) * paddedOutputs(); }  // of one item
};

// Whether this convolution can and should run here. Small or odd channel counts stay with the direct algorithm.
static bool suitsWinograd(const ConvShape& s, int32_t inputs, int32_t coarse_inputs, int32_t outputs) {
  bool suits = isWinogradAllowed() && inputs % kLanes == 0 && coarse_inputs % kLanes == 0 && inputs > 0 && outputs > 1;
  for (int axis = 0; axis < 3; ++axis) {
    suits = suits && s.filter[axis] == 3 && s.stride[axis] == 1 && s.dilation[axis] == 1 && s.pad[axis] == 1 &&
            s.in[axis] == s.out[axis] && s.in[axis] >= kSmallestWinogradAxis &&
            (s.coarse_channels == 0 || s.up[axis] == 2);
  }
  return suits;
}

// Whether its products should be of bfloat16. The same layers on every instruction set, so that all give the same
// numbers: channels fill the vectors of the widest one, and a few outputs, such as a velocity, are not worth their
// rounding.
static bool suitsBfloat16(const ConvShape& s) {
  constexpr int32_t kChannels = 16;
  return s.channels % kChannels == 0 && s.coarse_channels % kChannels == 0 && s.outputs >= kChannels;
}

static WinogradProblem winogradProblem(const ConvShape& s, Precision precision) {
  const bool is_rounded = precision == Precision::kBfloat16 && suitsBfloat16(s);
  return WinogradProblem{s.n,        {s.in[0], s.in[1], s.in[2]},
                         s.channels, s.coarse_channels,
                         s.outputs,  s.filter_items,
                         0,          is_rounded ? precision : Precision::kFloat32};
}

// The gradient by the input: outputs and inputs exchanged; an up-sampled input is split afterwards.
static WinogradProblem winogradGradientProblem(const ConvShape& s) {
  constexpr int32_t kBlock = kWideVectors * kLanes;
  const int32_t summed = s.coarse_channels / kBlock * kBlock;
  return WinogradProblem{s.n,    {s.in[0], s.in[1], s.in[2]}, s.outputs, 0, s.inputs(), s.filter_items,
                         summed, Precision::kFloat32};
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

// points[64] of input channel c and the outputs from o on; see packWinogradFilter.
static void transformChannel(const WinogradProblem& p, const float* filter, bool is_flipped, int64_t c, int64_t o,
                             Vec* points) {
  const int64_t inputs = p.inputs();
  const int count = static_cast<int>(smaller(kLanes, p.outputs - o));
  Vec taps[27];
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
  if (c >= p.coarse_channels) return;
  for (int point = 0; point < kPoints; ++point) points[point] *= broadcast(coarseWeight(point));
}

// filter [3, 3, 3, C, O] of one item (C: coarse channels first) -> [point][output block][fine channels, then coarse
// ones, V * kLanes], or pairs of channels. `is_flipped`: the filter of the input gradient; filter is then [3, 3, 3, O,
// C].
static void packWinogradFilter(const WinogradProblem& p, const float* filter, bool is_flipped, float* packed) {
  const int64_t padded = p.paddedOutputs();
  const int64_t words = p.words(p.inputs());
  const int64_t coarse_words = p.words(p.coarse_channels);
  const bool is_paired = p.precision == Precision::kBfloat16;
  forEachTask(words, [&](int64_t word, int) {
    // Where it stands in the packed order.
    const int64_t place = word < coarse_words ? p.words(p.channels) + word : word - coarse_words;
    for (int64_t o = 0; o < padded; o += kLanes) {
      Vec points[kPoints];
      transformChannel(p, filter, is_flipped, is_paired ? kPairChannels * word : word, o, points);
      if (is_paired) {
        Vec second[kPoints];
        transformChannel(p, filter, is_flipped, kPairChannels * word + 1, o, second);
        for (int point = 0; point < kPoints; ++point) points[point] = (Vec)packPairs(points[point], second[point]);
      }
      const int64_t block = o / (kWideVectors * kLanes) * (kWideVectors * kLanes);
      const int64_t width = smaller(padded - block, kWideVectors * kLanes);
      float* const to = packed + block * words + place * width + o - block;
      for (int point = 0; point < kPoints; ++point) store(to + point * words * padded, points[point]);
    }
  });
}

// ---- The input ----

// Transformed rows of one tile row, [4 points of i][4 rows of j][positions, C], and of the coarse input,
// [3][3][positions, C1].
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
static void addFineRow(const WinogradProblem& p, const RowSource& source, int64_t n, int64_t ti, int64_t j,
                       float* temporary, const TransformedRows& rows) {
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

// kLanes transformed channels, as the products want them.
template <Precision kPrecision>
static inline __attribute__((always_inline)) void storeFactors(float* to, Vec value) {
  if constexpr (kPrecision == Precision::kBfloat16) storeRounded(to, value);
  else store(to, value);
}

// Along j and k: values[4 points of k][tiles, C] of tiles [begin, end), or pairs of channels; `point` values from one
// point to the next.
template <Precision kPrecision>
static void transformFine(const RowPair& pair, int64_t begin, int64_t end, int64_t channels, int64_t point,
                          float* values) {
  constexpr int64_t kPerWord = kPrecision == Precision::kBfloat16 ? kPairChannels : 1;
  const Vec sign = broadcast(pair.sign);
  for (int64_t c = 0; c < channels; c += kLanes) {
    const float* first = pair.first + 2 * begin * channels + c;
    const float* second = pair.second + 2 * begin * channels + c;
    float* to = values + c / kPerWord;
    Vec d0 = load(first) + sign * load(second);
    Vec d1 = load(first + channels) + sign * load(second + channels);
    for (int64_t t = begin; t < end; ++t) {
      first += 2 * channels;
      second += 2 * channels;
      const Vec d2 = load(first) + sign * load(second);
      const Vec d3 = load(first + channels) + sign * load(second + channels);
      storeFactors<kPrecision>(to, d0 - d2);
      storeFactors<kPrecision>(to + point, d1 + d2);
      storeFactors<kPrecision>(to + 2 * point, d2 - d1);
      storeFactors<kPrecision>(to + 3 * point, d1 - d3);
      d0 = d2;
      d1 = d3;
      to += channels / kPerWord;
    }
  }
}

// The same for the coarse rows: points 0, 1 and 3.
template <Precision kPrecision>
static void transformCoarse(const RowPair& pair, int64_t begin, int64_t end, int64_t channels, int64_t point,
                            float* values) {
  constexpr int64_t kPerWord = kPrecision == Precision::kBfloat16 ? kPairChannels : 1;
  const Vec sign = broadcast(pair.sign);
  for (int64_t c = 0; c < channels; c += kLanes) {
    const float* first = pair.first + begin * channels + c;
    const float* second = pair.second + begin * channels + c;
    float* to = values + c / kPerWord;
    Vec a = load(first) + sign * load(second);
    Vec b = load(first + channels) + sign * load(second + channels);
    for (int64_t t = begin; t < end; ++t) {
      first += channels;
      second += channels;
      const Vec next = load(first + channels) + sign * load(second + channels);
      storeFactors<kPrecision>(to, a - b);
      storeFactors<kPrecision>(to + point, b);
      storeFactors<kPrecision>(to + 3 * point, b - next);
      a = b;
      b = next;
      to += channels / kPerWord;
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

}  // namespace hypermorph::HYPERMORPH_ISA
