#include "bindings/napi_support.h"

namespace hypermorph::bindings {
namespace {

// leakyRelu(x, y, slope)
napi_value leakyRelu(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<3> args;
  Floats x, y;
  double slope = 0;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "x", 0, &x) ||
      !readFloats(env, args.values[1], "y", x.size, &y) || !readNumber(env, args.values[2], "slope", &slope)) {
    return nullptr;
  }
  table->leaky_relu(LeakyReluArgs{.x = x.data, .y = y.data, .size = x.size, .slope = static_cast<float>(slope)});
  return nullptr;
}

}  // namespace

bool registerElementwise(napi_env env, napi_value exports) { return addFunction(env, exports, "leakyRelu", leakyRelu); }

}  // namespace hypermorph::bindings
