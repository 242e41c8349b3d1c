#pragma once

#include "kernels/locate.inl.h"
#include "kernels/resample.h"

// Positions are rounded as the portable kernels round them: a fused multiply-add would send a voxel that lies exactly between two
// labels to the other one.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

namespace hypermorph::HYPERMORPH_ISA {

inline __attribute__((always_inline)) bool isWithin(double position, int32_t length) {
  return position >= -0.5 && position <= static_cast<double>(length) - 0.5;  // false for NaN
}
inline __attribute__((always_inline)) double clampIndex(double position, int32_t length) {
  const double last = static_cast<double>(length - 1);
  const double low = position > 0.0 ? position : 0.0;  // NaN too
  return low < last ? low : last;
}
inline __attribute__((always_inline)) float finiteOrZero(float value) { return value - value == 0.0f ? value : 0.0f; }

// Trilinear value of eight corners.
inline __attribute__((always_inline)) float mix(const float* corner, float fi, float fj, float fk) {
  const float a = corner[0] + fi * (corner[1] - corner[0]), b = corner[2] + fi * (corner[3] - corner[2]);
  const float c = corner[4] + fi * (corner[5] - corner[4]), d = corner[6] + fi * (corner[7] - corner[6]);
  const float lower = a + fj * (b - a), upper = c + fj * (d - c);
  return lower + fk * (upper - lower);
}

// Positions are double, values float.
inline __attribute__((always_inline)) float sampleLinear(const SampledImage& image, double x, double y, double z) {
  const int32_t* const size = image.size;
  if (!image.has_edge && !(isWithin(x, size[0]) && isWithin(y, size[1]) && isWithin(z, size[2]))) return image.outside;
  const double px = clampIndex(x, size[0]), py = clampIndex(y, size[1]), pz = clampIndex(z, size[2]);
  const int32_t i = static_cast<int32_t>(px), j = static_cast<int32_t>(py), k = static_cast<int32_t>(pz);
  const int64_t step_i = i + 1 < size[0] ? 1 : 0;
  const int64_t step_j = j + 1 < size[1] ? size[0] : 0;
  const int64_t step_k = k + 1 < size[2] ? int64_t{size[0]} * size[1] : 0;
  const float* const p = image.data + i + size[0] * (j + int64_t{size[1]} * k);
  float corners[8] = {p[0],      p[step_i],          p[step_j],          p[step_j + step_i],
                      p[step_k], p[step_k + step_i], p[step_k + step_j], p[step_k + step_j + step_i]};
  const float fi = static_cast<float>(px - i), fj = static_cast<float>(py - j), fk = static_cast<float>(pz - k);
  const float value = mix(corners, fi, fj, fk);
  if (value - value == 0.0f) return value;
  for (int n = 0; n < 8; ++n) corners[n] = finiteOrZero(corners[n]);
  return mix(corners, fi, fj, fk);
}

// Element of the voxel nearest to a position, halves up; -1 outside.
inline __attribute__((always_inline)) int64_t nearestVoxel(const int32_t* size, bool has_edge, double x, double y, double z) {
  if (!has_edge && !(isWithin(x, size[0]) && isWithin(y, size[1]) && isWithin(z, size[2]))) return -1;
  const int64_t i = static_cast<int64_t>(clampIndex(x, size[0]) + 0.5);
  const int64_t j = static_cast<int64_t>(clampIndex(y, size[1]) + 0.5);
  const int64_t k = static_cast<int64_t>(clampIndex(z, size[2]) + 0.5);
  return i + size[0] * (j + size[1] * k);
}

static void sampleGrid(const GridSampleArgs& a) noexcept {
  // Columns of x are done together: the image is stored along one axis and written along another, and so its lines stay in the cache.
  constexpr int64_t kColumns = 16;
  const double* const m = a.to_voxel;
  const int64_t blocks = (a.shape[0] + kColumns - 1) / kColumns;
  const int64_t rows = 8;
  const int64_t bands = (a.shape[1] + rows - 1) / rows;
  forEachTask(blocks * bands, [&](int64_t task, int) {
    const int64_t x_begin = task / bands * kColumns;
    const int64_t x_end = x_begin + kColumns < a.shape[0] ? x_begin + kColumns : a.shape[0];
    const int64_t y_begin = task % bands * rows;
    const int64_t y_end = y_begin + rows < a.shape[1] ? y_begin + rows : a.shape[1];
    for (int64_t y = y_begin; y < y_end; ++y) {
      for (int64_t x = x_begin; x < x_end; ++x) {
        float* const out = a.out + (x * a.shape[1] + y) * a.shape[2];
        const double dx = static_cast<double>(x), dy = static_cast<double>(y);
        const double p = m[0] * dx + m[1] * dy + m[3], q = m[4] * dx + m[5] * dy + m[7], r = m[8] * dx + m[9] * dy + m[11];
        for (int64_t z = 0; z < a.shape[2]; ++z) {
          const double dz = static_cast<double>(z);
          const double i = p + m[2] * dz, j = q + m[6] * dz, k = r + m[10] * dz;
          if (a.is_linear) {
            out[z] = sampleLinear(a.image, i, j, k);
          } else {
            const int64_t voxel = nearestVoxel(a.image.size, a.image.has_edge, i, j, k);
            out[z] = voxel < 0 ? a.image.outside : finiteOrZero(a.image.data[voxel]);
          }
        }
      }
    }
  });
}

// Trilinear u at (x, y, z) of its grid; zero further than half a voxel outside. Vectors are mixed in float, like the field they come from.
inline __attribute__((always_inline)) void sampleField(const PlacedMap& map, double x, double y, double z, double u[3]) {
  const int32_t* const size = map.field_size;
  u[0] = u[1] = u[2] = 0.0;
  if (!isWithin(x, size[0]) || !isWithin(y, size[1]) || !isWithin(z, size[2])) return;
  const double px = clampIndex(x, size[0]), py = clampIndex(y, size[1]), pz = clampIndex(z, size[2]);
  const int32_t i = static_cast<int32_t>(px), j = static_cast<int32_t>(py);
  int32_t k = static_cast<int32_t>(pz);
  if (k + 1 >= size[2] && k > 0) --k;  // so that there is a pair along k; its upper half counts
  const int64_t step_j = j + 1 < size[1] ? int64_t{3} * size[2] : 0;
  const int64_t step_i = i + 1 < size[0] ? int64_t{3} * size[2] * size[1] : 0;
  const float fi = static_cast<float>(px - i), fj = static_cast<float>(py - j), fk = static_cast<float>(pz - k);
  const float* const p = map.field + 3 * ((int64_t{i} * size[1] + j) * size[2] + k);
  const auto mixRows = [&](const auto& row) {
    const Vec4 a = row(p), b = row(p + step_j), c = row(p + step_i), d = row(p + step_i + step_j);
    const Vec4 lower = a + fj * (b - a), upper = c + fj * (d - c);
    return lower + fi * (upper - lower);
  };
  Vec4 value;
  if (size[2] > 1) {
    const Vec4 near = mixRows([](const float* row) { return load4(row); });
    const Vec4 far = mixRows([](const float* row) { return load4(row + 2); });
    value = near + fk * (__builtin_shufflevector(far, far, 1, 2, 3, 0) - near);
  } else {
    value = mixRows([](const float* row) { return load3(row); });
  }
  u[0] = static_cast<double>(value[0]);
  u[1] = static_cast<double>(value[1]);
  u[2] = static_cast<double>(value[2]);
}

// body(first voxel of the row, positions: three per voxel) for every row along i. Rows that follow each other along k read the same
// cache lines of the field, so one task takes all of them.
template <typename Body>
inline void forEachMappedRow(const PlacedMap& map, const Scratch& scratch, const Body& body) {
  forEachTask(map.shape[1], [&](int64_t j, int worker) {
    double* const row = reinterpret_cast<double*>(scratch.worker(worker));
    const double* const b = map.base;
    const double* const l = map.linear;
    const double* const d = map.voxel_to_field;
    for (int64_t k = 0; k < map.shape[2]; ++k) {
      const double dj = static_cast<double>(j), dk = static_cast<double>(k);
      for (int64_t i = 0; i < map.shape[0]; ++i) {
        const double di = static_cast<double>(i);
        double u[3];
        sampleField(map, d[0] * di + d[1] * dj + d[2] * dk + d[3], d[4] * di + d[5] * dj + d[6] * dk + d[7],
                    d[8] * di + d[9] * dj + d[10] * dk + d[11], u);
        for (int axis = 0; axis < 3; ++axis) {
          const double* const line = b + 4 * axis;
          const double* const turn = l + 3 * axis;
          row[3 * i + axis] = line[0] * di + line[1] * dj + line[2] * dk + line[3] + (turn[0] * u[0] + turn[1] * u[1] + turn[2] * u[2]);
        }
      }
      body((k * map.shape[1] + j) * map.shape[0], row);
    }
  });
}

static void sampleMap(const MapSampleArgs& a) noexcept {
  forEachMappedRow(a.map, a.scratch, [&](int64_t first, const double* row) {
    for (int64_t i = 0; i < a.map.shape[0]; ++i) {
      a.out[first + i] = sampleLinear(a.image, row[3 * i], row[3 * i + 1], row[3 * i + 2]);
    }
  });
}

template <typename Element>
static void copyLabels(const MapLabelArgs& a) {
  const Element* const labels = static_cast<const Element*>(a.labels);
  const Element outside = *static_cast<const Element*>(a.outside);
  Element* const out = static_cast<Element*>(a.out);
  forEachMappedRow(a.map, a.scratch, [&](int64_t first, const double* row) {
    for (int64_t i = 0; i < a.map.shape[0]; ++i) {
      const int64_t voxel = nearestVoxel(a.size, a.has_edge, row[3 * i], row[3 * i + 1], row[3 * i + 2]);
      Element value = voxel < 0 ? outside : labels[voxel];
      if constexpr (sizeof(Element) == 4) {
        constexpr Element kExponent = 0x7f800000;  // all ones: infinite or NaN
        if (a.is_float && voxel >= 0 && (value & kExponent) == kExponent) value = 0;
      }
      out[first + i] = value;
    }
  });
}

static void sampleLabels(const MapLabelArgs& a) noexcept {
  if (a.bytes == 1) copyLabels<uint8_t>(a);
  else if (a.bytes == 2) copyLabels<uint16_t>(a);
  else copyLabels<uint32_t>(a);
}

static void mapOffsets(const MapOffsetArgs& a) noexcept {
  const int64_t voxels = int64_t{a.map.shape[0]} * a.map.shape[1] * a.map.shape[2];
  forEachMappedRow(a.map, a.scratch, [&](int64_t first, const double* row) {
    for (int axis = 0; axis < 3; ++axis) {
      float* const out = a.out + axis * voxels + first;
      for (int64_t i = 0; i < a.map.shape[0]; ++i) out[i] = static_cast<float>(row[3 * i + axis]);
    }
  });
}

inline int64_t intensityChunks(const IntensityArgs& a) { return (a.size + kIntensityChunk - 1) / kIntensityChunk; }

static void findExtremes(const IntensityArgs& a) noexcept {
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  const int64_t chunks = intensityChunks(a);
  forEachTask(chunks, [&](int64_t task, int) {
    const int64_t begin = task * kIntensityChunk;
    const int64_t end = begin + kIntensityChunk < a.size ? begin + kIntensityChunk : a.size;
    float low = __builtin_inff(), high = -__builtin_inff();
    int32_t finite = 0;
    for (int64_t x = begin; x < end; ++x) {
      const float value = a.data[x];
      const bool is_finite = value - value == 0.0f;
      finite += is_finite ? 1 : 0;
      low = is_finite && value < low ? value : low;
      high = is_finite && value > high ? value : high;
    }
    partial[3 * task] = low;
    partial[3 * task + 1] = high;
    partial[3 * task + 2] = finite;
  });
  a.extremes[0] = __builtin_inf();
  a.extremes[1] = -__builtin_inf();
  a.extremes[2] = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    if (partial[3 * chunk] < a.extremes[0]) a.extremes[0] = partial[3 * chunk];
    if (partial[3 * chunk + 1] > a.extremes[1]) a.extremes[1] = partial[3 * chunk + 1];
    a.extremes[2] += partial[3 * chunk + 2];
  }
}

