#pragma once

// Gradients of warps. By the displacement: each voxel on its own. By the image: a task owns some planes of the image
// and takes, in the order of the voxels, what falls on them; so every sum has one order whatever the number of threads.

#include "kernels/warp.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kSlabPlanes = 8;

// d value / d position for a one-channel image, times dy.
static void slopeOfScalars(const WarpGrid& grid, const float* image, const Located& located, int count,
                           const float* __restrict dy, float* __restrict out) {
  Pairs pairs;
  gatherPairs(grid, image, located, count, &pairs);
  const float* const a = pairs.values[0];
  const float* const b = pairs.values[1];
  const float* const c = pairs.values[2];
  const float* const d = pairs.values[3];
  float* const out_i = out + grid.component[0];
  float* const out_j = out + grid.component[1];
  float* const out_k = out + grid.component[2];
  for (int v = 0; v < count; ++v) {
    const float fi = located.fraction[0][v];
    const float fj = located.fraction[1][v];
    const float fk = located.fraction[2][v];
    const float step_a = a[2 * v + 1] - a[2 * v], step_b = b[2 * v + 1] - b[2 * v];
    const float step_c = c[2 * v + 1] - c[2 * v], step_d = d[2 * v + 1] - d[2 * v];
    const float row_a = a[2 * v] + fk * step_a, row_b = b[2 * v] + fk * step_b;
    const float row_c = c[2 * v] + fk * step_c, row_d = d[2 * v] + fk * step_d;
    const float along_i = (row_c - row_a) + fj * ((row_d - row_b) - (row_c - row_a));
    const float along_j = (row_b - row_a) + fi * ((row_d - row_c) - (row_b - row_a));
    const float step_lower = step_a + fj * (step_b - step_a);
    const float step_upper = step_c + fj * (step_d - step_c);
    const float along_k = step_lower + fi * (step_upper - step_lower);
    out_i[3 * v] = dy[v] * located.slope[0][v] * along_i;
    out_j[3 * v] = dy[v] * located.slope[1][v] * along_j;
    out_k[3 * v] = dy[v] * located.slope[2][v] * along_k;
  }
}

// The same for vectors of three at one voxel: the gradient in the order of the displacement's components.
inline __attribute__((always_inline)) Vec4 slopeOfVector(const WarpGrid& grid, const float* image,
                                                         const Located& located, int v, Vec4 dy) {
  const float* const p = image + 3 * static_cast<int64_t>(located.base[v]);
  const float* const q = p + grid.upper[0];
  const float fi = located.fraction[0][v];
  const float fj = located.fraction[1][v];
  const float fk = located.fraction[2][v];
  const Vec4 a = load4(p), b = load4(p + grid.upper[1]), c = load4(q), d = load4(q + grid.upper[1]);
  const Vec4 step_a = loadUpper(p) - a, step_b = loadUpper(p + grid.upper[1]) - b;
  const Vec4 step_c = loadUpper(q) - c, step_d = loadUpper(q + grid.upper[1]) - d;
  const Vec4 row_a = a + fk * step_a, row_b = b + fk * step_b, row_c = c + fk * step_c, row_d = d + fk * step_d;
  const Vec4 along_i = (1.0f - fj) * (row_c - row_a) + fj * (row_d - row_b);
  const Vec4 along_j = (1.0f - fi) * (row_b - row_a) + fi * (row_d - row_c);
  const Vec4 lower = step_a + fj * (step_b - step_a);
  const Vec4 along_k = lower + fi * (step_c + fj * (step_d - step_c) - lower);
  float slope[3];
  slope[grid.component[0]] = located.slope[0][v] * dot3(along_i, dy);
  slope[grid.component[1]] = located.slope[1][v] * dot3(along_j, dy);
  slope[grid.component[2]] = located.slope[2][v] * dot3(along_k, dy);
  return Vec4{slope[0], slope[1], slope[2], 0.0f};
}

static void slopeOfChannels(const WarpGrid& grid, const float* image, const Located& located, int count,
                            const float* dy, float* out) {
  for (int v = 0; v < count; ++v) {
    const Corners corners = cornersOf(grid, located, v);
    for (int axis = 0; axis < 3; ++axis) {
      float sum = 0.0f;
      for (int corner = 0; corner < 8; ++corner) {
        float weight = 1.0f;
        for (int other = 0; other < 3; ++other) {
          const bool is_upper = (corner >> (2 - other) & 1) == 1;
          const float fraction = located.fraction[other][v];
          weight *= other == axis ? (is_upper ? 1.0f : -1.0f) : (is_upper ? fraction : 1.0f - fraction);
        }
        for (int64_t c = 0; c < grid.channels; ++c) {
          sum += weight * dy[v * grid.channels + c] * image[corners.offset[corner] + c];
        }
      }
      out[3 * v + grid.component[axis]] = located.slope[axis][v] * sum;
    }
  }
}

