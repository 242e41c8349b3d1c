#pragma once

#include "kernels/refine_field.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

// Where a fine voxel reads along one axis of a grid of half the resolution.
struct HalfTap {
  int64_t lower, upper;
  float fraction;  // of the upper one
};

inline HalfTap halfTap(int64_t x, int64_t coarse) {
  const float last = static_cast<float>(coarse - 1);
  float position = (static_cast<float>(x) - 0.5f) * 0.5f;
  position = position > 0.0f ? position : 0.0f;
  position = position < last ? position : last;
  const int64_t lower = static_cast<int64_t>(position);
  return HalfTap{lower, lower + 1 < coarse ? lower + 1 : lower, position - static_cast<float>(lower)};
}

// The four rows of a coarse field between which the fine row (i, j) lies, times 2: `row` is one coarse row.
static void mixRows(const PaddedGrid& coarse, const float* field, int64_t i, int64_t j, float* __restrict row) {
  const HalfTap p = halfTap(i, coarse.size[0]), q = halfTap(j, coarse.size[1]);
  const float* const a = field + p.lower * coarse.plane + q.lower * coarse.row;
  const float* const b = field + p.lower * coarse.plane + q.upper * coarse.row;
  const float* const c = field + p.upper * coarse.plane + q.lower * coarse.row;
  const float* const d = field + p.upper * coarse.plane + q.upper * coarse.row;
  const float in_a = 2.0f * (1.0f - p.fraction) * (1.0f - q.fraction), in_b = 2.0f * (1.0f - p.fraction) * q.fraction;
  const float in_c = 2.0f * p.fraction * (1.0f - q.fraction), in_d = 2.0f * p.fraction * q.fraction;
  for (int64_t x = 0; x < coarse.row; ++x) row[x] = in_a * a[x] + in_b * b[x] + in_c * c[x] + in_d * d[x];
}

inline __attribute__((always_inline)) Vec4 readRow(const float* row, int64_t k, int64_t coarse) {
  const HalfTap tap = halfTap(k, coarse);
  const Vec4 lower = load4(row + 4 * tap.lower);
  return lower + tap.fraction * (load4(row + 4 * tap.upper) - lower);
}

static void doubleField(const DoubleFieldArgs& a) noexcept {
  const int32_t half[3] = {(a.size[0] + 1) / 2, (a.size[1] + 1) / 2, (a.size[2] + 1) / 2};
  const PaddedGrid coarse = paddedGrid(half), fine = paddedGrid(a.size);
  forEachTask(fine.size[0], [&](int64_t i, int worker) {
    float* const row = a.scratch.worker(worker);
    for (int64_t j = 0; j < fine.size[1]; ++j) {
      float* const out = a.fine + i * fine.plane + j * fine.row;
      mixRows(coarse, a.coarse, i, j, row);
      for (int64_t k = 0; k < fine.size[2]; ++k) store4(out + 4 * k, readRow(row, k, coarse.size[2]));
    }
  });
}

static void halve(const HalveArgs& a) noexcept {
  const int64_t rows = a.size[1], width = a.size[2], channels = a.channels;
  const int64_t half_rows = (rows + 1) / 2, half_width = (width + 1) / 2;
  forEachTask((a.size[0] + 1) / 2, [&](int64_t i, int) {
    const int64_t planes = 2 * i + 1 < a.size[0] ? 2 : 1;
    for (int64_t j = 0; j < half_rows; ++j) {
      const int64_t lines = 2 * j + 1 < rows ? 2 : 1;
      float* const out = a.coarse + (i * half_rows + j) * half_width * channels;
      for (int64_t k = 0; k < half_width; ++k) {
        const int64_t voxels = 2 * k + 1 < width ? 2 : 1;
        const float share = 1.0f / static_cast<float>(planes * lines * voxels);
        for (int64_t c = 0; c < channels; ++c) {
          float sum = 0.0f;
          for (int64_t p = 0; p < planes; ++p) {
            for (int64_t q = 0; q < lines; ++q) {
              const float* const from = a.fine + (((2 * i + p) * rows + 2 * j + q) * width + 2 * k) * channels + c;
              for (int64_t r = 0; r < voxels; ++r) sum += from[r * channels];
            }
          }
          out[k * channels + c] = sum * share;
        }
      }
    }
  });
}

