#include <cstring>

#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

// splineNoise(sizes [points of the lattice 3, I, J, K], spacing, lattice, out): along k, then j, then i; an axis of one voxel stays.
napi_value splineNoise(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  const int32_t* sizes = nullptr;
  double spacing = 0;
  Floats lattice, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 6, &sizes) ||
      !readNumber(env, args.values[1], "spacing", &spacing) ||
      !readFloats(env, args.values[2], "lattice", product(sizes, 3), &lattice) ||
      !readFloats(env, args.values[3], "out", product(sizes + 3, 3), &out)) {
    return nullptr;
  }
  const int32_t* const shape = sizes + 3;
  for (int axis = 0; axis < 3; ++axis) {
    const double points = shape[axis] == 1 ? 1 : static_cast<int64_t>((shape[axis] - 1) / spacing) + 4.0;
    if (spacing > 0 && sizes[axis] == points) continue;
    throwFormatted(env, "E_SHAPE", "native: a lattice for %d voxels must have %g points, got %d.", shape[axis], points, sizes[axis]);
    return nullptr;
  }
  int64_t size[3] = {sizes[0], sizes[1], sizes[2]};
  const int64_t middle = size[0] * (size[1] + shape[1]) * shape[2];
  Scratch scratch;
  if (!requireScratch(env, ScratchNeed{middle, 0}, &scratch)) return nullptr;
  // Two areas: after k, and after j. The last axis that is not one voxel long writes the result.
  float* const areas[3] = {out.data, scratch.shared + size[0] * size[1] * shape[2], scratch.shared};
  const float* from = lattice.data;
  const int last = shape[0] > 1 ? 0 : shape[1] > 1 ? 1 : 2;
  for (int axis = 2; axis >= last; --axis) {
    if (shape[axis] == 1) continue;
    float* const to = axis == last ? out.data : areas[axis];
    const int64_t outer = axis == 0 ? 1 : axis == 1 ? size[0] : size[0] * size[1];
    const int64_t inner = axis == 2 ? 1 : axis == 1 ? size[2] : size[1] * size[2];
    table->spline_noise(SplineArgs{.from = from,
                                   .to = to,
                                   .outer = outer,
                                   .inner = inner,
                                   .points = static_cast<int32_t>(size[axis]),
                                   .length = shape[axis],
                                   .spacing = spacing});
    size[axis] = shape[axis];
    from = to;
  }
  if (from == lattice.data) out.data[0] = lattice.data[0];
  return nullptr;
}

// keepHighest(label, noise, highest, map)
napi_value keepHighest(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  double label = 0;
  Floats noise, highest;
  Shorts map;
  if (table == nullptr || !readArguments(env, info, &args) || !readNumber(env, args.values[0], "label", &label) ||
      !readFloats(env, args.values[1], "noise", 0, &noise) || !readFloats(env, args.values[2], "highest", noise.size, &highest) ||
      !readShorts(env, args.values[3], "map", noise.size, &map)) {
    return nullptr;
  }
  table->keep_highest(HighestArgs{
      .noise = noise.data, .highest = highest.data, .map = map.data, .size = noise.size, .label = static_cast<uint16_t>(label)});
  return nullptr;
}

// weave(factor, three noises or null, field)
napi_value weave(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<5> args;
  double factor = 0;
  Floats field, noise[3];
  if (table == nullptr || !readArguments(env, info, &args) || !readNumber(env, args.values[0], "factor", &factor) ||
      !readFloats(env, args.values[4], "field", 0, &field)) {
    return nullptr;
  }
  for (int axis = 0; axis < 3; ++axis) {
    if (!readOptionalFloats(env, args.values[1 + axis], "noise", field.size / 3, &noise[axis])) return nullptr;
  }
  table->weave(WeaveArgs{.noise = {noise[0].data, noise[1].data, noise[2].data},
                         .field = field.data,
                         .size = field.size / 3,
                         .factor = static_cast<float>(factor)});
  return nullptr;
}

// augmentSample(sizes [I, J, K, of the field 3], flags [isLinear, hasEdge], outside, affine [12], field | null, image, out):
// image and out are both Float32Array or both Uint16Array.
napi_value augmentSample(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<7> args;
  AugmentSampleArgs call{};
  const int32_t* sizes = nullptr;
  Ints flags;
  Doubles affine;
  Floats field, image, out;
  Shorts labels, placed;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 6, &sizes) ||
      !readInts(env, args.values[1], "flags", 2, &flags) || !readNumber(env, args.values[2], "outside", &call.outside) ||
      !readDoubles(env, args.values[3], "affine", 12, &affine) ||
      !readOptionalFloats(env, args.values[4], "field", 3 * product(sizes + 3, 3), &field)) {
    return nullptr;
  }
  const int64_t voxels = product(sizes, 3);
  call.is_linear = flags.data[0] != 0;
  call.has_edge = flags.data[1] != 0;
  if (call.is_linear) {
    if (!readFloats(env, args.values[5], "image", voxels, &image) || !readFloats(env, args.values[6], "out", voxels, &out)) return nullptr;
  } else if (!readShorts(env, args.values[5], "image", voxels, &labels) || !readShorts(env, args.values[6], "out", voxels, &placed)) {
    return nullptr;
  }
  call.bytes = call.is_linear ? 4 : 2;
  call.image = call.is_linear ? static_cast<const void*>(image.data) : labels.data;
  call.out = call.is_linear ? static_cast<void*>(out.data) : placed.data;
  std::memcpy(call.affine, affine.data, sizeof(call.affine));
  call.field = field.data;
  for (int axis = 0; axis < 3; ++axis) {
    call.size[axis] = sizes[axis];
    call.field_size[axis] = sizes[3 + axis];
  }
  if (!requireScratch(env, ScratchNeed{0, int64_t{3} * (sizes[2] + sizes[5] + 1)}, &call.scratch)) return nullptr;
  table->augment_sample(call);
  return nullptr;
}

