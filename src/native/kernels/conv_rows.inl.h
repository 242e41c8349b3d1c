#pragma once

// Rows of a convolution's input, copied zero-padded into a ring of planes: one copy serves all taps and output
// channels, hides where the values come from (plain, up-sampled and concatenated, gradient through the activation), and
// leaves the inner loops without a branch.

#include "kernels/conv.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// The virtual input [N, I, J, K, C] of a convolution.
struct RowSource {
  int32_t size[3];
  int32_t channels;
  // Values: concat([upsampleNearest(coarse), plain]).
  const float* plain;
  int32_t plain_channels;
  const float* coarse;
  int32_t coarse_channels;
  int32_t up[3];
  // Gradient: value * (gate > 0 ? 1 : slope), null for none; `plain` then holds [N, G0, G1, G2, C] and stands at every
  // insert-th voxel with zeros between.
  const float* gate;
  float slope;
  int32_t insert[3];
  int32_t gradient_size[3];
};

static void copyFloats(float* to, const float* from, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}
static void clearFloats(float* to, int64_t count) { std::memset(to, 0, static_cast<size_t>(count) * sizeof(float)); }

static inline void gateFloats(float* to, const float* from, const float* gate, Vec slope, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Vec value = load(from + i);
    store(to + i, load(gate + i) > Vec{} ? value : value * slope);
  }
  for (; i < count; ++i) to[i] = gate[i] > 0 ? from[i] : from[i] * slope[0];
}

// Positions [0, size[2]) of row (n, i, j) as a gradient; false when the row is all zero.
static bool fillGradientRow(const RowSource& s, int64_t n, int64_t i, int64_t j, float* row) {
  if (i % s.insert[0] != 0 || j % s.insert[1] != 0) return false;
  const int64_t gi = i / s.insert[0];
  const int64_t gj = j / s.insert[1];
  if (gi >= s.gradient_size[0] || gj >= s.gradient_size[1]) return false;
  const int64_t c = s.channels;
  const int64_t offset = ((n * s.gradient_size[0] + gi) * s.gradient_size[1] + gj) * s.gradient_size[2] * c;
  const float* const from = s.plain + offset;
  const float* const gate = s.gate == nullptr ? nullptr : s.gate + offset;
  const Vec slope = broadcast(s.slope);
  if (s.insert[2] == 1) {
    const int64_t positions = s.gradient_size[2] < s.size[2] ? s.gradient_size[2] : s.size[2];
    if (gate == nullptr) copyFloats(row, from, positions * c);
    else gateFloats(row, from, gate, slope, positions * c);
    clearFloats(row + positions * c, (s.size[2] - positions) * c);
    return true;
  }
  clearFloats(row, s.size[2] * c);
  for (int64_t k = 0; k < s.gradient_size[2] && k * s.insert[2] < s.size[2]; ++k) {
    float* const to = row + k * s.insert[2] * c;
    if (gate == nullptr) copyFloats(to, from + k * c, c);
    else gateFloats(to, from + k * c, gate + k * c, slope, c);
  }
  return true;
}

// Positions [0, size[2]) of row (n, i, j) of the virtual input; false when the row is all zero.
static bool fillRow(const RowSource& s, int64_t n, int64_t i, int64_t j, float* row) {
  if (i < 0 || j < 0 || i >= s.size[0] || j >= s.size[1]) return false;
  if (s.insert[0] != 0) return fillGradientRow(s, n, i, j, row);
  const int64_t size_k = s.size[2];
  const float* const plain = s.plain + ((n * s.size[0] + i) * s.size[1] + j) * size_k * s.plain_channels;
  if (s.coarse == nullptr) {
    copyFloats(row, plain, size_k * s.plain_channels);
    return true;
  }
  const int64_t ci = s.size[0] / s.up[0];
  const int64_t cj = s.size[1] / s.up[1];
  const int64_t ck = size_k / s.up[2];
  const float* from = s.coarse + ((n * ci + i / s.up[0]) * cj + j / s.up[1]) * ck * s.coarse_channels;
  for (int64_t k = 0; k < ck; ++k, from += s.coarse_channels) {
    for (int32_t child = 0; child < s.up[2]; ++child) {
      copyFloats(row, from, s.coarse_channels);
      copyFloats(row + s.coarse_channels, plain + (k * s.up[2] + child) * s.plain_channels, s.plain_channels);
      row += s.channels;
    }
  }
  return true;
}

// Row (n, i, j) of the virtual input, [K, C]: where it lies if it lies there as it is, else a copy in `buffer`.
static const float* findRow(const RowSource& s, int64_t n, int64_t i, int64_t j, float* buffer) {
  const int64_t size_k = s.size[2];
  const bool is_inside = i >= 0 && j >= 0 && i < s.size[0] && j < s.size[1];
  const bool is_inserted = s.insert[0] > 1 || s.insert[1] > 1 || s.insert[2] > 1;
  if (is_inside && s.gate == nullptr && s.coarse == nullptr && !is_inserted) {
    return s.plain + ((n * s.size[0] + i) * s.size[1] + j) * size_k * s.channels;
  }
  if (!fillRow(s, n, i, j, buffer)) clearFloats(buffer, size_k * s.channels);
  return buffer;
}

// A ring of `planes` planes of `rows` padded rows, one per worker.
struct RowRing {
  float* data;    // [planes, rows, row_floats]
  bool* is_zero;  // [planes, rows]
  int32_t planes;
  int32_t rows;
  int64_t row_floats;
  int64_t before;  // zeros before the row's first position, floats

  float* row(int64_t plane, int32_t r) const { return data + ((plane % planes) * rows + r) * row_floats; }
  bool isZero(int64_t plane, int32_t r) const { return is_zero[(plane % planes) * rows + r]; }
};

inline constexpr int64_t kPlaneBias = int64_t{1}
                                      << 40;  // keeps plane numbers positive: planes before the volume are negative

// Planes [from, to) of item n, rows first_j .. first_j + rows - 1 of each, into the ring.
static void fillPlanes(const RowRing& ring, const RowSource& source, int64_t n, int64_t from, int64_t to,
                       int64_t first_j) {
  const int64_t used = int64_t{source.size[2]} * source.channels;
  for (int64_t plane = from; plane < to; ++plane) {
    const int64_t slot = (plane + kPlaneBias) % ring.planes;
    for (int32_t r = 0; r < ring.rows; ++r) {
      float* const row = ring.row(slot, r);
      const bool is_filled = fillRow(source, n, plane, first_j + r, row + ring.before);
      ring.is_zero[slot * ring.rows + r] = !is_filled;
      if (!is_filled) continue;
      clearFloats(row, ring.before);
      const int64_t end = ring.before + used;
      if (end < ring.row_floats) clearFloats(row + end, ring.row_floats - end);
    }
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
