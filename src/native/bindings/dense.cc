#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// dense(sizes [n, inputs, outputs], slope, x, kernel, bias | null, y)
napi_value dense(napi_env env, napi_callback_info info) {
  Call call(env, info);
  DenseArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.n = sizes[0];
  args.inputs = sizes[1];
  args.outputs = sizes[2];
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", args.n * args.inputs).data;
  args.kernel = call.floats("kernel", args.inputs * args.outputs).data;
  args.bias = call.optionalFloats("bias", args.outputs).data;
  args.y = call.floats("y", args.n * args.outputs).data;
  if (call.ok()) call.kernels().dense(args);
  return nullptr;
}

// denseGradient(sizes, slope, x, kernel, y, dy, dx | null, dkernel | null, dbias | null)
napi_value denseGradient(napi_env env, napi_callback_info info) {
  Call call(env, info);
  DenseGradientArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.n = sizes[0];
  args.inputs = sizes[1];
  args.outputs = sizes[2];
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", args.n * args.inputs).data;
  args.kernel = call.floats("kernel", args.inputs * args.outputs).data;
  args.y = call.floats("y", args.n * args.outputs).data;
  args.dy = call.floats("dy", args.n * args.outputs).data;
  args.dx = call.optionalFloats("dx", args.n * args.inputs).data;
  args.dkernel = call.optionalFloats("dkernel", args.inputs * args.outputs).data;
  args.dbias = call.optionalFloats("dbias", args.outputs).data;
  args.scratch = call.scratch(ScratchNeed{args.n * args.outputs, 0});
  if (call.ok()) call.kernels().dense_gradient(args);
  return nullptr;
}

// adam(constants [rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon], weight, first, second, gradient, newWeight,
// newFirst, newSecond)
napi_value adam(napi_env env, napi_callback_info info) {
  Call call(env, info);
  AdamArgs args{};
  const Floats constants = call.floats("constants", 6);
  const Floats weight = call.floats("weight", 0);
  args.weight = weight.data;
  args.size = weight.size;
  args.first = call.floats("first", args.size).data;
  args.second = call.floats("second", args.size).data;
  args.gradient = call.floats("gradient", args.size).data;
  args.new_weight = call.floats("newWeight", args.size).data;
  args.new_first = call.floats("newFirst", args.size).data;
  args.new_second = call.floats("newSecond", args.size).data;
  if (!call.ok()) return nullptr;
  args.rate = constants.data[0];
  args.beta1 = constants.data[1];
  args.rest1 = constants.data[2];
  args.beta2 = constants.data[3];
  args.rest2 = constants.data[4];
  args.epsilon = constants.data[5];
  call.kernels().adam(args);
  return nullptr;
}

}  // namespace

bool registerDense(napi_env env, napi_value exports) {
  return addFunction(env, exports, "dense", dense) && addFunction(env, exports, "denseGradient", denseGradient) &&
         addFunction(env, exports, "adam", adam);
}

}  // namespace hypermorph::bindings