// A row, and the two beside it along another axis.
static void sharpenRow(const float* before, const float* row, const float* after, float share, int64_t length,
                       float* __restrict out) {
  const float own = 1.0f + 2.0f * share;
  for (int64_t k = 0; k < length; ++k) out[k] = own * row[k] - share * (before[k] + after[k]);
}

static void sharpen(const SharpenArgs& a) noexcept {
  const int64_t planes = a.size[0], rows = a.size[1], width = a.size[2];
  const float share = a.shares[2], own = 1.0f + 2.0f * share;
  forEachTask(planes, [&](int64_t i, int worker) {
    float* const area = a.scratch.worker(worker);
    float* const along_j = area + 3 * width;
    const auto rowAt = [&](int64_t plane, int64_t j) { return a.image + (plane * rows + j) * width; };
    const int64_t before = i > 0 ? i - 1 : i, after = i + 1 < planes ? i + 1 : i;
    // Row j of this plane, sharpened along the first axis; three of them are kept.
    const auto keep = [&](int64_t j) {
      sharpenRow(rowAt(before, j), rowAt(i, j), rowAt(after, j), a.shares[0], width, area + j % 3 * width);
    };
    const auto kept = [&](int64_t j) { return area + j % 3 * width; };
    keep(0);
    for (int64_t j = 0; j < rows; ++j) {
      if (j + 1 < rows) keep(j + 1);
      sharpenRow(kept(j > 0 ? j - 1 : j), kept(j), kept(j + 1 < rows ? j + 1 : j), a.shares[1], width, along_j);
      float* const out = a.out + (i * rows + j) * width;
      const int64_t last = width - 1;
      out[0] = own * along_j[0] - share * (along_j[0] + along_j[last > 0 ? 1 : 0]);
      for (int64_t k = 1; k < last; ++k) out[k] = own * along_j[k] - share * (along_j[k - 1] + along_j[k + 1]);
      if (last > 0) out[last] = own * along_j[last] - share * (along_j[last - 1] + along_j[last]);
    }
  });
}

// One row of a warp in the order in which it is computed: displacement, place, neighbours.
struct WarpRow {
  float* displacement[3];
  float* fraction[3];
  float* moves[3];
  int32_t* base;
  float* pairs[4];
  float* coarse;  // a row of the field
};

static WarpRow warpRow(int64_t width, float* memory) {
  WarpRow row{};
  for (int axis = 0; axis < 3; ++axis) {
    row.displacement[axis] = memory + axis * width;
    row.fraction[axis] = memory + (3 + axis) * width;
    row.moves[axis] = memory + (6 + axis) * width;
  }
  row.base = reinterpret_cast<int32_t*>(memory + 9 * width);
  for (int pair = 0; pair < 4; ++pair) row.pairs[pair] = memory + (10 + 2 * pair) * width;
  row.coarse = memory + 18 * width;
  return row;
}

static void readDisplacement(const PaddedGrid& field, bool is_half, const float* u, int64_t i, int64_t j, int64_t width,
                             const WarpRow& row) {
  const float* from = u + i * field.plane + j * field.row;
  if (is_half) {
    mixRows(field, u, i, j, row.coarse);
    from = row.coarse;
  }
  for (int64_t k = 0; k < width; ++k) {
    const Vec4 vector = is_half ? readRow(from, k, field.size[2]) : load4(from + 4 * k);
    for (int axis = 0; axis < 3; ++axis) row.displacement[axis][k] = vector[axis];
  }
}

