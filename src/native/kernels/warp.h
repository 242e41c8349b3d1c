#pragma once

#include <cstdint>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// y(x) = image(x + u(x)). image is [N, A, B, D, C], displacement is [N, I, J, K, 3], y and dy are [N, I, J, K, C].
// Positions outside repeat the edge, or give `fill`. Fewer than 2^31 voxels in an image. Arrays do not overlap.
struct WarpArgs {
  const float* image;
  const float* displacement;
  const float* dy;  // gradients only
  float* out;       // y, or the gradient by the image or the displacement
  int64_t n;
  int32_t image_size[3];  // A, B, D
  int32_t size[3];        // I, J, K
  int32_t channels;
  bool is_linear;
  bool has_fill;
  float fill;
  Scratch scratch;  // image gradient: 2 N I ints, shared
};

// y = u + u o (id + u), and its gradient; u is [N, I, J, K, 3]. The gradient needs 2 N I ints of shared scratch.
struct SelfComposeArgs {
  const float* displacement;
  const float* dy;
  float* out;
  int64_t n;
  int32_t size[3];
  Scratch scratch;
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

inline constexpr const char* kTooManyVoxels = "native: an image must have fewer than 2^31 voxels.";

// Elements of the image, of the result, and of the field.
struct WarpSizes {
  Count image, output, field;
};

// sizes [n, A, B, D, C, I, J, K], isLinear, fill or NaN for none
template <typename Call>
WarpSizes readWarp(Call& call, WarpArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 8);
  call.require(product(sizes + 1, 3) < INT32_MAX, kTooManyVoxels);
  args.n = sizes[0];
  args.channels = sizes[4];
  for (int axis = 0; axis < 3; ++axis) {
    args.image_size[axis] = sizes[1 + axis];
    args.size[axis] = sizes[5 + axis];
  }
  args.is_linear = call.flag("isLinear");
  const double fill = call.number("fill");
  args.has_fill = fill == fill;
  args.fill = static_cast<float>(fill);
  const Count voxels = sizes[0] * product(sizes + 5, 3);
  return WarpSizes{product(sizes, 5), voxels * sizes[4], 3 * voxels};
}

// What a gradient that is scattered needs beside its arrays.
inline ScratchNeed scatterNeed(int64_t n, const int32_t* size) {
  return ScratchNeed{2 * n * (int64_t{size[0]} + size[2]), 0};
}

// Reads sizes [n, I, J, K] into `args`. Returns the number of voxels.
template <typename Call, typename FieldArgs>
Count readField(Call& call, FieldArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 4);
  call.require(product(sizes + 1, 3) < INT32_MAX, kTooManyVoxels);
  args.n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) args.size[axis] = sizes[1 + axis];
  return product(sizes, 4);
}

// warp(sizes, isLinear, fill, image, displacement, y)
template <typename Call>
void warp(Call& call, WarpArgs& args) {
  const WarpSizes counts = readWarp(call, args);
  args.image = call.floats("image", counts.image).data;
  args.displacement = call.floats("displacement", counts.field).data;
  args.out = call.floats("y", counts.output).data;
}

// warpImageGradient(sizes, isLinear, fill, displacement, dy, dimage)
template <typename Call>
void warpImageGradient(Call& call, WarpArgs& args) {
  const WarpSizes counts = readWarp(call, args);
  args.displacement = call.floats("displacement", counts.field).data;
  args.dy = call.floats("dy", counts.output).data;
  args.out = call.floats("dimage", counts.image).data;
  args.scratch = call.scratch(scatterNeed(args.n, args.size));
}

// warpDisplacementGradient(sizes, isLinear, fill, image, displacement, dy, ddisplacement)
template <typename Call>
void warpDisplacementGradient(Call& call, WarpArgs& args) {
  const WarpSizes counts = readWarp(call, args);
  args.image = call.floats("image", counts.image).data;
  args.displacement = call.floats("displacement", counts.field).data;
  args.dy = call.floats("dy", counts.output).data;
  args.out = call.floats("ddisplacement", counts.field).data;
}

// selfCompose(sizes, displacement, y)
template <typename Call>
void selfCompose(Call& call, SelfComposeArgs& args) {
  const Count voxels = readField(call, args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.out = call.floats("y", 3 * voxels).data;
}

// selfComposeGradient(sizes, displacement, dy, ddisplacement)
template <typename Call>
void selfComposeGradient(Call& call, SelfComposeArgs& args) {
  const Count voxels = readField(call, args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.dy = call.floats("dy", 3 * voxels).data;
  args.out = call.floats("ddisplacement", 3 * voxels).data;
  args.scratch = call.scratch(scatterNeed(args.n, args.size));
}

}  // namespace hypermorph::reading
