#pragma once

// Matrix products input^T * gradient for the gradient by the filter: R input values times V vectors of output channels
// stay in registers while a row of positions runs past.

#include "kernels/conv_direct.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// Parts of the volume with a sum of their own, added in order at the end. Depends on the shape only, so that the bits
// do not depend on the threads.
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
static inline __attribute__((always_inline)) void addProduct(const ProductArgs& a) {
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

// `blocks` neighbouring blocks of R values. Not inlined: the registers of one block are all this processor has.
template <int R, int V>
static __attribute__((noinline)) void addProducts(ProductArgs a, int64_t blocks) {
  for (int64_t block = 0; block < blocks; ++block, a.input += R, a.sums += R * a.sum_stride) addProduct<R, V>(a);
}

template <int R, int V>
static void addProductsOf(int64_t rows, const ProductArgs& a, int64_t blocks) {
  if (rows == R) return addProducts<R, V>(a, blocks);
  if constexpr (R > 1) addProductsOf<R - 1, V>(rows, a, blocks);
}
// sums[length, padded outputs] += input^T * gradient for one segment of one row.
static void addSegment(ProductArgs a, int64_t length, int64_t padded_outputs) {
  const ProductArgs whole = a;
  for (int64_t block = 0; block < padded_outputs; block += kWideVectors * kLanes) {
    const bool is_wide = padded_outputs - block > kLanes;
    const int64_t most = is_wide ? kWidePositions : kNarrowPositions;
    const int64_t blocks = ceilDivide(length, most);
    const int64_t width = length / blocks;
    const int64_t wider = length % blocks;  // blocks with one value more
    a.input = whole.input;
    a.gradient = whole.gradient + block;
    a.sums = whole.sums + block;
    for (int64_t part = 0; part < 2; ++part) {
      const int64_t values = part == 0 ? width + 1 : width;
      const int64_t count = part == 0 ? wider : blocks - wider;
      if (count == 0) continue;
      if (is_wide) addProductsOf<kWidePositions, kWideVectors>(values, a, count);
      else addProductsOf<kNarrowPositions, 1>(values, a, count);
      a.input += values * count;
      a.sums += values * count * a.sum_stride;
    }
  }
}

// sums[padded] += the sum of gradient[positions, padded].
static void addBias(const float* gradient, int64_t positions, int64_t padded, float* sums) {
  for (int64_t o = 0; o < padded; o += kLanes) {
    Vec partial[4] = {};  // independent, or each addition would wait for the one before
    int64_t k = 0;
    for (; k + 4 <= positions; k += 4) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) partial[i] += load(gradient + (k + i) * padded + o);
    }
    for (; k < positions; ++k) partial[0] += load(gradient + k * padded + o);
    store(sums + o, load(sums + o) + ((partial[0] + partial[1]) + (partial[2] + partial[3])));
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
