#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

// squaredError(n, fixed, moved, out)
napi_value squaredError(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  SquaredErrorArgs call{};
  double n = 0;
  Floats fixed, moved, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readNumber(env, args.values[0], "n", &n) ||
      !readFloats(env, args.values[1], "fixed", 1, &fixed) || !readFloats(env, args.values[2], "moved", fixed.size, &moved) ||
      !readFloats(env, args.values[3], "out", static_cast<int64_t>(n), &out)) {
    return nullptr;
  }
  call.n = static_cast<int64_t>(n);
  if (call.n < 1 || fixed.size % call.n != 0) {
    throwError(env, "E_SHAPE", "native: the items of a batch must have one size.");
    return nullptr;
  }
  call.size = fixed.size / call.n;
  call.fixed = fixed.data;
  call.moved = moved.data;
  call.out = out.data;
  const int64_t partials = call.n * ((call.size + kLossChunk - 1) / kLossChunk);
  if (requireScratch(env, ScratchNeed{2 * partials, 0}, &call.scratch)) table->squared_error(call);
  return nullptr;
}

// scaledDifference(scale [n], a, b, to)
napi_value scaledDifference(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  Floats scale, a, b, to;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "scale", 1, &scale) ||
      !readFloats(env, args.values[1], "a", 1, &a) || !readFloats(env, args.values[2], "b", a.size, &b) ||
      !readFloats(env, args.values[3], "to", a.size, &to)) {
    return nullptr;
  }
  table->scaled_difference(ScaledDifferenceArgs{
      .a = a.data, .b = b.data, .scale = scale.data, .n = scale.size, .size = a.size / scale.size, .to = to.data});
  return nullptr;
}

// smoothness(sizes [n, I, J, K, C], isSquared, three weights, field, dy [n] | null, out): the gradient where dy is given.
napi_value smoothness(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  SmoothnessArgs call{};
  const int32_t* sizes = nullptr;
  double is_squared = 0;
  Floats field, dy, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 5, &sizes) ||
      !readNumber(env, args.values[1], "isSquared", &is_squared) || !readNumber(env, args.values[2], "weight", &call.weight[0]) ||
      !readNumber(env, args.values[3], "weight", &call.weight[1]) || !readNumber(env, args.values[4], "weight", &call.weight[2]) ||
      !readFloats(env, args.values[5], "field", product(sizes, 5), &field) ||
      !readOptionalFloats(env, args.values[6], "dy", sizes[0], &dy) ||
      !readFloats(env, args.values[7], "out", dy.data == nullptr ? sizes[0] : field.size, &out)) {
    return nullptr;
  }
  call.n = sizes[0];
  call.channels = sizes[4];
  for (int axis = 0; axis < 3; ++axis) call.size[axis] = sizes[1 + axis];
  call.field = field.data;
  call.dy = dy.data;
  call.out = out.data;
  call.is_squared = is_squared != 0;
  if (!requireScratch(env, ScratchNeed{2 * call.n * call.size[0], 0}, &call.scratch)) return nullptr;
  (dy.data == nullptr ? table->smoothness : table->smoothness_gradient)(call);
  return nullptr;
}

// lncc(sizes [n, I, J, K, three window lengths], epsilon, isSigned, fixed, moved, dy [n] | null, out): the gradient where dy is given.
napi_value lncc(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<7> args;
  LnccArgs call{};
  const int32_t* sizes = nullptr;
  double epsilon = 0;
  double is_signed = 0;
  Floats fixed, moved, dy, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 7, &sizes)) return nullptr;
  const int64_t voxels = product(sizes, 4);
  if (!readNumber(env, args.values[1], "epsilon", &epsilon) || !readNumber(env, args.values[2], "isSigned", &is_signed) ||
      !readFloats(env, args.values[3], "fixed", voxels, &fixed) || !readFloats(env, args.values[4], "moved", voxels, &moved) ||
      !readOptionalFloats(env, args.values[5], "dy", sizes[0], &dy) ||
      !readFloats(env, args.values[6], "out", dy.data == nullptr ? sizes[0] : voxels, &out)) {
    return nullptr;
  }
  call.n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) {
    call.size[axis] = sizes[1 + axis];
    call.before[axis] = (sizes[4 + axis] - 1) / 2;
    call.after[axis] = sizes[4 + axis] - 1 - call.before[axis];
  }
  call.epsilon = static_cast<float>(epsilon);
  call.is_signed = is_signed != 0;
  call.fixed = fixed.data;
  call.moved = moved.data;
  call.dy = dy.data;
  call.out = out.data;
  const bool is_gradient = dy.data != nullptr;
  if (!requireScratch(env, table->lncc_plan(call, is_gradient), &call.scratch)) return nullptr;
  (is_gradient ? table->lncc_gradient : table->lncc)(call);
  return nullptr;
}

}  // namespace

bool registerLosses(napi_env env, napi_value exports) {
  return addFunction(env, exports, "squaredError", squaredError) && addFunction(env, exports, "scaledDifference", scaledDifference) &&
         addFunction(env, exports, "smoothness", smoothness) && addFunction(env, exports, "lncc", lncc);
}

}  // namespace hypermorph::bindings
