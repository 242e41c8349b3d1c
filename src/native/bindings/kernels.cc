// The kernels of the list, bound one by one: arguments in, arrays filled.

#include "bindings/call.h"
#include "reference_conv.h"

namespace hypermorph::bindings {
namespace {

#define ENTRY(member, Function, function)
#define KERNEL(member, function, Args)                         \
  napi_value function(napi_env env, napi_callback_info info) { \
    Call call(env, info);                                      \
    Args args{};                                               \
    reading::function(call, args);                             \
    if (call.ok()) call.kernels().member(args);                \
    return nullptr;                                            \
  }
#include "kernels.def"
#undef KERNEL

// A naive twin, for tests: it takes what the kernel takes.
template <typename Args>
napi_value runTwin(napi_env env, napi_callback_info info, void (*read)(Call&, Args&), void (*run)(const Args&)) {
  Call call(env, info);
  Args args{};
  read(call, args);
  if (call.ok()) run(args);
  return nullptr;
}
napi_value convReference(napi_env env, napi_callback_info info) {
  return runTwin(env, info, &reading::conv<Call>, referenceConv);
}
napi_value convInputGradientReference(napi_env env, napi_callback_info info) {
  return runTwin(env, info, &reading::convInputGradient<Call>, referenceConvInputGradient);
}
napi_value convFilterGradientReference(napi_env env, napi_callback_info info) {
  return runTwin(env, info, &reading::convFilterGradient<Call>, referenceConvFilterGradient);
}

}  // namespace

bool registerKernels(napi_env env, napi_value exports) {
#define KERNEL(member, function, Args) \
  if (!addFunction(env, exports, #function, function)) return false;
#include "kernels.def"
#undef KERNEL
#undef ENTRY
  return addFunction(env, exports, "convReference", convReference) &&
         addFunction(env, exports, "convInputGradientReference", convInputGradientReference) &&
         addFunction(env, exports, "convFilterGradientReference", convFilterGradientReference);
}

}  // namespace hypermorph::bindings
