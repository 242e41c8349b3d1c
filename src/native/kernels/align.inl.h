#pragma once

#include "kernels/align.h"
#include "kernels/measures.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// A block of the largest size in vectors; lanes behind its last point are never inside.
inline constexpr int kMostLanes = kMostBlockPoints > kLanes ? kMostBlockPoints : kLanes;

// What the points of every block have in common, from where it begins: how far on they lie, i fastest.
struct BlockLayout {
  int points;
  int lanes;                         // points, rounded up to whole vectors
  double centre[3];                  // voxels
  float to_voxel[3][kMostLanes];     // voxels of the sampled image
  float from_centre[3][kMostLanes];  // in the motion's coordinates
};

static BlockLayout layOut(const CorrelateArgs& a) {
  BlockLayout layout{};
  layout.points = a.block_shape[0] * a.block_shape[1] * a.block_shape[2];
  layout.lanes = (layout.points + kLanes - 1) / kLanes * kLanes;
  for (int axis = 0; axis < 3; ++axis) layout.centre[axis] = 0.5 * (a.block_shape[axis] - 1);
  int n = 0;
  for (int k = 0; k < a.block_shape[2]; ++k) {
    for (int j = 0; j < a.block_shape[1]; ++j) {
      for (int i = 0; i < a.block_shape[0]; ++i, ++n) {
        const double* const c = layout.centre;
        for (int row = 0; row < 3; ++row) {
          const double* const v = a.to_voxel + 4 * row;
          const double* const m = a.to_motion + 4 * row;
          layout.to_voxel[row][n] = static_cast<float>(v[0] * i + v[1] * j + v[2] * k);
          layout.from_centre[row][n] = static_cast<float>(m[0] * (i - c[0]) + m[1] * (j - c[1]) + m[2] * (k - c[2]));
        }
      }
    }
  }
  return layout;
}

// The points of one block. Where one is outside either image, `inside` is 0 and so are its own, other and slope.
struct AlignBlock {
  int count;         // points that are inside
  double centre[3];  // where the motion is evaluated
  alignas(64) float inside[kMostLanes];
  alignas(64) float own[kMostLanes];       // less that of the first point inside, so that float sums keep their digits
  alignas(64) float other[kMostLanes];     // likewise
  alignas(64) float slope[3][kMostLanes];  // of `other` over the motion's value
};

// The own voxels of the block that begins at `start`; NaN behind the image's end.
static void gatherOwn(const CorrelateArgs& a, const int64_t* start, float* own) {
  for (int64_t k = start[2]; k < start[2] + a.block_shape[2]; ++k) {
    for (int64_t j = start[1]; j < start[1] + a.block_shape[1]; ++j) {
      const bool is_row = k < a.points_shape[2] && j < a.points_shape[1];
      const int64_t length = is_row ? a.points_shape[0] : 0;
      const float* const row = a.points + (k * a.points_shape[1] + j) * a.points_shape[0];
      for (int64_t i = start[0]; i < start[0] + a.block_shape[0]; ++i)
        *own++ = i < length ? row[i] : __builtin_nanf("");
    }
  }
}

