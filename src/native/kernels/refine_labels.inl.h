#pragma once

#include "kernels/refine_field.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

// How a voxel of memberships reads the field: its own vector, or the mean of the finer grid's, halved.
struct FieldBox {
  int64_t at[8];  // floats
  int count;
  float share;  // of each vector
};

static FieldBox fieldBox(const PaddedGrid& field, bool is_double, int64_t i, int64_t j, int64_t k) {
  FieldBox box{};
  if (!is_double) {
    box.at[0] = i * field.plane + j * field.row + 4 * k;
    box.count = 1;
    box.share = 1.0f;
    return box;
  }
  for (int64_t p = 2 * i; p < 2 * i + 2 && p < field.size[0]; ++p) {
    for (int64_t q = 2 * j; q < 2 * j + 2 && q < field.size[1]; ++q) {
      for (int64_t r = 2 * k; r < 2 * k + 2 && r < field.size[2]; ++r) {
        box.at[box.count++] = p * field.plane + q * field.row + 4 * r;
      }
    }
  }
  box.share = 0.5f / static_cast<float>(box.count);
  return box;
}

// Where a voxel of memberships reads the moving ones.
struct MembershipPlace {
  FieldBox box;
  Corner corner;
  float weight;
};

static MembershipPlace membershipPlace(const OverlapTermArgs& a, const PaddedGrid& grid, const PaddedGrid& field,
                                       int64_t i, int64_t j, int64_t k) {
  MembershipPlace place{};
  place.box = fieldBox(field, a.field_size[2] != a.size[2], i, j, k);
  Vec4 u = {};
  for (int n = 0; n < place.box.count; ++n) u += load4(a.displacement + place.box.at[n]);
  const Vec4 x = {static_cast<float>(i), static_cast<float>(j), static_cast<float>(k), 0.0f};
  const Vec4 position = x + place.box.share * u;
  place.corner = cornerAt(grid, position);
  const Int4 inside = (position >= four(-0.5f)) & (position <= grid.last + 0.5f);
  if (!(inside[0] & inside[1] & inside[2])) return place;
  place.weight = a.weight == nullptr ? 1.0f : a.weight[(i * grid.size[1] + j) * grid.size[2] + k];
  if (a.mask == nullptr) return place;
  const Vec4 fraction = place.corner.fraction;
  const int64_t nearest = place.corner.base + (fraction[0] > 0.5f ? grid.up_i : 0) +
                          (fraction[1] > 0.5f ? grid.up_j : 0) + (fraction[2] > 0.5f ? 4 : 0);
  place.weight *= a.mask[nearest / 4];
  return place;
}

// Eight labels at the corners of a place: (p, q, r, s) as the rows of a warp, below and above along k.
struct EightLabels {
  VecTwo moved, by_i, by_j, by_k;
};

inline __attribute__((always_inline)) EightLabels readEight(const float* at, int64_t up_i, int64_t up_j, int64_t up_k,
                                                            Vec4 fraction) {
  const float x = fraction[0], y = fraction[1], z = fraction[2];
  const VecTwo p = loadTwo(at), q = loadTwo(at + up_j), r = loadTwo(at + up_i), s = loadTwo(at + up_i + up_j);
  const VecTwo step_p = loadTwo(at + up_k) - p, step_q = loadTwo(at + up_j + up_k) - q;
  const VecTwo step_r = loadTwo(at + up_i + up_k) - r, step_s = loadTwo(at + up_i + up_j + up_k) - s;
  const VecTwo at_p = p + z * step_p, at_q = q + z * step_q, at_r = r + z * step_r, at_s = s + z * step_s;
  const VecTwo lower = at_p + y * (at_q - at_p), upper = at_r + y * (at_s - at_r);
  const VecTwo lower_k = step_p + y * (step_q - step_p), upper_k = step_r + y * (step_s - step_r);
  return EightLabels{lower + x * (upper - lower), upper - lower, (at_q - at_p) + x * ((at_s - at_r) - (at_q - at_p)),
                     lower_k + x * (upper_k - lower_k)};
}

inline __attribute__((always_inline)) float sumOf(VecTwo v) {
  const Vec4 four = lowerOf(v) + upperOf(v);
  return (four[0] + four[1]) + (four[2] + four[3]);
}

inline __attribute__((always_inline)) void addEight(double* to, VecTwo v) {
  float lanes[kLabelLanes];
  std::memcpy(lanes, &v, sizeof(lanes));
  for (int lane = 0; lane < kLabelLanes; ++lane) to[lane] += static_cast<double>(lanes[lane]);
}

