// The kernels of the list, bound one by one: arguments in, arrays filled.

#include "bindings/call.h"

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

}  // namespace

bool registerKernels(napi_env env, napi_value exports) {
#define KERNEL(member, function, Args) \
  if (!addFunction(env, exports, #function, function)) return false;
#include "kernels.def"
#undef KERNEL
#undef ENTRY
  return true;
}

}  // namespace hypermorph::bindings
