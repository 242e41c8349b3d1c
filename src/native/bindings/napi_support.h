#pragma once

#include <node_api.h>

#include <cstdint>

#include "dispatch.h"
#include "scratch.h"

// Small helpers between JavaScript values and kernels. After a helper returned false (or nullptr) a JavaScript error is
// pending and the binding returns nullptr at once.
namespace hypermorph::bindings {

void throwError(napi_env env, const char* code, const char* message);
void throwFormatted(napi_env env, const char* code, const char* format, ...) __attribute__((format(printf, 3, 4)));

// The arguments of a call; missing ones are undefined.
template <int kCount>
struct Arguments {
  napi_value values[kCount];
};
bool readArguments(napi_env env, napi_callback_info info, int count, napi_value* values);

template <int kCount>
bool readArguments(napi_env env, napi_callback_info info, Arguments<kCount>* arguments) {
  return readArguments(env, info, kCount, arguments->values);
}

struct Floats {
  float* data = nullptr;
  int64_t size = 0;
};
struct Ints {
  const int32_t* data = nullptr;
  int64_t size = 0;
};
struct Shorts {
  uint16_t* data = nullptr;
  int64_t size = 0;
};

// The data of a typed array of any type.
struct Elements {
  void* data = nullptr;
  int64_t size = 0;
  int32_t bytes = 0;  // of one element
  napi_typedarray_type type = napi_uint8_array;

  bool isFloat() const { return type == napi_float32_array; }
  bool isUint32() const { return type == napi_uint32_array; }
};

// A Float32Array with at least `required` elements.
bool readFloats(napi_env env, napi_value value, const char* name, int64_t required, Floats* floats);
// The same, or null/undefined: data is nullptr then.
bool readOptionalFloats(napi_env env, napi_value value, const char* name, int64_t required, Floats* floats);
// An array of one to `most` Float32Arrays; an entry may be null: data is nullptr then.
bool readFloatsList(napi_env env, napi_value value, const char* name, int most, Floats* entries, int* count);
// A Uint16Array with at least `required` elements.
bool readShorts(napi_env env, napi_value value, const char* name, int64_t required, Shorts* shorts);
// A typed array of any type with at least `required` elements.
bool readElements(napi_env env, napi_value value, const char* name, int64_t required, Elements* elements);
// An Int32Array with exactly `required` elements.
bool readInts(napi_env env, napi_value value, const char* name, int64_t required, Ints* ints);
// A Float64Array with at least `required` elements.
bool readDoubles(napi_env env, napi_value value, const char* name, int64_t required, double** doubles);
bool readNumber(napi_env env, napi_value value, const char* name, double* number);

// The kernels in use; throws when HYPERMORPH_FORCE_ISA asks for a set that cannot run here.
const KernelTable* requireKernels(napi_env env);
bool requireScratch(napi_env env, const ScratchNeed& need, Scratch* scratch);

bool addFunction(napi_env env, napi_value exports, const char* name, napi_callback function);

// One per file in bindings/.
bool registerEngine(napi_env env, napi_value exports);
bool registerKernels(napi_env env, napi_value exports);
bool registerSignals(napi_env env, napi_value exports);

}  // namespace hypermorph::bindings
