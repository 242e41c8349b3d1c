#pragma once

#include <cmath>

#include "kernels/align.h"
#include "kernels/measures.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// The points of one block that are inside both images; lanes behind the last one are zero.
struct AlignBlock {
  int count;
  alignas(64) float inside[kMostBlockPoints];    // 1 for a point, 0 behind the last one
  alignas(64) float own[kMostBlockPoints];       // less the first point's, so that float sums keep their digits
  alignas(64) float other[kMostBlockPoints];     // likewise
  alignas(64) float slope[3][kMostBlockPoints];  // of `other` over the motion's value
  alignas(64) float place[4][kMostBlockPoints];  // where the motion is evaluated, and 1
};

struct SampledPoint {
  float value;
  float slope[3];  // over voxels
};

inline __attribute__((always_inline)) void applyMatrix(const double* m, double i, double j, double k, double* to) {
  for (int row = 0; row < 3; ++row) to[row] = m[4 * row] * i + m[4 * row + 1] * j + m[4 * row + 2] * k + m[4 * row + 3];
}

// Trilinear value and gradient; false outside the image or beside a NaN.
inline __attribute__((always_inline)) bool sampleSlope(const float* data, const int32_t* shape, const double* at,
                                                       SampledPoint* to) {
  int64_t stride = 1;
  int64_t base = 0;
  int64_t step[3];
  float fraction[3];
  float is_within[3];
  for (int axis = 0; axis < 3; ++axis) {
    const double last = shape[axis] - 1;
    const double x = at[axis];
    if (!(x >= -0.5 && x <= last + 0.5)) return false;
    double clamped = x > 0.0 ? x : 0.0;
    clamped = clamped < last ? clamped : last;
    int32_t lower = static_cast<int32_t>(clamped);
    if (lower > shape[axis] - 2) lower = shape[axis] > 1 ? shape[axis] - 2 : 0;
    fraction[axis] = static_cast<float>(clamped - lower);
    is_within[axis] = (x >= 0.0 && x <= last) ? 1.0f : 0.0f;
    step[axis] = shape[axis] > 1 ? stride : 0;
    base += lower * stride;
    stride *= shape[axis];
  }
  const float* const p = data + base;
  const float* const q = p + step[1];
  const float* const r = p + step[2];
  const float* const s = r + step[1];
  const int64_t up = step[0];
  const float u = fraction[0];
  const float v = fraction[1];
  const float w = fraction[2];
  const float slope_p = p[up] - p[0];
  const float slope_q = q[up] - q[0];
  const float slope_r = r[up] - r[0];
  const float slope_s = s[up] - s[0];
  const float at_p = p[0] + u * slope_p;
  const float at_q = q[0] + u * slope_q;
  const float at_r = r[0] + u * slope_r;
  const float at_s = s[0] + u * slope_s;
  const float near = at_p + v * (at_q - at_p);
  const float far = at_r + v * (at_s - at_r);
  const float slope_near = slope_p + v * (slope_q - slope_p);
  const float slope_far = slope_r + v * (slope_s - slope_r);
  const float slope_j = (at_q - at_p) + w * ((at_s - at_r) - (at_q - at_p));
  to->value = near + w * (far - near);
  to->slope[0] = is_within[0] * (slope_near + w * (slope_far - slope_near));
  to->slope[1] = is_within[1] * slope_j;
  to->slope[2] = is_within[2] * (far - near);
  return to->value == to->value;
}

