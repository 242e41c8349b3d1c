#pragma once

#include "kernels/box_sums.inl.h"
#include "kernels/losses.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

// Quantities of the first box sums: I, J, I I, J J, I J.
inline constexpr int kMoments = 5;
// Of the second ones: what multiplies I, what multiplies J, and what is taken away.
inline constexpr int kShares = 3;

static BoxShape lnccBox(const LnccArgs& a, bool is_adjoint) {
  BoxShape box{};
  for (int axis = 0; axis < 3; ++axis) {
    box.size[axis] = a.size[axis];
    box.before[axis] = is_adjoint ? a.after[axis] : a.before[axis];
    box.after[axis] = is_adjoint ? a.before[axis] : a.after[axis];
  }
  return box;
}

static int64_t lnccVoxels(const LnccArgs& a) { return int64_t{a.size[0]} * a.size[1] * a.size[2]; }

// Shared: one double per tile, or 4 floats per voxel of one item. Per worker: buffers, a row of zeros, a row of
// results.
static ScratchNeed lnccPlan(const LnccArgs& a, bool is_gradient) noexcept {
  const BoxShape box = lnccBox(a, false);
  const BoxShape adjoint = lnccBox(a, true);
  const int64_t first = boxBufferDoubles(box, kMoments);
  const int64_t second = boxBufferDoubles(adjoint, kShares);
  const int64_t doubles = (first > second ? first : second) + 2 * box.size[2];
  return ScratchNeed{is_gradient ? 4 * lnccVoxels(a) : 2 * box.tiles(), 2 * doubles};
}

// Moves the window along i for one row: all five quantities of the row that enters and of the one that leaves.
static void slideMoments(const float* __restrict enter_i, const float* __restrict enter_j,
                         const float* __restrict leave_i, const float* __restrict leave_j, int64_t width,
                         double* __restrict columns) {
  double* const sum_i = columns;
  double* const sum_j = columns + width;
  double* const sum_ii = columns + 2 * width;
  double* const sum_jj = columns + 3 * width;
  double* const sum_ij = columns + 4 * width;
#pragma GCC ivdep
  for (int64_t k = 0; k < width; ++k) {
    const double a = enter_i[k], b = enter_j[k], c = leave_i[k], d = leave_j[k];
    sum_i[k] += a - c;
    sum_j[k] += b - d;
    sum_ii[k] += a * a - c * c;
    sum_jj[k] += b * b - d * d;
    sum_ij[k] += a * b - c * d;
  }
}

// Cross product and variances of the windows of one row, not yet bounded.
struct Moments {
  float cross, variance_i, variance_j;
};
inline __attribute__((always_inline)) Moments momentsAt(const double* sums, int64_t width, int64_t k, double share) {
  const double sum_i = sums[k];
  const double sum_j = sums[width + k];
  return Moments{static_cast<float>(sums[4 * width + k] - sum_i * sum_j * share),
                 static_cast<float>(sums[2 * width + k] - sum_i * sum_i * share),
                 static_cast<float>(sums[3 * width + k] - sum_j * sum_j * share)};
}

inline __attribute__((always_inline)) float atLeast(float value, float bound) { return value > bound ? value : bound; }

// Runs the first box sums over one item; emit(i, j, sums) per row.
template <typename Emit>
inline void momentSums(const LnccArgs& a, const BoxShape& box, int64_t item, int64_t tile, double* memory,
                       const Emit& emit) {
  const int64_t width = box.size[2];
  const float* const fixed = a.fixed + item * lnccVoxels(a);
  const float* const moved = a.moved + item * lnccVoxels(a);
  float* const zeros = reinterpret_cast<float*>(memory + boxBufferDoubles(box, kMoments));
  std::memset(zeros, 0, static_cast<size_t>(width) * sizeof(float));
  const auto slide = [&](int64_t entering, int64_t leaving, double* columns) {
    const float* const enter_i = entering < 0 ? zeros : fixed + entering * width;
    const float* const enter_j = entering < 0 ? zeros : moved + entering * width;
    const float* const leave_i = leaving < 0 ? zeros : fixed + leaving * width;
    const float* const leave_j = leaving < 0 ? zeros : moved + leaving * width;
    slideMoments(enter_i, enter_j, leave_i, leave_j, width, columns);
  };
  boxSums<kMoments>(box, tile, boxBuffers(box, kMoments, memory), slide, emit);
}

static void correlateRow(const double* __restrict sums, int64_t width, double share, float epsilon, bool is_signed,
                         float* __restrict correlation) {
  for (int64_t k = 0; k < width; ++k) {
    const Moments moments = momentsAt(sums, width, k, share);
    const float cross = atLeast(moments.cross, epsilon);
    const float p = atLeast(moments.variance_i, epsilon);
    const float q = atLeast(moments.variance_j, epsilon);
    correlation[k] = is_signed ? cross / __builtin_sqrtf(p * q + epsilon) : (cross / p) * (cross / q);
  }
}

