#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

constexpr int kPoolSizes = 8;  // n, I, J, K, C, three window lengths

struct PoolCall {
  const KernelTable* table = nullptr;
  PoolArgs pool{};
  int64_t fine = 0, coarse = 0;  // elements
  Arguments<5> args;
};

bool readPool(napi_env env, napi_callback_info info, PoolCall* call) {
  call->table = requireKernels(env);
  const int32_t* sizes = nullptr;
  if (call->table == nullptr || !readArguments(env, info, &call->args) ||
      !readSizes(env, call->args.values[0], "sizes", kPoolSizes, &sizes)) {
    return false;
  }
  call->pool.n = sizes[0];
  call->pool.channels = sizes[4];
  call->fine = product(sizes, 5);
  call->coarse = int64_t{sizes[0]} * sizes[4];
  for (int axis = 0; axis < 3; ++axis) {
    call->pool.size[axis] = sizes[1 + axis];
    call->pool.window[axis] = sizes[5 + axis];
    call->coarse *= sizes[1 + axis] / sizes[5 + axis];
  }
  return true;
}

// maxPool(sizes, fine, out)
napi_value maxPool(napi_env env, napi_callback_info info) {
  PoolCall call;
  Floats fine, out;
  if (!readPool(env, info, &call) || !readFloats(env, call.args.values[1], "x", call.fine, &fine) ||
      !readFloats(env, call.args.values[2], "y", call.coarse, &out)) {
    return nullptr;
  }
  call.pool.fine = fine.data;
  call.pool.out = out.data;
  call.table->max_pool(call.pool);
  return nullptr;
}

// maxPoolGradient(sizes, x, y, dy, dx)
napi_value maxPoolGradient(napi_env env, napi_callback_info info) {
  PoolCall call;
  Floats x, y, dy, dx;
  if (!readPool(env, info, &call) || !readFloats(env, call.args.values[1], "x", call.fine, &x) ||
      !readFloats(env, call.args.values[2], "y", call.coarse, &y) || !readFloats(env, call.args.values[3], "dy", call.coarse, &dy) ||
      !readFloats(env, call.args.values[4], "dx", call.fine, &dx)) {
    return nullptr;
  }
  call.pool.fine = x.data;
  call.pool.coarse = y.data;
  call.pool.dcoarse = dy.data;
  call.pool.out = dx.data;
  call.table->max_pool_gradient(call.pool);
  return nullptr;
}

bool requireWholeWindows(napi_env env, const PoolArgs& pool) {
  for (int axis = 0; axis < 3; ++axis) {
    if (pool.size[axis] % pool.window[axis] == 0) continue;
    throwError(env, "E_SHAPE", "native: up-sampled sizes must be multiples of the factors.");
    return false;
  }
  return true;
}

// upsample(sizes, coarse, fine): sizes are those of the result.
napi_value upsample(napi_env env, napi_callback_info info) {
  PoolCall call;
  Floats coarse, fine;
  if (!readPool(env, info, &call) || !requireWholeWindows(env, call.pool) ||
      !readFloats(env, call.args.values[1], "x", call.coarse, &coarse) || !readFloats(env, call.args.values[2], "y", call.fine, &fine)) {
    return nullptr;
  }
  call.pool.coarse = coarse.data;
  call.pool.out = fine.data;
  call.table->upsample(call.pool);
  return nullptr;
}

// upsampleGradient(sizes, dfine, dcoarse)
napi_value upsampleGradient(napi_env env, napi_callback_info info) {
  PoolCall call;
  Floats fine, coarse;
  if (!readPool(env, info, &call) || !requireWholeWindows(env, call.pool) ||
      !readFloats(env, call.args.values[1], "dy", call.fine, &fine) || !readFloats(env, call.args.values[2], "dx", call.coarse, &coarse)) {
    return nullptr;
  }
  call.pool.dcoarse = fine.data;
  call.pool.out = coarse.data;
  call.table->upsample_gradient(call.pool);
  return nullptr;
}

}  // namespace

bool registerPool(napi_env env, napi_value exports) {
  return addFunction(env, exports, "maxPool", maxPool) && addFunction(env, exports, "maxPoolGradient", maxPoolGradient) &&
         addFunction(env, exports, "upsample", upsample) && addFunction(env, exports, "upsampleGradient", upsampleGradient);
}

}  // namespace hypermorph::bindings
