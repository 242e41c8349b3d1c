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

// copyBox(rank, sizes [shape of from, of to, of the box, its begin in from, in to], from, to): `to` keeps what lies outside the box.
napi_value copyBox(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  BoxArgs call{};
  double rank = 0;
  Ints sizes;
  Floats from, to;
  if (table == nullptr || !readArguments(env, info, &args) || !readNumber(env, args.values[0], "rank", &rank)) return nullptr;
  if (!(rank >= 2 && rank <= kBoxRank)) {
    throwFormatted(env, "E_SHAPE", "native: the rank of a box must be 2 to %d, got %g.", kBoxRank, rank);
    return nullptr;
  }
  call.rank = static_cast<int32_t>(rank);
  if (!readInts(env, args.values[1], "sizes", 5 * call.rank, &sizes)) return nullptr;
  call.from_shape = sizes.data;
  call.to_shape = sizes.data + call.rank;
  call.box = sizes.data + 2 * call.rank;
  call.from_begin = sizes.data + 3 * call.rank;
  call.to_begin = sizes.data + 4 * call.rank;
  for (int32_t axis = 0; axis < call.rank; ++axis) {
    const int64_t length = call.box[axis], first_from = call.from_begin[axis], first_to = call.to_begin[axis];
    if (length >= 1 && first_from >= 0 && first_to >= 0 && first_from + length <= call.from_shape[axis] &&
        first_to + length <= call.to_shape[axis]) {
      continue;
    }
    throwFormatted(env, "E_SHAPE", "native: a box must lie within both arrays, but does not along axis %d.", axis);
    return nullptr;
  }
  if (!readFloats(env, args.values[2], "from", product(call.from_shape, call.rank), &from) ||
      !readFloats(env, args.values[3], "to", product(call.to_shape, call.rank), &to)) {
    return nullptr;
  }
  call.from = from.data;
  call.to = to.data;
  table->copy_box(call);
  return nullptr;
}

}  // namespace

bool registerArithmetic(napi_env env, napi_value exports) {
  return addFunction(env, exports, "binary", binary) && addFunction(env, exports, "linear", linear) &&
         addFunction(env, exports, "join", join) && addFunction(env, exports, "copyBox", copyBox);
}

}  // namespace hypermorph::bindings
