#pragma once

#include <math.h>

#include "kernels/arithmetic.inl.h"
#include "kernels/augment.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// Along one axis: to[outer, length, inner] from from[outer, points, inner].
struct SplineAxis {
  const float* from;
  float* to;
  int64_t outer, points, length, inner;
};

static void splineAlong(const SplineAxis& a, double spacing) {
  forEachTask(a.outer * a.length, [&](int64_t task, int) {
    const int64_t x = task % a.length;
    const double position = static_cast<double>(x) / spacing;
    const int64_t first = static_cast<int64_t>(position);
    const double t = position - static_cast<double>(first), s = 1 - t;
    const float w0 = static_cast<float>(s * s * s / 6);
    const float w1 = static_cast<float>((3 * t * t * t - 6 * t * t + 4) / 6);
    const float w2 = static_cast<float>((3 * s * s * s - 6 * s * s + 4) / 6);
    const float w3 = static_cast<float>(t * t * t / 6);
    const float* __restrict const p = a.from + (task / a.length * a.points + first) * a.inner;
    float* __restrict const to = a.to + task * a.inner;
    const int64_t step = a.inner;
    for (int64_t n = 0; n < step; ++n)
      to[n] = w0 * p[n] + w1 * p[n + step] + w2 * p[n + 2 * step] + w3 * p[n + 3 * step];
  });
}

static void splineNoise(const SplineNoiseArgs& a) noexcept {
  const int64_t i = a.size[0], j = a.size[1], k = a.size[2], points_i = a.points[0], points_j = a.points[1];
  float* const done_along_k = a.scratch.shared;
  float* const done_along_j = done_along_k + points_i * points_j * k;
  const float* from = a.lattice;
  // The last axis that is longer than one voxel writes the result.
  const auto along = [&](SplineAxis axis, bool is_last) {
    if (axis.length == 1) return;
    axis.from = from;
    if (is_last) axis.to = a.out;
    splineAlong(axis, a.spacing);
    from = axis.to;
  };
  along({nullptr, done_along_k, points_i * points_j, a.points[2], k, 1}, i == 1 && j == 1);
  along({nullptr, done_along_j, points_i, points_j, j, k}, i == 1);
  along({nullptr, a.out, 1, points_i, i, j * k}, true);
  if (from == a.lattice) a.out[0] = a.lattice[0];
}

static void labelHighest(const LabelHighestArgs& a) noexcept {
  forEachChunk(a.size, [&](int64_t begin, int64_t end) {
    const float* __restrict const noise = a.noise;
    float* __restrict const highest = a.highest;
    uint16_t* __restrict const map = a.map;
    for (int64_t n = begin; n < end; ++n) {
      const bool is_higher = noise[n] > highest[n];
      highest[n] = is_higher ? noise[n] : highest[n];
      map[n] = is_higher ? a.label : map[n];
    }
  });
}

static void interleave(const InterleaveArgs& a) noexcept {
  forEachChunk(a.size, [&](int64_t begin, int64_t end) {
    for (int axis = 0; axis < 3; ++axis) {
      const float* const noise = a.noise[axis];
      for (int64_t n = begin; n < end; ++n) a.field[3 * n + axis] = noise == nullptr ? 0.0f : a.factor * noise[n];
    }
  });
}

// The displacement of the voxels (x, y, 0 ...), three numbers each; `line` holds the field's points of this row.
static void displacementRow(const TransformImageArgs& a, int64_t x, int64_t y, float* __restrict line,
                            float* __restrict row) {
  const int64_t stride = int64_t{3} * a.field_size[2], spacing = a.field_spacing;
  const float length = static_cast<float>(spacing);
  const int64_t i0 = x / spacing < a.field_size[0] ? x / spacing : a.field_size[0] - 1;
  const int64_t j0 = y / spacing < a.field_size[1] ? y / spacing : a.field_size[1] - 1;
  const float fi = static_cast<float>(x % spacing) / length;
  const float fj = static_cast<float>(y % spacing) / length;
  const float* const p = a.field + (i0 * a.field_size[1] + j0) * stride;
  const int64_t step_i = i0 + 1 < a.field_size[0] ? a.field_size[1] * stride : 0;
  const int64_t step_j = j0 + 1 < a.field_size[1] ? stride : 0;
  for (int64_t n = 0; n < stride; ++n) {
    const float low = p[n] + fj * (p[n + step_j] - p[n]);
    const float high = p[n + step_i] + fj * (p[n + step_i + step_j] - p[n + step_i]);
    line[n] = low + fi * (high - low);
  }
  for (int c = 0; c < 3; ++c) line[stride + c] = line[stride - 3 + c];
  for (int64_t from = 0, k0 = 0; from < a.size[2]; from += spacing) {
    const float* const q = line + 3 * k0;
    const int64_t count = a.size[2] - from < spacing ? a.size[2] - from : spacing;
    for (int64_t z = 0; z < count; ++z) {
      const float share = static_cast<float>(z) / length;
      for (int c = 0; c < 3; ++c) row[3 * (from + z) + c] = q[c] + share * (q[c + 3] - q[c]);
    }
    if (k0 + 1 < a.field_size[2]) ++k0;
  }
}