static void placeRow(const WarpSlopesArgs& a, int64_t i, int64_t j, const WarpRow& row) {
  const int64_t width = a.size[2];
  const int64_t start[3] = {i, j, 0};
  const int64_t stride[3] = {a.size[1] * width, width, 1};
  for (int64_t k = 0; k < width; ++k) row.base[k] = 0;
  for (int axis = 0; axis < 3; ++axis) {
    const float last = static_cast<float>(a.size[axis] - 1);
    const int32_t top = a.size[axis] > 1 ? a.size[axis] - 2 : 0;
    const int32_t step = static_cast<int32_t>(stride[axis]);
    const int32_t origin = static_cast<int32_t>(start[axis]);
    const int32_t along = axis == 2 ? 1 : 0;
    const float* __restrict const displacement = row.displacement[axis];
    float* __restrict const fraction = row.fraction[axis];
    float* __restrict const moves = row.moves[axis];
    int32_t* __restrict const base = row.base;
    for (int32_t k = 0; k < width; ++k) {
      const float position = static_cast<float>(origin + along * k) + displacement[k];
      float clamped = position > 0.0f ? position : 0.0f;
      clamped = clamped < last ? clamped : last;
      int32_t lower = static_cast<int32_t>(clamped);
      lower = lower < top ? lower : top;
      fraction[k] = clamped - static_cast<float>(lower);
      moves[k] = (position >= 0.0f) & (position < last) ? 1.0f : 0.0f;
      base[k] += lower * step;
    }
  }
}

static void gatherRow(const WarpSlopesArgs& a, const WarpRow& row) {
  const int64_t width = a.size[2];
  const int64_t up_i = a.size[0] > 1 ? a.size[1] * width : 0;
  const int64_t up_j = a.size[1] > 1 ? width : 0;
  for (int64_t k = 0; k < width; ++k) {
    const float* const corner = a.image + row.base[k];
    std::memcpy(row.pairs[0] + 2 * k, corner, 2 * sizeof(float));
    std::memcpy(row.pairs[1] + 2 * k, corner + up_j, 2 * sizeof(float));
    std::memcpy(row.pairs[2] + 2 * k, corner + up_i, 2 * sizeof(float));
    std::memcpy(row.pairs[3] + 2 * k, corner + up_i + up_j, 2 * sizeof(float));
  }
}

static void interpolateRow(int64_t width, const WarpRow& row, float* __restrict moved, float* __restrict by_i,
                           float* __restrict by_j, float* __restrict by_k) {
  const float* __restrict const p = row.pairs[0];
  const float* __restrict const q = row.pairs[1];
  const float* __restrict const r = row.pairs[2];
  const float* __restrict const s = row.pairs[3];
  for (int64_t k = 0; k < width; ++k) {
    const float x = row.fraction[0][k], y = row.fraction[1][k], z = row.fraction[2][k];
    const float step_p = p[2 * k + 1] - p[2 * k], step_q = q[2 * k + 1] - q[2 * k];
    const float step_r = r[2 * k + 1] - r[2 * k], step_s = s[2 * k + 1] - s[2 * k];
    const float at_p = p[2 * k] + z * step_p, at_q = q[2 * k] + z * step_q;
    const float at_r = r[2 * k] + z * step_r, at_s = s[2 * k] + z * step_s;
    const float lower = at_p + y * (at_q - at_p), upper = at_r + y * (at_s - at_r);
    moved[k] = lower + x * (upper - lower);
    by_i[k] = row.moves[0][k] * (upper - lower);
    by_j[k] = row.moves[1][k] * ((at_q - at_p) + x * ((at_s - at_r) - (at_q - at_p)));
    const float lower_k = step_p + y * (step_q - step_p), upper_k = step_r + y * (step_s - step_r);
    by_k[k] = row.moves[2][k] * (lower_k + x * (upper_k - lower_k));
  }
}

static void weighRow(const WarpSlopesArgs& a, int64_t i, int64_t j, const WarpRow& row, float* weights) {
  const int64_t width = a.size[2];
  const int64_t start[3] = {i, j, 0};
  const int64_t stride[3] = {a.size[1] * width, width, 1};
  for (int64_t k = 0; k < width; ++k) {
    int64_t nearest = row.base[k];
    bool is_inside = true;
    for (int axis = 0; axis < 3; ++axis) {
      const float position = static_cast<float>(start[axis] + (axis == 2 ? k : 0)) + row.displacement[axis][k];
      is_inside = is_inside && position >= -0.5f && position <= static_cast<float>(a.size[axis]) - 0.5f;
      if (row.fraction[axis][k] > 0.5f) nearest += stride[axis];
    }
    const float weight = a.weight == nullptr ? 1.0f : a.weight[(i * a.size[1] + j) * width + k];
    weights[k] = is_inside ? weight * (a.mask == nullptr ? 1.0f : a.mask[nearest]) : 0.0f;
  }
}