static void gatherBlock(const CorrelateArgs& a, int64_t first, AlignBlock* block) {
  int64_t start[3];
  int64_t end[3];
  int64_t rest = first;
  for (int axis = 0; axis < 3; ++axis) {
    start[axis] = rest % a.points_shape[axis];
    rest /= a.points_shape[axis];
    end[axis] = start[axis] + a.block_shape[axis];
    end[axis] = end[axis] < a.points_shape[axis] ? end[axis] : a.points_shape[axis];
  }
  int n = 0;
  float own_shift = 0;
  float other_shift = 0;
  for (int64_t k = start[2]; k < end[2]; ++k) {
    for (int64_t j = start[1]; j < end[1]; ++j) {
      const float* const row = a.points + (k * a.points_shape[1] + j) * a.points_shape[0];
      for (int64_t i = start[0]; i < end[0]; ++i) {
        const float own = row[i];
        double at[3];
        SampledPoint sample;
        applyMatrix(a.to_voxel, static_cast<double>(i), static_cast<double>(j), static_cast<double>(k), at);
        if (own != own || !sampleSlope(a.sampled, a.sampled_shape, at, &sample)) continue;
        applyMatrix(a.to_motion, static_cast<double>(i), static_cast<double>(j), static_cast<double>(k), at);
        if (n == 0) {
          own_shift = own;
          other_shift = sample.value;
        }
        block->inside[n] = 1.0f;
        block->own[n] = own - own_shift;
        block->other[n] = sample.value - other_shift;
        for (int axis = 0; axis < 3; ++axis) {
          const double* const g = a.gradient_to_motion + 3 * axis;
          block->slope[axis][n] =
              static_cast<float>(g[0] * sample.slope[0] + g[1] * sample.slope[1] + g[2] * sample.slope[2]);
          block->place[axis][n] = static_cast<float>(at[axis]);
        }
        block->place[3][n] = 1.0f;
        ++n;
      }
    }
  }
  block->count = n;
  for (; n % kLanes != 0; ++n) {
    block->inside[n] = block->own[n] = block->other[n] = block->place[3][n] = 0.0f;
    for (int axis = 0; axis < 3; ++axis) block->slope[axis][n] = block->place[axis][n] = 0.0f;
  }
}

// The sum of the lanes, by halves.
inline __attribute__((always_inline)) float sumOfVec(Vec values) {
  float part[kLanes];
  store(part, values);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) part[lane] += part[lane + width];
  }
  return part[0];
}

// Sum over the points of a * b.
inline __attribute__((always_inline)) float dotOfPoints(const float* a, const float* b, int count) {
  Vec sum = {};
  for (int n = 0; n < count; n += kLanes) sum += load(a + n) * load(b + n);
  return sumOfVec(sum);
}

// values = factor * (values less their mean over the points).
inline __attribute__((always_inline)) void centre(float* values, const AlignBlock& block, float factor) {
  const Vec mean = broadcast(dotOfPoints(values, block.inside, block.count) / static_cast<float>(block.count));
  const Vec by = broadcast(factor);
  for (int n = 0; n < block.count; n += kLanes) {
    store(values + n, by * (load(values + n) - mean * load(block.inside + n)));
  }
}

// What the blocks of one task add up to; the products are summed over their lanes when the task ends.
struct AlignSums {
  double points, misfit;
  double gradient[kMotionParameters];
  double along[kMotionTriangle];  // what Kaufman's projection takes off
  Vec products[kMotionTriangle];
};

// Add one block's points * E and its derivatives.
static void addAlignBlock(const CorrelateArgs& a, AlignBlock* block, AlignSums* sums) {
  const int count = block->count;
  const double points = count;
  centre(block->own, *block, 1.0f);
  centre(block->other, *block, 1.0f);
  const double own_variance = static_cast<double>(dotOfPoints(block->own, block->own, count)) / points;
  const double other_variance = static_cast<double>(dotOfPoints(block->other, block->other, count)) / points;
  const double covariance = static_cast<double>(dotOfPoints(block->own, block->other, count)) / points;
  const double noisy_variance = other_variance + a.sampled_noise;
  const double factor = covariance / noisy_variance;
  const double scale = 1.0 / (own_variance + a.points_noise);
  sums->points += points;
  sums->misfit += points * (own_variance - factor * covariance) * scale;

  alignas(64) float residual[kMostBlockPoints];
  const Vec fit = broadcast(static_cast<float>(factor));
  for (int n = 0; n < count; n += kLanes) {
    store(residual + n, load(block->own + n) - fit * load(block->other + n));
  }
  // d m / d parameters, scaled so that their products are the Hessian's.
  alignas(64) float slopes[kMotionParameters][kMostBlockPoints];
  const double root = std::sqrt(2.0 * scale) * (factor < 0 ? -factor : factor);
  const double descent = factor < 0 ? std::sqrt(2.0 * scale) : -std::sqrt(2.0 * scale);
  double along[kMotionParameters];
  for (int p = 0; p < kMotionParameters; ++p) {
    const float* const slope = block->slope[p / 4];
    const float* const place = block->place[p % 4];
    for (int n = 0; n < count; n += kLanes) store(slopes[p] + n, load(slope + n) * load(place + n));
    centre(slopes[p], *block, static_cast<float>(root));
    along[p] = static_cast<double>(dotOfPoints(slopes[p], block->other, count)) / std::sqrt(points * noisy_variance);
    sums->gradient[p] += descent * static_cast<double>(dotOfPoints(slopes[p], residual, count));
  }
  int t = 0;
  for (int p = 0; p < kMotionParameters; ++p) {
    for (int q = p; q < kMotionParameters; ++q, ++t) {
      Vec product = sums->products[t];
      for (int n = 0; n < count; n += kLanes) product += load(slopes[p] + n) * load(slopes[q] + n);
      sums->products[t] = product;
      sums->along[t] += along[p] * along[q];
    }
  }
}

