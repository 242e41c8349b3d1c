#pragma once

// The inner loop of every convolution: P neighbouring positions times V vectors of output channels stay in registers
// while the reduction over taps and input channels runs.

#include "bfloat16.h"
#include "kernels/conv.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// What is multiplied: float32, or words of two bfloat16, which are as long as a float32. Sums are float32 in both.
enum class Precision { kFloat32, kBfloat16 };

// A stretch of the reduction: `length` input values (bfloat16: words) that lie next to each other, for the filter rows
// from `filter` on.
struct Segment {
  const float* input;   // of position 0
  const float* filter;  // [length, V * kLanes]
  int64_t length;
  int64_t stride;  // values between the inputs of two neighbouring positions
};

// What becomes of the sums.
enum class Finish { kStore, kBiasAndActivation };

struct TileArgs {
  const Segment* segments;
  int64_t count;
  int64_t first;      // position the tile starts at
  float* y;           // row of outputs, at this block's first channel
  int64_t y_stride;   // floats between two positions
  int outputs;        // channels of this block, <= V * kLanes
  const float* bias;  // [V * kLanes]
  float slope;
};

inline constexpr int kWideVectors = 2;
inline constexpr int kWidePositions = kAccumulators / kWideVectors;
// More would only cost code: each position needs its own load either way.
inline constexpr int kNarrowPositions = kAccumulators < 14 ? kAccumulators : 14;

template <Precision kPrecision>
static inline __attribute__((always_inline)) Vec broadcastFactor(const float* input) {
  if constexpr (kPrecision == Precision::kBfloat16) return (Vec)broadcastWordOf(input);
  else return broadcast(*input);
}

template <Precision kPrecision>
static inline __attribute__((always_inline)) Vec addProductOf(Vec value, Vec weight, Vec sum) {
  if constexpr (kPrecision == Precision::kBfloat16) return dotPairs(sum, (Words)value, (Words)weight);
  else return value * weight + sum;
}

template <int P, int V, int U, Precision kPrecision>
static inline __attribute__((always_inline)) void multiplyAdd(Vec (&sums)[P * V],
                                                              const float* const (&inputs)[(P + 2) / 3], int64_t stride,
                                                              const float* filter) {
#pragma GCC unroll 8
  for (int u = 0; u < U; ++u) {
    Vec weights[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) weights[v] = load(filter + (u * V + v) * kLanes);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p) {
      const Vec value = broadcastFactor<kPrecision>(inputs[p / 3] + (p % 3) * stride + u);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[p * V + v] = addProductOf<kPrecision>(value, weights[v], sums[p * V + v]);
    }
  }
}

// Segments of the first layer, three taps of two channels, are too short for a loop of their own.
inline constexpr int kShortLength = 6;

// The sums of one tile, from position t.first on. kLength: of every segment, 0 for any.
template <int P, int V, Finish kFinish, int kLength, Precision kPrecision>
static inline __attribute__((always_inline)) void sumTile(const TileArgs& t, int64_t first, Vec (&sums)[P * V]) {
  constexpr int kGroups = (P + 2) / 3;  // three positions share one pointer: base, base + stride, base + 2 * stride
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[p * V + v] = kFinish == Finish::kStore ? Vec{} : load(t.bias + v * kLanes);
  }
  for (int64_t s = 0; s < t.count; ++s) {
    const int64_t stride = t.segments[s].stride;
    const float* inputs[kGroups];
#pragma GCC unroll 32
    for (int g = 0; g < kGroups; ++g) inputs[g] = t.segments[s].input + (first + 3 * g) * stride;
    const float* filter = t.segments[s].filter;
    if constexpr (kLength > 0) {
      multiplyAdd<P, V, kLength, kPrecision>(sums, inputs, stride, filter);
      continue;
    }
    int64_t r = t.segments[s].length;
    for (; r >= 4; r -= 4) {
      multiplyAdd<P, V, 4, kPrecision>(sums, inputs, stride, filter);
      filter += 4 * V * kLanes;
#pragma GCC unroll 32
      for (int g = 0; g < kGroups; ++g) inputs[g] += 4;
    }
    for (; r > 0; --r) {
      multiplyAdd<P, V, 1, kPrecision>(sums, inputs, stride, filter);
      filter += V * kLanes;
#pragma GCC unroll 32
      for (int g = 0; g < kGroups; ++g) inputs[g] += 1;
    }
  }
}

// `tiles` neighbouring tiles of P positions. Not inlined: the registers of one tile are all this processor has.
template <int P, int V, Finish kFinish, int kLength, Precision kPrecision>
static __attribute__((noinline)) void convTiles(const TileArgs& t, int64_t tiles) {
  const Vec slope = broadcast(t.slope);
  for (int64_t tile = 0; tile < tiles; ++tile) {
    Vec sums[P * V];
    sumTile<P, V, kFinish, kLength, kPrecision>(t, t.first + tile * P, sums);
    float* const y = t.y + (t.first + tile * P) * t.y_stride;
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        float* const to = y + p * t.y_stride + v * kLanes;
        if constexpr (kFinish == Finish::kStore) {
          store(to, sums[p * V + v]);
        } else {
          const Vec value = leakyRelu(sums[p * V + v], slope);
          const int left = t.outputs - v * kLanes;
          if (left >= kLanes) store(to, value);
          else if (left > 0) storePart(to, value, left);
        }
      }
    }
  }
}

template <int P, int V, Finish kFinish, int kLength, Precision kPrecision>
static void convTilesOf(int64_t positions, const TileArgs& t, int64_t tiles) {
  if (positions == P) return convTiles<P, V, kFinish, kLength, kPrecision>(t, tiles);
  if constexpr (P > 1) convTilesOf<P - 1, V, kFinish, kLength, kPrecision>(positions, t, tiles);
}

// A whole row of `positions` outputs: tiles of two neighbouring widths, so that no tile is left with a single position.
// kStore writes whole vectors: its rows are padded to them.
template <int V, Finish kFinish, int kLength = 0, Precision kPrecision = Precision::kFloat32>
static void convRow(TileArgs t, int64_t positions) {
  constexpr int kMost = V == 1 ? kNarrowPositions : kWidePositions;
  const int64_t tiles = (positions + kMost - 1) / kMost;
  const int64_t width = positions / tiles;
  const int64_t wider = positions % tiles;  // tiles with one position more
  if (wider > 0) convTilesOf<kMost, V, kFinish, kLength, kPrecision>(width + 1, t, wider);
  t.first = wider * (width + 1);
  if (tiles > wider) convTilesOf<kMost, V, kFinish, kLength, kPrecision>(width, t, tiles - wider);
}

}  // namespace hypermorph::HYPERMORPH_ISA
