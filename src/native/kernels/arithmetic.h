#pragma once

#include <cstdint>

#include "sizes.h"

namespace hypermorph {

// y[i] = a[i] op b[i]. y may be a or b.
struct BinaryArgs {
  const float* a;
  const float* b;
  float* y;
  int64_t size;
  int32_t operation;  // 0 a + b, 1 a - b, 2 a * b
};

// y[i] = factor * x[i] + term. y may be x.
struct LinearArgs {
  const float* x;
  float* y;
  int64_t size;
  float factor, term;
};

// y[r] = [a[r], b[r]] for rows r of a_width and b_width floats.
struct JoinArgs {
  const float* a;
  const float* b;
  float* y;
  int64_t rows, a_width, b_width;
};

// to[to_begin + x] = from[from_begin + x] for all x of a box.
struct BoxArgs {
  const float* from;
  float* to;
  int32_t rank;  // 2 to kBoxRank
  const int32_t* from_shape;
  const int32_t* to_shape;
  const int32_t* box;
  const int32_t* from_begin;
  const int32_t* to_begin;
};
inline constexpr int32_t kBoxRank = 8;

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// binary(operation: 0 add, 1 subtract, 2 multiply, a, b, y)
template <typename Call>
void binary(Call& call, BinaryArgs& args) {
  args.operation = static_cast<int32_t>(call.number("operation"));
  const auto a = call.floats("a", 0);
  args.a = a.data;
  args.size = a.size;
  args.b = call.floats("b", a.size).data;
  args.y = call.floats("y", a.size).data;
}

// linear(factor, term, x, y)
template <typename Call>
void linear(Call& call, LinearArgs& args) {
  args.factor = static_cast<float>(call.number("factor"));
  args.term = static_cast<float>(call.number("term"));
  const auto x = call.floats("x", 0);
  args.x = x.data;
  args.size = x.size;
  args.y = call.floats("y", x.size).data;
}

// join(sizes [rows, width of a, width of b], a, b, y)
template <typename Call>
void join(Call& call, JoinArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.rows = sizes[0];
  args.a_width = sizes[1];
  args.b_width = sizes[2];
  args.a = call.floats("a", args.rows * args.a_width).data;
  args.b = call.floats("b", args.rows * args.b_width).data;
  args.y = call.floats("y", args.rows * (args.a_width + args.b_width)).data;
}

inline bool isWithin(int64_t begin, int64_t length, int64_t whole) {
  return begin >= 0 && length >= 1 && begin + length <= whole;
}

// copyBox(rank, sizes [shape of from, of to, of the box, its begin in from, in to], from, to): `to` keeps what lies
// outside the box.
template <typename Call>
void copyBox(Call& call, BoxArgs& args) {
  const double rank = call.number("rank");
  call.require(rank >= 2 && rank <= kBoxRank, "native: the rank of a box must be 2 to 8.");
  if (!call.ok()) return;
  args.rank = static_cast<int32_t>(rank);
  const int32_t* const sizes = call.ints("sizes", 5 * args.rank);
  args.from_shape = sizes;
  args.to_shape = sizes + args.rank;
  args.box = sizes + 2 * args.rank;
  args.from_begin = sizes + 3 * args.rank;
  args.to_begin = sizes + 4 * args.rank;
  if (!call.ok()) return;
  for (int32_t axis = 0; axis < args.rank; ++axis) {
    call.require(isWithin(args.from_begin[axis], args.box[axis], args.from_shape[axis]) &&
                     isWithin(args.to_begin[axis], args.box[axis], args.to_shape[axis]),
                 "native: a box must lie within both arrays.");
  }
  args.from = call.floats("from", product(args.from_shape, args.rank)).data;
  args.to = call.floats("to", product(args.to_shape, args.rank)).data;
}

}  // namespace hypermorph::reading
