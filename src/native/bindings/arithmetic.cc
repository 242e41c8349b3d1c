#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

// binary(operation: 0 add, 1 subtract, 2 multiply, a, b, y)
napi_value binary(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  double operation = 0;
  Floats a, b, y;
  if (table == nullptr || !readArguments(env, info, &args) || !readNumber(env, args.values[0], "operation", &operation) ||
      !readFloats(env, args.values[1], "a", 0, &a) || !readFloats(env, args.values[2], "b", a.size, &b) ||
      !readFloats(env, args.values[3], "y", a.size, &y)) {
    return nullptr;
  }
  table->binary(BinaryArgs{.a = a.data, .b = b.data, .y = y.data, .size = a.size, .operation = static_cast<int32_t>(operation)});
  return nullptr;
}

// linear(factor, term, x, y)
napi_value linear(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  double factor = 0;
  double term = 0;
  Floats x, y;
  if (table == nullptr || !readArguments(env, info, &args) || !readNumber(env, args.values[0], "factor", &factor) ||
      !readNumber(env, args.values[1], "term", &term) || !readFloats(env, args.values[2], "x", 0, &x) ||
      !readFloats(env, args.values[3], "y", x.size, &y)) {
    return nullptr;
  }
  table->linear(LinearArgs{
      .x = x.data, .y = y.data, .size = x.size, .factor = static_cast<float>(factor), .term = static_cast<float>(term)});
  return nullptr;
}

// join(sizes [rows, aWidth, bWidth], a, b, y)
napi_value join(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  const int32_t* sizes = nullptr;
  Floats a, b, y;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 3, &sizes)) return nullptr;
  const int64_t rows = sizes[0], a_width = sizes[1], b_width = sizes[2];
  if (!readFloats(env, args.values[1], "a", rows * a_width, &a) || !readFloats(env, args.values[2], "b", rows * b_width, &b) ||
      !readFloats(env, args.values[3], "y", rows * (a_width + b_width), &y)) {
    return nullptr;
  }
  table->join(JoinArgs{.a = a.data, .b = b.data, .y = y.data, .rows = rows, .a_width = a_width, .b_width = b_width});
  return nullptr;
}

}  // namespace

bool registerArithmetic(napi_env env, napi_value exports) {
  return addFunction(env, exports, "binary", binary) && addFunction(env, exports, "linear", linear) &&
         addFunction(env, exports, "join", join);
}

}  // namespace hypermorph::bindings
