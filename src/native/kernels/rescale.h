#pragma once

#include <cstdint>

#include "scratch.h"
#include "sizes.h"

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

// Floats of working memory per thread: a plane and a row.
static inline int64_t rescaleWorkerFloats(const int32_t* from_size, const int32_t* to_size, int64_t channels,
                                          bool is_gradient) {
  const int32_t* const size = is_gradient ? to_size : from_size;
  return (int64_t{size[1]} + 1) * size[2] * channels + 64;
}

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// Reads the tables of a rescaling, three axes one after another, as far as the sizes in `args` say.
template <typename Call>
void readTables(Call& call, RescaleArgs& args) {
  const int64_t outputs = int64_t{args.to_size[0]} + args.to_size[1] + args.to_size[2];
  const int64_t inputs = int64_t{args.from_size[0]} + args.from_size[1] + args.from_size[2];
  args.lower = call.ints("lower", outputs);
  args.fraction = call.floats("fraction", outputs).data;
  args.begin = call.ints("begin", inputs);
  args.end = call.ints("end", inputs);
  if (!call.ok()) return;
  int64_t at = 0, from = 0;
  bool is_sound = true;
  for (int axis = 0; axis < 3; ++axis) {
    const int32_t highest = args.from_size[axis] > 1 ? args.from_size[axis] - 2 : 0;
    for (int32_t x = 0; x < args.to_size[axis]; ++x, ++at)
      is_sound = is_sound && args.lower[at] >= 0 && args.lower[at] <= highest;
    for (int32_t x = 0; x < args.from_size[axis]; ++x, ++from) {
      is_sound = is_sound && args.begin[from] >= 0 && args.end[from] <= args.to_size[axis];
    }
  }
  call.require(is_sound, "native: a rescaling must read inside the field.");
}

// sizes [n, I, J, K, C, OI, OJ, OK], factor, lower, fraction, begin, end, from, to
template <typename Call>
void readRescale(Call& call, RescaleArgs& args, bool is_gradient) {
  const int32_t* const sizes = call.sizes("sizes", 8);
  args.n = sizes[0];
  args.channels = sizes[4];
  for (int axis = 0; axis < 3; ++axis) {
    args.from_size[axis] = sizes[1 + axis];
    args.to_size[axis] = sizes[5 + axis];
  }
  const Count field = product(sizes, 5);
  const Count output = Count(sizes[0]) * sizes[4] * product(sizes + 5, 3);
  args.factor = static_cast<float>(call.number("factor"));
  readTables(call, args);
  args.from = call.floats("from", is_gradient ? output : field).data;
  args.to = call.floats("to", is_gradient ? field : output).data;
  args.scratch =
      call.scratch(ScratchNeed{0, rescaleWorkerFloats(args.from_size, args.to_size, args.channels, is_gradient)});
}

// rescale(sizes, factor, lower, fraction, begin, end, field, out)
template <typename Call>
void rescale(Call& call, RescaleArgs& args) {
  readRescale(call, args, false);
}

// rescaleGradient(sizes, factor, lower, fraction, begin, end, dout, dfield)
template <typename Call>
void rescaleGradient(Call& call, RescaleArgs& args) {
  readRescale(call, args, true);
}

}  // namespace hypermorph::reading
