#pragma once

#include "kernels/pool.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// All lanes, or the first `count` where a row ends inside a vector.
inline __attribute__((always_inline)) Vec loadLanes(const float* p, int64_t count) {
  return count >= kLanes ? load(p) : loadPart(p, static_cast<int>(count));
}
inline __attribute__((always_inline)) void storeLanes(float* p, Vec v, int64_t count) {
  if (count >= kLanes) store(p, v);
  else storePart(p, v, static_cast<int>(count));
}

// Offsets that turn voxel (i, j, k) into an element, and loops over coarse planes.
struct PoolGrid {
  int64_t coarse[3];
  int64_t fine_plane, fine_row;  // floats from one i (one j) to the next
  int64_t channels;
};

static PoolGrid poolGrid(const PoolArgs& a) {
  PoolGrid grid{};
  for (int axis = 0; axis < 3; ++axis) grid.coarse[axis] = a.size[axis] / a.window[axis];
  grid.channels = a.channels;
  grid.fine_row = a.size[2] * a.channels;
  grid.fine_plane = a.size[1] * grid.fine_row;
  return grid;
}

// body(fine offset of the window's first element, coarse offset) for every window of coarse plane `task`.
template <typename Body>
inline void forEachWindow(const PoolArgs& a, const PoolGrid& grid, int64_t task, const Body& body) {
  const int64_t item = task / grid.coarse[0];
  const int64_t i = task % grid.coarse[0];
  const int64_t plane = (item * a.size[0] + i * a.window[0]) * grid.fine_plane;
  int64_t coarse = task * grid.coarse[1] * grid.coarse[2] * grid.channels;
  for (int64_t j = 0; j < grid.coarse[1]; ++j) {
    for (int64_t k = 0; k < grid.coarse[2]; ++k, coarse += grid.channels) {
      body(plane + j * a.window[1] * grid.fine_row + k * a.window[2] * grid.channels, coarse);
    }
  }
}

static void maxPool(const PoolArgs& a) noexcept {
  const PoolGrid grid = poolGrid(a);
  forEachTask(a.n * grid.coarse[0], [&](int64_t task, int) {
    forEachWindow(a, grid, task, [&](int64_t fine, int64_t coarse) {
      for (int64_t c = 0; c < a.channels; c += kLanes) {
        const int64_t lanes = a.channels - c;
        const float* const x = a.fine + fine + c;
        Vec best = loadLanes(x, lanes);
        for (int32_t p = 0; p < a.window[0]; ++p) {
          for (int32_t q = 0; q < a.window[1]; ++q) {
            for (int32_t r = 0; r < a.window[2]; ++r) {
              const Vec value = loadLanes(x + p * grid.fine_plane + q * grid.fine_row + r * a.channels, lanes);
              best = value > best ? value : best;
            }
          }
        }
        storeLanes(a.out + coarse + c, best, lanes);
      }
    });
  });
}

static void maxPoolGradient(const PoolArgs& a) noexcept {
  const PoolGrid grid = poolGrid(a);
  const bool is_covered = a.size[0] % a.window[0] == 0 && a.size[1] % a.window[1] == 0 && a.size[2] % a.window[2] == 0;
  if (!is_covered) {
    forEachTask(a.n * a.size[0], [&](int64_t task, int) {
      std::memset(a.out + task * grid.fine_plane, 0, static_cast<size_t>(grid.fine_plane) * sizeof(float));
    });
  }
  forEachTask(a.n * grid.coarse[0], [&](int64_t task, int) {
    forEachWindow(a, grid, task, [&](int64_t fine, int64_t coarse) {
      for (int64_t c = 0; c < a.channels; c += kLanes) {
        const int64_t lanes = a.channels - c;
        const Vec best = loadLanes(a.coarse + coarse + c, lanes);
        Vec share = loadLanes(a.dcoarse + coarse + c, lanes);  // until the first largest element takes it
        for (int32_t p = 0; p < a.window[0]; ++p) {
          for (int32_t q = 0; q < a.window[1]; ++q) {
            for (int32_t r = 0; r < a.window[2]; ++r) {
              const int64_t at = fine + c + p * grid.fine_plane + q * grid.fine_row + r * a.channels;
              const auto wins = loadLanes(a.fine + at, lanes) == best;
              storeLanes(a.out + at, wins ? share : Vec{}, lanes);
              share = wins ? Vec{} : share;
            }
          }
        }
      }
    });
  });
}

static void upsample(const PoolArgs& a) noexcept {
  const PoolGrid grid = poolGrid(a);
  forEachTask(a.n * grid.coarse[0], [&](int64_t task, int) {
    forEachWindow(a, grid, task, [&](int64_t fine, int64_t coarse) {
      for (int32_t r = 0; r < a.window[2]; ++r) {
        std::memcpy(a.out + fine + r * a.channels, a.coarse + coarse, static_cast<size_t>(a.channels) * sizeof(float));
      }
    });
    // The first row of every window is there; the others are copies of it.
    const int64_t item = task / grid.coarse[0];
    float* const plane = a.out + (item * a.size[0] + task % grid.coarse[0] * a.window[0]) * grid.fine_plane;
    for (int64_t j = 0; j < grid.coarse[1]; ++j) {
      const float* const row = plane + j * a.window[1] * grid.fine_row;
      for (int32_t p = 0; p < a.window[0]; ++p) {
        for (int32_t q = p == 0 ? 1 : 0; q < a.window[1]; ++q) {
          float* const copy = plane + p * grid.fine_plane + (j * a.window[1] + q) * grid.fine_row;
          std::memcpy(copy, row, static_cast<size_t>(grid.fine_row) * sizeof(float));
        }
      }
    }
  });
}

static void upsampleGradient(const PoolArgs& a) noexcept {
  const PoolGrid grid = poolGrid(a);
  forEachTask(a.n * grid.coarse[0], [&](int64_t task, int) {
    forEachWindow(a, grid, task, [&](int64_t fine, int64_t coarse) {
      for (int64_t c = 0; c < a.channels; c += kLanes) {
        const int64_t lanes = a.channels - c;
        Vec sum = {};
        for (int32_t p = 0; p < a.window[0]; ++p) {
          for (int32_t q = 0; q < a.window[1]; ++q) {
            for (int32_t r = 0; r < a.window[2]; ++r) {
              sum += loadLanes(a.dcoarse + fine + c + p * grid.fine_plane + q * grid.fine_row + r * a.channels, lanes);
            }
          }
        }
        storeLanes(a.out + coarse + c, sum, lanes);
      }
    });
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
