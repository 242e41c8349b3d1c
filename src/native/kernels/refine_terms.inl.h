#pragma once

#include "kernels/refine_image.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

// Sums over windows of kQuantities rows of one plane: produce(j, rows) gives what is already summed along i,
// emit(j, sums) takes the sums. Every window is added up by itself: what left it leaves no rounding behind.
template <int kQuantities, int kRadius, typename Produce, typename Emit>
inline void windowSums(int64_t rows, int64_t width, float* memory, const Produce& produce, const Emit& emit) {
  constexpr int kLength = 2 * kRadius + 1;
  const int64_t slot = kQuantities * width;
  const int64_t padded = width + 2 * kRadius;
  float* const ring = memory;
  float* const line = ring + kLength * slot;
  float* const sums = line + padded;
  std::memset(line, 0, static_cast<size_t>(padded) * sizeof(float));
  for (int64_t j = -kRadius; j < rows + kRadius; ++j) {
    float* const entering = ring + (j + kLength) % kLength * slot;
    if (j >= 0 && j < rows) {
      produce(j, entering);
    } else {
      std::memset(entering, 0, static_cast<size_t>(slot) * sizeof(float));
    }
    if (j < kRadius) continue;
    for (int quantity = 0; quantity < kQuantities; ++quantity) {
      const float* __restrict const first = ring + quantity * width;
      float* __restrict const across = line + kRadius;
      for (int64_t k = 0; k < width; ++k) {
        float sum = first[k];
#pragma GCC unroll 9
        for (int row = 1; row < kLength; ++row) sum += first[row * slot + k];
        across[k] = sum;
      }
      float* __restrict const out = sums + quantity * width;
      const float* __restrict const from = line;
      for (int64_t k = 0; k < width; ++k) {
        float sum = from[k];
#pragma GCC unroll 9
        for (int x = 1; x < kLength; ++x) sum += from[k + x];
        out[k] = sum;
      }
    }
    emit(j - kRadius, sums);
  }
}

struct PlaneWindow {
  int64_t first, last;  // planes [first, last]
};

template <typename Args>
inline PlaneWindow planeWindow(const Args& a, int64_t i) {
  const int64_t radius = a.size[0] > 1 ? a.radius : 0;
  return PlaneWindow{i > radius ? i - radius : 0, i + radius < a.size[0] ? i + radius : a.size[0] - 1};
}

template <typename Args>
inline float windowVoxels(const Args& a) {
  const float length = static_cast<float>(2 * a.radius + 1);
  return length * length * (a.size[0] > 1 ? length : 1.0f);
}

template <int kRadius>
static void sumFixedMoments(const TermArgs& a) {
  const int64_t width = a.size[2], plane = a.size[1] * width, voxels = a.size[0] * plane;
  const float share = 1.0f / windowVoxels(a);
  forEachTask(a.size[0], [&](int64_t i, int worker) {
    const PlaneWindow window = planeWindow(a, i);
    const auto produce = [&](int64_t j, float* __restrict sums) {
      std::memset(sums, 0, static_cast<size_t>(2 * width) * sizeof(float));
      for (int64_t p = window.first; p <= window.last; ++p) {
        const float* __restrict const fixed = a.fixed + p * plane + j * width;
        for (int64_t k = 0; k < width; ++k) {
          sums[k] += fixed[k];
          sums[width + k] += fixed[k] * fixed[k];
        }
      }
    };
    windowSums<2, kRadius>(a.size[1], width, a.scratch.worker(worker), produce, [&](int64_t j, const float* sums) {
      float* __restrict const sum = a.moments + i * plane + j * width;
      float* __restrict const variance = sum + voxels;
      for (int64_t k = 0; k < width; ++k) {
        sum[k] = sums[k];
        variance[k] = sums[width + k] - sums[k] * sums[k] * share;
      }
    });
  });
}

