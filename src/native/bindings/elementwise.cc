#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// leakyRelu(x, y, slope)
napi_value leakyRelu(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Floats x = call.floats("x", 0);
  const Floats y = call.floats("y", x.size);
  const double slope = call.number("slope");
  if (call.ok())
    call.kernels().leaky_relu(
        LeakyReluArgs{.x = x.data, .y = y.data, .size = x.size, .slope = static_cast<float>(slope)});
  return nullptr;
}

}  // namespace

bool registerElementwise(napi_env env, napi_value exports) { return addFunction(env, exports, "leakyRelu", leakyRelu); }

}  // namespace hypermorph::bindings