static void warpSlopes(const WarpSlopesArgs& a) noexcept {
  const PaddedGrid field = paddedGrid(a.field_size);
  const bool is_half = a.field_size[2] != a.size[2];
  const int64_t width = a.size[2];
  const int64_t voxels = a.size[0] * a.size[1] * width;
  forEachTask(a.size[0], [&](int64_t i, int worker) {
    const WarpRow row = warpRow(width, a.scratch.worker(worker));
    for (int64_t j = 0; j < a.size[1]; ++j) {
      const int64_t at = (i * a.size[1] + j) * width;
      readDisplacement(field, is_half, a.displacement, i, j, width, row);
      placeRow(a, i, j, row);
      gatherRow(a, row);
      float* const slopes = a.slopes + at;
      interpolateRow(width, row, a.moved + at, slopes, slopes + voxels, slopes + 2 * voxels);
      weighRow(a, i, j, row, a.weights + at);
    }
  });
}

// The fine voxels that read a coarse one along an axis, with their weights.
struct Readers {
  int count;
  int64_t at[4];
  float weight[4];
};

static Readers readersOf(int64_t coarse_x, int64_t coarse, int64_t fine) {
  Readers readers{};
  for (int64_t x = 2 * coarse_x - 1; x <= 2 * coarse_x + 2; ++x) {
    if (x < 0 || x >= fine) continue;
    const HalfTap tap = halfTap(x, coarse);
    const float weight =
        (tap.lower == coarse_x ? 1.0f - tap.fraction : 0.0f) + (tap.upper == coarse_x ? tap.fraction : 0.0f);
    readers.at[readers.count] = x;
    readers.weight[readers.count++] = weight;
  }
  return readers;
}

// A row of the coarse gradient: rows of slopes, mixed, then along k.
static void collectRow(const CollectArgs& a, const Readers& in_i, const Readers& in_j, float* mixed, float* out) {
  const int64_t width = a.size[2];
  const int64_t voxels = a.size[0] * a.size[1] * width;
  std::memset(mixed, 0, static_cast<size_t>(3 * width) * sizeof(float));
  for (int p = 0; p < in_i.count; ++p) {
    for (int q = 0; q < in_j.count; ++q) {
      const float weight = 2.0f * in_i.weight[p] * in_j.weight[q];
      for (int axis = 0; axis < 3; ++axis) {
        const float* __restrict const from = a.slopes + axis * voxels + (in_i.at[p] * a.size[1] + in_j.at[q]) * width;
        float* __restrict const to = mixed + axis * width;
        for (int64_t k = 0; k < width; ++k) to[k] += weight * from[k];
      }
    }
  }
  for (int64_t k = 0; k < a.field_size[2]; ++k) {
    const Readers in_k = readersOf(k, a.field_size[2], width);
    Vec4 sum = {};
    for (int r = 0; r < in_k.count; ++r) {
      const int64_t x = in_k.at[r];
      sum += in_k.weight[r] * Vec4{mixed[x], mixed[width + x], mixed[2 * width + x], 0.0f};
    }
    store4(out + 4 * k, sum);
  }
}

static void collectSlopes(const CollectArgs& a) noexcept {
  const PaddedGrid field = paddedGrid(a.field_size);
  const int64_t voxels = int64_t{a.size[0]} * a.size[1] * a.size[2];
  const bool is_half = a.field_size[2] != a.size[2];
  forEachTask(field.size[0], [&](int64_t i, int worker) {
    const Readers in_i = readersOf(i, field.size[0], a.size[0]);
    for (int64_t j = 0; j < field.size[1]; ++j) {
      const int64_t at = i * field.plane + j * field.row;
      float* const out = a.gradient + at;
      if (is_half) {
        const Readers in_j = readersOf(j, field.size[1], a.size[1]);
        collectRow(a, in_i, in_j, a.scratch.worker(worker), out);
      } else {
        const float* const from = a.slopes + (i * field.size[1] + j) * field.size[2];
        for (int64_t k = 0; k < field.size[2]; ++k) {
          store4(out + 4 * k, Vec4{from[k], from[voxels + k], from[2 * voxels + k], 0.0f});
        }
      }
      if (a.pull == nullptr) continue;
      for (int64_t x = 0; x < field.row; ++x) out[x] += a.pull[at + x];
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