// What each window of a row adds to the gradient by J(y) of a voxel y inside it: by_i I(y) + by_j J(y) - taken. Returns
// the sum of the weighted correlations.
static double shareCorrelation(const TermArgs& a, int64_t at, const float* __restrict sums, float* __restrict row) {
  const int64_t width = a.size[2], voxels = int64_t{a.size[0]} * a.size[1] * width;
  const float share = 1.0f / windowVoxels(a), bound = a.bound, scale = static_cast<float>(a.scale);
  const float* __restrict const fixed_sum = a.moments + at;
  const float* __restrict const fixed_variance = fixed_sum + voxels;
  const float* __restrict const weights = a.weights + at;
  float* __restrict const by_i = a.shares + at;
  float* __restrict const by_j = by_i + voxels;
  float* __restrict const taken = by_j + voxels;
  for (int64_t k = 0; k < width; ++k) {
    const float moved_sum = sums[k];
    const float covariance = sums[2 * width + k] - fixed_sum[k] * moved_sum * share;
    const float variance = sums[width + k] - moved_sum * moved_sum * share;
    const float size = covariance < 0.0f ? -covariance : covariance;
    const float cross = size > bound ? size : bound;
    const float sign = covariance < 0.0f ? -2.0f : 2.0f;
    const float p = fixed_variance[k] > bound ? fixed_variance[k] : bound;
    const float q = variance > bound ? variance : bound;
    const float inverse = 1.0f / (p * q);
    const float ratio = cross * inverse;
    const float correlation = ratio * cross;
    const float factor_i = size >= bound ? sign * scale * weights[k] * ratio : 0.0f;
    const float factor_j = variance >= bound ? -2.0f * scale * weights[k] * correlation * p * inverse : 0.0f;
    by_i[k] = factor_i;
    by_j[k] = factor_j;
    taken[k] = (factor_i * fixed_sum[k] + factor_j * moved_sum) * share;
    row[k] = weights[k] * correlation;
  }
  double total = 0;
  for (int64_t k = 0; k < width; ++k) total += static_cast<double>(row[k]);
  return total;
}

inline double addInOrder(const double* partial, int64_t count) {
  double sum = 0;
  for (int64_t n = 0; n < count; ++n) sum += partial[n];
  return sum;
}

template <int kRadius>
static void shareWindows(const TermArgs& a) {
  const int64_t width = a.size[2], plane = a.size[1] * width;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(a.size[0], [&](int64_t i, int worker) {
    const PlaneWindow window = planeWindow(a, i);
    const auto produce = [&](int64_t j, float* __restrict sums) {
      std::memset(sums, 0, static_cast<size_t>(3 * width) * sizeof(float));
      for (int64_t p = window.first; p <= window.last; ++p) {
        const float* __restrict const fixed = a.fixed + p * plane + j * width;
        const float* __restrict const moved = a.moved + p * plane + j * width;
        for (int64_t k = 0; k < width; ++k) {
          sums[k] += moved[k];
          sums[width + k] += moved[k] * moved[k];
          sums[2 * width + k] += fixed[k] * moved[k];
        }
      }
    };
    double total = 0;
    float* const memory = a.scratch.worker(worker);
    float* const row = memory + termFloats(a.size) - width;
    windowSums<3, kRadius>(a.size[1], width, memory, produce, [&](int64_t j, const float* sums) {
      total += shareCorrelation(a, i * plane + j * width, sums, row);
    });
    partial[i] = total;
  });
  a.value[0] = addInOrder(partial, a.size[0]) / static_cast<double>(a.size[0] * plane);
}

template <int kRadius>
static void applyShares(const TermArgs& a) {
  const int64_t width = a.size[2], plane = a.size[1] * width, voxels = a.size[0] * plane;
  forEachTask(a.size[0], [&](int64_t i, int worker) {
    const PlaneWindow window = planeWindow(a, i);
    const auto produce = [&](int64_t j, float* __restrict sums) {
      std::memset(sums, 0, static_cast<size_t>(3 * width) * sizeof(float));
      for (int64_t p = window.first; p <= window.last; ++p) {
        for (int quantity = 0; quantity < 3; ++quantity) {
          const float* __restrict const from = a.shares + quantity * voxels + p * plane + j * width;
          float* __restrict const to = sums + quantity * width;
          for (int64_t k = 0; k < width; ++k) to[k] += from[k];
        }
      }
    };
    windowSums<3, kRadius>(a.size[1], width, a.scratch.worker(worker), produce,
                           [&](int64_t j, const float* __restrict sums) {
                             const int64_t at = i * plane + j * width;
                             const float* __restrict const fixed = a.fixed + at;
                             const float* __restrict const moved = a.moved + at;
                             float* __restrict const by_i = a.slopes + at;
                             float* __restrict const by_j = by_i + voxels;
                             float* __restrict const by_k = by_j + voxels;
                             for (int64_t k = 0; k < width; ++k) {
                               const float pull = fixed[k] * sums[k] + moved[k] * sums[width + k] - sums[2 * width + k];
                               by_i[k] *= pull;
                               by_j[k] *= pull;
                               by_k[k] *= pull;
                             }
                           });
  });
}

static void fixedMoments(const TermArgs& a) noexcept {
  if (a.radius == 1) return sumFixedMoments<1>(a);
  if (a.radius == 2) return sumFixedMoments<2>(a);
  if (a.radius == 3) return sumFixedMoments<3>(a);
  sumFixedMoments<4>(a);
}