static void findLargestWithin(const IntensityArgs& a) noexcept {
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  const int64_t chunks = intensityChunks(a);
  forEachTask(chunks, [&](int64_t task, int) {
    const int64_t begin = task * kIntensityChunk;
    const int64_t end = begin + kIntensityChunk < a.size ? begin + kIntensityChunk : a.size;
    float high = -__builtin_inff();
    for (int64_t x = begin; x < end; ++x) {
      const float value = a.data[x];
      const bool is_within = static_cast<double>(value) >= a.minimum && static_cast<double>(value) <= a.maximum;
      high = is_within && value > high ? value : high;
    }
    partial[task] = high;
  });
  a.extremes[1] = -__builtin_inf();
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    if (partial[chunk] > a.extremes[1]) a.extremes[1] = partial[chunk];
  }
}

static void countIntensities(const IntensityArgs& a) noexcept {
  const int workers = threadCount();
  for (int worker = 0; worker < workers; ++worker) {
    std::memset(a.scratch.worker(worker), 0, kIntensityBins * sizeof(uint32_t));
  }
  forEachTask(intensityChunks(a), [&](int64_t task, int worker) {
    uint32_t* const counts = reinterpret_cast<uint32_t*>(a.scratch.worker(worker));
    const int64_t begin = task * kIntensityChunk;
    const int64_t end = begin + kIntensityChunk < a.size ? begin + kIntensityChunk : a.size;
    for (int64_t x = begin; x < end; ++x) {
      const double value = a.data[x];
      if (!(value >= a.minimum && value <= a.maximum)) continue;
      const int64_t bin = static_cast<int64_t>((value - a.minimum) / a.width);
      ++counts[bin < kIntensityBins ? bin : kIntensityBins - 1];
    }
  });
  std::memset(a.counts, 0, kIntensityBins * sizeof(uint32_t));
  for (int worker = 0; worker < workers; ++worker) {
    const uint32_t* const counts = reinterpret_cast<const uint32_t*>(a.scratch.worker(worker));
    for (int64_t bin = 0; bin < kIntensityBins; ++bin) a.counts[bin] += counts[bin];
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA

#if defined(__clang__)
#pragma STDC FP_CONTRACT DEFAULT
#else
#pragma GCC pop_options
#endif
