#pragma once

#include <cstdint>

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
using PoolFn = void (*)(const PoolArgs&) noexcept;

// maxPool: fine -> coarse (out). maxPoolGradient: fine, coarse, dcoarse -> dfine (out): the first largest of each
// window takes all. upsample: coarse -> fine (out), sizes multiples of the window. upsampleGradient: dcoarse holds
// dfine -> dcoarse (out), sums.

}  // namespace hypermorph
