#pragma once

#include <cstdint>

#include "sizes.h"

namespace hypermorph {

// Windows without overlap. fine is [N, I, J, K, C]; coarse is [N, I / wi, J / wj, K / wk, C]; what fills no window is
// left out. Arrays do not overlap. Which of them a kernel reads or fills stands beside its type.
struct PoolArgs {
  const float* fine;
  const float* coarse;
  const float* dcoarse;
  float* out;
  int64_t n;
  int32_t size[3];  // I, J, K
  int32_t window[3];
  int64_t channels;
};

// maxPool: fine -> coarse (out). maxPoolGradient: fine, coarse, dcoarse -> dfine (out): the first largest of each
// window takes all. upsample: coarse -> fine (out), sizes multiples of the window. upsampleGradient: dcoarse holds
// dfine -> dcoarse (out), sums.

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// Elements of the fine and of the coarse image.
struct PoolSizes {
  Count fine, coarse;
};

// sizes [n, I, J, K, C, three window lengths]
template <typename Call>
PoolSizes readPool(Call& call, PoolArgs& args, bool is_whole) {
  const int32_t* const sizes = call.sizes("sizes", 8);
  args.n = sizes[0];
  args.channels = sizes[4];
  PoolSizes counts{product(sizes, 5), Count(sizes[0]) * sizes[4]};
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[1 + axis];
    args.window[axis] = sizes[5 + axis];
    counts.coarse = counts.coarse * (args.size[axis] / args.window[axis]);
    call.require(!is_whole || args.size[axis] % args.window[axis] == 0,
                 "native: up-sampled sizes must be multiples of the factors.");
  }
  return counts;
}

// maxPool(sizes, x, y)
template <typename Call>
void maxPool(Call& call, PoolArgs& args) {
  const PoolSizes counts = readPool(call, args, false);
  args.fine = call.floats("x", counts.fine).data;
  args.out = call.floats("y", counts.coarse).data;
}

// maxPoolGradient(sizes, x, y, dy, dx)
template <typename Call>
void maxPoolGradient(Call& call, PoolArgs& args) {
  const PoolSizes counts = readPool(call, args, false);
  args.fine = call.floats("x", counts.fine).data;
  args.coarse = call.floats("y", counts.coarse).data;
  args.dcoarse = call.floats("dy", counts.coarse).data;
  args.out = call.floats("dx", counts.fine).data;
}

// upsample(sizes, x, y): sizes are those of the result.
template <typename Call>
void upsample(Call& call, PoolArgs& args) {
  const PoolSizes counts = readPool(call, args, true);
  args.coarse = call.floats("x", counts.coarse).data;
  args.out = call.floats("y", counts.fine).data;
}

// upsampleGradient(sizes, dy, dx)
template <typename Call>
void upsampleGradient(Call& call, PoolArgs& args) {
  const PoolSizes counts = readPool(call, args, true);
  args.dcoarse = call.floats("dy", counts.fine).data;
  args.out = call.floats("dx", counts.coarse).data;
}

}  // namespace hypermorph::reading
