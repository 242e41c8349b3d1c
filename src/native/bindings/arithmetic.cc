#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// binary(operation: 0 add, 1 subtract, 2 multiply, a, b, y)
napi_value binary(napi_env env, napi_callback_info info) {
  Call call(env, info);
  BinaryArgs args{};
  args.operation = static_cast<int32_t>(call.number("operation"));
  const Floats a = call.floats("a", 0);
  args.a = a.data;
  args.size = a.size;
  args.b = call.floats("b", a.size).data;
  args.y = call.floats("y", a.size).data;
  if (call.ok()) call.kernels().binary(args);
  return nullptr;
}

// linear(factor, term, x, y)
napi_value linear(napi_env env, napi_callback_info info) {
  Call call(env, info);
  LinearArgs args{};
  args.factor = static_cast<float>(call.number("factor"));
  args.term = static_cast<float>(call.number("term"));
  const Floats x = call.floats("x", 0);
  args.x = x.data;
  args.size = x.size;
  args.y = call.floats("y", x.size).data;
  if (call.ok()) call.kernels().linear(args);
  return nullptr;
}

// join(sizes [rows, width of a, width of b], a, b, y)
napi_value join(napi_env env, napi_callback_info info) {
  Call call(env, info);
  JoinArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.rows = sizes[0];
  args.a_width = sizes[1];
  args.b_width = sizes[2];
  args.a = call.floats("a", args.rows * args.a_width).data;
  args.b = call.floats("b", args.rows * args.b_width).data;
  args.y = call.floats("y", args.rows * (args.a_width + args.b_width)).data;
  if (call.ok()) call.kernels().join(args);
  return nullptr;
}

bool isWithin(int64_t begin, int64_t length, int64_t whole) {
  return begin >= 0 && length >= 1 && begin + length <= whole;
}

// copyBox(rank, sizes [shape of from, of to, of the box, its begin in from, in to], from, to): `to` keeps what lies
// outside the box.
napi_value copyBox(napi_env env, napi_callback_info info) {
  Call call(env, info);
  BoxArgs args{};
  const double rank = call.number("rank");
  call.require(rank >= 2 && rank <= kBoxRank, "native: the rank of a box must be 2 to 8.");
  if (!call.ok()) return nullptr;
  args.rank = static_cast<int32_t>(rank);
  const int32_t* const sizes = call.ints("sizes", 5 * args.rank);
  args.from_shape = sizes;
  args.to_shape = sizes + args.rank;
  args.box = sizes + 2 * args.rank;
  args.from_begin = sizes + 3 * args.rank;
  args.to_begin = sizes + 4 * args.rank;
  if (!call.ok()) return nullptr;
  for (int32_t axis = 0; axis < args.rank; ++axis) {
    call.require(isWithin(args.from_begin[axis], args.box[axis], args.from_shape[axis]) &&
                     isWithin(args.to_begin[axis], args.box[axis], args.to_shape[axis]),
                 "native: a box must lie within both arrays.");
  }
  args.from = call.floats("from", product(args.from_shape, args.rank)).data;
  args.to = call.floats("to", product(args.to_shape, args.rank)).data;
  if (call.ok()) call.kernels().copy_box(args);
  return nullptr;
}

}  // namespace

bool registerArithmetic(napi_env env, napi_value exports) {
  return addFunction(env, exports, "binary", binary) && addFunction(env, exports, "linear", linear) &&
         addFunction(env, exports, "join", join) && addFunction(env, exports, "copyBox", copyBox);
}

}  // namespace hypermorph::bindings