// In [0, end]; not-a-number gives 0.
inline double clampPosition(double position, double end) {
  return position > 0 ? (position < end ? position : end) : 0;
}

inline bool isOutside(double position, double end) { return position < -0.5 || position > end + 0.5; }

template <typename Element>
static void sampleRow(const TransformImageArgs& a, int64_t x, int64_t y, const float* row) {
  const Element* const image = static_cast<const Element*>(a.image);
  const int64_t length_j = a.size[1], length_k = a.size[2];
  const double end_i = a.size[0] - 1, end_j = a.size[1] - 1, end_k = a.size[2] - 1;
  const double* const m = a.affine;
  Element* const out = static_cast<Element*>(a.out) + (x * length_j + y) * length_k;
  for (int64_t z = 0; z < length_k; ++z) {
    const double u = static_cast<double>(x) + row[3 * z];
    const double v = static_cast<double>(y) + row[3 * z + 1];
    const double w = static_cast<double>(z) + row[3 * z + 2];
    const double p = m[0] * u + m[1] * v + m[2] * w + m[3];
    const double q = m[4] * u + m[5] * v + m[6] * w + m[7];
    const double r = m[8] * u + m[9] * v + m[10] * w + m[11];
    if (!a.has_edge && (isOutside(p, end_i) || isOutside(q, end_j) || isOutside(r, end_k))) {
      out[z] = static_cast<Element>(a.outside);
      continue;
    }
    const double ci = clampPosition(p, end_i), cj = clampPosition(q, end_j), ck = clampPosition(r, end_k);
    if (!a.is_linear) {
      const int64_t line = static_cast<int64_t>(ci + 0.5) * length_j + static_cast<int64_t>(cj + 0.5);
      out[z] = image[line * length_k + static_cast<int64_t>(ck + 0.5)];
      continue;
    }
    const int64_t i0 = static_cast<int64_t>(ci), j0 = static_cast<int64_t>(cj), k0 = static_cast<int64_t>(ck);
    const int64_t step_i = static_cast<double>(i0) < end_i ? length_j * length_k : 0;
    const int64_t step_j = static_cast<double>(j0) < end_j ? length_k : 0;
    const int64_t step_k = static_cast<double>(k0) < end_k ? 1 : 0;
    const float fi = static_cast<float>(ci - static_cast<double>(i0));
    const float fj = static_cast<float>(cj - static_cast<double>(j0));
    const float fk = static_cast<float>(ck - static_cast<double>(k0));
    const Element* const at = image + (i0 * length_j + j0) * length_k + k0;
    const auto along = [&](int64_t step) {
      const float low = static_cast<float>(at[step]);
      return low + fk * (static_cast<float>(at[step + step_k]) - low);
    };
    const float low = along(0) + fj * (along(step_j) - along(0));
    const float high = along(step_i) + fj * (along(step_i + step_j) - along(step_i));
    out[z] = static_cast<Element>(low + fi * (high - low));
  }
}

static void transformImage(const TransformImageArgs& a) noexcept {
  forEachTask(a.size[0], [&](int64_t x, int worker) {
    float* const row = a.scratch.worker(worker);
    float* const line = row + int64_t{3} * a.size[2];
    for (int64_t n = 0; n < int64_t{3} * a.size[2]; ++n) row[n] = 0;
    for (int64_t y = 0; y < a.size[1]; ++y) {
      if (a.field != nullptr) displacementRow(a, x, y, line, row);
      if (a.bytes == 2) {
        sampleRow<uint16_t>(a, x, y, row);
      } else {
        sampleRow<float>(a, x, y, row);
      }
    }
  });
}

