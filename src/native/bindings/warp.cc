#include <cmath>

#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

constexpr int kWarpSizes = 8;  // n, A, B, D, C, I, J, K

struct WarpCall {
  const KernelTable* table = nullptr;
  WarpArgs warp{};
  int64_t image = 0, output = 0, field = 0;  // elements
  Arguments<7> args;
};

bool requireIndexable(napi_env env, int64_t voxels) {
  if (voxels < INT32_MAX) return true;
  throwError(env, "E_SHAPE", "native: an image must have fewer than 2^31 voxels.");
  return false;
}

// (sizes, isLinear, fill or NaN for none, ...)
bool readWarp(napi_env env, napi_callback_info info, WarpCall* call) {
  call->table = requireKernels(env);
  const int32_t* sizes = nullptr;
  double is_linear = 0;
  double fill = 0;
  if (call->table == nullptr || !readArguments(env, info, &call->args) ||
      !readSizes(env, call->args.values[0], "sizes", kWarpSizes, &sizes) ||
      !readNumber(env, call->args.values[1], "isLinear", &is_linear) || !readNumber(env, call->args.values[2], "fill", &fill) ||
      !requireIndexable(env, product(sizes + 1, 3))) {
    return false;
  }
  call->warp.n = sizes[0];
  call->warp.channels = sizes[4];
  for (int axis = 0; axis < 3; ++axis) {
    call->warp.image_size[axis] = sizes[1 + axis];
    call->warp.size[axis] = sizes[5 + axis];
  }
  call->warp.is_linear = is_linear != 0;
  call->warp.has_fill = !std::isnan(fill);
  call->warp.fill = static_cast<float>(fill);
  const int64_t voxels = sizes[0] * product(sizes + 5, 3);
  call->image = product(sizes, 5);
  call->output = voxels * sizes[4];
  call->field = voxels * 3;
  return true;
}

// warp(sizes, isLinear, fill, image, displacement, y)
napi_value warp(napi_env env, napi_callback_info info) {
  WarpCall call;
  Floats image, displacement, y;
  if (!readWarp(env, info, &call) || !readFloats(env, call.args.values[3], "image", call.image, &image) ||
      !readFloats(env, call.args.values[4], "displacement", call.field, &displacement) ||
      !readFloats(env, call.args.values[5], "y", call.output, &y)) {
    return nullptr;
  }
  call.warp.image = image.data;
  call.warp.displacement = displacement.data;
  call.warp.out = y.data;
  call.table->warp(call.warp);
  return nullptr;
}

// warpImageGradient(sizes, isLinear, fill, displacement, dy, dimage)
napi_value warpImageGradient(napi_env env, napi_callback_info info) {
  WarpCall call;
  Floats displacement, dy, dimage;
  if (!readWarp(env, info, &call) || !readFloats(env, call.args.values[3], "displacement", call.field, &displacement) ||
      !readFloats(env, call.args.values[4], "dy", call.output, &dy) ||
      !readFloats(env, call.args.values[5], "dimage", call.image, &dimage) ||
      !requireScratch(env, ScratchNeed{2 * call.warp.n * (int64_t{call.warp.size[0]} + call.warp.size[2]), 0}, &call.warp.scratch)) {
    return nullptr;
  }
  call.warp.displacement = displacement.data;
  call.warp.dy = dy.data;
  call.warp.out = dimage.data;
  call.table->warp_image_gradient(call.warp);
  return nullptr;
}

// warpDisplacementGradient(sizes, isLinear, fill, image, displacement, dy, ddisplacement)
napi_value warpDisplacementGradient(napi_env env, napi_callback_info info) {
  WarpCall call;
  Floats image, displacement, dy, out;
  if (!readWarp(env, info, &call) || !readFloats(env, call.args.values[3], "image", call.image, &image) ||
      !readFloats(env, call.args.values[4], "displacement", call.field, &displacement) ||
      !readFloats(env, call.args.values[5], "dy", call.output, &dy) ||
      !readFloats(env, call.args.values[6], "ddisplacement", call.field, &out)) {
    return nullptr;
  }
  call.warp.image = image.data;
  call.warp.displacement = displacement.data;
  call.warp.dy = dy.data;
  call.warp.out = out.data;
  call.table->warp_displacement_gradient(call.warp);
  return nullptr;
}

bool readField(napi_env env, napi_value value, int64_t* n, int32_t* size, int64_t* voxels) {
  const int32_t* sizes = nullptr;
  if (!readSizes(env, value, "sizes", 4, &sizes) || !requireIndexable(env, product(sizes + 1, 3))) return false;
  *n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) size[axis] = sizes[1 + axis];
  *voxels = product(sizes, 4);
  return true;
}

// selfCompose(sizes [n, I, J, K], displacement, y)
napi_value selfCompose(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<3> args;
  SelfComposeArgs call{};
  int64_t voxels = 0;
  Floats displacement, y;
  if (table == nullptr || !readArguments(env, info, &args) || !readField(env, args.values[0], &call.n, call.size, &voxels) ||
      !readFloats(env, args.values[1], "displacement", 3 * voxels, &displacement) ||
      !readFloats(env, args.values[2], "y", 3 * voxels, &y)) {
    return nullptr;
  }
  call.displacement = displacement.data;
  call.out = y.data;
  table->self_compose(call);
  return nullptr;
}