// Adds to both[l] and squares[l] what the rows of plane i give.
static void sumPlaneOverlap(const OverlapTermArgs& a, const PaddedGrid& grid, const PaddedGrid& field, int64_t i,
                            double* both, double* squares) {
  const int64_t lanes = a.lanes, voxel = lanes / 4;
  for (int64_t l = 0; l < lanes; ++l) both[l] = squares[l] = 0;
  for (int64_t j = 0; j < grid.size[1]; ++j) {
    for (int64_t k = 0; k < grid.size[2]; ++k) {
      const MembershipPlace place = membershipPlace(a, grid, field, i, j, k);
      if (place.weight == 0.0f) continue;
      const float* const fixed = a.fixed + ((i * grid.size[1] + j) * grid.size[2] + k) * lanes;
      const float* const moving = a.moving + place.corner.base * voxel;
      for (int64_t l = 0; l < lanes; l += kLabelLanes) {
        const VecTwo f = loadTwo(fixed + l);
        const VecTwo m =
            readEight(moving + l, grid.up_i * voxel, grid.up_j * voxel, lanes, place.corner.fraction).moved;
        addEight(both + l, place.weight * f * m);
        addEight(squares + l, place.weight * (f * f + m * m));
      }
    }
  }
}

// The pull of plane i; factor[l] = 2 scale / squares[l].
static void pullPlane(const OverlapTermArgs& a, const PaddedGrid& grid, const PaddedGrid& field, int64_t i,
                      const float* factor, const float* value) {
  const int64_t lanes = a.lanes, voxel = lanes / 4;
  for (int64_t j = 0; j < grid.size[1]; ++j) {
    for (int64_t k = 0; k < grid.size[2]; ++k) {
      const MembershipPlace place = membershipPlace(a, grid, field, i, j, k);
      Vec4 pull = {};
      if (place.weight != 0.0f) {
        const float* const fixed = a.fixed + ((i * grid.size[1] + j) * grid.size[2] + k) * lanes;
        const float* const moving = a.moving + place.corner.base * voxel;
        VecTwo by_i = {}, by_j = {}, by_k = {};
        for (int64_t l = 0; l < lanes; l += kLabelLanes) {
          const EightLabels at =
              readEight(moving + l, grid.up_i * voxel, grid.up_j * voxel, lanes, place.corner.fraction);
          const VecTwo by_moved = loadTwo(factor + l) * (loadTwo(fixed + l) - loadTwo(value + l) * at.moved);
          by_i += by_moved * at.by_i;
          by_j += by_moved * at.by_j;
          by_k += by_moved * at.by_k;
        }
        const Vec4 all = place.weight * Vec4{sumOf(by_i), sumOf(by_j), sumOf(by_k), 0.0f};
        pull = place.box.share * reinterpret_cast<Vec4>(reinterpret_cast<Int4>(all) & place.corner.moves);
      }
      for (int n = 0; n < place.box.count; ++n) store4(a.pull + place.box.at[n], pull);
    }
  }
}

static void overlapTerm(const OverlapTermArgs& a) noexcept {
  const PaddedGrid grid = paddedGrid(a.size), field = paddedGrid(a.field_size);
  const int64_t lanes = a.lanes, planes = grid.size[0];
  double* const sums = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(planes, [&](int64_t i, int) {
    double* const both = sums + 2 * i * lanes;
    sumPlaneOverlap(a, grid, field, i, both, both + lanes);
  });
  // factor and value as floats, after the sums of the first plane were added up in its place.
  for (int64_t i = 1; i < planes; ++i) {
    for (int64_t l = 0; l < 2 * lanes; ++l) sums[l] += sums[2 * i * lanes + l];
  }
  float* const factor = a.scratch.shared + 4 * planes * lanes;
  float* const value = factor + lanes;
  for (int64_t l = 0; l < lanes; ++l) {
    const double squares = sums[lanes + l];
    a.value[l] = squares > 0 ? 2 * sums[l] / squares : 0;
    factor[l] = squares > 0 ? static_cast<float>(2 * a.scale / squares) : 0.0f;
    value[l] = static_cast<float>(a.value[l]);
  }
  if (a.pull == nullptr) return;
  forEachTask(planes, [&](int64_t i, int) { pullPlane(a, grid, field, i, factor, value); });
}

}  // namespace hypermorph::HYPERMORPH_ISA
