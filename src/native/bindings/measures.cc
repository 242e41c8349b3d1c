#include <cstring>

#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// Room for what `tasks` tasks find.
double* partialSums(Call& call, int64_t tasks) {
  return reinterpret_cast<double*>(call.scratch(ScratchNeed{2 * kMeasureSums * tasks, 0}).shared);
}

// sumMoments(fixed, before, after, fixedFactor, movingFactor, sums [9])
napi_value sumMoments(napi_env env, napi_callback_info info) {
  Call call(env, info);
  MomentArgs args{};
  const Floats fixed = call.floats("fixed", 0);
  args.fixed = fixed.data;
  args.size = fixed.size;
  args.before = call.floats("before", fixed.size).data;
  args.after = call.floats("after", fixed.size).data;
  args.fixed_factor = call.number("fixedFactor");
  args.moving_factor = call.number("movingFactor");
  args.sums = call.doubles("sums", kMeasureSums);
  args.partial = partialSums(call, fixed.size / kMeasureChunk + 1);
  if (call.ok()) call.kernels().sum_moments(args);
  return nullptr;
}

// measureDeterminants(sizes [shape 3, bounds 3], determinants, toVoxel [12], isBounded, floor, found [6])
napi_value measureDeterminants(napi_env env, napi_callback_info info) {
  Call call(env, info);
  DeterminantArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 6);
  args.determinants = call.floats("determinants", product(sizes, 3)).data;
  const double* const to_voxel = call.doubles("toVoxel", 12);
  args.is_bounded = call.flag("isBounded");
  args.floor = call.number("floor");
  args.found = call.doubles("found", 6);
  args.partial = partialSums(call, sizes[0]);
  if (!call.ok()) return nullptr;
  std::memcpy(args.shape, sizes, sizeof(args.shape));
  std::memcpy(args.bounds, sizes + 3, sizeof(args.bounds));
  std::memcpy(args.to_voxel, to_voxel, sizeof(args.to_voxel));
  call.kernels().measure_determinants(args);
  return nullptr;
}

// normaliseIntensities(values, low, factor, clips)
napi_value normaliseIntensities(napi_env env, napi_callback_info info) {
  Call call(env, info);
  NormaliseArgs args{};
  const Floats values = call.floats("values", 0);
  args.values = values.data;
  args.size = values.size;
  args.low = call.number("low");
  args.factor = call.number("factor");
  args.clips = call.flag("clips");
  if (call.ok()) call.kernels().normalise_intensities(args);
  return nullptr;
}

// fillMissing(values, value)
napi_value fillMissing(napi_env env, napi_callback_info info) {
  Call call(env, info);
  FillArgs args{};
  const Floats values = call.floats("values", 0);
  args.values = values.data;
  args.size = values.size;
  args.value = static_cast<float>(call.number("value"));
  if (call.ok()) call.kernels().fill_missing(args);
  return nullptr;
}

}  // namespace

bool registerMeasures(napi_env env, napi_value exports) {
  return addFunction(env, exports, "sumMoments", sumMoments) &&
         addFunction(env, exports, "measureDeterminants", measureDeterminants) &&
         addFunction(env, exports, "normaliseIntensities", normaliseIntensities) &&
         addFunction(env, exports, "fillMissing", fillMissing);
}

}  // namespace hypermorph::bindings
