#include <cstring>

#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

// Room for what `tasks` tasks find.
bool requirePartial(napi_env env, int64_t tasks, double** partial) {
  Scratch scratch;
  if (!requireScratch(env, ScratchNeed{2 * kMeasureSums * tasks, 0}, &scratch)) return false;
  *partial = reinterpret_cast<double*>(scratch.shared);
  return true;
}

// sumMoments(fixed, before, after, fixedFactor, movingFactor, sums [9])
napi_value sumMoments(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<6> args;
  MomentArgs call{};
  Floats fixed, before, after;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "fixed", 0, &fixed) ||
      !readFloats(env, args.values[1], "before", fixed.size, &before) || !readFloats(env, args.values[2], "after", fixed.size, &after) ||
      !readNumber(env, args.values[3], "fixedFactor", &call.fixed_factor) ||
      !readNumber(env, args.values[4], "movingFactor", &call.moving_factor) ||
      !readDoubles(env, args.values[5], "sums", kMeasureSums, &call.sums) ||
      !requirePartial(env, fixed.size / kMeasureChunk + 1, &call.partial)) {
    return nullptr;
  }
  call.fixed = fixed.data;
  call.before = before.data;
  call.after = after.data;
  call.size = fixed.size;
  table->sum_moments(call);
  return nullptr;
}

// measureLengths(offsets, base [12], shape [3], lengths [2])
napi_value measureLengths(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  LengthArgs call{};
  Floats offsets;
  double* base = nullptr;
  const int32_t* shape = nullptr;
  if (table == nullptr || !readArguments(env, info, &args) || !readDoubles(env, args.values[1], "base", 12, &base) ||
      !readSizes(env, args.values[2], "shape", 3, &shape) ||
      !readFloats(env, args.values[0], "offsets", 3 * product(shape, 3), &offsets) ||
      !readDoubles(env, args.values[3], "lengths", 2, &call.lengths) || !requirePartial(env, shape[2], &call.partial)) {
    return nullptr;
  }
  call.offsets = offsets.data;
  std::memcpy(call.base, base, sizeof(call.base));
  std::memcpy(call.shape, shape, sizeof(call.shape));
  table->measure_lengths(call);
  return nullptr;
}

// measureDeterminants(determinants, sizes [shape 3, bounds 3], toVoxel [12], isBounded, floor, found [6])
napi_value measureDeterminants(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<6> args;
  DeterminantArgs call{};
  Floats determinants;
  double* to_voxel = nullptr;
  double is_bounded = 0;
  const int32_t* sizes = nullptr;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[1], "sizes", 6, &sizes) ||
      !readFloats(env, args.values[0], "determinants", product(sizes, 3), &determinants) ||
      !readDoubles(env, args.values[2], "toVoxel", 12, &to_voxel) || !readNumber(env, args.values[3], "isBounded", &is_bounded) ||
      !readNumber(env, args.values[4], "floor", &call.floor) || !readDoubles(env, args.values[5], "found", 6, &call.found) ||
      !requirePartial(env, sizes[0], &call.partial)) {
    return nullptr;
  }
  call.determinants = determinants.data;
  std::memcpy(call.shape, sizes, sizeof(call.shape));
  std::memcpy(call.bounds, sizes + 3, sizeof(call.bounds));
  std::memcpy(call.to_voxel, to_voxel, sizeof(call.to_voxel));
  call.is_bounded = is_bounded != 0;
  table->measure_determinants(call);
  return nullptr;
}

// normaliseIntensities(values, low, factor, clips)
napi_value normaliseIntensities(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  NormaliseArgs call{};
  Floats values;
  double clips = 0;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "values", 0, &values) ||
      !readNumber(env, args.values[1], "low", &call.low) || !readNumber(env, args.values[2], "factor", &call.factor) ||
      !readNumber(env, args.values[3], "clips", &clips)) {
    return nullptr;
  }
  call.values = values.data;
  call.size = values.size;
  call.clips = clips != 0;
  table->normalise_intensities(call);
  return nullptr;
}

// fillMissing(values, value)
napi_value fillMissing(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<2> args;
  FillArgs call{};
  Floats values;
  double value = 0;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "values", 0, &values) ||
      !readNumber(env, args.values[1], "value", &value)) {
    return nullptr;
  }
  call.values = values.data;
  call.size = values.size;
  call.value = static_cast<float>(value);
  table->fill_missing(call);
  return nullptr;
}

}  // namespace

bool registerMeasures(napi_env env, napi_value exports) {
  return addFunction(env, exports, "sumMoments", sumMoments) && addFunction(env, exports, "measureLengths", measureLengths) &&
         addFunction(env, exports, "measureDeterminants", measureDeterminants) &&
         addFunction(env, exports, "normaliseIntensities", normaliseIntensities) &&
         addFunction(env, exports, "fillMissing", fillMissing);
}

}  // namespace hypermorph::bindings
