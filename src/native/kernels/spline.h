#pragma once

#include "kernels/resample.h"

namespace hypermorph {

// out = coefficients of the cubic B-spline through the voxels of an image stored i fastest, mirrored on its outermost
// voxel centres. Voxels that are not finite count as 0.
struct SplineArgs {
  const float* image;
  int32_t size[3];
  float* out;
  Scratch scratch;  // kSplineLines doubles for each voxel of the longest side, per worker
};

inline constexpr int kSplineLines = 16;  // filtered side by side

}  // namespace hypermorph

namespace hypermorph::reading {

// splineCoefficients(size, image, out)
template <typename Call>
void splineCoefficients(Call& call, SplineArgs& args) {
  const int32_t* const size = call.sizes("size", 3);
  std::memcpy(args.size, size, sizeof(args.size));
  const Count voxels = voxelsOf(call, size);
  args.image = call.floats("image", voxels).data;
  args.out = call.floats("out", voxels).data;
  int64_t longest = size[0] > size[1] ? size[0] : size[1];
  if (size[2] > longest) longest = size[2];
  args.scratch = call.scratch(ScratchNeed{0, 2 * longest * kSplineLines});
}

// sampleSpline(size, coefficients, hasEdge, outside, fields, sizes, matrices, out)
template <typename Call>
void sampleSpline(Call& call, MapSampleArgs& args) {
  sampleMap(call, args);
}

}  // namespace hypermorph::reading
