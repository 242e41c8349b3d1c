#pragma once

#include <cstdint>

#include "kernels/warp.h"

#include "sizes.h"

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

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// jacobian(sizes, displacement, determinant)
template <typename Call>
void jacobian(Call& call, JacobianArgs& args) {
  const Count voxels = readField(call, args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.out = call.floats("determinant", voxels).data;
}

// jacobianGradient(sizes, displacement, dy, ddisplacement)
template <typename Call>
void jacobianGradient(Call& call, JacobianArgs& args) {
  const Count voxels = readField(call, args);
  args.displacement = call.floats("displacement", 3 * voxels).data;
  args.dy = call.floats("dy", voxels).data;
  args.out = call.floats("ddisplacement", 3 * voxels).data;
}

}  // namespace hypermorph::reading
