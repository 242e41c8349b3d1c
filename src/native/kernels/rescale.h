#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// out = factor * field, sampled linearly at given positions along each axis. The tables hold the three axes one after
// another: lower (lower neighbour) and fraction (of the upper one) for every output index, and for every input index
// the range [begin, end) of output indices that read it. Arrays do not overlap.
struct RescaleArgs {
  const float* from;  // forward: field [N, from_size, C]; gradient: dout [N, to_size, C]
  float* to;          // forward: out [N, to_size, C]; gradient: dfield [N, from_size, C]
  int64_t n;
  int32_t from_size[3];
  int32_t to_size[3];
  int64_t channels;
  float factor;
  const int32_t* lower;
  const float* fraction;
  const int32_t* begin;  // gradient only, likewise end
  const int32_t* end;
  Scratch scratch;  // per worker: rescalePlan()
};
using RescaleFn = void (*)(const RescaleArgs&) noexcept;

// Floats of working memory per thread: a plane and a row.
static inline int64_t rescaleWorkerFloats(const int32_t* from_size, const int32_t* to_size, int64_t channels,
                                          bool is_gradient) {
  const int32_t* const size = is_gradient ? to_size : from_size;
  return (int64_t{size[1]} + 1) * size[2] * channels + 64;
}

}  // namespace hypermorph
