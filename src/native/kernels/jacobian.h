#pragma once

#include <cstdint>

namespace hypermorph {

// Determinant of the derivatives of x + u(x): central differences inside, one-sided at both ends, none along an axis of
// one voxel. displacement is [N, I, J, K, 3], out is [N, I, J, K]. Gradient: dy is [N, I, J, K], out is [N, I, J, K,
// 3].
struct JacobianArgs {
  const float* displacement;
  const float* dy;
  float* out;
  int64_t n;
  int32_t size[3];
};
using JacobianFn = void (*)(const JacobianArgs&) noexcept;

}  // namespace hypermorph
