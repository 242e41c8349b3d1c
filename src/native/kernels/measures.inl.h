#pragma once

#include <cmath>

#include "kernels/arithmetic.inl.h"
#include "kernels/measures.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

typedef double Doubles __attribute__((vector_size(HYPERMORPH_LANES * 8)));

inline __attribute__((always_inline)) Doubles doublesOf(Vec values) { return __builtin_convertvector(values, Doubles); }

inline double sumOfLanes(Doubles values) {
  double sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += values[lane];
  return sum;
}

// One vector of each image; lanes that do not count add nothing.
inline __attribute__((always_inline)) void addMoments(const MomentArgs& a, Vec fixed, Vec before, Vec after,
                                                      Doubles counts, Doubles* sums) {
  const Doubles zero = {};
  Doubles f = doublesOf(fixed) * a.fixed_factor;
  Doubles b = doublesOf(before) * a.moving_factor;
  Doubles m = doublesOf(after) * a.moving_factor;
  const Doubles sum = f + b + m;
  const auto is_finite = sum - sum == zero;
  f = is_finite ? f : zero;
  b = is_finite ? b : zero;
  m = is_finite ? m : zero;
  sums[0] += is_finite ? counts : zero;
  sums[1] += f;
  sums[2] += f * f;
  sums[3] += b;
  sums[4] += b * b;
  sums[5] += f * b;
  sums[6] += m;
  sums[7] += m * m;
  sums[8] += f * m;
}

static void sumMoments(const MomentArgs& a) noexcept {
  const int64_t chunks = (a.size + kMeasureChunk - 1) / kMeasureChunk;
  forEachTask(chunks, [&](int64_t chunk, int) {
    const int64_t end = (chunk + 1) * kMeasureChunk < a.size ? (chunk + 1) * kMeasureChunk : a.size;
    Doubles sums[kMeasureSums] = {};
    int64_t n = chunk * kMeasureChunk;
    for (; n + kLanes <= end; n += kLanes) {
      addMoments(a, load(a.fixed + n), load(a.before + n), load(a.after + n), Doubles{} + 1.0, sums);
    }
    const int left = static_cast<int>(end - n);
    if (left > 0) {
      Doubles counts = {};
      for (int lane = 0; lane < left; ++lane) counts[lane] = 1.0;
      addMoments(a, loadPart(a.fixed + n, left), loadPart(a.before + n, left), loadPart(a.after + n, left), counts,
                 sums);
    }
    for (int x = 0; x < kMeasureSums; ++x) a.partial[chunk * kMeasureSums + x] = sumOfLanes(sums[x]);
  });
  for (int x = 0; x < kMeasureSums; ++x) a.sums[x] = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (int x = 0; x < kMeasureSums; ++x) a.sums[x] += a.partial[chunk * kMeasureSums + x];
  }
}

inline bool isWithinBounds(const DeterminantArgs& a, int64_t i, int64_t j, int64_t k) {
  for (int axis = 0; axis < 3; ++axis) {
    const double* const m = a.to_voxel + 4 * axis;
    const double x =
        m[0] * static_cast<double>(i) + m[1] * static_cast<double>(j) + m[2] * static_cast<double>(k) + m[3];
    if (x < -0.5 || x > static_cast<double>(a.bounds[axis]) - 0.5) return false;
  }
  return true;
}

static void measureDeterminants(const DeterminantArgs& a) noexcept {
  forEachTask(a.shape[0], [&](int64_t i, int) {
    double found[7] = {0, 0, 0, 0, 0, __builtin_inf(), -__builtin_inf()};
    for (int64_t j = 0; j < a.shape[1]; ++j) {
      const float* const row = a.determinants + (i * a.shape[1] + j) * a.shape[2];
      for (int64_t k = 0; k < a.shape[2]; ++k) {
        if (a.is_bounded && !isWithinBounds(a, i, j, k)) continue;
        const double determinant = static_cast<double>(row[k]);
        const double log = std::log(determinant > a.floor ? determinant : a.floor);
        found[0] += 1;
        found[1] += determinant <= 0 ? 1 : 0;
        found[2] += determinant < a.squeezed ? 1 : 0;
        found[3] += log;
        found[4] += log * log;
        found[5] = determinant < found[5] ? determinant : found[5];
        found[6] = determinant > found[6] ? determinant : found[6];
      }
    }
    std::memcpy(a.partial + i * kMeasureSums, found, sizeof(found));
  });
  std::memcpy(a.found, a.partial, 7 * sizeof(double));
  for (int64_t i = 1; i < a.shape[0]; ++i) {
    const double* const found = a.partial + i * kMeasureSums;
    for (int x = 0; x < 5; ++x) a.found[x] += found[x];
    a.found[5] = found[5] < a.found[5] ? found[5] : a.found[5];
    a.found[6] = found[6] > a.found[6] ? found[6] : a.found[6];
  }
}

static void normaliseIntensities(const NormaliseArgs& a) noexcept {
  forEachChunk(a.size, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const double value = (static_cast<double>(a.values[n]) - a.low) * a.factor;
      const double cut = value > 0.0 ? (value < 1.0 ? value : 1.0) : 0.0;
      a.values[n] = static_cast<float>(a.clips ? cut : value);
    }
  });
}

static void fillMissing(const FillArgs& a) noexcept {
  forEachChunk(a.size, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) a.values[n] = a.values[n] == a.values[n] ? a.values[n] : a.value;
  });
}

static void markFinite(const MarkArgs& a) noexcept {
  forEachChunk(a.size, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) a.present[n] = a.values[n] - a.values[n] == 0.0f ? 1.0f : 0.0f;
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
