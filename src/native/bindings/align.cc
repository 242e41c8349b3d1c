#include <cstring>

#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// Whether the blocks begin inside the image.
bool areInside(const int32_t* blocks, int64_t count, int64_t voxels) {
  for (int64_t n = 0; n < count; ++n) {
    if (blocks[n] < 0 || blocks[n] >= voxels) return false;
  }
  return true;
}

// correlateBlocks(sizes [points 3, block 3, sampled 3], points, blocks, sampled, matrices [voxel 12, motion 12,
// gradient 9, noise 2], found [158])
napi_value correlateBlocks(napi_env env, napi_callback_info info) {
  Call call(env, info);
  CorrelateArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 9);
  const int64_t voxels = product(sizes, 3);
  args.points = call.floats("points", voxels).data;
  const Elements blocks = call.elements("blocks", 0);
  args.sampled = call.floats("sampled", product(sizes + 6, 3)).data;
  const double* const numbers = call.doubles("numbers", 35);
  args.found = call.doubles("found", 2 + kMotionParameters + kMotionParameters * kMotionParameters);
  call.require(product(sizes + 3, 3) <= kMostBlockPoints, "native: a block must have at most 64 points.");
  if (!call.ok()) return nullptr;
  args.blocks = static_cast<const int32_t*>(blocks.data);
  args.block_count = blocks.size;
  call.require(blocks.bytes == 4 && areInside(args.blocks, args.block_count, voxels),
               "native: blocks must begin inside the image.");
  args.partial = reinterpret_cast<double*>(
      call.scratch(ScratchNeed{2 * kBlockSums * (blocks.size / kBlocksPerTask + 1), 0}).shared);
  if (!call.ok()) return nullptr;
  std::memcpy(args.points_shape, sizes, sizeof(args.points_shape));
  std::memcpy(args.block_shape, sizes + 3, sizeof(args.block_shape));
  std::memcpy(args.sampled_shape, sizes + 6, sizeof(args.sampled_shape));
  std::memcpy(args.to_voxel, numbers, sizeof(args.to_voxel));
  std::memcpy(args.to_motion, numbers + 12, sizeof(args.to_motion));
  std::memcpy(args.gradient_to_motion, numbers + 24, sizeof(args.gradient_to_motion));
  args.points_noise = numbers[33];
  args.sampled_noise = numbers[34];
  call.kernels().correlate_blocks(args);
  return nullptr;
}

// averageBoxes(sizes [from 3, factor 3, shape 3], first [3], from, to)
napi_value averageBoxes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  AverageArgs args{};
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
  if (call.ok()) call.kernels().average_boxes(args);
  return nullptr;
}

}  // namespace

bool registerAlign(napi_env env, napi_value exports) {
  return addFunction(env, exports, "correlateBlocks", correlateBlocks) &&
         addFunction(env, exports, "averageBoxes", averageBoxes);
}

}  // namespace hypermorph::bindings
