#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

// dense(sizes [n, inputs, outputs], slope, x, kernel, bias | null, y)
napi_value dense(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<6> args;
  const int32_t* sizes = nullptr;
  double slope = 0;
  Floats x, kernel, bias, y;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 3, &sizes)) return nullptr;
  const int64_t n = sizes[0], inputs = sizes[1], outputs = sizes[2];
  if (!readNumber(env, args.values[1], "slope", &slope) || !readFloats(env, args.values[2], "x", n * inputs, &x) ||
      !readFloats(env, args.values[3], "kernel", inputs * outputs, &kernel) ||
      !readOptionalFloats(env, args.values[4], "bias", outputs, &bias) || !readFloats(env, args.values[5], "y", n * outputs, &y)) {
    return nullptr;
  }
  table->dense(DenseArgs{.x = x.data, .kernel = kernel.data, .bias = bias.data, .y = y.data, .n = n, .inputs = inputs,
                         .outputs = outputs, .slope = static_cast<float>(slope)});
  return nullptr;
}

// denseGradient(sizes, slope, x, kernel, y, dy, dx | null, dkernel | null, dbias | null)
napi_value denseGradient(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<9> args;
  const int32_t* sizes = nullptr;
  double slope = 0;
  Floats x, kernel, y, dy, dx, dkernel, dbias;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 3, &sizes)) return nullptr;
  const int64_t n = sizes[0], inputs = sizes[1], outputs = sizes[2];
  DenseGradientArgs call{};
  if (!readNumber(env, args.values[1], "slope", &slope) || !readFloats(env, args.values[2], "x", n * inputs, &x) ||
      !readFloats(env, args.values[3], "kernel", inputs * outputs, &kernel) || !readFloats(env, args.values[4], "y", n * outputs, &y) ||
      !readFloats(env, args.values[5], "dy", n * outputs, &dy) || !readOptionalFloats(env, args.values[6], "dx", n * inputs, &dx) ||
      !readOptionalFloats(env, args.values[7], "dkernel", inputs * outputs, &dkernel) ||
      !readOptionalFloats(env, args.values[8], "dbias", outputs, &dbias) ||
      !requireScratch(env, ScratchNeed{n * outputs, 0}, &call.scratch)) {
    return nullptr;
  }
  call.x = x.data;
  call.kernel = kernel.data;
  call.y = y.data;
  call.dy = dy.data;
  call.dx = dx.data;
  call.dkernel = dkernel.data;
  call.dbias = dbias.data;
  call.n = n;
  call.inputs = inputs;
  call.outputs = outputs;
  call.slope = static_cast<float>(slope);
  table->dense_gradient(call);
  return nullptr;
}

// adam(constants [rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon], weight, first, second, gradient, newWeight, newFirst, newSecond)
napi_value adam(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  Floats constants;
  Floats arrays[7];
  static const char* const kNames[7] = {"weight", "first", "second", "gradient", "newWeight", "newFirst", "newSecond"};
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "constants", 6, &constants)) {
    return nullptr;
  }
  for (int x = 0; x < 7; ++x) {
    if (!readFloats(env, args.values[1 + x], kNames[x], x == 0 ? 0 : arrays[0].size, &arrays[x])) return nullptr;
  }
  table->adam(AdamArgs{.weight = arrays[0].data, .first = arrays[1].data, .second = arrays[2].data, .gradient = arrays[3].data,
                       .new_weight = arrays[4].data, .new_first = arrays[5].data, .new_second = arrays[6].data,
                       .size = arrays[0].size, .rate = constants.data[0], .beta1 = constants.data[1], .rest1 = constants.data[2],
                       .beta2 = constants.data[3], .rest2 = constants.data[4], .epsilon = constants.data[5]});
  return nullptr;
}

}  // namespace

bool registerDense(napi_env env, napi_value exports) {
  return addFunction(env, exports, "dense", dense) && addFunction(env, exports, "denseGradient", denseGradient) &&
         addFunction(env, exports, "adam", adam);
}

}  // namespace hypermorph::bindings