static void lncc(const LnccArgs& a) noexcept {
  const BoxShape box = lnccBox(a, false);
  const double share = 1.0 / static_cast<double>(box.length(0) * box.length(1) * box.length(2));
  const int64_t width = box.size[2];
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  for (int64_t item = 0; item < a.n; ++item) {
    forEachTask(box.tiles(), [&](int64_t tile, int worker) {
      double* const memory = reinterpret_cast<double*>(a.scratch.worker(worker));
      float* const correlation = reinterpret_cast<float*>(memory + boxBufferDoubles(box, kMoments) + width);
      double total = 0;
      momentSums(a, box, item, tile, memory, [&](int64_t, int64_t, const double* sums) {
        correlateRow(sums, width, share, a.epsilon, a.is_signed, correlation);
        total += sumOf(width, [&](int64_t k, int lanes) {
          return lanes == kLanes ? load(correlation + k) : loadPart(correlation + k, lanes);
        });
      });
      partial[tile] = total;
    });
    double sum = 0;
    for (int64_t tile = 0; tile < box.tiles(); ++tile) sum += partial[tile];
    a.out[item] = static_cast<float>(sum / static_cast<double>(lnccVoxels(a)));
  }
}

// What each window of a row adds to the gradient by J(y) of a voxel y inside it: by_i I(y) + by_j J(y) - taken.
static void shareRow(const double* __restrict sums, int64_t width, double share, const LnccArgs& a, float scale,
                     float* __restrict by_i, float* __restrict by_j, double* __restrict taken) {
  const float epsilon = a.epsilon;
  for (int64_t k = 0; k < width; ++k) {
    const Moments moments = momentsAt(sums, width, k, share);
    const float cross = atLeast(moments.cross, epsilon);
    const float p = atLeast(moments.variance_i, epsilon);
    const float q = atLeast(moments.variance_j, epsilon);
    float by_cross, by_variance;
    if (a.is_signed) {
      const float squared = p * q + epsilon;
      by_cross = 1.0f / __builtin_sqrtf(squared);
      by_variance = -0.5f * cross * p * by_cross / squared;
    } else {
      const float ratio = cross / p / q;
      by_cross = 2.0f * ratio;
      by_variance = -(ratio * cross) / q;
    }
    const float factor_i = moments.cross >= epsilon ? scale * by_cross : 0.0f;
    const float factor_j = moments.variance_j >= epsilon ? 2.0f * scale * by_variance : 0.0f;
    by_i[k] = factor_i;
    by_j[k] = factor_j;
    taken[k] = (factor_i * sums[k] + factor_j * sums[width + k]) * share;
  }
}

static void slideShares(const float* __restrict enter_i, const float* __restrict enter_j,
                        const double* __restrict enter_taken, double sign, int64_t width, double* __restrict columns) {
#pragma GCC ivdep
  for (int64_t k = 0; k < width; ++k) {
    columns[k] += sign * static_cast<double>(enter_i[k]);
    columns[width + k] += sign * static_cast<double>(enter_j[k]);
    columns[2 * width + k] += sign * enter_taken[k];
  }
}

static void lnccGradient(const LnccArgs& a) noexcept {
  const BoxShape box = lnccBox(a, false);
  const BoxShape adjoint = lnccBox(a, true);
  const double share = 1.0 / static_cast<double>(box.length(0) * box.length(1) * box.length(2));
  const int64_t width = box.size[2];
  const int64_t voxels = lnccVoxels(a);
  double* const taken = reinterpret_cast<double*>(a.scratch.shared);
  float* const by_i = a.scratch.shared + 2 * voxels;
  float* const by_j = by_i + voxels;
  for (int64_t item = 0; item < a.n; ++item) {
    const float scale = a.dy[item] / static_cast<float>(voxels);
    forEachTask(box.tiles(), [&](int64_t tile, int worker) {
      double* const memory = reinterpret_cast<double*>(a.scratch.worker(worker));
      momentSums(a, box, item, tile, memory, [&](int64_t i, int64_t j, const double* sums) {
        const int64_t at = (i * box.size[1] + j) * width;
        shareRow(sums, width, share, a, scale, by_i + at, by_j + at, taken + at);
      });
    });
    forEachTask(adjoint.tiles(), [&](int64_t tile, int worker) {
      const BoxBuffers buffers = boxBuffers(adjoint, kShares, reinterpret_cast<double*>(a.scratch.worker(worker)));
      const auto slide = [&](int64_t entering, int64_t leaving, double* columns) {
        const int64_t in = entering * width, out = leaving * width;
        if (entering >= 0) slideShares(by_i + in, by_j + in, taken + in, 1.0, width, columns);
        if (leaving >= 0) slideShares(by_i + out, by_j + out, taken + out, -1.0, width, columns);
      };
      boxSums<kShares>(adjoint, tile, buffers, slide, [&](int64_t i, int64_t j, const double* sums) {
        const int64_t at = item * voxels + (i * adjoint.size[1] + j) * width;
        const float* __restrict const fixed = a.fixed + at;
        const float* __restrict const moved = a.moved + at;
        float* __restrict const out = a.out + at;
        for (int64_t k = 0; k < width; ++k) {
          out[k] = static_cast<float>(fixed[k] * sums[k] + moved[k] * sums[width + k] - sums[2 * width + k]);
        }
      });
    });
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
