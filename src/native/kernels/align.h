#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

inline constexpr int kMotionParameters = 12;
inline constexpr int kMostBlockPoints = 64;
inline constexpr int kFewestBlockPoints = 8;
// Blocks of one task, and what a task finds: points, misfit, gradient [12], upper triangle of the Hessian [78].
inline constexpr int64_t kBlocksPerTask = 32;
inline constexpr int kMotionTriangle = kMotionParameters * (kMotionParameters + 1) / 2;
inline constexpr int kBlockSums = 2 + kMotionParameters + kMotionTriangle;

// How badly an image explains the blocks of another one; the formulas stand at CorrelateBlocks in
// src/kernels/block-correlation.ts. Images in disk order, i fastest; NaN marks voxels that do not count.
struct CorrelateArgs {
  const float* points;
  int32_t points_shape[3];
  int32_t block_shape[3];  // at most kMostBlockPoints together
  const int32_t* blocks;   // first voxel of each block
  int64_t block_count;
  const float* sampled;
  int32_t sampled_shape[3];
  double points_noise, sampled_noise;
  double to_voxel[12], to_motion[12];
  double gradient_to_motion[9];
  double* partial;  // kBlockSums for each task
  double* found;    // [2 + 12 + 144]: points, misfit, gradient, Hessian
};
using CorrelateFn = void (*)(const CorrelateArgs&) noexcept;

// Means over boxes of the voxels that are finite; NaN where fewer than half of them are.
struct AverageArgs {
  const float* from;
  int32_t from_shape[3];
  int32_t factor[3];
  int32_t first[3];  // voxel at which the first box begins
  int32_t shape[3];
  float* to;
};
using AverageFn = void (*)(const AverageArgs&) noexcept;

}  // namespace hypermorph