template <int kRadius>
static void correlate(const TermArgs& a) {
  shareWindows<kRadius>(a);
  applyShares<kRadius>(a);
}

static void correlationTerm(const TermArgs& a) noexcept {
  if (a.radius == 1) return correlate<1>(a);
  if (a.radius == 2) return correlate<2>(a);
  if (a.radius == 3) return correlate<3>(a);
  correlate<4>(a);
}

// What the windows of one row add to `found`.
static void addCorrelations(const LocalCorrelationArgs& a, int64_t at, const float* sums, double* found) {
  const int64_t width = a.size[2];
  const float share = 1.0f / windowVoxels(a), bound = a.bound;
  for (int64_t k = 0; k < width; ++k) {
    const float fixed = sums[k], moved = sums[2 * width + k];
    const float fixed_variance = sums[width + k] - fixed * fixed * share;
    const float moved_variance = sums[3 * width + k] - moved * moved * share;
    const float covariance = sums[4 * width + k] - fixed * moved * share;
    const float p = fixed_variance > bound ? fixed_variance : bound;
    const float q = moved_variance > bound ? moved_variance : bound;
    const float cross = covariance > bound ? covariance : bound;
    const float either = -covariance > cross ? -covariance : cross;
    const bool counts = a.counts[at + k] > 0.0f;
    const bool is_missing = a.counts[at + k] == 0.0f;
    const bool shows = counts && (fixed_variance >= bound || moved_variance >= bound);
    found[0] += shows ? static_cast<double>(cross * cross / (p * q)) : 0.0;
    found[1] += shows ? 1.0 : 0.0;
    found[2] += is_missing && fixed_variance >= bound ? 1.0 : 0.0;
    found[3] += shows ? static_cast<double>(either * either / (p * q)) : 0.0;
  }
}

template <int kRadius>
static void sumCorrelations(const LocalCorrelationArgs& a) {
  const int64_t width = a.size[2], plane = a.size[1] * width;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(a.size[0], [&](int64_t i, int worker) {
    const PlaneWindow window = planeWindow(a, i);
    const auto produce = [&](int64_t j, float* __restrict sums) {
      std::memset(sums, 0, static_cast<size_t>(5 * width) * sizeof(float));
      for (int64_t p = window.first; p <= window.last; ++p) {
        const float* __restrict const fixed = a.fixed + p * plane + j * width;
        const float* __restrict const moved = a.moved + p * plane + j * width;
        for (int64_t k = 0; k < width; ++k) {
          sums[k] += fixed[k];
          sums[width + k] += fixed[k] * fixed[k];
          sums[2 * width + k] += moved[k];
          sums[3 * width + k] += moved[k] * moved[k];
          sums[4 * width + k] += fixed[k] * moved[k];
        }
      }
    };
    double found[4] = {};
    windowSums<5, kRadius>(a.size[1], width, a.scratch.worker(worker), produce, [&](int64_t j, const float* sums) {
      addCorrelations(a, i * plane + j * width, sums, found);
    });
    for (int64_t n = 0; n < 4; ++n) partial[n * a.size[0] + i] = found[n];
  });
  for (int64_t n = 0; n < 4; ++n) a.found[n] = addInOrder(partial + n * a.size[0], a.size[0]);
}

static void localCorrelation(const LocalCorrelationArgs& a) noexcept {
  if (a.radius == 1) return sumCorrelations<1>(a);
  if (a.radius == 2) return sumCorrelations<2>(a);
  if (a.radius == 3) return sumCorrelations<3>(a);
  sumCorrelations<4>(a);
}

static void squaredErrorTerm(const TermArgs& a) noexcept {
  const int64_t plane = int64_t{a.size[1]} * a.size[2], voxels = a.size[0] * plane;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  const float scale = 2.0f * static_cast<float>(a.scale);
  forEachTask(a.size[0], [&](int64_t i, int) {
    double total = 0;
    for (int64_t n = i * plane; n < (i + 1) * plane; ++n) {
      const float difference = a.moved[n] - a.fixed[n];
      const float pull = scale * a.weights[n] * difference;
      total += static_cast<double>(a.weights[n] * difference * difference);
      a.slopes[n] *= pull;
      a.slopes[voxels + n] *= pull;
      a.slopes[2 * voxels + n] *= pull;
    }
    partial[i] = total;
  });
  a.value[0] = addInOrder(partial, a.size[0]) / static_cast<double>(voxels);
}

// Intensity 0 to 1 as a bin and the way to the next.
struct Bin {
  int32_t lower;
  float fraction;
  bool moves;
};

