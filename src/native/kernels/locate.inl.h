#pragma once

// Where positions of a warp lie in the sampled image: a block of voxels of one row at a time, so that the arithmetic is
// vectorised.

#include "kernels/warp.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int kBlock = 128;

// A warp with its axes in the order in which memory is walked. A plane (K = D = 1) is [1, I, J], so that rows are long.
struct WarpGrid {
  int64_t size[3];
  int64_t image_size[3];
  int component[3];  // of the displacement, along each of these axes
  int64_t channels;
  float last[3];      // n - 1
  int32_t top[3];     // highest lower neighbour, max(n - 2, 0)
  int32_t stride[3];  // voxels from one index to the next
  int64_t upper[3];   // floats to the upper neighbour, 0 along an axis of one voxel
  bool has_pairs;     // both neighbours along the last axis lie beside each other

  int64_t imageFloats() const { return image_size[0] * image_size[1] * image_size[2] * channels; }
  int64_t voxels() const { return size[0] * size[1] * size[2]; }
};

static WarpGrid warpGrid(const int32_t* image_size, const int32_t* size, int32_t channels) {
  const bool is_plane = image_size[2] == 1 && size[2] == 1;
  WarpGrid grid{};
  grid.channels = channels;
  int32_t stride = 1;
  for (int axis = 2; axis >= 0; --axis) {
    const int from = is_plane ? (axis + 2) % 3 : axis;
    grid.size[axis] = size[from];
    grid.image_size[axis] = image_size[from];
    grid.component[axis] = from;
    grid.last[axis] = static_cast<float>(image_size[from] - 1);
    grid.top[axis] = image_size[from] > 1 ? image_size[from] - 2 : 0;
    grid.stride[axis] = stride;
    grid.upper[axis] = image_size[from] > 1 ? stride * static_cast<int64_t>(channels) : 0;
    stride *= image_size[from];
  }
  grid.has_pairs = grid.image_size[2] > 1;
  return grid;
}

// Positions of a block. Fractions are those of the upper neighbours; slope is 1 where the value changes with the
// position, else 0.
struct Located {
  int32_t lower[3][kBlock];
  int32_t base[kBlock];  // voxel index of the lower corner
  float fraction[3][kBlock];
  float slope[3][kBlock];
  float inside[kBlock];
};

// `u` is the displacement at (i, j, k); the block covers k ... k + count - 1.
static void locate(const WarpGrid& grid, int64_t i, int64_t j, int64_t k, const float* __restrict u, int count,
                   Located* at) {
  Located& __restrict located = *at;
  const int64_t start[3] = {i, j, k};
  for (int v = 0; v < count; ++v) {
    located.base[v] = 0;
    located.inside[v] = 1.0f;
  }
  for (int axis = 0; axis < 3; ++axis) {
    const float last = grid.last[axis];
    const int32_t top = grid.top[axis];
    const int32_t stride = grid.stride[axis];
    const float* const component = u + grid.component[axis];
    const int32_t origin = static_cast<int32_t>(start[axis]);
    const int32_t step = axis == 2 ? 1 : 0;
    for (int v = 0; v < count; ++v) {
      const float p = static_cast<float>(origin + step * v) + component[3 * v];
      float clamped = p > 0.0f ? p : 0.0f;  // a NaN counts as 0: the index stays inside
      clamped = clamped < last ? clamped : last;
      int32_t lower = static_cast<int32_t>(clamped);
      lower = lower < top ? lower : top;
      located.lower[axis][v] = lower;
      located.fraction[axis][v] = clamped - static_cast<float>(lower);
      located.base[v] += lower * stride;
      located.slope[axis][v] = (p >= 0.0f) & (p < last) ? 1.0f : 0.0f;
      located.inside[v] = (p >= 0.0f) & (p <= last) ? located.inside[v] : 0.0f;
    }
  }
}

// The voxel nearest to each position, halves to the even one, instead of the lower corner.
static void snapToNearest(const WarpGrid& grid, int count, Located* at) {
  Located& __restrict located = *at;
  for (int v = 0; v < count; ++v) {
    int32_t base = 0;
    for (int axis = 0; axis < 3; ++axis) {
      const int32_t lower = located.lower[axis][v];
      const float fraction = located.fraction[axis][v];
      const bool is_upper = (fraction > 0.5f) | ((fraction == 0.5f) & ((lower & 1) == 1));
      base += (lower + (is_upper ? 1 : 0)) * grid.stride[axis];
    }
    located.base[v] = base;
  }
}

// body(i, j, k, count, displacement offset / 3) for every block of plane `i` of item `item`.
template <typename Body>
inline void forEachBlock(const WarpGrid& grid, int64_t item, int64_t i, const Body& body) {
  for (int64_t j = 0; j < grid.size[1]; ++j) {
    const int64_t row = ((item * grid.size[0] + i) * grid.size[1] + j) * grid.size[2];
    for (int64_t k = 0; k < grid.size[2]; k += kBlock) {
      const int64_t rest = grid.size[2] - k;
      body(j, k, static_cast<int>(rest < kBlock ? rest : kBlock), row + k);
    }
  }
}

// Four floats, of which three are a vector of the field.
typedef float Vec4 __attribute__((vector_size(16)));
typedef float UnalignedVec4 __attribute__((vector_size(16), aligned(4), may_alias));

inline __attribute__((always_inline)) Vec4 load4(const float* p) { return *reinterpret_cast<const UnalignedVec4*>(p); }
inline __attribute__((always_inline)) Vec4 load3(const float* p) { return Vec4{p[0], p[1], p[2], 0.0f}; }
inline __attribute__((always_inline)) float dot3(Vec4 a, Vec4 b) {
  const Vec4 product = a * b;
  return product[0] + product[1] + product[2];
}

// The vectors at the upper neighbour along k, in lanes 0 to 2: read from two floats before it, so never past the end.
inline __attribute__((always_inline)) Vec4 loadUpper(const float* lower) {
  const Vec4 shifted = load4(lower + 2);
  return __builtin_shufflevector(shifted, shifted, 1, 2, 3, 0);
}

}  // namespace hypermorph::HYPERMORPH_ISA
