#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// What training images are changed and rendered with. Images are [I, J, K], k fastest.

// A cubic B-spline along k, then j, then i: out from the lattice of points, which lie `spacing` voxels apart, the first
// of them one spacing before voxel 0. An axis of one voxel stays as it is.
struct SplineNoiseArgs {
  const float* lattice;
  float* out;
  int32_t points[3];
  int32_t size[3];
  double spacing;
  Scratch scratch;  // shared: the lattice done along k, and along k and j
};

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

// out(x) = image(affine (x + u(x))), u on points that lie field_spacing voxels apart. Positions are double. An index
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
  int32_t field_spacing;
  Scratch scratch;  // 3 (size[2] + field_size[2] + 1) floats per worker
};

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

// image = weights[0] image[x] + sum over r of weights[r] (image[x - r] + image[x + r]) along every axis of more than
// one voxel, in place; edges repeat.
struct BlurArgs {
  float* image;
  int32_t size[3];
  const float* weights;  // [radius + 1]
  int32_t radius;
  Scratch scratch;  // (2 longest side + 2 radius) kBlurLines floats per worker
};
inline constexpr int64_t kBlurLines = 32;  // lines that are blurred side by side

// image = max(b image, 0)^power + noise, cut to [0, 1], in place. b = exp(deviation bias) on every bias_spacing-th
// voxel, and constant up to the next.
struct AdjustArgs {
  float* image;
  int32_t size[3];
  const float* bias;  // [ceil(I / spacing), ceil(J / spacing), ceil(K / spacing)], or nullptr
  int32_t bias_spacing;
  float bias_deviation;
  float power;
  const float* noise;  // [noise_mask + 1], or nullptr
  uint32_t noise_mask, noise_position, noise_stride;
  float noise_deviation;
  Scratch scratch;  // ceil(K / spacing) floats per worker
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// splineNoise(sizes [points of the lattice 3, I, J, K], spacing, lattice, out)
template <typename Call>
void splineNoise(Call& call, SplineNoiseArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 6);
  args.spacing = call.number("spacing");
  args.lattice = call.floats("lattice", product(sizes, 3)).data;
  args.out = call.floats("out", product(sizes + 3, 3)).data;
  for (int axis = 0; axis < 3; ++axis) {
    args.points[axis] = sizes[axis];
    args.size[axis] = sizes[3 + axis];
    const double wanted = args.size[axis] == 1 ? 1 : std::floor((args.size[axis] - 1) / args.spacing) + 4;
    call.require(args.spacing > 0 && args.points[axis] == wanted,
                 "native: a lattice must have one point before its voxels and three beyond them.");
  }
  const int64_t done_along_k = int64_t{args.points[0]} * args.points[1] * args.size[2];
  const int64_t done_along_j = int64_t{args.points[0]} * args.size[1] * args.size[2];
  args.scratch = call.scratch(ScratchNeed{done_along_k + done_along_j, 0});
}

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

// transformImage(sizes [I, J, K, of the field 3, its spacing], isLinear, hasEdge, outside, affine [12], field | null,
// image, out): image and out are Float32Array if linear, else Uint16Array.
template <typename Call>
void transformImage(Call& call, TransformImageArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 7);
  const Count voxels = product(sizes, 3);
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[axis];
    args.field_size[axis] = sizes[3 + axis];
  }
  args.field_spacing = sizes[6];
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

// blur(sizes [I, J, K], weights [radius + 1], image)
template <typename Call>
void blur(Call& call, BlurArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 3);
  const auto weights = call.floats("weights", 1);
  args.image = call.floats("image", product(sizes, 3)).data;
  args.weights = weights.data;
  args.radius = static_cast<int32_t>(weights.size - 1);
  int64_t longest = 1;
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[axis];
    longest = sizes[axis] > longest ? sizes[axis] : longest;
  }
  args.scratch = call.scratch(ScratchNeed{0, 2 * (longest + args.radius) * kBlurLines});
}

// adjust(sizes [I, J, K, spacing of the bias], numbers [bias deviation, power, noise deviation], bias | null, noise |
// null, its [position, stride], image): the length of the noise must be a power of two.
template <typename Call>
void adjust(Call& call, AdjustArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 4);
  const auto coarsely = [&](int axis) { return (int64_t{sizes[axis]} + sizes[3] - 1) / sizes[3]; };
  const auto numbers = call.floats("numbers", 3);
  Count coarse(1);
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[axis];
    coarse = coarse * coarsely(axis);
  }
  args.bias_spacing = sizes[3];
  args.bias = call.optionalFloats("bias", coarse).data;
  const auto noise = call.optionalFloats("noise", 1);
  call.require((noise.size & (noise.size - 1)) == 0, "native: the length of the noise must be a power of two.");
  const int32_t* const walk = call.ints("walk", 2);
  args.image = call.floats("image", product(sizes, 3)).data;
  args.scratch = call.scratch(ScratchNeed{0, coarsely(2)});
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
