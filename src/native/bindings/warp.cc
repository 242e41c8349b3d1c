#include <cmath>

#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

constexpr const char* kTooManyVoxels = "native: an image must have fewer than 2^31 voxels.";

// A call whose first arguments are sizes [n, A, B, D, C, I, J, K], isLinear, fill or NaN for none.
struct WarpCall : Call {
  WarpArgs warp{};
  int64_t image = 0, output = 0, field = 0;  // elements

  WarpCall(napi_env env, napi_callback_info info) : Call(env, info) {
    const int32_t* const all = sizes("sizes", 8);
    require(product(all + 1, 3) < INT32_MAX, kTooManyVoxels);
    warp.n = all[0];
    warp.channels = all[4];
    for (int axis = 0; axis < 3; ++axis) {
      warp.image_size[axis] = all[1 + axis];
      warp.size[axis] = all[5 + axis];
    }
    warp.is_linear = flag("isLinear");
    const double fill = number("fill");
    warp.has_fill = !std::isnan(fill);
    warp.fill = static_cast<float>(fill);
    const int64_t voxels = all[0] * product(all + 5, 3);
    image = product(all, 5);
    output = voxels * all[4];
    field = voxels * 3;
  }
};

// warp(sizes, isLinear, fill, image, displacement, y)
napi_value warp(napi_env env, napi_callback_info info) {
  WarpCall call(env, info);
  call.warp.image = call.floats("image", call.image).data;
  call.warp.displacement = call.floats("displacement", call.field).data;
  call.warp.out = call.floats("y", call.output).data;
  if (call.ok()) call.kernels().warp(call.warp);
  return nullptr;
}

// What a gradient that is scattered needs beside its arrays.
ScratchNeed scatterNeed(int64_t n, const int32_t* size) { return ScratchNeed{2 * n * (int64_t{size[0]} + size[2]), 0}; }

// warpImageGradient(sizes, isLinear, fill, displacement, dy, dimage)
napi_value warpImageGradient(napi_env env, napi_callback_info info) {
  WarpCall call(env, info);
  call.warp.displacement = call.floats("displacement", call.field).data;
  call.warp.dy = call.floats("dy", call.output).data;
  call.warp.out = call.floats("dimage", call.image).data;
  call.warp.scratch = call.scratch(scatterNeed(call.warp.n, call.warp.size));
  if (call.ok()) call.kernels().warp_image_gradient(call.warp);
  return nullptr;
}

// warpDisplacementGradient(sizes, isLinear, fill, image, displacement, dy, ddisplacement)
napi_value warpDisplacementGradient(napi_env env, napi_callback_info info) {
  WarpCall call(env, info);
  call.warp.image = call.floats("image", call.image).data;
  call.warp.displacement = call.floats("displacement", call.field).data;
  call.warp.dy = call.floats("dy", call.output).data;
  call.warp.out = call.floats("ddisplacement", call.field).data;
  if (call.ok()) call.kernels().warp_displacement_gradient(call.warp);
  return nullptr;
}

// Reads sizes [n, I, J, K] into `args`. Returns the number of voxels.
template <typename FieldArgs>
int64_t readField(Call& call, FieldArgs* args) {
  const int32_t* const sizes = call.sizes("sizes", 4);
  call.require(product(sizes + 1, 3) < INT32_MAX, kTooManyVoxels);
  args->n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) args->size[axis] = sizes[1 + axis];
  return product(sizes, 4);
}