// The task's numbers as they are stored: points, misfit, gradient [12], upper triangle of the Hessian [78].
static void storeAlignSums(const AlignSums& sums, double* to) {
  to[0] = sums.points;
  to[1] = sums.misfit;
  std::memcpy(to + 2, sums.gradient, sizeof(sums.gradient));
  for (int t = 0; t < kMotionTriangle; ++t) {
    to[2 + kMotionParameters + t] = static_cast<double>(sumOfVec(sums.products[t])) - sums.along[t];
  }
}

static void correlateBlocks(const CorrelateArgs& a) noexcept {
  const int64_t tasks = (a.block_count + kBlocksPerTask - 1) / kBlocksPerTask;
  forEachTask(tasks, [&](int64_t task, int) {
    AlignBlock block;
    AlignSums sums = {};
    const int64_t end = (task + 1) * kBlocksPerTask < a.block_count ? (task + 1) * kBlocksPerTask : a.block_count;
    for (int64_t n = task * kBlocksPerTask; n < end; ++n) {
      gatherBlock(a, a.blocks[n], &block);
      if (block.count >= kFewestBlockPoints) addAlignBlock(a, &block, &sums);
    }
    storeAlignSums(sums, a.partial + task * kBlockSums);
  });
  double sums[kBlockSums] = {};
  for (int64_t task = 0; task < tasks; ++task) {
    for (int n = 0; n < kBlockSums; ++n) sums[n] += a.partial[task * kBlockSums + n];
  }
  std::memcpy(a.found, sums, (2 + kMotionParameters) * sizeof(double));
  double* const hessian = a.found + 2 + kMotionParameters;
  const double* triangle = sums + 2 + kMotionParameters;
  for (int p = 0; p < kMotionParameters; ++p) {
    for (int q = p; q < kMotionParameters; ++q, ++triangle) {
      hessian[kMotionParameters * p + q] = hessian[kMotionParameters * q + p] = *triangle;
    }
  }
}

static void averageBoxes(const AverageArgs& a) noexcept {
  const int box = a.factor[0] * a.factor[1] * a.factor[2];
  forEachTask(a.shape[2], [&](int64_t k, int) {
    float* to = a.to + k * a.shape[1] * a.shape[0];
    for (int64_t j = 0; j < a.shape[1]; ++j) {
      for (int64_t i = 0; i < a.shape[0]; ++i) {
        double sum = 0;
        int count = 0;
        for (int64_t c = 0; c < a.factor[2]; ++c) {
          for (int64_t b = 0; b < a.factor[1]; ++b) {
            const int64_t z = a.first[2] + k * a.factor[2] + c;
            const int64_t y = a.first[1] + j * a.factor[1] + b;
            const float* const row =
                a.from + (z * a.from_shape[1] + y) * a.from_shape[0] + a.first[0] + i * a.factor[0];
            for (int64_t x = 0; x < a.factor[0]; ++x) {
              const bool counts = row[x] - row[x] == 0.0f;
              sum += counts ? static_cast<double>(row[x]) : 0.0;
              count += counts ? 1 : 0;
            }
          }
        }
        *to++ = 2 * count >= box ? static_cast<float>(sum / count) : __builtin_nanf("");
      }
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