// selfComposeGradient(sizes, displacement, dy, ddisplacement)
napi_value selfComposeGradient(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  SelfComposeArgs call{};
  int64_t voxels = 0;
  Floats displacement, dy, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readField(env, args.values[0], &call.n, call.size, &voxels) ||
      !readFloats(env, args.values[1], "displacement", 3 * voxels, &displacement) ||
      !readFloats(env, args.values[2], "dy", 3 * voxels, &dy) || !readFloats(env, args.values[3], "ddisplacement", 3 * voxels, &out) ||
      !requireScratch(env, ScratchNeed{2 * call.n * (int64_t{call.size[0]} + call.size[2]), 0}, &call.scratch)) {
    return nullptr;
  }
  call.displacement = displacement.data;
  call.dy = dy.data;
  call.out = out.data;
  table->self_compose_gradient(call);
  return nullptr;
}

// jacobian(sizes, displacement, determinant)
napi_value jacobian(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<3> args;
  JacobianArgs call{};
  int64_t voxels = 0;
  Floats displacement, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readField(env, args.values[0], &call.n, call.size, &voxels) ||
      !readFloats(env, args.values[1], "displacement", 3 * voxels, &displacement) ||
      !readFloats(env, args.values[2], "determinant", voxels, &out)) {
    return nullptr;
  }
  call.displacement = displacement.data;
  call.out = out.data;
  table->jacobian(call);
  return nullptr;
}

// jacobianGradient(sizes, displacement, dy, ddisplacement)
napi_value jacobianGradient(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  JacobianArgs call{};
  int64_t voxels = 0;
  Floats displacement, dy, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readField(env, args.values[0], &call.n, call.size, &voxels) ||
      !readFloats(env, args.values[1], "displacement", 3 * voxels, &displacement) ||
      !readFloats(env, args.values[2], "dy", voxels, &dy) || !readFloats(env, args.values[3], "ddisplacement", 3 * voxels, &out)) {
    return nullptr;
  }
  call.displacement = displacement.data;
  call.dy = dy.data;
  call.out = out.data;
  table->jacobian_gradient(call);
  return nullptr;
}

// The tables of a rescaling: three axes, one after another.
bool readTables(napi_env env, napi_value* values, RescaleArgs* call) {
  const int64_t outputs = int64_t{call->to_size[0]} + call->to_size[1] + call->to_size[2];
  const int64_t inputs = int64_t{call->from_size[0]} + call->from_size[1] + call->from_size[2];
  Ints lower, begin, end;
  Floats fraction;
  if (!readInts(env, values[0], "lower", outputs, &lower) || !readFloats(env, values[1], "fraction", outputs, &fraction) ||
      !readInts(env, values[2], "begin", inputs, &begin) || !readInts(env, values[3], "end", inputs, &end)) {
    return false;
  }
  int64_t at = 0, from = 0;
  bool is_sound = true;
  for (int axis = 0; axis < 3; ++axis) {
    const int32_t highest = call->from_size[axis] > 1 ? call->from_size[axis] - 2 : 0;
    for (int32_t x = 0; x < call->to_size[axis]; ++x, ++at) is_sound = is_sound && lower.data[at] >= 0 && lower.data[at] <= highest;
    for (int32_t x = 0; x < call->from_size[axis]; ++x, ++from) {
      is_sound = is_sound && begin.data[from] >= 0 && end.data[from] <= call->to_size[axis];
    }
  }
  if (!is_sound) throwError(env, "E_SHAPE", "native: a rescaling must read inside the field.");
  call->lower = lower.data;
  call->fraction = fraction.data;
  call->begin = begin.data;
  call->end = end.data;
  return is_sound;
}

// rescale(sizes [n, I, J, K, C, OI, OJ, OK], factor, lower, fraction, begin, end, isGradient, from, to)
napi_value rescale(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<9> args;
  RescaleArgs call{};
  const int32_t* sizes = nullptr;
  double factor = 0;
  double is_gradient = 0;
  Floats from, to;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 8, &sizes)) return nullptr;
  call.n = sizes[0];
  call.channels = sizes[4];
  for (int axis = 0; axis < 3; ++axis) {
    call.from_size[axis] = sizes[1 + axis];
    call.to_size[axis] = sizes[5 + axis];
  }
  const int64_t field = product(sizes, 5);
  const int64_t output = sizes[0] * sizes[4] * product(sizes + 5, 3);
  if (!readNumber(env, args.values[1], "factor", &factor) || !readTables(env, args.values + 2, &call) ||
      !readNumber(env, args.values[6], "isGradient", &is_gradient) ||
      !readFloats(env, args.values[7], "from", is_gradient != 0 ? output : field, &from) ||
      !readFloats(env, args.values[8], "to", is_gradient != 0 ? field : output, &to)) {
    return nullptr;
  }
  call.from = from.data;
  call.to = to.data;
  call.factor = static_cast<float>(factor);
  const int64_t floats = rescaleWorkerFloats(call.from_size, call.to_size, call.channels, is_gradient != 0);
  if (!requireScratch(env, ScratchNeed{0, floats}, &call.scratch)) return nullptr;
  (is_gradient != 0 ? table->rescale_gradient : table->rescale)(call);
  return nullptr;
}

}  // namespace

bool registerWarp(napi_env env, napi_value exports) {
  return addFunction(env, exports, "warp", warp) && addFunction(env, exports, "warpImageGradient", warpImageGradient) &&
         addFunction(env, exports, "warpDisplacementGradient", warpDisplacementGradient) &&
         addFunction(env, exports, "selfCompose", selfCompose) &&
         addFunction(env, exports, "selfComposeGradient", selfComposeGradient) && addFunction(env, exports, "jacobian", jacobian) &&
         addFunction(env, exports, "jacobianGradient", jacobianGradient) && addFunction(env, exports, "rescale", rescale);
}

}  // namespace hypermorph::bindings
