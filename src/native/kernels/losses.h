#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// out[n] = mean over an item of (moved - fixed)^2. Shared scratch: squaredErrorChunks(size) doubles per item.
struct SquaredErrorArgs {
  const float* fixed;
  const float* moved;
  int64_t n;
  int64_t size;  // elements of an item
  float* out;    // [N]
  Scratch scratch;
};
using SquaredErrorFn = void (*)(const SquaredErrorArgs&) noexcept;

// to = scale[n] (a - b): the gradient of the above by a. [N, size].
struct ScaledDifferenceArgs {
  const float* a;
  const float* b;
  const float* scale;
  int64_t n;
  int64_t size;
  float* to;
};
using ScaledDifferenceFn = void (*)(const ScaledDifferenceArgs&) noexcept;

// out[n] = sum over axes of weight[axis] * sum of |d| or d^2 over all forward differences d along the axis; field is
// [N, I, J, K, C]. The gradient is out[N, I, J, K, C] = dy[n] d out[n] / d field, with 0 as the slope of |0|. Shared
// scratch: N I doubles.
struct SmoothnessArgs {
  const float* field;
  const float* dy;  // [N], gradient only
  int64_t n;
  int32_t size[3];
  int64_t channels;
  double weight[3];
  bool is_squared;
  float* out;
  Scratch scratch;
};
using SmoothnessFn = void (*)(const SmoothnessArgs&) noexcept;

inline constexpr int64_t kLossChunk = 1 << 16;

// Local correlation with windows around each voxel; fixed and moved are [N, I, J, K]. Sums in double, by adding the
// voxels that enter a window and taking away those that leave it. Window of voxel x: [x - before, x + after] per axis,
// with zeros outside the image.
struct LnccArgs {
  const float* fixed;
  const float* moved;
  const float* dy;  // [N], gradient only
  int64_t n;
  int32_t size[3];
  int32_t before[3];
  int32_t after[3];
  float epsilon;
  bool is_signed;
  float* out;  // [N] mean correlation, or the gradient by `moved` [N, I, J, K]
  Scratch scratch;
};
using LnccFn = void (*)(const LnccArgs&) noexcept;
using LnccPlanFn = ScratchNeed (*)(const LnccArgs&, bool is_gradient) noexcept;

}  // namespace hypermorph
