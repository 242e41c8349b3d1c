#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

// y(x) = image(x + u(x)). image is [N, A, B, D, C], displacement is [N, I, J, K, 3], y and dy are [N, I, J, K, C].
// Positions outside repeat the edge, or give `fill`. Fewer than 2^31 voxels in an image. Arrays do not overlap.
struct WarpArgs {
  const float* image;
  const float* displacement;
  const float* dy;  // gradients only
  float* out;       // y, or the gradient by the image or the displacement
  int64_t n;
  int32_t image_size[3];  // A, B, D
  int32_t size[3];        // I, J, K
  int32_t channels;
  bool is_linear;
  bool has_fill;
  float fill;
  Scratch scratch;  // image gradient: 2 N I ints, shared
};
using WarpFn = void (*)(const WarpArgs&) noexcept;

// y = u + u o (id + u), and its gradient; u is [N, I, J, K, 3]. The gradient needs 2 N I ints of shared scratch.
struct SelfComposeArgs {
  const float* displacement;
  const float* dy;
  float* out;
  int64_t n;
  int32_t size[3];
  Scratch scratch;
};
using SelfComposeFn = void (*)(const SelfComposeArgs&) noexcept;

}  // namespace hypermorph
