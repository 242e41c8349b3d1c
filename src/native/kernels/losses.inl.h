#pragma once

#include "kernels/losses.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kShortSum = 1024;  // terms that are added in float before a double takes over

// Sum of f(x) over [0, count): lanes of short float sums, added in double in a fixed order.
template <typename Term>
inline double sumOf(int64_t count, const Term& term) {
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += kShortSum) {
    const int64_t end = begin + kShortSum < count ? begin + kShortSum : count;
    Vec sums = {};
    int64_t x = begin;
    for (; x + kLanes <= end; x += kLanes) sums += term(x, kLanes);
    if (x < end) sums += term(x, static_cast<int>(end - x));
    for (int lane = 0; lane < kLanes; ++lane) total += static_cast<double>(sums[lane]);
  }
  return total;
}

static void squaredError(const SquaredErrorArgs& a) noexcept {
  const int64_t chunks = (a.size + kLossChunk - 1) / kLossChunk;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(a.n * chunks, [&](int64_t task, int) {
    const int64_t begin = task % chunks * kLossChunk;
    const int64_t count = a.size - begin < kLossChunk ? a.size - begin : kLossChunk;
    const float* const p = a.fixed + task / chunks * a.size + begin;
    const float* const q = a.moved + task / chunks * a.size + begin;
    partial[task] = sumOf(count, [&](int64_t x, int lanes) {
      const Vec d = lanes == kLanes ? load(q + x) - load(p + x) : loadPart(q + x, lanes) - loadPart(p + x, lanes);
      return d * d;
    });
  });
  for (int64_t item = 0; item < a.n; ++item) {
    double sum = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[item * chunks + chunk];
    a.out[item] = static_cast<float>(sum / static_cast<double>(a.size));
  }
}

static void scaledDifference(const ScaledDifferenceArgs& args) noexcept {
  const int64_t chunks = (args.size + kLossChunk - 1) / kLossChunk;
  forEachTask(args.n * chunks, [&](int64_t task, int) {
    const int64_t begin = task / chunks * args.size + task % chunks * kLossChunk;
    const int64_t rest = args.size - task % chunks * kLossChunk;
    const int64_t count = rest < kLossChunk ? rest : kLossChunk;
    const float* __restrict const a = args.a + begin;
    const float* __restrict const b = args.b + begin;
    float* __restrict const to = args.to + begin;
    const float scale = args.scale[task / chunks];
    for (int64_t x = 0; x < count; ++x) to[x] = scale * (a[x] - b[x]);
  });
}

// Sum over `count` pairs that lie `step` floats apart.
static double sumOfDifferences(const float* p, int64_t step, int64_t count, bool is_squared) {
  return sumOf(count, [&](int64_t x, int lanes) {
    const Vec d =
        lanes == kLanes ? load(p + step + x) - load(p + x) : loadPart(p + step + x, lanes) - loadPart(p + x, lanes);
    return is_squared ? d * d : (d > Vec{} ? d : -d);
  });
}

static void smoothness(const SmoothnessArgs& a) noexcept {
  const int64_t row = a.size[2] * a.channels;
  const int64_t plane = a.size[1] * row;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(a.n * a.size[0], [&](int64_t task, int) {
    const float* const p = a.field + task * plane;
    double sum = 0;
    if (task % a.size[0] + 1 < a.size[0]) sum += a.weight[0] * sumOfDifferences(p, plane, plane, a.is_squared);
    sum += a.weight[1] * sumOfDifferences(p, row, plane - row, a.is_squared);
    for (int64_t j = 0; j < a.size[1]; ++j) {
      sum += a.weight[2] * sumOfDifferences(p + j * row, a.channels, row - a.channels, a.is_squared);
    }
    partial[task] = sum;
  });
  for (int64_t item = 0; item < a.n; ++item) {
    double sum = 0;
    for (int64_t i = 0; i < a.size[0]; ++i) sum += partial[item * a.size[0] + i];
    a.out[item] = static_cast<float>(sum);
  }
}

// to[x] += scale (slope of d at [x - step, x] minus slope of d at [x, x + step]), where these differences exist.
static void addSlopes(const float* __restrict p, int64_t step, bool has_below, bool has_above, int64_t count,
                      float scale, bool is_squared, float* __restrict to) {
  const auto slope = [is_squared](float d) {
    return is_squared ? d + d : (d > 0.0f ? 1.0f : 0.0f) - (d < 0.0f ? 1.0f : 0.0f);
  };
  if (has_below) {
    for (int64_t x = 0; x < count; ++x) to[x] += scale * slope(p[x] - p[x - step]);
  }
  if (has_above) {
    for (int64_t x = 0; x < count; ++x) to[x] -= scale * slope(p[x + step] - p[x]);
  }
}

static void smoothnessGradient(const SmoothnessArgs& a) noexcept {
  const int64_t c = a.channels;
  const int64_t row = a.size[2] * c;
  const int64_t plane = a.size[1] * row;
  forEachTask(a.n * a.size[0], [&](int64_t task, int) {
    const int64_t i = task % a.size[0];
    float scale[3];
    for (int axis = 0; axis < 3; ++axis) scale[axis] = static_cast<float>(a.weight[axis] * a.dy[task / a.size[0]]);
    for (int64_t j = 0; j < a.size[1]; ++j) {
      const float* const p = a.field + task * plane + j * row;
      float* const to = a.out + task * plane + j * row;
      std::memset(to, 0, static_cast<size_t>(row) * sizeof(float));
      addSlopes(p, plane, i > 0, i + 1 < a.size[0], row, scale[0], a.is_squared, to);
      addSlopes(p, row, j > 0, j + 1 < a.size[1], row, scale[1], a.is_squared, to);
      addSlopes(p + c, c, true, false, row - c, scale[2], a.is_squared, to + c);
      addSlopes(p, c, false, true, row - c, scale[2], a.is_squared, to);
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