static void renderLabels(const RenderLabelsArgs& a) noexcept {
  const auto lookUp = [](const float* table, int64_t length, uint16_t label) {
    return label < length ? table[label] : NAN;
  };
  forEachChunk(a.size, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const bool is_around = a.background != nullptr && a.labels[n] == 0;
      a.out[n] = is_around ? lookUp(a.background_contrast, a.background_contrasts, a.background[n])
                           : lookUp(a.contrast, a.contrasts, a.labels[n]);
    }
  });
}

// Along one axis of [outer, length, inner].
static void blurAlong(const BlurArgs& a, int64_t outer, int64_t length, int64_t inner) {
  const int64_t groups = (inner + kBlurLines - 1) / kBlurLines;
  forEachTask(outer * groups, [&](int64_t task, int worker) {
    const int64_t first = task % groups * kBlurLines;
    const int64_t width = inner - first < kBlurLines ? inner - first : kBlurLines;
    float* const lines = a.image + task / groups * length * inner + first;
    float* __restrict const padded = a.scratch.worker(worker);
    float* __restrict const sums = padded + (length + 2 * a.radius) * width;
    for (int64_t x = 0; x < length + 2 * a.radius; ++x) {
      const int64_t inside = x < a.radius ? 0 : x - a.radius < length ? x - a.radius : length - 1;
      for (int64_t n = 0; n < width; ++n) padded[x * width + n] = lines[inside * inner + n];
    }
    const int64_t size = length * width;
    const float* const centre = padded + a.radius * width;
    for (int64_t n = 0; n < size; ++n) sums[n] = a.weights[0] * centre[n];
    for (int32_t r = 1; r <= a.radius; ++r) {
      const float weight = a.weights[r];
      const int64_t step = r * width;
      for (int64_t n = 0; n < size; ++n) sums[n] += weight * (centre[n - step] + centre[n + step]);
    }
    for (int64_t x = 0; x < length; ++x) {
      for (int64_t n = 0; n < width; ++n) lines[x * inner + n] = sums[x * width + n];
    }
  });
}

static void blur(const BlurArgs& a) noexcept {
  const int64_t i = a.size[0], j = a.size[1], k = a.size[2];
  if (i > 1) blurAlong(a, 1, i, j * k);
  if (j > 1) blurAlong(a, i, j, k);
  if (k > 1) blurAlong(a, i * j, k, 1);
}

static void adjust(const AdjustArgs& a) noexcept {
  const int64_t length_j = a.size[1], length_k = a.size[2], spacing = a.bias_spacing;
  const int64_t coarse_j = (length_j + spacing - 1) / spacing;
  const int64_t coarse_k = (length_k + spacing - 1) / spacing;
  forEachTask(a.size[0], [&](int64_t i, int worker) {
    float* const factors = a.scratch.worker(worker);
    for (int64_t j = 0; j < length_j; ++j) {
      const int64_t begin = (i * length_j + j) * length_k;
      float* const row = a.image + begin;
      if (a.bias != nullptr) {
        const float* const bias = a.bias + (i / spacing * coarse_j + j / spacing) * coarse_k;
        // Rows between two points share their factors.
        if (j % spacing == 0) {
          for (int64_t k = 0; k < coarse_k; ++k) factors[k] = expf(a.bias_deviation * bias[k]);
        }
        for (int64_t k = 0; k < coarse_k; ++k) {
          const int64_t end = (k + 1) * spacing < length_k ? (k + 1) * spacing : length_k;
          for (int64_t n = k * spacing; n < end; ++n) row[n] *= factors[k];
        }
      }
      for (int64_t k = 0; k < length_k; ++k) row[k] = row[k] <= 0.0f ? 0.0f : row[k];
      if (a.power != 1.0f) {
        for (int64_t k = 0; k < length_k; ++k) row[k] = row[k] > 0.0f ? powf(row[k], a.power) : row[k];
      }
      if (a.noise != nullptr) {
        for (int64_t k = 0; k < length_k; ++k) {
          const uint32_t at = a.noise_position + static_cast<uint32_t>(begin + k + 1) * a.noise_stride;
          row[k] += a.noise_deviation * a.noise[at & a.noise_mask];
        }
      }
      for (int64_t k = 0; k < length_k; ++k) row[k] = row[k] < 0.0f ? 0.0f : row[k] > 1.0f ? 1.0f : row[k];
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
