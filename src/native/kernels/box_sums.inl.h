#pragma once

// Sums over boxes around every voxel, at a cost that does not grow with the box: along i and j voxels that enter a box
// are added and those that leave it taken away, along k the sum is doubled (2, 4, 8, ... voxels). All in double.

#include "kernels/losses.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kTileRows = 32;    // their columns of sums fit in the second-level cache
inline constexpr int64_t kTilePlanes = 64;  // against them the planes that only fill the first box weigh little

// Box of voxel x: [x - before, x + after] along every axis.
struct BoxShape {
  int64_t size[3];
  int64_t before[3];
  int64_t after[3];

  int64_t length(int axis) const { return before[axis] + after[axis] + 1; }
  int64_t tilesAlongJ() const { return (size[1] + kTileRows - 1) / kTileRows; }
  int64_t tiles() const { return (size[0] + kTilePlanes - 1) / kTilePlanes * tilesAlongJ(); }
  int64_t paddedRow() const { return size[2] + length(2) - 1; }
  int64_t columnRows() const {
    const int64_t rows = kTileRows + length(1) - 1;
    return rows < size[1] ? rows : size[1];
  }
};

// Working memory of one thread, doubles.
struct BoxBuffers {
  double* columns;  // [rows of the tile and around it][quantity][k]: sums along i
  double* rows;     // [quantity][padded k]: sums along i and j, zeros around
  double* doubled;  // [padded k]
  double* sums;     // [quantity][k]: the result
};

static int64_t boxBufferDoubles(const BoxShape& box, int quantities) {
  return box.columnRows() * quantities * box.size[2] + (quantities + 1) * box.paddedRow() + quantities * box.size[2];
}

static BoxBuffers boxBuffers(const BoxShape& box, int quantities, double* memory) {
  BoxBuffers buffers{};
  buffers.columns = memory;
  buffers.rows = buffers.columns + box.columnRows() * quantities * box.size[2];
  buffers.doubled = buffers.rows + quantities * box.paddedRow();
  buffers.sums = buffers.doubled + box.paddedRow();
  return buffers;
}

// sums[k] = row[k] + ... + row[k + length - 1].
static void sumAlongRow(const double* __restrict row, int64_t length, int64_t count, double* __restrict doubled,
                        double* __restrict sums) {
  int64_t offset = 0;
  int64_t width = 1;
  bool is_first = true;
  for (int64_t bits = length; bits > 0; bits >>= 1, width *= 2) {
    const double* const parts = width == 1 ? row : doubled;
    if ((bits & 1) == 1) {
      if (is_first) {
        for (int64_t k = 0; k < count; ++k) sums[k] = parts[k + offset];
      } else {
        for (int64_t k = 0; k < count; ++k) sums[k] += parts[k + offset];
      }
      is_first = false;
      offset += width;
    }
    if (bits == 1) break;
    const int64_t left = count + length - 2 * width;  // of the doubled sums
    if (width == 1) {
      for (int64_t k = 0; k < left; ++k) doubled[k] = row[k] + row[k + 1];
    } else {
      for (int64_t k = 0; k < left; ++k) doubled[k] += doubled[k + width];
    }
  }
}

// Box sums of kQuantities quantities in one tile. slide(entering, leaving, columns) adds row `entering` of quantities
// to the columns and takes away row `leaving`; a row is an index i J + j, or -1 for none. emit(i, j, sums) gets the
// result of a row.
template <int kQuantities, typename Slide, typename Emit>
inline void boxSums(const BoxShape& box, int64_t tile, const BoxBuffers& buffers, const Slide& slide,
                    const Emit& emit) {
  const int64_t i_begin = tile / box.tilesAlongJ() * kTilePlanes;
  const int64_t i_end = i_begin + kTilePlanes < box.size[0] ? i_begin + kTilePlanes : box.size[0];
  const int64_t j_begin = tile % box.tilesAlongJ() * kTileRows;
  const int64_t j_end = j_begin + kTileRows < box.size[1] ? j_begin + kTileRows : box.size[1];
  const int64_t first_row = j_begin > box.before[1] ? j_begin - box.before[1] : 0;
  const int64_t last_row = j_end - 1 + box.after[1] < box.size[1] - 1 ? j_end - 1 + box.after[1] : box.size[1] - 1;
  const int64_t width = box.size[2];
  const int64_t column = kQuantities * width;
  const int64_t padded = box.paddedRow();
  std::memset(buffers.columns, 0, static_cast<size_t>((last_row - first_row + 1) * column) * sizeof(double));

  const auto addRow = [&](int64_t j, double sign) {
    if (j < first_row || j > last_row) return;
    const double* const from = buffers.columns + (j - first_row) * column;
    for (int q = 0; q < kQuantities; ++q) {
      double* __restrict const to = buffers.rows + q * padded + box.before[2];
      for (int64_t k = 0; k < width; ++k) to[k] += sign * from[q * width + k];
    }
  };

  for (int64_t i = i_begin - box.before[0] - box.after[0]; i < i_end; ++i) {
    const int64_t entering = i + box.after[0];
    const int64_t leaving = i - box.before[0] - 1;
    const bool has_entering = entering >= 0 && entering < box.size[0] && entering >= i_begin - box.before[0];
    const bool has_leaving = leaving >= 0 && leaving >= i_begin - box.before[0];
    if (has_entering || has_leaving) {
      for (int64_t j = first_row; j <= last_row; ++j) {
        slide(has_entering ? entering * box.size[1] + j : -1, has_leaving ? leaving * box.size[1] + j : -1,
              buffers.columns + (j - first_row) * column);
      }
    }
    if (i < i_begin) continue;
    std::memset(buffers.rows, 0, static_cast<size_t>(kQuantities * padded) * sizeof(double));
    for (int64_t j = j_begin - box.before[1]; j < j_begin + box.after[1]; ++j) addRow(j, 1.0);
    for (int64_t j = j_begin; j < j_end; ++j) {
      addRow(j + box.after[1], 1.0);
      if (j > j_begin) addRow(j - box.before[1] - 1, -1.0);
      for (int q = 0; q < kQuantities; ++q) {
        sumAlongRow(buffers.rows + q * padded, box.length(2), width, buffers.doubled, buffers.sums + q * width);
      }
      emit(i, j, buffers.sums);
    }
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
