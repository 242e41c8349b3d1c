#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// What training images are changed and painted with. Images are [I, J, K], k fastest.

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
struct HighestArgs {
  const float* noise;
  float* highest;
  uint16_t* map;
  int64_t size;
  uint16_t label;
};
using HighestFn = void (*)(const HighestArgs&) noexcept;

// field[n, axis] = factor * noise[axis][n]; 0 where a noise is nullptr.
struct WeaveArgs {
  const float* noise[3];
  float* field;
  int64_t size;
  float factor;
};
using WeaveFn = void (*)(const WeaveArgs&) noexcept;

// out(x) = image(affine (x + u(x))), u on points that lie kFieldSpacing voxels apart. Positions are double. An index
// may lie half a voxel outside the outermost voxel centres and then counts as on them; beyond, `outside` applies, or
// the nearest voxel. Elements of 2 bytes are labels, of which the nearest is taken; of 4 bytes floats.
struct AugmentSampleArgs {
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
using AugmentSampleFn = void (*)(const AugmentSampleArgs&) noexcept;
inline constexpr int32_t kFieldSpacing = 4;

// out[n] = contrast[labels[n]]; where that label is 0 and there is a scenery, around[scenery[n]]. A label without
// contrast gives NaN.
struct PaintArgs {
  const uint16_t* labels;
  const uint16_t* scenery;  // may be nullptr
  const float* contrast;
  const float* around;
  float* out;
  int64_t size;
  int64_t contrasts, arounds;  // lengths of the tables
};
using PaintFn = void (*)(const PaintArgs&) noexcept;

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
using AdjustFn = void (*)(const AdjustArgs&) noexcept;
inline constexpr int32_t kBiasSpacing = 4;

}  // namespace hypermorph
