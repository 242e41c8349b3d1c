#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// squaredError(n, fixed, moved, out)
napi_value squaredError(napi_env env, napi_callback_info info) {
  Call call(env, info);
  SquaredErrorArgs args{};
  args.n = static_cast<int64_t>(call.number("n"));
  const Floats fixed = call.floats("fixed", 1);
  args.fixed = fixed.data;
  args.moved = call.floats("moved", fixed.size).data;
  args.out = call.floats("out", args.n).data;
  call.require(args.n >= 1 && fixed.size % args.n == 0, "native: the items of a batch must have one size.");
  if (!call.ok()) return nullptr;
  args.size = fixed.size / args.n;
  const int64_t partials = args.n * ((args.size + kLossChunk - 1) / kLossChunk);
  args.scratch = call.scratch(ScratchNeed{2 * partials, 0});
  if (call.ok()) call.kernels().squared_error(args);
  return nullptr;
}

// scaledDifference(scale [n], a, b, to)
napi_value scaledDifference(napi_env env, napi_callback_info info) {
  Call call(env, info);
  ScaledDifferenceArgs args{};
  const Floats scale = call.floats("scale", 1);
  const Floats a = call.floats("a", 1);
  args.scale = scale.data;
  args.a = a.data;
  args.b = call.floats("b", a.size).data;
  args.to = call.floats("to", a.size).data;
  if (!call.ok()) return nullptr;
  args.n = scale.size;
  args.size = a.size / scale.size;
  call.kernels().scaled_difference(args);
  return nullptr;
}

// smoothness(sizes [n, I, J, K, C], isSquared, three weights, field, dy [n] | null, out): the gradient where dy is
// given.
napi_value smoothness(napi_env env, napi_callback_info info) {
  Call call(env, info);
  SmoothnessArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 5);
  args.n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) args.size[axis] = sizes[1 + axis];
  args.channels = sizes[4];
  args.is_squared = call.flag("isSquared");
  for (double& weight : args.weight) weight = call.number("weight");
  args.field = call.floats("field", product(sizes, 5)).data;
  args.dy = call.optionalFloats("dy", args.n).data;
  const bool is_gradient = args.dy != nullptr;
  args.out = call.floats("out", is_gradient ? product(sizes, 5) : args.n).data;
  args.scratch = call.scratch(ScratchNeed{2 * args.n * args.size[0], 0});
  if (call.ok()) (is_gradient ? call.kernels().smoothness_gradient : call.kernels().smoothness)(args);
  return nullptr;
}

// lncc(sizes [n, I, J, K, three window lengths], epsilon, isSigned, fixed, moved, dy [n] | null, out): the gradient
// where dy is given.
napi_value lncc(napi_env env, napi_callback_info info) {
  Call call(env, info);
  LnccArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 7);
  const int64_t voxels = product(sizes, 4);
  args.n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[1 + axis];
    args.before[axis] = (sizes[4 + axis] - 1) / 2;
    args.after[axis] = sizes[4 + axis] - 1 - args.before[axis];
  }
  args.epsilon = static_cast<float>(call.number("epsilon"));
  args.is_signed = call.flag("isSigned");
  args.fixed = call.floats("fixed", voxels).data;
  args.moved = call.floats("moved", voxels).data;
  args.dy = call.optionalFloats("dy", args.n).data;
  const bool is_gradient = args.dy != nullptr;
  args.out = call.floats("out", is_gradient ? voxels : args.n).data;
  if (!call.ok()) return nullptr;
  args.scratch = call.scratch(call.kernels().lncc_plan(args, is_gradient));
  if (call.ok()) (is_gradient ? call.kernels().lncc_gradient : call.kernels().lncc)(args);
  return nullptr;
}

}  // namespace

bool registerLosses(napi_env env, napi_value exports) {
  return addFunction(env, exports, "squaredError", squaredError) &&
         addFunction(env, exports, "scaledDifference", scaledDifference) &&
         addFunction(env, exports, "smoothness", smoothness) && addFunction(env, exports, "lncc", lncc);
}

}  // namespace hypermorph::bindings
