#pragma once

#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

inline constexpr int kMotionParameters = 12;
inline constexpr int kMostBlockPoints = 64;
inline constexpr int kFewestBlockPoints = 8;
// Blocks of one task, and what a task finds: points, misfit, gradient [12], products of slopes and of places [6, 10].
inline constexpr int64_t kBlocksPerTask = 32;
inline constexpr int kSlopePairs = 6;
inline constexpr int kPlacePairs = 10;
inline constexpr int kBlockSums = 2 + kMotionParameters + kSlopePairs * kPlacePairs;

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

// Means over boxes of the voxels that are finite; NaN where fewer than half of them are.
struct AverageArgs {
  const float* from;
  int32_t from_shape[3];
  int32_t factor[3];
  int32_t first[3];  // voxel at which the first box begins
  int32_t shape[3];
  float* to;
};

// The variance of every block over its voxels that are not NaN; 0 where there are fewer than `fewest`.
struct BlockVarianceArgs {
  const float* data;
  int32_t shape[3];
  int32_t block_shape[3];
  int32_t along[3];  // blocks; the last of an axis may reach beyond the image
  double fewest;
  double* variances;  // [blocks], the first axis fastest
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// Whether the blocks begin inside the image.
inline bool areInside(const int32_t* blocks, int64_t count, int64_t voxels) {
  for (int64_t n = 0; n < count; ++n) {
    if (blocks[n] < 0 || blocks[n] >= voxels) return false;
  }
  return true;
}

// correlateBlocks(sizes [points 3, block 3, sampled 3], points, blocks, sampled, matrices [voxel 12, motion 12,
// gradient 9, noise 2], found [158])
template <typename Call>
void correlateBlocks(Call& call, CorrelateArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 9);
  const Count voxels = product(sizes, 3);
  args.points = call.floats("points", voxels).data;
  const auto blocks = call.elements("blocks", 0);
  args.sampled = call.floats("sampled", product(sizes + 6, 3)).data;
  const double* const numbers = call.doubles("numbers", 35);
  args.found = call.doubles("found", 2 + kMotionParameters + kMotionParameters * kMotionParameters);
  call.require(product(sizes + 3, 3) <= kMostBlockPoints, "native: a block must have at most 64 points.");
  if (!call.ok()) return;
  args.blocks = static_cast<const int32_t*>(blocks.data);
  args.block_count = blocks.size;
  call.require(blocks.bytes == 4 && areInside(args.blocks, args.block_count, voxels),
               "native: blocks must begin inside the image.");
  args.partial = reinterpret_cast<double*>(
      call.scratch(ScratchNeed{2 * kBlockSums * (blocks.size / kBlocksPerTask + 1), 0}).shared);
  if (!call.ok()) return;
  std::memcpy(args.points_shape, sizes, sizeof(args.points_shape));
  std::memcpy(args.block_shape, sizes + 3, sizeof(args.block_shape));
  std::memcpy(args.sampled_shape, sizes + 6, sizeof(args.sampled_shape));
  std::memcpy(args.to_voxel, numbers, sizeof(args.to_voxel));
  std::memcpy(args.to_motion, numbers + 12, sizeof(args.to_motion));
  std::memcpy(args.gradient_to_motion, numbers + 24, sizeof(args.gradient_to_motion));
  args.points_noise = numbers[33];
  args.sampled_noise = numbers[34];
}

// blockVariances(sizes [image 3, block 3], data, fewest, variances [blocks])
template <typename Call>
void blockVariances(Call& call, BlockVarianceArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 6);
  for (int axis = 0; axis < 3; ++axis) {
    args.shape[axis] = sizes[axis];
    args.block_shape[axis] = sizes[3 + axis];
    args.along[axis] = (sizes[axis] - 1) / sizes[3 + axis] + 1;
  }
  args.data = call.floats("data", product(args.shape, 3)).data;
  args.fewest = call.number("fewest");
  args.variances = call.doubles("variances", product(args.along, 3));
}

// averageBoxes(sizes [from 3, factor 3, shape 3], first [3], from, to)
template <typename Call>
void averageBoxes(Call& call, AverageArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 9);
  const int32_t* const first = call.ints("first", 3);
  args.from = call.floats("from", product(sizes, 3)).data;
  args.to = call.floats("to", product(sizes + 6, 3)).data;
  for (int axis = 0; axis < 3; ++axis) {
    args.from_shape[axis] = sizes[axis];
    args.factor[axis] = sizes[3 + axis];
    args.shape[axis] = sizes[6 + axis];
    args.first[axis] = first[axis];
    call.require(first[axis] >= 0 && first[axis] + int64_t{sizes[3 + axis]} * sizes[6 + axis] <= sizes[axis],
                 "native: boxes must lie inside the image.");
  }
}

}  // namespace hypermorph::reading
