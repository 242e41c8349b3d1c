#include "bindings/napi_support.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace hypermorph::bindings {
namespace {

bool readTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, void** data, int64_t* size) {
  bool is_array = false;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return false;
  napi_typedarray_type type;
  size_t length = 0;
  if (napi_get_typedarray_info(env, value, &type, &length, data, nullptr, nullptr) != napi_ok || type != wanted)
    return false;
  *size = static_cast<int64_t>(length);
  return true;
}

bool requireLength(napi_env env, const char* name, int64_t size, int64_t required) {
  if (size >= required) return true;
  throwFormatted(env, "E_SHAPE", "native: %s must have at least %lld elements, got %lld.", name,
                 static_cast<long long>(required), static_cast<long long>(size));
  return false;
}

struct WantedArray {
  napi_typedarray_type type;
  const char* type_name;
  const char* name;
  int64_t required;
};

template <typename Array>
bool readAtLeast(napi_env env, napi_value value, const WantedArray& wanted, Array* array) {
  void* data = nullptr;
  int64_t size = 0;
  if (!readTypedArray(env, value, wanted.type, &data, &size)) {
    throwFormatted(env, "E_SHAPE", "native: %s must be a %s.", wanted.name, wanted.type_name);
    return false;
  }
  if (!requireLength(env, wanted.name, size, wanted.required)) return false;
  *array = Array{static_cast<decltype(array->data)>(data), size};
  return true;
}

}  // namespace

void throwError(napi_env env, const char* code, const char* message) { napi_throw_error(env, code, message); }

void throwFormatted(napi_env env, const char* code, const char* format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  napi_throw_error(env, code, message);
}

bool readArguments(napi_env env, napi_callback_info info, int count, napi_value* values) {
  size_t given = static_cast<size_t>(count);
  if (napi_get_cb_info(env, info, &given, values, nullptr, nullptr) == napi_ok) return true;
  throwError(env, "E_SHAPE", "native: the arguments could not be read.");
  return false;
}

bool readFloats(napi_env env, napi_value value, const char* name, int64_t required, Floats* floats) {
  return readAtLeast(env, value, {napi_float32_array, "Float32Array", name, required}, floats);
}

bool readShorts(napi_env env, napi_value value, const char* name, int64_t required, Shorts* shorts) {
  return readAtLeast(env, value, {napi_uint16_array, "Uint16Array", name, required}, shorts);
}

bool readElements(napi_env env, napi_value value, const char* name, int64_t required, Elements* elements) {
  bool is_array = false;
  size_t length = 0;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &elements->type, &length, &elements->data, nullptr, nullptr) != napi_ok) {
    throwFormatted(env, "E_SHAPE", "native: %s must be a typed array.", name);
    return false;
  }
  elements->size = static_cast<int64_t>(length);
  const bool is_byte = elements->type == napi_int8_array || elements->type == napi_uint8_array;
  const bool is_short = elements->type == napi_int16_array || elements->type == napi_uint16_array;
  elements->bytes = is_byte ? 1 : is_short ? 2 : elements->type == napi_float64_array ? 8 : 4;
  return requireLength(env, name, elements->size, required);
}

bool readOptionalFloats(napi_env env, napi_value value, const char* name, int64_t required, Floats* floats) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type == napi_undefined || type == napi_null) {
    *floats = Floats{};
    return true;
  }
  return readFloats(env, value, name, required, floats);
}

bool readFloatsList(napi_env env, napi_value value, const char* name, int most, Floats* entries, int* count) {
  uint32_t length = 0;
  if (napi_get_array_length(env, value, &length) != napi_ok || length < 1 || length > static_cast<uint32_t>(most)) {
    throwFormatted(env, "E_SHAPE", "native: %s must be an array of 1 to %d arrays.", name, most);
    return false;
  }
  for (uint32_t n = 0; n < length; ++n) {
    napi_value entry = nullptr;
    if (napi_get_element(env, value, n, &entry) != napi_ok) return false;
    if (!readOptionalFloats(env, entry, name, 0, entries + n)) return false;
  }
  *count = static_cast<int>(length);
  return true;
}

bool readInts(napi_env env, napi_value value, const char* name, int64_t required, Ints* ints) {
  void* data = nullptr;
  int64_t size = 0;
  if (!readTypedArray(env, value, napi_int32_array, &data, &size) || size != required) {
    throwFormatted(env, "E_SHAPE", "native: %s must be an Int32Array of %lld elements.", name,
                   static_cast<long long>(required));
    return false;
  }
  *ints = Ints{static_cast<const int32_t*>(data), size};
  return true;
}

bool readDoubles(napi_env env, napi_value value, const char* name, int64_t required, double** doubles) {
  void* data = nullptr;
  int64_t size = 0;
  if (!readTypedArray(env, value, napi_float64_array, &data, &size) || size < required) {
    throwFormatted(env, "E_SHAPE", "native: %s must be a Float64Array of at least %lld elements.", name,
                   static_cast<long long>(required));
    return false;
  }
  *doubles = static_cast<double*>(data);
  return true;
}

bool readNumber(napi_env env, napi_value value, const char* name, double* number) {
  if (napi_get_value_double(env, value, number) == napi_ok) return true;
  throwFormatted(env, "E_SHAPE", "native: %s must be a number.", name);
  return false;
}

const KernelTable* requireKernels(napi_env env) {
  const KernelTable* const table = kernels();
  if (table == nullptr) {
    const char* const forced = std::getenv("HYPERMORPH_FORCE_ISA");
    throwFormatted(env, "E_ENGINE",
                   "native: HYPERMORPH_FORCE_ISA must name an instruction set this processor has, got %s.",
                   forced == nullptr ? "nothing" : forced);
  }
  return table;
}

bool requireScratch(napi_env env, const ScratchNeed& need, Scratch* scratch) {
  if (provideScratch(need, scratch)) return true;
  throwFormatted(env, "E_MEMORY", "native: %lld MiB of working memory are not available.",
                 static_cast<long long>((need.shared_floats + need.per_worker_floats) >> 18));
  return false;
}

bool addFunction(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) == napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}

}  // namespace hypermorph::bindings
