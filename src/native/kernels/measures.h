#pragma once

#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "sizes.h"

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

// Determinants [I, J, K], k fastest. Where `is_bounded`, only those count whose voxel v has to_voxel v within half a
// voxel of a grid of size `bounds`. found = [voxels, how many <= 0, how many < squeezed, sum of l, sum of l l,
// smallest, largest], l = ln(max(determinant, floor)).
struct DeterminantArgs {
  const float* determinants;
  int32_t shape[3];
  bool is_bounded;
  double to_voxel[12];
  int32_t bounds[3];
  double floor, squeezed;
  double* partial;
  double* found;  // [7]
};

// values = (values - low) * factor, in place; cut to [0, 1] where `clips`.
struct NormaliseArgs {
  float* values;
  int64_t size;
  double low, factor;
  bool clips;
};

// NaN -> value, in place.
struct FillArgs {
  float* values;
  int64_t size;
  float value;
};

// present = 1 where a value is a number, 0 where it is NaN or infinite.
struct MarkArgs {
  const float* values;
  int64_t size;
  float* present;
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// Room for what `tasks` tasks find.
template <typename Call>
double* partialSums(Call& call, int64_t tasks) {
  return reinterpret_cast<double*>(call.scratch(ScratchNeed{2 * kMeasureSums * tasks, 0}).shared);
}

// sumMoments(fixed, before, after, fixedFactor, movingFactor, sums [9])
template <typename Call>
void sumMoments(Call& call, MomentArgs& args) {
  const auto fixed = call.floats("fixed", 0);
  args.fixed = fixed.data;
  args.size = fixed.size;
  args.before = call.floats("before", fixed.size).data;
  args.after = call.floats("after", fixed.size).data;
  args.fixed_factor = call.number("fixedFactor");
  args.moving_factor = call.number("movingFactor");
  args.sums = call.doubles("sums", kMeasureSums);
  args.partial = partialSums(call, fixed.size / kMeasureChunk + 1);
}

// measureDeterminants(sizes [shape 3, bounds 3], determinants, toVoxel [12], isBounded, floor, squeezed, found [7])
template <typename Call>
void measureDeterminants(Call& call, DeterminantArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 6);
  args.determinants = call.floats("determinants", product(sizes, 3)).data;
  const double* const to_voxel = call.doubles("toVoxel", 12);
  args.is_bounded = call.flag("isBounded");
  args.floor = call.number("floor");
  args.squeezed = call.number("squeezed");
  args.found = call.doubles("found", 7);
  args.partial = partialSums(call, sizes[0]);
  if (!call.ok()) return;
  std::memcpy(args.shape, sizes, sizeof(args.shape));
  std::memcpy(args.bounds, sizes + 3, sizeof(args.bounds));
  std::memcpy(args.to_voxel, to_voxel, sizeof(args.to_voxel));
}

// normaliseIntensities(values, low, factor, clips)
template <typename Call>
void normaliseIntensities(Call& call, NormaliseArgs& args) {
  const auto values = call.floats("values", 0);
  args.values = values.data;
  args.size = values.size;
  args.low = call.number("low");
  args.factor = call.number("factor");
  args.clips = call.flag("clips");
}

// fillMissing(values, value)
template <typename Call>
void fillMissing(Call& call, FillArgs& args) {
  const auto values = call.floats("values", 0);
  args.values = values.data;
  args.size = values.size;
  args.value = static_cast<float>(call.number("value"));
}

// markFinite(values, present)
template <typename Call>
void markFinite(Call& call, MarkArgs& args) {
  const auto values = call.floats("values", 0);
  args.values = values.data;
  args.size = values.size;
  args.present = call.floats("present", values.size).data;
}

}  // namespace hypermorph::reading
