#pragma once

#include "kernels/locate.inl.h"
#include "kernels/rescale.h"

namespace hypermorph::HYPERMORPH_ISA {

// to = a p + b q, or to += a p where q is null.
static void blend(float a, const float* __restrict p, float b, const float* __restrict q, int64_t count,
                  float* __restrict to) {
  if (q == nullptr) {
    for (int64_t x = 0; x < count; ++x) to[x] += a * p[x];
  } else {
    for (int64_t x = 0; x < count; ++x) to[x] = a * p[x] + b * q[x];
  }
}

// A row of output voxels from a row of input voxels; `row` may be read four floats past its end.
static void expandRow(const RescaleArgs& a, const float* row, const int32_t* lower, const float* fraction, float* out) {
  const int64_t count = a.to_size[2];
  const int64_t up = a.from_size[2] > 1 ? a.channels : 0;
  if (a.channels == 3) {
    for (int64_t k = 0; k + 1 < count; ++k) {
      const float* const p = row + 3 * lower[k];
      const Vec4 value = load4(p) + fraction[k] * (load4(p + up) - load4(p));
      *reinterpret_cast<UnalignedVec4*>(out + 3 * k) = value;  // the fourth lane is the next voxel's, written after
    }
  }
  for (int64_t k = a.channels == 3 ? count - 1 : 0; k < count; ++k) {
    const float* const p = row + a.channels * lower[k];
    for (int64_t c = 0; c < a.channels; ++c) out[k * a.channels + c] = p[c] + fraction[k] * (p[up + c] - p[c]);
  }
}

static void rescale(const RescaleArgs& a) noexcept {
  const int64_t row_floats = a.from_size[2] * a.channels;
  const int64_t plane_floats = a.from_size[1] * row_floats;
  const int64_t out_row = a.to_size[2] * a.channels;
  const int32_t* const lower_j = a.lower + a.to_size[0];
  const float* const fraction_j = a.fraction + a.to_size[0];
  forEachTask(a.n * a.to_size[0], [&](int64_t task, int worker) {
    const int64_t item = task / a.to_size[0];
    const int64_t i = task % a.to_size[0];
    float* const plane = a.scratch.worker(worker);
    float* const row = plane + plane_floats;
    const float* const below = a.from + (item * a.from_size[0] + a.lower[i]) * plane_floats;
    const float* const above = below + (a.from_size[0] > 1 ? plane_floats : 0);
    blend((1.0f - a.fraction[i]) * a.factor, below, a.fraction[i] * a.factor, above, plane_floats, plane);
    for (int64_t j = 0; j < a.to_size[1]; ++j) {
      const float* const left = plane + lower_j[j] * row_floats;
      const float* const right = left + (a.from_size[1] > 1 ? row_floats : 0);
      blend(1.0f - fraction_j[j], left, fraction_j[j], right, row_floats, row);
      expandRow(a, row, lower_j + a.to_size[1], fraction_j + a.to_size[1], a.to + (task * a.to_size[1] + j) * out_row);
    }
  });
}

// Weight with which output index `out` reads input index `in`.
inline float readingWeight(const int32_t* lower, const float* fraction, int64_t out, int64_t in) {
  return lower[out] == in ? 1.0f - fraction[out] : fraction[out];
}

static void rescaleGradient(const RescaleArgs& a) noexcept {
  const int64_t row_floats = a.to_size[2] * a.channels;  // of dout
  const int64_t plane_floats = a.to_size[1] * row_floats;
  const int64_t in_row = a.from_size[2] * a.channels;
  const int32_t* const lower_j = a.lower + a.to_size[0];
  const int32_t* const lower_k = lower_j + a.to_size[1];
  const float* const fraction_j = a.fraction + a.to_size[0];
  const float* const fraction_k = fraction_j + a.to_size[1];
  const int32_t* const begin_j = a.begin + a.from_size[0];
  const int32_t* const end_j = a.end + a.from_size[0];
  const int64_t up = a.from_size[2] > 1 ? a.channels : 0;
  forEachTask(a.n * a.from_size[0], [&](int64_t task, int worker) {
    const int64_t item = task / a.from_size[0];
    const int64_t i = task % a.from_size[0];
    float* const plane = a.scratch.worker(worker);
    float* const row = plane + plane_floats;
    std::memset(plane, 0, static_cast<size_t>(plane_floats) * sizeof(float));
    for (int64_t out = a.begin[i]; out < a.end[i]; ++out) {
      const float weight = a.factor * readingWeight(a.lower, a.fraction, out, i);
      blend(weight, a.from + (item * a.to_size[0] + out) * plane_floats, 0.0f, nullptr, plane_floats, plane);
    }
    for (int64_t j = 0; j < a.from_size[1]; ++j) {
      std::memset(row, 0, static_cast<size_t>(row_floats) * sizeof(float));
      for (int64_t out = begin_j[j]; out < end_j[j]; ++out) {
        blend(readingWeight(lower_j, fraction_j, out, j), plane + out * row_floats, 0.0f, nullptr, row_floats, row);
      }
      float* const to = a.to + (task * a.from_size[1] + j) * in_row;
      std::memset(to, 0, static_cast<size_t>(in_row) * sizeof(float));
      for (int64_t k = 0; k < a.to_size[2]; ++k) {
        float* const voxel = to + lower_k[k] * a.channels;
        for (int64_t c = 0; c < a.channels; ++c) {
          const float share = row[k * a.channels + c];
          voxel[c] += (1.0f - fraction_k[k]) * share;
          voxel[up + c] += fraction_k[k] * share;
        }
      }
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