static void warpDisplacementGradient(const WarpArgs& a) noexcept {
  const WarpGrid grid = warpGrid(a.image_size, a.size, a.channels);
  forEachTask(a.n * grid.size[0], [&](int64_t task, int) {
    const int64_t item = task / grid.size[0];
    const int64_t i = task % grid.size[0];
    const float* const image = a.image + item * grid.imageFloats();
    Located located;
    forEachBlock(grid, item, i, [&](int64_t j, int64_t k, int count, int64_t at) {
      const float* const dy = a.dy + at * grid.channels;
      float* const out = a.out + 3 * at;
      if (!a.is_linear) {
        std::memset(out, 0, static_cast<size_t>(count) * 3 * sizeof(float));
        return;
      }
      locate(grid, i, j, k, a.displacement + 3 * at, count, &located);
      if (grid.channels == 1 && grid.has_pairs) {
        slopeOfScalars(grid, image, located, count, dy, out);
      } else if (grid.channels == 3 && grid.has_pairs) {
        for (int v = 0; v < count; ++v) store3(out + 3 * v, slopeOfVector(grid, image, located, v, load3(dy + 3 * v)));
      } else {
        slopeOfChannels(grid, image, located, count, dy, out);
      }
      if (!a.has_fill) return;
      for (int v = 0; v < count; ++v) {
        if (located.inside[v] == 0.0f) store3(out + 3 * v, Vec4{});
      }
    });
  });
}

// Lowest and highest plane of the image (first axis in memory) on which a plane of voxels falls.
struct PlaneRange {
  int32_t lowest;
  int32_t highest;
};

static void findPlaneRanges(const WarpGrid& grid, int64_t items, const float* displacement, PlaneRange* ranges) {
  forEachTask(items * grid.size[0], [&](int64_t task, int) {
    const int64_t i = task % grid.size[0];
    const float* const u = displacement + 3 * task * grid.size[1] * grid.size[2] + grid.component[0];
    const float origin = static_cast<float>(i);
    float lowest = grid.last[0];
    float highest = 0.0f;
    for (int64_t v = 0; v < grid.size[1] * grid.size[2]; ++v) {
      const float p = origin + u[3 * v];
      float clamped = p > 0.0f ? p : 0.0f;
      clamped = clamped < grid.last[0] ? clamped : grid.last[0];
      lowest = clamped < lowest ? clamped : lowest;
      highest = clamped > highest ? clamped : highest;
    }
    int32_t first = static_cast<int32_t>(lowest);
    first = first < grid.top[0] ? first : grid.top[0];
    ranges[task] = PlaneRange{first, static_cast<int32_t>(highest) + 1};  // the upper neighbour too
  });
}

// Adds what the block's voxels give to the planes [begin, end) of `out`, the image of one item.
static void scatterBlock(const WarpGrid& grid, const Located& located, int count, const float* dy, int64_t begin,
                         int64_t end, float* out) {
  for (int v = 0; v < count; ++v) {
    const int32_t plane = located.lower[0][v];
    const bool has_lower = plane >= begin && plane < end;
    const bool has_upper = grid.upper[0] > 0 && plane + 1 >= begin && plane + 1 < end;
    if (!has_lower && !has_upper) continue;
    const Corners corners = cornersOf(grid, located, v);
    const float* const share = dy + v * grid.channels;
    for (int corner = has_lower ? 0 : 4; corner < (has_upper ? 8 : 4); ++corner) {
      float* const to = out + corners.offset[corner];
      for (int64_t c = 0; c < grid.channels; ++c) to[c] += corners.weight[corner] * share[c];
    }
  }
}

// The same for vectors of three, written out.
static void scatterVectors(const WarpGrid& grid, const Located& located, int count, const float* dy, int64_t begin,
                           int64_t end, float* out) {
  const int64_t up_j = grid.upper[1];
  const int64_t up_k = grid.upper[2];
  const auto addRow = [&](float* row, float weight, float fk, const float* share) {
    const float lower = weight * (1.0f - fk);
    const float upper = weight * fk;
    row[0] += lower * share[0];
    row[1] += lower * share[1];
    row[2] += lower * share[2];
    row[up_k] += upper * share[0];
    row[up_k + 1] += upper * share[1];
    row[up_k + 2] += upper * share[2];
  };
  for (int v = 0; v < count; ++v) {
    const int32_t plane = located.lower[0][v];
    const float* const share = dy + 3 * v;
    const float fi = located.fraction[0][v], fj = located.fraction[1][v], fk = located.fraction[2][v];
    float* const corner = out + 3 * static_cast<int64_t>(located.base[v]);
    if (plane >= begin && plane < end) {
      addRow(corner, (1.0f - fi) * (1.0f - fj), fk, share);
      addRow(corner + up_j, (1.0f - fi) * fj, fk, share);
    }
    if (grid.upper[0] > 0 && plane + 1 >= begin && plane + 1 < end) {
      addRow(corner + grid.upper[0], fi * (1.0f - fj), fk, share);
      addRow(corner + grid.upper[0] + up_j, fi * fj, fk, share);
    }
  }
}

