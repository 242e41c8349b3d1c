#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// A call whose first argument is sizes [n, I, J, K, C, three window lengths].
struct PoolCall : Call {
  PoolArgs pool{};
  int64_t fine = 0, coarse = 0;  // elements

  PoolCall(napi_env env, napi_callback_info info) : Call(env, info) {
    const int32_t* const all = sizes("sizes", 8);
    pool.n = all[0];
    pool.channels = all[4];
    fine = product(all, 5);
    coarse = int64_t{all[0]} * all[4];
    for (int axis = 0; axis < 3; ++axis) {
      pool.size[axis] = all[1 + axis];
      pool.window[axis] = all[5 + axis];
      coarse *= all[1 + axis] / all[5 + axis];
    }
  }

  void requireWholeWindows() {
    for (int axis = 0; axis < 3; ++axis) {
      require(pool.size[axis] % pool.window[axis] == 0, "native: up-sampled sizes must be multiples of the factors.");
    }
  }
};

// maxPool(sizes, x, y)
napi_value maxPool(napi_env env, napi_callback_info info) {
  PoolCall call(env, info);
  call.pool.fine = call.floats("x", call.fine).data;
  call.pool.out = call.floats("y", call.coarse).data;
  if (call.ok()) call.kernels().max_pool(call.pool);
  return nullptr;
}

// maxPoolGradient(sizes, x, y, dy, dx)
napi_value maxPoolGradient(napi_env env, napi_callback_info info) {
  PoolCall call(env, info);
  call.pool.fine = call.floats("x", call.fine).data;
  call.pool.coarse = call.floats("y", call.coarse).data;
  call.pool.dcoarse = call.floats("dy", call.coarse).data;
  call.pool.out = call.floats("dx", call.fine).data;
  if (call.ok()) call.kernels().max_pool_gradient(call.pool);
  return nullptr;
}

// upsample(sizes, x, y): sizes are those of the result.
napi_value upsample(napi_env env, napi_callback_info info) {
  PoolCall call(env, info);
  call.requireWholeWindows();
  call.pool.coarse = call.floats("x", call.coarse).data;
  call.pool.out = call.floats("y", call.fine).data;
  if (call.ok()) call.kernels().upsample(call.pool);
  return nullptr;
}

// upsampleGradient(sizes, dy, dx)
napi_value upsampleGradient(napi_env env, napi_callback_info info) {
  PoolCall call(env, info);
  call.requireWholeWindows();
  call.pool.dcoarse = call.floats("dy", call.fine).data;
  call.pool.out = call.floats("dx", call.coarse).data;
  if (call.ok()) call.kernels().upsample_gradient(call.pool);
  return nullptr;
}

}  // namespace

bool registerPool(napi_env env, napi_value exports) {
  return addFunction(env, exports, "maxPool", maxPool) &&
         addFunction(env, exports, "maxPoolGradient", maxPoolGradient) &&
         addFunction(env, exports, "upsample", upsample) &&
         addFunction(env, exports, "upsampleGradient", upsampleGradient);
}

}  // namespace hypermorph::bindings
