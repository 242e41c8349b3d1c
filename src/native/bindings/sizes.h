#pragma once

#include "bindings/napi_support.h"
#include "sizes.h"

namespace hypermorph::bindings {

// An Int32Array of exactly `count` positive numbers.
inline bool readSizes(napi_env env, napi_value value, const char* name, int64_t count, const int32_t** sizes) {
  Ints ints;
  if (!readInts(env, value, name, count, &ints)) return false;
  for (int64_t x = 0; x < count; ++x) {
    if (ints.data[x] >= 1) continue;
    throwFormatted(env, "E_SHAPE", "native: every entry of %s must be positive, got %d.", name, ints.data[x]);
    return false;
  }
  *sizes = ints.data;
  return true;
}

}  // namespace hypermorph::bindings