// Adds what every voxel of an item gives to the image's planes [begin, end); dropped where the position is outside and
// has a fill.
static void scatterItem(const WarpArgs& a, const WarpGrid& grid, int64_t item, const PlaneRange* ranges, int64_t begin,
                        int64_t end) {
  float* const out = a.out + item * grid.imageFloats();
  Located located;
  for (int64_t i = 0; i < grid.size[0]; ++i) {
    const PlaneRange& range = ranges[item * grid.size[0] + i];
    if (range.highest < begin || range.lowest >= end) continue;
    forEachBlock(grid, item, i, [&](int64_t j, int64_t k, int count, int64_t at) {
      const float* const dy = a.dy + at * grid.channels;
      locate(grid, i, j, k, a.displacement + 3 * at, count, &located);
      if (a.has_fill || !a.is_linear) {
        for (int v = 0; v < count; ++v) {
          if (a.has_fill && located.inside[v] == 0.0f) continue;
          Located one;
          one.base[0] = located.base[v];
          for (int axis = 0; axis < 3; ++axis) {
            const float fraction = located.fraction[axis][v];
            const bool is_odd = (located.lower[axis][v] & 1) == 1;
            const float nearest = fraction > 0.5f || (fraction == 0.5f && is_odd) ? 1.0f : 0.0f;
            one.lower[axis][0] = located.lower[axis][v];
            one.fraction[axis][0] = a.is_linear ? fraction : nearest;
          }
          scatterBlock(grid, one, 1, dy + v * grid.channels, begin, end, out);
        }
      } else if (grid.channels == 3) {
        scatterVectors(grid, located, count, dy, begin, end, out);
      } else {
        scatterBlock(grid, located, count, dy, begin, end, out);
      }
    });
  }
}

static void warpImageGradient(const WarpArgs& a) noexcept {
  const WarpGrid grid = warpGrid(a.image_size, a.size, a.channels);
  PlaneRange* const ranges = reinterpret_cast<PlaneRange*>(a.scratch.shared);
  findPlaneRanges(grid, a.n, a.displacement, ranges);
  const int64_t slabs = (grid.image_size[0] + kSlabPlanes - 1) / kSlabPlanes;
  const int64_t plane = grid.imageFloats() / grid.image_size[0];
  forEachTask(a.n * slabs, [&](int64_t task, int) {
    const int64_t item = task / slabs;
    const int64_t begin = task % slabs * kSlabPlanes;
    const int64_t end = begin + kSlabPlanes < grid.image_size[0] ? begin + kSlabPlanes : grid.image_size[0];
    float* const out = a.out + item * grid.imageFloats();
    std::memset(out + begin * plane, 0, static_cast<size_t>((end - begin) * plane) * sizeof(float));
    scatterItem(a, grid, item, ranges, begin, end);
  });
}

// d/du of u(x) + u(x + u(x)): dy at x, the slope at x + u(x) times dy, and what other voxels read here.
static void selfComposeGradient(const SelfComposeArgs& a) noexcept {
  const WarpGrid grid = warpGrid(a.size, a.size, 3);
  const WarpArgs warp{.image = a.displacement,
                      .displacement = a.displacement,
                      .dy = a.dy,
                      .out = a.out,
                      .n = a.n,
                      .image_size = {a.size[0], a.size[1], a.size[2]},
                      .size = {a.size[0], a.size[1], a.size[2]},
                      .channels = 3,
                      .is_linear = true,
                      .has_fill = false,
                      .fill = 0.0f,
                      .scratch = a.scratch};
  PlaneRange* const ranges = reinterpret_cast<PlaneRange*>(a.scratch.shared);
  findPlaneRanges(grid, a.n, a.displacement, ranges);
  const int64_t slabs = (grid.size[0] + kSlabPlanes - 1) / kSlabPlanes;
  forEachTask(a.n * slabs, [&](int64_t task, int) {
    const int64_t item = task / slabs;
    const int64_t begin = task % slabs * kSlabPlanes;
    const int64_t end = begin + kSlabPlanes < grid.size[0] ? begin + kSlabPlanes : grid.size[0];
    const float* const field = a.displacement + item * grid.imageFloats();
    Located located;
    for (int64_t i = begin; i < end; ++i) {
      forEachBlock(grid, item, i, [&](int64_t j, int64_t k, int count, int64_t at) {
        const float* const dy = a.dy + 3 * at;
        float* const out = a.out + 3 * at;
        locate(grid, i, j, k, a.displacement + 3 * at, count, &located);
        if (grid.has_pairs) {
          for (int v = 0; v < count; ++v) {
            const Vec4 share = load3(dy + 3 * v);
            store3(out + 3 * v, share + slopeOfVector(grid, field, located, v, share));
          }
        } else {
          slopeOfChannels(grid, field, located, count, dy, out);
          for (int v = 0; v < 3 * count; ++v) out[v] += dy[v];
        }
      });
    }
    scatterItem(warp, grid, item, ranges, begin, end);
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