// paint(labels, contrast, scenery | null, its contrast, out)
napi_value paint(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<5> args;
  Shorts labels, scenery;
  Floats contrast, around, out;
  if (table == nullptr || !readArguments(env, info, &args) || !readShorts(env, args.values[0], "labels", 0, &labels) ||
      !readFloats(env, args.values[1], "contrast", 0, &contrast) ||
      !readOptionalFloats(env, args.values[3], "around", 0, &around) ||
      !readFloats(env, args.values[4], "out", labels.size, &out)) {
    return nullptr;
  }
  if (around.data != nullptr && !readShorts(env, args.values[2], "scenery", labels.size, &scenery)) return nullptr;
  table->paint(PaintArgs{.labels = labels.data,
                         .scenery = scenery.data,
                         .contrast = contrast.data,
                         .around = around.data,
                         .out = out.data,
                         .size = labels.size,
                         .contrasts = contrast.size,
                         .arounds = around.size});
  return nullptr;
}

// blur(sizes [I, J, K], weights [radius + 1], image): along every axis of more than one voxel, in place.
napi_value blur(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<3> args;
  const int32_t* sizes = nullptr;
  Floats weights, image;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 3, &sizes) ||
      !readFloats(env, args.values[1], "weights", 1, &weights) ||
      !readFloats(env, args.values[2], "image", product(sizes, 3), &image)) {
    return nullptr;
  }
  for (int axis = 0; axis < 3; ++axis) {
    if (sizes[axis] == 1) continue;
    BlurArgs call{};
    call.image = image.data;
    call.outer = product(sizes, axis);
    call.inner = product(sizes + axis + 1, 2 - axis);
    call.length = sizes[axis];
    call.weights = weights.data;
    call.radius = static_cast<int32_t>(weights.size - 1);
    if (!requireScratch(env, ScratchNeed{0, 2 * (call.length + call.radius) * kBlurLines}, &call.scratch)) return nullptr;
    table->blur(call);
  }
  return nullptr;
}

// adjust(sizes [I, J, K], numbers [bias deviation, power, noise deviation], bias | null, noise | null, its [position, stride], image):
// the length of the noise must be a power of two.
napi_value adjust(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<6> args;
  AdjustArgs call{};
  const int32_t* sizes = nullptr;
  Floats numbers, bias, noise, image;
  Ints walk;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[0], "sizes", 3, &sizes) ||
      !readFloats(env, args.values[1], "numbers", 3, &numbers)) {
    return nullptr;
  }
  int64_t coarse = 1;
  for (int axis = 0; axis < 3; ++axis) coarse *= (sizes[axis] + kBiasSpacing - 1) / kBiasSpacing;
  if (!readOptionalFloats(env, args.values[2], "bias", coarse, &bias) || !readOptionalFloats(env, args.values[3], "noise", 1, &noise) ||
      !readInts(env, args.values[4], "walk", 2, &walk) || !readFloats(env, args.values[5], "image", product(sizes, 3), &image)) {
    return nullptr;
  }
  if ((noise.size & (noise.size - 1)) != 0) {
    throwError(env, "E_SHAPE", "native: the length of the noise must be a power of two.");
    return nullptr;
  }
  std::memcpy(call.size, sizes, sizeof(call.size));
  call.image = image.data;
  call.bias = bias.data;
  call.bias_deviation = numbers.data[0];
  call.power = numbers.data[1];
  call.noise = noise.data;
  call.noise_mask = static_cast<uint32_t>(noise.size - 1);
  call.noise_position = static_cast<uint32_t>(walk.data[0]);
  call.noise_stride = static_cast<uint32_t>(walk.data[1]);
  call.noise_deviation = numbers.data[2];
  if (requireScratch(env, ScratchNeed{0, (sizes[2] + kBiasSpacing - 1) / kBiasSpacing}, &call.scratch)) table->adjust(call);
  return nullptr;
}

}  // namespace

bool registerAugment(napi_env env, napi_value exports) {
  return addFunction(env, exports, "splineNoise", splineNoise) && addFunction(env, exports, "keepHighest", keepHighest) &&
         addFunction(env, exports, "weave", weave) && addFunction(env, exports, "augmentSample", augmentSample) &&
         addFunction(env, exports, "paint", paint) && addFunction(env, exports, "blur", blur) &&
         addFunction(env, exports, "adjust", adjust);
}

}  // namespace hypermorph::bindings