inline __attribute__((always_inline)) Bin binOf(float intensity) {
  const float position = intensity * (kInformationBins - 1);
  float clamped = position > 0.0f ? position : 0.0f;
  clamped = clamped < kInformationBins - 1 ? clamped : kInformationBins - 1;
  int32_t lower = static_cast<int32_t>(clamped);
  lower = lower < kInformationBins - 2 ? lower : kInformationBins - 2;
  const bool moves = position >= 0.0f && position < kInformationBins - 1;
  return Bin{lower, clamped - static_cast<float>(lower), moves};
}

// Joint histogram in chunks of planes, which are the same for any number of threads, then added in order.
static double countPairs(const TermArgs& a, double* joint, double* chunks) {
  constexpr int64_t kCells = int64_t{kInformationBins} * kInformationBins;
  const int64_t plane = int64_t{a.size[1]} * a.size[2];
  forEachTask(kInformationChunks, [&](int64_t chunk, int) {
    double* const counts = chunks + chunk * kCells;
    std::memset(counts, 0, static_cast<size_t>(kCells) * sizeof(double));
    const int64_t end = (chunk + 1) * a.size[0] / kInformationChunks * plane;
    for (int64_t n = chunk * a.size[0] / kInformationChunks * plane; n < end; ++n) {
      const Bin f = binOf(a.fixed[n]), m = binOf(a.moved[n]);
      double* const cell = counts + f.lower * kInformationBins + m.lower;
      const double lower = static_cast<double>(a.weights[n] * (1.0f - f.fraction));
      const double upper = static_cast<double>(a.weights[n] * f.fraction);
      const double fraction = static_cast<double>(m.fraction);
      cell[0] += lower * (1.0 - fraction);
      cell[1] += lower * fraction;
      cell[kInformationBins] += upper * (1.0 - fraction);
      cell[kInformationBins + 1] += upper * fraction;
    }
  });
  double total = 0;
  for (int64_t cell = 0; cell < kCells; ++cell) {
    joint[cell] = 0;
    for (int64_t chunk = 0; chunk < kInformationChunks; ++chunk) joint[cell] += chunks[chunk * kCells + cell];
    total += joint[cell];
  }
  return total;
}

// Turns counts into log(p_fm / (p_f p_m)), the slope of the information by p_fm up to a constant; returns the
// information.
static double pointwiseInformation(double total, double* joint) {
  double by_fixed[kInformationBins] = {}, by_moved[kInformationBins] = {};
  for (int f = 0; f < kInformationBins; ++f) {
    for (int m = 0; m < kInformationBins; ++m) {
      by_fixed[f] += joint[f * kInformationBins + m];
      by_moved[m] += joint[f * kInformationBins + m];
    }
  }
  double information = 0;
  for (int f = 0; f < kInformationBins; ++f) {
    for (int m = 0; m < kInformationBins; ++m) {
      double& cell = joint[f * kInformationBins + m];
      const double count = cell;
      cell = count > 0 ? std::log(count * total / (by_fixed[f] * by_moved[m])) : 0;
      information += count * cell;
    }
  }
  return total > 0 ? information / total : 0;
}

// Mutual information with linear bins, of the voxels by their weights.
static void informationTerm(const TermArgs& a) noexcept {
  const int64_t plane = int64_t{a.size[1]} * a.size[2], voxels = a.size[0] * plane;
  double* const joint = reinterpret_cast<double*>(a.scratch.shared);
  const double total = countPairs(a, joint, joint + kInformationBins * kInformationBins);
  a.value[0] = pointwiseInformation(total, joint);
  // Of all voxels the term is a mean over those that count: as in the other terms, each pulls by itself.
  const double scale = total > 0 ? a.scale * static_cast<double>(voxels) / total * (kInformationBins - 1) : 0;
  forEachTask(a.size[0], [&](int64_t i, int) {
    for (int64_t n = i * plane; n < (i + 1) * plane; ++n) {
      const Bin f = binOf(a.fixed[n]), m = binOf(a.moved[n]);
      const double* const cell = joint + f.lower * kInformationBins + m.lower;
      const double fraction = static_cast<double>(f.fraction);
      const double slope =
          (1.0 - fraction) * (cell[1] - cell[0]) + fraction * (cell[kInformationBins + 1] - cell[kInformationBins]);
      const float pull = m.moves ? static_cast<float>(scale * slope) * a.weights[n] : 0.0f;
      a.slopes[n] *= pull;
      a.slopes[voxels + n] *= pull;
      a.slopes[2 * voxels + n] *= pull;
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
