#pragma once

#include <cstdint>

namespace hypermorph {

// y[i] = a[i] op b[i]. y may be a or b.
struct BinaryArgs {
  const float* a;
  const float* b;
  float* y;
  int64_t size;
  int32_t operation;  // 0 a + b, 1 a - b, 2 a * b
};
using BinaryFn = void (*)(const BinaryArgs&) noexcept;

// y[i] = factor * x[i] + term. y may be x.
struct LinearArgs {
  const float* x;
  float* y;
  int64_t size;
  float factor, term;
};
using LinearFn = void (*)(const LinearArgs&) noexcept;

// y[r] = [a[r], b[r]] for rows r of a_width and b_width floats.
struct JoinArgs {
  const float* a;
  const float* b;
  float* y;
  int64_t rows, a_width, b_width;
};
using JoinFn = void (*)(const JoinArgs&) noexcept;

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
using BoxFn = void (*)(const BoxArgs&) noexcept;
inline constexpr int32_t kBoxRank = 8;

}  // namespace hypermorph
