#include <cmath>

#include "bindings/call.h"

// Kernels that run once for every axis.
namespace hypermorph::bindings {
namespace {

// splineNoise(sizes [points of the lattice 3, I, J, K], spacing, lattice, out): along k, then j, then i; an axis of one
// voxel stays.
napi_value splineNoise(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int32_t* const points = call.sizes("sizes", 6);
  const int32_t* const shape = points + 3;
  const double spacing = call.number("spacing");
  const Floats lattice = call.floats("lattice", product(points, 3));
  const Floats out = call.floats("out", product(shape, 3));
  for (int axis = 0; axis < 3; ++axis) {
    const double wanted = shape[axis] == 1 ? 1 : std::floor((shape[axis] - 1) / spacing) + 4;
    call.require(spacing > 0 && points[axis] == wanted,
                 "native: a lattice must have one point before its voxels and three beyond them.");
  }
  int64_t size[3] = {points[0], points[1], points[2]};
  // Two areas: what is done along k, and along k and j. The last axis that is not one voxel long writes the result.
  const int64_t first = size[0] * size[1] * shape[2];
  const Scratch scratch = call.scratch(ScratchNeed{first + size[0] * shape[1] * shape[2], 0});
  if (!call.ok()) return nullptr;
  float* const areas[3] = {out.data, scratch.shared + first, scratch.shared};
  const float* from = lattice.data;
  const int last = shape[0] > 1 ? 0 : shape[1] > 1 ? 1 : 2;
  for (int axis = 2; axis >= last; --axis) {
    if (shape[axis] == 1) continue;
    SplineArgs args{};
    args.from = from;
    args.to = axis == last ? out.data : areas[axis];
    args.outer = axis == 0 ? 1 : axis == 1 ? size[0] : size[0] * size[1];
    args.inner = axis == 2 ? 1 : axis == 1 ? size[2] : size[1] * size[2];
    args.points = static_cast<int32_t>(size[axis]);
    args.length = shape[axis];
    args.spacing = spacing;
    call.kernels().spline_noise(args);
    size[axis] = shape[axis];
    from = args.to;
  }
  if (from == lattice.data) out.data[0] = lattice.data[0];
  return nullptr;
}

// blur(sizes [I, J, K], weights [radius + 1], image): along every axis of more than one voxel, in place.
napi_value blur(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int32_t* const sizes = call.sizes("sizes", 3);
  const Floats weights = call.floats("weights", 1);
  const Floats image = call.floats("image", product(sizes, 3));
  for (int axis = 0; axis < 3; ++axis) {
    if (sizes[axis] == 1) continue;
    BlurArgs args{};
    args.image = image.data;
    args.outer = product(sizes, axis);
    args.inner = product(sizes + axis + 1, 2 - axis);
    args.length = sizes[axis];
    args.weights = weights.data;
    args.radius = static_cast<int32_t>(weights.size - 1);
    args.scratch = call.scratch(ScratchNeed{0, 2 * (args.length + args.radius) * kBlurLines});
    if (!call.ok()) return nullptr;
    call.kernels().blur(args);
  }
  return nullptr;
}

}  // namespace

bool registerAugment(napi_env env, napi_value exports) {
  return addFunction(env, exports, "splineNoise", splineNoise) && addFunction(env, exports, "blur", blur);
}

}  // namespace hypermorph::bindings
