#pragma once

#include "kernels/resample.inl.h"
#include "kernels/spline.h"

// As the portable kernels round, see resample.inl.h.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr double kPole = -0.26794919243112270647;  // sqrt(3) - 2
inline constexpr double kGain = 6.0;
inline constexpr int kHorizon = 32;  // the pole to this power is nothing beside 1

// What of the samples of a line makes up all that lies before it in the mirror.
struct MirrorWeights {
  double of[kHorizon];
  int count;
};

static MirrorWeights mirrorWeights(int64_t length) {
  MirrorWeights weights{};
  weights.count = static_cast<int>(length < kHorizon ? length : kHorizon);
  const int64_t period = 2 * length - 2;
  const double whole = 1.0 - std::pow(kPole, static_cast<double>(period));
  for (int m = 0; m < weights.count; ++m) {
    const bool is_mirror = m == 0 || m == length - 1;
    const double beyond = is_mirror ? 0.0 : std::pow(kPole, static_cast<double>(period - m));
    weights.of[m] = (std::pow(kPole, static_cast<double>(m)) + beyond) / whole;
  }
  return weights;
}

// `line` is [length][kSplineLines], in place.
static void filterLines(const MirrorWeights& weights, int64_t length, double* __restrict line) {
  double first[kSplineLines] = {};
  for (int m = 0; m < weights.count; ++m) {
    const double* const row = line + m * kSplineLines;
    for (int n = 0; n < kSplineLines; ++n) first[n] += weights.of[m] * row[n];
  }
  for (int n = 0; n < kSplineLines; ++n) line[n] = kGain * first[n];
  for (int64_t m = 1; m < length; ++m) {
    double* const row = line + m * kSplineLines;
    for (int n = 0; n < kSplineLines; ++n) row[n] = kGain * row[n] + kPole * row[n - kSplineLines];
  }
  double* const end = line + (length - 1) * kSplineLines;
  constexpr double kEnd = kPole / (kPole * kPole - 1.0);
  for (int n = 0; n < kSplineLines; ++n) end[n] = kEnd * (end[n] + kPole * end[n - kSplineLines]);
  for (double* row = end - kSplineLines; row >= line; row -= kSplineLines) {
    for (int n = 0; n < kSplineLines; ++n) row[n] = kPole * (row[n + kSplineLines] - row[n]);
  }
}

// Filter all lines along an axis, `from` to `to`, which may be the same: bundles of lines that lie beside each other.
static void filterAlong(const SplineArgs& a, int axis, const float* from, float* to) {
  const int64_t strides[3] = {1, a.size[0], int64_t{a.size[0]} * a.size[1]};
  const int across = axis == 0 ? 1 : 0, outer = axis == 2 ? 1 : 2;
  const int64_t length = a.size[axis], stride = strides[axis], step = strides[across];
  const int64_t bundles = (a.size[across] + kSplineLines - 1) / kSplineLines;
  const MirrorWeights weights = mirrorWeights(length);
  forEachTask(bundles * a.size[outer], [&](int64_t task, int worker) {
    double* const line = reinterpret_cast<double*>(a.scratch.worker(worker));
    const int64_t begin = task % bundles * kSplineLines;
    const int64_t left = a.size[across] - begin;
    const int lines = static_cast<int>(left < kSplineLines ? left : kSplineLines);
    const int64_t first = begin * step + task / bundles * strides[outer];
    for (int64_t m = 0; m < length; ++m) {
      const float* const row = from + first + m * stride;
      double* const kept = line + m * kSplineLines;
      for (int n = 0; n < lines; ++n) kept[n] = static_cast<double>(finiteOrZero(row[n * step]));
      for (int n = lines; n < kSplineLines; ++n) kept[n] = 0.0;
    }
    filterLines(weights, length, line);
    for (int64_t m = 0; m < length; ++m) {
      float* const row = to + first + m * stride;
      const double* const kept = line + m * kSplineLines;
      for (int n = 0; n < lines; ++n) row[n * step] = static_cast<float>(kept[n]);
    }
  });
}

static void splineCoefficients(const SplineArgs& a) noexcept {
  const float* from = a.image;
  for (int axis = 0; axis < 3; ++axis) {
    if (a.size[axis] == 1) continue;
    filterAlong(a, axis, from, a.out);
    from = a.out;
  }
  if (from == a.image) a.out[0] = finiteOrZero(a.image[0]);
}

// The four coefficients along an axis that reach a position.
struct SplineTaps {
  int64_t element[4];
  float weight[4];
  bool are_adjacent;
};

// An index that is out by at most two, in the mirror.
inline int32_t mirroredIndex(int32_t index, int32_t length) {
  if (length == 1) return 0;
  const int32_t period = 2 * length - 2;
  const int32_t n = (index < 0 ? -index : index) % period;
  return n < length ? n : period - n;
}

inline __attribute__((always_inline)) void placeTaps(double position, int32_t length, int64_t stride,
                                                     SplineTaps* taps) {
  const double inside = clampIndex(position, length);
  const int32_t lower = static_cast<int32_t>(inside);
  setSplineWeights(static_cast<float>(inside - lower), taps->weight);
  taps->are_adjacent = lower >= 1 && lower + 2 < length;
  if (taps->are_adjacent) {
    for (int n = 0; n < 4; ++n) taps->element[n] = (lower - 1 + n) * stride;
  } else {
    for (int n = 0; n < 4; ++n) taps->element[n] = mirroredIndex(lower - 1 + n, length) * stride;
  }
}

static float sampleCubic(const SampledImage& image, double x, double y, double z) {
  const int32_t* const size = image.size;
  if (!image.has_edge && !(isWithin(x, size[0]) && isWithin(y, size[1]) && isWithin(z, size[2]))) return image.outside;
  SplineTaps i, j, k;
  placeTaps(x, size[0], 1, &i);
  placeTaps(y, size[1], size[0], &j);
  placeTaps(z, size[2], int64_t{size[0]} * size[1], &k);
  Vec4 sum{};
  for (int c = 0; c < 4; ++c) {
    Vec4 plane{};
    for (int b = 0; b < 4; ++b) {
      const float* const row = image.data + j.element[b] + k.element[c];
      const Vec4 four = i.are_adjacent
                            ? load4(row + i.element[0])
                            : Vec4{row[i.element[0]], row[i.element[1]], row[i.element[2]], row[i.element[3]]};
      plane += j.weight[b] * four;
    }
    sum += k.weight[c] * plane;
  }
  const Vec4 weighted = sum * load4(i.weight);
  return (weighted[0] + weighted[1]) + (weighted[2] + weighted[3]);
}

static void sampleSpline(const MapSampleArgs& a) noexcept {
  forEachMappedPiece(a.map, [&](int64_t first, const double(*at)[kPiece], int count) {
    for (int n = 0; n < count; ++n) a.out[first + n] = sampleCubic(a.image, at[0][n], at[1][n], at[2][n]);
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA

#if defined(__clang__)
#pragma STDC FP_CONTRACT DEFAULT
#else
#pragma GCC pop_options
#endif
