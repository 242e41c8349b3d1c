#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// What the refinement of one pair repeats: fields are [I, J, K, 4], three components in voxels and a zero, so that a
// vector is one load; images are [I, J, K]; slopes and shares are three planes of an image. Every axis but the first
// has two voxels or more. A plane is [1, I, J] with components (0, i, j). Arrays do not overlap unless said otherwise.

// stack[0] = velocity / 2^steps, stack[t + 1] = stack[t] + stack[t] o (id + stack[t]): steps + 1 fields.
// The gradient takes what belongs to stack[steps] in `gradient` and leaves there what belongs to the velocity.
struct IntegrateArgs {
  int32_t size[3];
  int32_t steps;
  const float* velocity;  // forward only
  float* stack;
  float* gradient;  // gradient only
  float* spare;     // gradient only, one field
};
using IntegrateFn = void (*)(const IntegrateArgs&) noexcept;

// A field of half the resolution, ceil(n / 2) per axis, on the fine grid: voxel x reads at x / 2 - 1 / 4, clamped,
// times 2.
struct DoubleFieldArgs {
  int32_t size[3];  // of the fine grid
  const float* coarse;
  float* fine;
  Scratch scratch;  // per worker: a coarse row, 2 K + 4 floats
};
using DoubleFieldFn = void (*)(const DoubleFieldArgs&) noexcept;

// The mean of every 2 x 2 x 2 voxels that exist: ceil(n / 2) per axis.
struct HalveArgs {
  int32_t size[3];  // of the fine image
  const float* fine;
  float* coarse;
};
using HalveFn = void (*)(const HalveArgs&) noexcept;

// moved(x) = image(x + u(x)), its derivatives by u(x), and weights(x) = weight(x) * mask at the voxel nearest x + u(x),
// 0 outside the image. The field is on the image's grid or, where field_size is ceil(n / 2), read as DoubleFieldArgs
// says.
struct WarpSlopesArgs {
  int32_t size[3];
  int32_t field_size[3];
  const float* image;
  const float* displacement;
  const float* weight;  // may be nullptr: 1
  const float* mask;    // may be nullptr: 1
  float* moved;
  float* slopes;
  float* weights;
  Scratch scratch;  // per worker: warpSlopesFloats(size)
};
using WarpSlopesFn = void (*)(const WarpSlopesArgs&) noexcept;
inline int64_t warpSlopesFloats(const int32_t* size) { return 24 * int64_t{size[2]} + 16; }

// A similarity term: value[0] = sum of weights * term / voxels, and slopes become scale * d term / d u. `moments` are
// those of the fixed image's windows, sum and variance sum; windows have 2 radius + 1 voxels along every axis of two
// voxels or more, zeros beyond the image, radius 1 to 4. Bound: the smallest variance sum, covariance too, as in
// `lncc`.
struct TermArgs {
  int32_t size[3];
  int32_t radius;
  float bound;
  double scale;
  const float* fixed;
  const float* moved;
  const float* weights;
  float* moments;  // two planes; written by the moments' kernel, read by the correlation
  float* shares;   // three planes, correlation only
  float* slopes;
  double* value;
  Scratch scratch;  // per worker: termFloats(size); shared: termDoubles(size) doubles
};
using TermFn = void (*)(const TermArgs&) noexcept;
inline constexpr int32_t kLargestRadius = 4;
inline constexpr int32_t kInformationBins = 32;
inline constexpr int64_t kInformationChunks = 16;
inline int64_t termFloats(const int32_t* size) {
  return 3 * (int64_t{size[2]} * (2 * kLargestRadius + 2) + size[2] + 2 * kLargestRadius + 16);
}
inline int64_t termDoubles(const int32_t* size) {
  const int64_t histograms = (kInformationChunks + 2) * kInformationBins * kInformationBins;
  return size[0] > histograms ? size[0] : histograms;
}

// The slopes of a warp's term brought to the field's grid: the transpose of how WarpSlopesArgs reads the field.
struct CollectArgs {
  int32_t size[3];
  int32_t field_size[3];
  const float* slopes;
  float* gradient;
  Scratch scratch;  // per worker: 3 K floats
};
using CollectFn = void (*)(const CollectArgs&) noexcept;

// One step of Adam down `gradient` + d roughness / d velocity, smoothed: every vector is first mixed with its
// neighbours by 1/4, 1/2, 1/4 along every axis, edges repeated. roughness = sum over axes and components of
// weight[axis][component] * the sum of squared forward differences. found[0] = roughness before the step, found[1] the
// largest component after it.
struct DescendArgs {
  int32_t size[3];
  float weight[3][4];
  const float* velocity;
  float* gradient;  // overwritten
  float* first;     // moments, updated
  float* second;
  float* next;  // the new velocity
  float rate, epsilon, beta1, beta2, correction1, correction2;
  double* found;
  Scratch scratch;  // shared: 2 I doubles; per worker: 8 K + 16 floats
};
using DescendFn = void (*)(const DescendArgs&) noexcept;

}  // namespace hypermorph
