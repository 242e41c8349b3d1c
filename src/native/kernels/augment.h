#pragma once

#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// What training images are changed and rendered with. Images are [I, J, K], k fastest.

// A cubic B-spline along one axis: to[outer, length, inner] from the points from[outer, points, inner], which lie
// `spacing` voxels apart, the first of them one spacing before voxel 0.
struct SplineArgs {
  const float* from;
  float* to;
  int64_t outer, inner;
  int32_t points, length;
  double spacing;
};
using SplineFn = void (*)(const SplineArgs&) noexcept;

// Where noise[n] > highest[n]: highest[n] = noise[n] and map[n] = label.
struct LabelHighestArgs {
  const float* noise;
  float* highest;
  uint16_t* map;
  int64_t size;
  uint16_t label;
};

// field[n, axis] = factor * noise[axis][n]; 0 where a noise is nullptr.
struct InterleaveArgs {
  const float* noise[3];
  float* field;
  int64_t size;
  float factor;
};

// out(x) = image(affine (x + u(x))), u on points that lie kFieldSpacing voxels apart. Positions are double. An index
// may lie half a voxel outside the outermost voxel centres and then counts as on them; beyond, `outside` applies, or
// the nearest voxel. Elements of 2 bytes are labels, of which the nearest is taken; of 4 bytes floats.
struct TransformImageArgs {
  const void* image;
  void* out;
  int32_t size[3];
  int32_t bytes;
  bool is_linear;
  bool has_edge;
  double outside;
  double affine[12];
  const float* field;  // [FI, FJ, FK, 3], or nullptr for u = 0
  int32_t field_size[3];
  Scratch scratch;  // 3 (size[2] + field_size[2] + 1) floats per worker
};
inline constexpr int32_t kFieldSpacing = 4;

// out[n] = contrast[labels[n]]; where that label is 0 and there is a background, background_contrast[background[n]]. A
// label without contrast gives NaN.
struct RenderLabelsArgs {
  const uint16_t* labels;
  const uint16_t* background;  // may be nullptr
  const float* contrast;
  const float* background_contrast;
  float* out;
  int64_t size;
  int64_t contrasts, background_contrasts;  // lengths of the tables
};

// image = sum over r of weights[r] (image[x - r] + image[x + r]) along one axis of [outer, length, inner], in place;
// edges repeat.
struct BlurArgs {
  float* image;
  int64_t outer, inner;
  int32_t length;
  const float* weights;  // [radius + 1]
  int32_t radius;
  Scratch scratch;  // (2 length + 2 radius) kBlurLines floats per worker
};
using BlurFn = void (*)(const BlurArgs&) noexcept;
inline constexpr int64_t kBlurLines = 32;  // lines that are blurred side by side

// image = max(b image, 0)^power + noise, cut to [0, 1], in place. b = exp(deviation bias) on every kBiasSpacing-th
// voxel.
struct AdjustArgs {
  float* image;
  int32_t size[3];
  const float* bias;  // [ceil(I / 4), ceil(J / 4), ceil(K / 4)], or nullptr
  float bias_deviation;
  float power;
  const float* noise;  // [noise_mask + 1], or nullptr
  uint32_t noise_mask, noise_position, noise_stride;
  float noise_deviation;
  Scratch scratch;  // ceil(K / 4) floats per worker
};
inline constexpr int32_t kBiasSpacing = 4;

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// labelHighest(label, noise, highest, map)
template <typename Call>
void labelHighest(Call& call, LabelHighestArgs& args) {
  args.label = static_cast<uint16_t>(call.number("label"));
  const auto noise = call.floats("noise", 0);
  args.noise = noise.data;
  args.size = noise.size;
  args.highest = call.floats("highest", noise.size).data;
  args.map = call.shorts("map", noise.size).data;
}

// interleave(factor, field, three noises or null)
template <typename Call>
void interleave(Call& call, InterleaveArgs& args) {
  args.factor = static_cast<float>(call.number("factor"));
  const auto field = call.floats("field", 0);
  args.field = field.data;
  args.size = field.size / 3;
  for (const float*& noise : args.noise) noise = call.optionalFloats("noise", args.size).data;
}

// transformImage(sizes [I, J, K, of the field 3], isLinear, hasEdge, outside, affine [12], field | null, image, out):
// image and out are Float32Array if linear, else Uint16Array.
template <typename Call>
void transformImage(Call& call, TransformImageArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 6);
  const Count voxels = product(sizes, 3);
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
  if (!call.ok()) return;
  std::memcpy(args.affine, affine, sizeof(args.affine));
}

// renderLabels(labels, contrast, background | null, its contrast | null, out)
template <typename Call>
void renderLabels(Call& call, RenderLabelsArgs& args) {
  const auto labels = call.shorts("labels", 0);
  const auto contrast = call.floats("contrast", 0);
  args.background = call.optionalShorts("background", labels.size).data;
  const auto background_contrast = call.optionalFloats("background_contrast", 0);
  args.out = call.floats("out", labels.size).data;
  args.labels = labels.data;
  args.size = labels.size;
  args.contrast = contrast.data;
  args.contrasts = contrast.size;
  args.background_contrast = background_contrast.data;
  args.background_contrasts = background_contrast.size;
}

// adjust(sizes [I, J, K], numbers [bias deviation, power, noise deviation], bias | null, noise | null, its [position,
// stride], image): the length of the noise must be a power of two.
template <typename Call>
void adjust(Call& call, AdjustArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 3);
  const auto numbers = call.floats("numbers", 3);
  Count coarse(1);
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[axis];
    coarse = coarse * ((sizes[axis] + int64_t{kBiasSpacing} - 1) / kBiasSpacing);
  }
  args.bias = call.optionalFloats("bias", coarse).data;
  const auto noise = call.optionalFloats("noise", 1);
  call.require((noise.size & (noise.size - 1)) == 0, "native: the length of the noise must be a power of two.");
  const int32_t* const walk = call.ints("walk", 2);
  args.image = call.floats("image", product(sizes, 3)).data;
  args.scratch = call.scratch(ScratchNeed{0, (sizes[2] + kBiasSpacing - 1) / kBiasSpacing});
  if (!call.ok()) return;
  args.bias_deviation = numbers.data[0];
  args.power = numbers.data[1];
  args.noise_deviation = numbers.data[2];
  args.noise = noise.data;
  args.noise_mask = static_cast<uint32_t>(noise.size - 1);
  args.noise_position = static_cast<uint32_t>(walk[0]);
  args.noise_stride = static_cast<uint32_t>(walk[1]);
}

}  // namespace hypermorph::reading