// Trilinear values and gradients over voxels of the sampled image: those of AlignBlock, before anything is taken off.
static void sampleBlock(const CorrelateArgs& a, const BlockLayout& layout, const double* at, AlignBlock* block) {
  const int lanes = layout.lanes;
  int32_t base[kMostLanes];
  float fraction[3][kMostLanes];
  float is_within[3][kMostLanes];
  int64_t step[3];
  for (int n = 0; n < lanes; ++n) {
    base[n] = 0;
    block->inside[n] = block->own[n] == block->own[n] ? 1.0f : 0.0f;
  }
  int32_t stride = 1;
  for (int axis = 0; axis < 3; ++axis) {
    const int32_t length = a.sampled_shape[axis];
    const float last = static_cast<float>(length - 1);
    const int32_t top = length > 1 ? length - 2 : 0;
    const float origin = static_cast<float>(at[axis]);
    for (int n = 0; n < lanes; ++n) {
      const float x = origin + layout.to_voxel[axis][n];
      float clamped = x > 0.0f ? x : 0.0f;  // a NaN counts as 0: the index stays inside
      clamped = clamped < last ? clamped : last;
      int32_t lower = static_cast<int32_t>(clamped);
      lower = lower < top ? lower : top;
      fraction[axis][n] = clamped - static_cast<float>(lower);
      is_within[axis][n] = (x >= 0.0f && x <= last) ? 1.0f : 0.0f;
      block->inside[n] = (x >= -0.5f && x <= last + 0.5f) ? block->inside[n] : 0.0f;
      base[n] += lower * stride;
    }
    step[axis] = length > 1 ? stride : 0;
    stride *= length;
  }
  float corner[8][kMostLanes];
  for (int n = 0; n < lanes; ++n) {
    const float* const p = a.sampled + base[n];
    const float* const q = p + step[1];
    const float* const r = p + step[2];
    const float* const s = r + step[1];
    corner[0][n] = p[0];
    corner[1][n] = p[step[0]];
    corner[2][n] = q[0];
    corner[3][n] = q[step[0]];
    corner[4][n] = r[0];
    corner[5][n] = r[step[0]];
    corner[6][n] = s[0];
    corner[7][n] = s[step[0]];
  }
  for (int n = 0; n < lanes; ++n) {
    const float u = fraction[0][n];
    const float v = fraction[1][n];
    const float w = fraction[2][n];
    const float slope_p = corner[1][n] - corner[0][n];
    const float slope_q = corner[3][n] - corner[2][n];
    const float slope_r = corner[5][n] - corner[4][n];
    const float slope_s = corner[7][n] - corner[6][n];
    const float at_p = corner[0][n] + u * slope_p;
    const float at_q = corner[2][n] + u * slope_q;
    const float at_r = corner[4][n] + u * slope_r;
    const float at_s = corner[6][n] + u * slope_s;
    const float near = at_p + v * (at_q - at_p);
    const float far = at_r + v * (at_s - at_r);
    const float slope_near = slope_p + v * (slope_q - slope_p);
    const float slope_far = slope_r + v * (slope_s - slope_r);
    const float value = near + w * (far - near);
    block->inside[n] = value == value ? block->inside[n] : 0.0f;
    block->other[n] = value;
    block->slope[0][n] = is_within[0][n] * (slope_near + w * (slope_far - slope_near));
    block->slope[1][n] = is_within[1][n] * ((at_q - at_p) + w * ((at_s - at_r) - (at_q - at_p)));
    block->slope[2][n] = is_within[2][n] * (far - near);
  }
}

static void gatherBlock(const CorrelateArgs& a, const BlockLayout& layout, int64_t first, AlignBlock* block) {
  const int64_t start[3] = {first % a.points_shape[0], first / a.points_shape[0] % a.points_shape[1],
                            first / a.points_shape[0] / a.points_shape[1]};
  double at[3];
  for (int row = 0; row < 3; ++row) {
    const double* const v = a.to_voxel + 4 * row;
    const double* const m = a.to_motion + 4 * row;
    const double* const c = layout.centre;
    at[row] = v[0] * start[0] + v[1] * start[1] + v[2] * start[2] + v[3];
    block->centre[row] = m[0] * (start[0] + c[0]) + m[1] * (start[1] + c[1]) + m[2] * (start[2] + c[2]) + m[3];
  }
  gatherOwn(a, start, block->own);
  for (int n = layout.points; n < layout.lanes; ++n) block->own[n] = __builtin_nanf("");
  sampleBlock(a, layout, at, block);
  block->count = 0;
  for (int n = 0; n < layout.lanes; ++n) block->count += block->inside[n] > 0 ? 1 : 0;
  if (block->count < kFewestBlockPoints) return;
  int first_inside = 0;
  while (!(block->inside[first_inside] > 0)) ++first_inside;
  const float own_shift = block->own[first_inside];
  const float other_shift = block->other[first_inside];
  float g[9];
  for (int n = 0; n < 9; ++n) g[n] = static_cast<float>(a.gradient_to_motion[n]);
  for (int n = 0; n < layout.lanes; ++n) {
    const bool is_inside = block->inside[n] > 0;
    const float x = is_inside ? block->slope[0][n] : 0.0f;
    const float y = is_inside ? block->slope[1][n] : 0.0f;
    const float z = is_inside ? block->slope[2][n] : 0.0f;
    block->own[n] = is_inside ? block->own[n] - own_shift : 0.0f;
    block->other[n] = is_inside ? block->other[n] - other_shift : 0.0f;
    for (int axis = 0; axis < 3; ++axis)
      block->slope[axis][n] = g[3 * axis] * x + g[3 * axis + 1] * y + g[3 * axis + 2] * z;
  }
}