// selfCompose(sizes, displacement, y)
napi_value selfCompose(napi_env env, napi_callback_info info) {
  Call call(env, info);
  SelfComposeArgs args{};
  const int64_t voxels = readField(call, &args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.out = call.floats("y", 3 * voxels).data;
  if (call.ok()) call.kernels().self_compose(args);
  return nullptr;
}

// selfComposeGradient(sizes, displacement, dy, ddisplacement)
napi_value selfComposeGradient(napi_env env, napi_callback_info info) {
  Call call(env, info);
  SelfComposeArgs args{};
  const int64_t voxels = readField(call, &args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.dy = call.floats("dy", 3 * voxels).data;
  args.out = call.floats("ddisplacement", 3 * voxels).data;
  args.scratch = call.scratch(scatterNeed(args.n, args.size));
  if (call.ok()) call.kernels().self_compose_gradient(args);
  return nullptr;
}

// jacobian(sizes, displacement, determinant)
napi_value jacobian(napi_env env, napi_callback_info info) {
  Call call(env, info);
  JacobianArgs args{};
  const int64_t voxels = readField(call, &args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.out = call.floats("determinant", voxels).data;
  if (call.ok()) call.kernels().jacobian(args);
  return nullptr;
}

// jacobianGradient(sizes, displacement, dy, ddisplacement)
napi_value jacobianGradient(napi_env env, napi_callback_info info) {
  Call call(env, info);
  JacobianArgs args{};
  const int64_t voxels = readField(call, &args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.dy = call.floats("dy", voxels).data;
  args.out = call.floats("ddisplacement", 3 * voxels).data;
  if (call.ok()) call.kernels().jacobian_gradient(args);
  return nullptr;
}

// Reads the tables of a rescaling, three axes one after another, as far as the sizes in `args` say.
void readTables(Call& call, RescaleArgs* args) {
  const int64_t outputs = int64_t{args->to_size[0]} + args->to_size[1] + args->to_size[2];
  const int64_t inputs = int64_t{args->from_size[0]} + args->from_size[1] + args->from_size[2];
  args->lower = call.ints("lower", outputs);
  args->fraction = call.floats("fraction", outputs).data;
  args->begin = call.ints("begin", inputs);
  args->end = call.ints("end", inputs);
  if (!call.ok()) return;
  int64_t at = 0, from = 0;
  bool is_sound = true;
  for (int axis = 0; axis < 3; ++axis) {
    const int32_t highest = args->from_size[axis] > 1 ? args->from_size[axis] - 2 : 0;
    for (int32_t x = 0; x < args->to_size[axis]; ++x, ++at)
      is_sound = is_sound && args->lower[at] >= 0 && args->lower[at] <= highest;
    for (int32_t x = 0; x < args->from_size[axis]; ++x, ++from) {
      is_sound = is_sound && args->begin[from] >= 0 && args->end[from] <= args->to_size[axis];
    }
  }
  call.require(is_sound, "native: a rescaling must read inside the field.");
}

// rescale(sizes [n, I, J, K, C, OI, OJ, OK], factor, lower, fraction, begin, end, isGradient, from, to)
napi_value rescale(napi_env env, napi_callback_info info) {
  Call call(env, info);
  RescaleArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 8);
  args.n = sizes[0];
  args.channels = sizes[4];
  for (int axis = 0; axis < 3; ++axis) {
    args.from_size[axis] = sizes[1 + axis];
    args.to_size[axis] = sizes[5 + axis];
  }
  const int64_t field = product(sizes, 5);
  const int64_t output = sizes[0] * sizes[4] * product(sizes + 5, 3);
  args.factor = static_cast<float>(call.number("factor"));
  readTables(call, &args);
  const bool is_gradient = call.flag("isGradient");
  args.from = call.floats("from", is_gradient ? output : field).data;
  args.to = call.floats("to", is_gradient ? field : output).data;
  args.scratch =
      call.scratch(ScratchNeed{0, rescaleWorkerFloats(args.from_size, args.to_size, args.channels, is_gradient)});
  if (call.ok()) (is_gradient ? call.kernels().rescale_gradient : call.kernels().rescale)(args);
  return nullptr;
}

}  // namespace

bool registerWarp(napi_env env, napi_value exports) {
  return addFunction(env, exports, "warp", warp) && addFunction(env, exports, "warpImageGradient", warpImageGradient) &&
         addFunction(env, exports, "warpDisplacementGradient", warpDisplacementGradient) &&
         addFunction(env, exports, "selfCompose", selfCompose) &&
         addFunction(env, exports, "selfComposeGradient", selfComposeGradient) &&
         addFunction(env, exports, "jacobian", jacobian) &&
         addFunction(env, exports, "jacobianGradient", jacobianGradient) &&
         addFunction(env, exports, "rescale", rescale);
}

}  // namespace hypermorph::bindings
