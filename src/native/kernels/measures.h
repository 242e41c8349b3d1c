#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// What a report says about a registration, summed in double in an order that does not depend on the threads, and the
// passes over intensities beside it. `partial` holds what the tasks found: kMeasureSums doubles for each.
inline constexpr int kMeasureSums = 9;
inline constexpr int64_t kMeasureChunk = 1 << 15;

// Over the voxels where all three images are finite, with f, b, a = factor * intensity:
// sums = [voxels, f, f f, b, b b, f b, a, a a, f a].
struct MomentArgs {
  const float* fixed;
  const float* before;
  const float* after;
  int64_t size;
  double fixed_factor, moving_factor;
  double* partial;
  double* sums;  // [9]
};
using MomentFn = void (*)(const MomentArgs&) noexcept;

// Determinants [I, J, K], k fastest. Where `is_bounded`, only those count whose voxel v has to_voxel v within half a
// voxel of a grid of size `bounds`. found = [voxels, how many <= 0, smallest, largest, sum of l, sum of l l], l =
// ln(max(determinant, floor)).
struct DeterminantArgs {
  const float* determinants;
  int32_t shape[3];
  bool is_bounded;
  double to_voxel[12];
  int32_t bounds[3];
  double floor;
  double* partial;
  double* found;  // [6]
};
using DeterminantFn = void (*)(const DeterminantArgs&) noexcept;

// values = (values - low) * factor, in place; cut to [0, 1] where `clips`.
struct NormaliseArgs {
  float* values;
  int64_t size;
  double low, factor;
  bool clips;
};
using NormaliseFn = void (*)(const NormaliseArgs&) noexcept;

// NaN -> value, in place.
struct FillArgs {
  float* values;
  int64_t size;
  float value;
};
using FillFn = void (*)(const FillArgs&) noexcept;

}  // namespace hypermorph