// Sum over the lanes of a * b.
inline __attribute__((always_inline)) double dotOfPoints(const float* a, const float* b, int lanes) {
  Vec sum = {};
  for (int n = 0; n < lanes; n += kLanes) sum += load(a + n) * load(b + n);
  return static_cast<double>(sumOfVec(sum));
}

// Take their mean over the points from the values.
inline __attribute__((always_inline)) void centre(float* values, const AlignBlock& block, int lanes) {
  const double mean = dotOfPoints(values, block.inside, lanes) / block.count;
  const Vec less = broadcast(static_cast<float>(mean));
  for (int n = 0; n < lanes; n += kLanes) store(values + n, load(values + n) - less * load(block.inside + n));
}

// What the blocks of one task add up to.
struct AlignSums {
  double points, misfit;
  double gradient[kMotionParameters];
  // Products of slopes (6) times products of the blocks' centres, with 1 behind (10): pairs of axes in the order of
  // their upper triangles.
  double products[kSlopePairs][kPlacePairs];
};

// Add one block's points * E and its derivatives.
static void addAlignBlock(const CorrelateArgs& a, const BlockLayout& layout, AlignBlock* block, AlignSums* sums) {
  const int lanes = layout.lanes;
  const double points = block->count;
  centre(block->own, *block, lanes);
  centre(block->other, *block, lanes);
  const double own_variance = dotOfPoints(block->own, block->own, lanes) / points;
  const double other_variance = dotOfPoints(block->other, block->other, lanes) / points;
  const double covariance = dotOfPoints(block->own, block->other, lanes) / points;
  const double noisy_variance = other_variance + a.sampled_noise;
  const double factor = covariance / noisy_variance;
  const double scale = 1.0 / (own_variance + a.points_noise);
  sums->points += points;
  sums->misfit += points * (own_variance - factor * covariance) * scale;

  alignas(64) float residual[kMostLanes];
  const Vec fit = broadcast(static_cast<float>(factor));
  for (int n = 0; n < lanes; n += kLanes) {
    store(residual + n, load(block->own + n) - fit * load(block->other + n));
  }
  double along[3];
  for (int row = 0; row < 3; ++row) {
    float* const slope = block->slope[row];
    alignas(64) float descent[kMostLanes];
    for (int n = 0; n < lanes; n += kLanes) store(descent + n, load(slope + n) * load(residual + n));
    const double sum = dotOfPoints(descent, block->inside, lanes);
    double* const gradient = sums->gradient + 4 * row;
    for (int axis = 0; axis < 3; ++axis) {
      const double beside = dotOfPoints(descent, layout.from_centre[axis], lanes);
      gradient[axis] -= 2 * factor * scale * (sum * block->centre[axis] + beside);
    }
    gradient[3] -= 2 * factor * scale * sum;
    centre(slope, *block, lanes);
    along[row] = dotOfPoints(slope, block->other, lanes);
  }
  const double place[4] = {block->centre[0], block->centre[1], block->centre[2], 1.0};
  double placed[kPlacePairs];
  for (int i = 0, t = 0; i < 4; ++i) {
    for (int j = i; j < 4; ++j, ++t) placed[t] = place[i] * place[j];
  }
  const double curvature = 2 * factor * factor * scale;
  for (int r = 0, t = 0; r < 3; ++r) {
    for (int s = r; s < 3; ++s, ++t) {
      const double product = dotOfPoints(block->slope[r], block->slope[s], lanes);
      const double left = curvature * (product - along[r] * along[s] / (points * noisy_variance));
      for (int n = 0; n < kPlacePairs; ++n) sums->products[t][n] += left * placed[n];
    }
  }
}

