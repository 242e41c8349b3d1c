// The Node-API module: collects the functions of bindings/. Typed arrays in, typed arrays filled; no loops over data
// here.

#include "bindings/napi_support.h"

namespace {

napi_value initialise(napi_env env, napi_value exports) {
  using namespace hypermorph::bindings;
  const bool complete = registerEngine(env, exports) && registerKernels(env, exports) && registerSignals(env, exports);
  if (!complete) throwError(env, "E_ENGINE", "native: the addon's functions could not be registered.");
  return exports;
}

}  // namespace

NAPI_MODULE(hypermorph, initialise)
