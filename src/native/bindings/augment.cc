#include <cmath>
#include <cstring>

#include "bindings/call.h"

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

// keepHighest(label, noise, highest, map)
napi_value keepHighest(napi_env env, napi_callback_info info) {
  Call call(env, info);
  HighestArgs args{};
  args.label = static_cast<uint16_t>(call.number("label"));
  const Floats noise = call.floats("noise", 0);
  args.noise = noise.data;
  args.size = noise.size;
  args.highest = call.floats("highest", noise.size).data;
  args.map = call.shorts("map", noise.size).data;
  if (call.ok()) call.kernels().keep_highest(args);
  return nullptr;
}

// weave(factor, field, three noises or null)
napi_value weave(napi_env env, napi_callback_info info) {
  Call call(env, info);
  WeaveArgs args{};
  args.factor = static_cast<float>(call.number("factor"));
  const Floats field = call.floats("field", 0);
  args.field = field.data;
  args.size = field.size / 3;
  for (const float*& noise : args.noise) noise = call.optionalFloats("noise", args.size).data;
  if (call.ok()) call.kernels().weave(args);
  return nullptr;
}

// augmentSample(sizes [I, J, K, of the field 3], isLinear, hasEdge, outside, affine [12], field | null, image, out):
// image and out are Float32Array if linear, else Uint16Array.
napi_value augmentSample(napi_env env, napi_callback_info info) {
  Call call(env, info);
  AugmentSampleArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 6);
  const int64_t voxels = product(sizes, 3);
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[axis];
    args.field_size[axis] = sizes[3 + axis];
  }
  args.is_linear = call.flag("isLinear");
  args.has_edge = call.flag("hasEdge");
  args.outside = call.number("outside");
  const double* const affine = call.doubles("affine", 12);
  args.field = call.optionalFloats("field", 3 * product(sizes + 3, 3)).data;
  args.bytes = args.is_linear ? 4 : 2;
  if (args.is_linear) {
    args.image = call.floats("image", voxels).data;
    args.out = call.floats("out", voxels).data;
  } else {
    args.image = call.shorts("image", voxels).data;
    args.out = call.shorts("out", voxels).data;
  }
  args.scratch = call.scratch(ScratchNeed{0, int64_t{3} * (sizes[2] + sizes[5] + 1)});
  if (!call.ok()) return nullptr;
  std::memcpy(args.affine, affine, sizeof(args.affine));
  call.kernels().augment_sample(args);
  return nullptr;
}

// paint(labels, contrast, scenery | null, its contrast | null, out)
napi_value paint(napi_env env, napi_callback_info info) {
  Call call(env, info);
  PaintArgs args{};
  const Shorts labels = call.shorts("labels", 0);
  const Floats contrast = call.floats("contrast", 0);
  args.scenery = call.optionalShorts("scenery", labels.size).data;
  const Floats around = call.optionalFloats("around", 0);
  args.out = call.floats("out", labels.size).data;
  args.labels = labels.data;
  args.size = labels.size;
  args.contrast = contrast.data;
  args.contrasts = contrast.size;
  args.around = around.data;
  args.arounds = around.size;
  if (call.ok()) call.kernels().paint(args);
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

// adjust(sizes [I, J, K], numbers [bias deviation, power, noise deviation], bias | null, noise | null, its [position,
// stride], image): the length of the noise must be a power of two.
napi_value adjust(napi_env env, napi_callback_info info) {
  Call call(env, info);
  AdjustArgs args{};
  const int32_t* const sizes = call.sizes("sizes", 3);
  const Floats numbers = call.floats("numbers", 3);
  int64_t coarse = 1;
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[axis];
    coarse *= (sizes[axis] + kBiasSpacing - 1) / kBiasSpacing;
  }
  args.bias = call.optionalFloats("bias", coarse).data;
  const Floats noise = call.optionalFloats("noise", 1);
  call.require((noise.size & (noise.size - 1)) == 0, "native: the length of the noise must be a power of two.");
  const int32_t* const walk = call.ints("walk", 2);
  args.image = call.floats("image", product(sizes, 3)).data;
  args.scratch = call.scratch(ScratchNeed{0, (sizes[2] + kBiasSpacing - 1) / kBiasSpacing});
  if (!call.ok()) return nullptr;
  args.bias_deviation = numbers.data[0];
  args.power = numbers.data[1];
  args.noise_deviation = numbers.data[2];
  args.noise = noise.data;
  args.noise_mask = static_cast<uint32_t>(noise.size - 1);
  args.noise_position = static_cast<uint32_t>(walk[0]);
  args.noise_stride = static_cast<uint32_t>(walk[1]);
  call.kernels().adjust(args);
  return nullptr;
}

}  // namespace

bool registerAugment(napi_env env, napi_value exports) {
  return addFunction(env, exports, "splineNoise", splineNoise) &&
         addFunction(env, exports, "keepHighest", keepHighest) && addFunction(env, exports, "weave", weave) &&
         addFunction(env, exports, "augmentSample", augmentSample) && addFunction(env, exports, "paint", paint) &&
         addFunction(env, exports, "blur", blur) && addFunction(env, exports, "adjust", adjust);
}

}  // namespace hypermorph::bindings