// Where the pair (i, j) stands in the upper triangle of a matrix, row by row.
inline int pairIndex(int i, int j, int size) {
  const int low = i < j ? i : j;
  const int high = i < j ? j : i;
  return low * size - low * (low + 1) / 2 + high;
}

static void correlateBlocks(const CorrelateArgs& a) noexcept {
  static_assert(sizeof(AlignSums) == kBlockSums * sizeof(double), "sums are stored as they lie");
  const int64_t tasks = (a.block_count + kBlocksPerTask - 1) / kBlocksPerTask;
  const BlockLayout layout = layOut(a);
  forEachTask(tasks, [&](int64_t task, int) {
    AlignBlock block;
    AlignSums sums = {};
    const int64_t end = smaller((task + 1) * kBlocksPerTask, a.block_count);
    for (int64_t n = task * kBlocksPerTask; n < end; ++n) {
      gatherBlock(a, layout, a.blocks[n], &block);
      if (block.count >= kFewestBlockPoints) addAlignBlock(a, layout, &block, &sums);
    }
    std::memcpy(a.partial + task * kBlockSums, &sums, sizeof(sums));
  });
  double sums[kBlockSums] = {};
  for (int64_t task = 0; task < tasks; ++task) {
    for (int n = 0; n < kBlockSums; ++n) sums[n] += a.partial[task * kBlockSums + n];
  }
  std::memcpy(a.found, sums, (2 + kMotionParameters) * sizeof(double));
  double* const hessian = a.found + 2 + kMotionParameters;
  const double* const products = sums + 2 + kMotionParameters;
  for (int p = 0; p < kMotionParameters; ++p) {
    for (int q = 0; q < kMotionParameters; ++q) {
      const int slopes = pairIndex(p / 4, q / 4, 3);
      hessian[kMotionParameters * p + q] = products[kPlacePairs * slopes + pairIndex(p % 4, q % 4, 4)];
    }
  }
}

static void blockVariances(const BlockVarianceArgs& a) noexcept {
  forEachTask(a.along[2], [&](int64_t layer, int) {
    double* to = a.variances + layer * a.along[1] * a.along[0];
    const int64_t end_k = smaller((layer + 1) * a.block_shape[2], a.shape[2]);
    for (int64_t j = 0; j < a.shape[1]; j += a.block_shape[1]) {
      const int64_t end_j = smaller(j + a.block_shape[1], a.shape[1]);
      for (int64_t i = 0; i < a.shape[0]; i += a.block_shape[0]) {
        const int64_t end_i = smaller(i + a.block_shape[0], a.shape[0]);
        double count = 0, shift = 0, sum = 0, squares = 0;
        for (int64_t z = layer * a.block_shape[2]; z < end_k; ++z) {
          for (int64_t y = j; y < end_j; ++y) {
            const float* const row = a.data + (z * a.shape[1] + y) * a.shape[0];
            for (int64_t x = i; x < end_i; ++x) {
              if (row[x] != row[x]) continue;
              if (count == 0) shift = row[x];  // a voxel of the block, so that the sums keep their digits
              const double rest = row[x] - shift;
              ++count;
              sum += rest;
              squares += rest * rest;
            }
          }
        }
        const double variance = squares / count - sum / count * (sum / count);
        *to++ = count >= a.fewest && variance > 0 ? variance : 0.0;
      }
    }
  });
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
