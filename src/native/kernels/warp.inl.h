#pragma once

#include "kernels/locate.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

// The eight neighbours of every voxel of a block in a one-channel image: four pairs along the last axis.
struct Pairs {
  float values[4][2 * kBlock];  // lower i lower j, lower i upper j, upper i lower j, upper i upper j
};

static void gatherPairs(const WarpGrid& grid, const float* image, const Located& located, int count, Pairs* pairs) {
  const int64_t up_i = grid.upper[0];
  const int64_t up_j = grid.upper[1];
  for (int v = 0; v < count; ++v) {
    const float* const corner = image + located.base[v];
    std::memcpy(&pairs->values[0][2 * v], corner, 2 * sizeof(float));
    std::memcpy(&pairs->values[1][2 * v], corner + up_j, 2 * sizeof(float));
    std::memcpy(&pairs->values[2][2 * v], corner + up_i, 2 * sizeof(float));
    std::memcpy(&pairs->values[3][2 * v], corner + up_i + up_j, 2 * sizeof(float));
  }
}

// One channel, linear, a block at a time.
static void sampleScalars(const WarpGrid& grid, const float* image, const Located& located, int count,
                          float* __restrict y) {
  Pairs pairs;
  gatherPairs(grid, image, located, count, &pairs);
  const float* const a = pairs.values[0];
  const float* const b = pairs.values[1];
  const float* const c = pairs.values[2];
  const float* const d = pairs.values[3];
  for (int v = 0; v < count; ++v) {
    const float fi = located.fraction[0][v];
    const float fj = located.fraction[1][v];
    const float fk = located.fraction[2][v];
    const float row_a = a[2 * v] + fk * (a[2 * v + 1] - a[2 * v]);
    const float row_b = b[2 * v] + fk * (b[2 * v + 1] - b[2 * v]);
    const float row_c = c[2 * v] + fk * (c[2 * v + 1] - c[2 * v]);
    const float row_d = d[2 * v] + fk * (d[2 * v + 1] - d[2 * v]);
    const float lower = row_a + fj * (row_b - row_a);
    const float upper = row_c + fj * (row_d - row_c);
    y[v] = lower + fi * (upper - lower);
  }
}

// Vectors of three at one voxel of the block, linear.
inline __attribute__((always_inline)) Vec4 sampleVector(const WarpGrid& grid, const float* image,
                                                        const Located& located, int v) {
  const float* const corner = image + 3 * static_cast<int64_t>(located.base[v]);
  const float fi = located.fraction[0][v];
  const float fj = located.fraction[1][v];
  const float fk = located.fraction[2][v];
  const float a = (1.0f - fi) * (1.0f - fj), b = (1.0f - fi) * fj, c = fi * (1.0f - fj), d = fi * fj;
  const float* const p = corner + grid.upper[1];
  const float* const q = corner + grid.upper[0];
  const float* const r = q + grid.upper[1];
  const Vec4 lower = a * load4(corner) + b * load4(p) + c * load4(q) + d * load4(r);
  const Vec4 upper = a * load4(corner + 2) + b * load4(p + 2) + c * load4(q + 2) + d * load4(r + 2);
  return (1.0f - fk) * lower + fk * __builtin_shufflevector(upper, upper, 1, 2, 3, 0);
}

inline __attribute__((always_inline)) void store3(float* p, Vec4 v) {
  p[0] = v[0];
  p[1] = v[1];
  p[2] = v[2];
}

// Weights and offsets of the eight corners of one voxel, for any number of channels.
struct Corners {
  int64_t offset[8];
  float weight[8];
};

static Corners cornersOf(const WarpGrid& grid, const Located& located, int v) {
  Corners corners;
  for (int corner = 0; corner < 8; ++corner) {
    int64_t offset = located.base[v] * grid.channels;
    float weight = 1.0f;
    for (int axis = 0; axis < 3; ++axis) {
      const bool is_upper = (corner >> (2 - axis) & 1) == 1;
      offset += is_upper ? grid.upper[axis] : 0;
      weight *= is_upper ? located.fraction[axis][v] : 1.0f - located.fraction[axis][v];
    }
    corners.offset[corner] = offset;
    corners.weight[corner] = weight;
  }
  return corners;
}

static void sampleChannels(const WarpGrid& grid, const float* image, const Located& located, int count, float* y) {
  for (int v = 0; v < count; ++v) {
    const Corners corners = cornersOf(grid, located, v);
    for (int64_t c = 0; c < grid.channels; ++c) {
      float sum = 0.0f;
      for (int corner = 0; corner < 8; ++corner) sum += corners.weight[corner] * image[corners.offset[corner] + c];
      y[v * grid.channels + c] = sum;
    }
  }
}

static void copyNearest(const WarpGrid& grid, const float* image, const Located& located, int count, float* y) {
  for (int v = 0; v < count; ++v) {
    const float* const voxel = image + located.base[v] * grid.channels;
    for (int64_t c = 0; c < grid.channels; ++c) y[v * grid.channels + c] = voxel[c];
  }
}

static void warp(const WarpArgs& a) noexcept {
  const WarpGrid grid = warpGrid(a.image_size, a.size, a.channels);
  forEachTask(a.n * grid.size[0], [&](int64_t task, int) {
    const int64_t item = task / grid.size[0];
    const int64_t i = task % grid.size[0];
    const float* const image = a.image + item * grid.imageFloats();
    Located located;
    forEachBlock(grid, item, i, [&](int64_t j, int64_t k, int count, int64_t at) {
      float* const y = a.out + at * grid.channels;
      locate(grid, i, j, k, a.displacement + 3 * at, count, &located);
      if (!a.is_linear) {
        snapToNearest(grid, count, &located);
        copyNearest(grid, image, located, count, y);
      } else if (grid.channels == 1 && grid.has_pairs) {
        sampleScalars(grid, image, located, count, y);
      } else if (grid.channels == 3 && grid.has_pairs) {
        for (int v = 0; v < count; ++v) store3(y + 3 * v, sampleVector(grid, image, located, v));
      } else {
        sampleChannels(grid, image, located, count, y);
      }
      if (!a.has_fill) return;
      for (int v = 0; v < count; ++v) {
        for (int64_t c = 0; c < grid.channels; ++c) {
          y[v * grid.channels + c] = located.inside[v] > 0.0f ? y[v * grid.channels + c] : a.fill;
        }
      }
    });
  });
}

static void selfCompose(const SelfComposeArgs& a) noexcept {
  const WarpGrid grid = warpGrid(a.size, a.size, 3);
  forEachTask(a.n * grid.size[0], [&](int64_t task, int) {
    const int64_t item = task / grid.size[0];
    const int64_t i = task % grid.size[0];
    const float* const field = a.displacement + item * grid.imageFloats();
    Located located;
    forEachBlock(grid, item, i, [&](int64_t j, int64_t k, int count, int64_t at) {
      const float* const u = a.displacement + 3 * at;
      float* const y = a.out + 3 * at;
      locate(grid, i, j, k, u, count, &located);
      if (grid.has_pairs) {
        for (int v = 0; v < count; ++v) store3(y + 3 * v, load3(u + 3 * v) + sampleVector(grid, field, located, v));
      } else {
        sampleChannels(grid, field, located, count, y);
        for (int v = 0; v < 3 * count; ++v) y[v] += u[v];
      }
    });
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
