#pragma once

#include "kernels/refine_field.inl.h"

namespace hypermorph::HYPERMORPH_ISA {

static void markLabels(const MarkLabelsArgs& a) noexcept {
  const int64_t row = a.size[2], plane = a.size[1] * row;
  forEachTask(a.size[0], [&](int64_t i, int) {
    for (int64_t n = i * plane; n < (i + 1) * plane; ++n) {
      const float* const from = a.memberships + n * a.lanes;
      float largest = 0.0f;
      for (int64_t l = 0; l < a.lanes; ++l) largest = from[l] > largest ? from[l] : largest;
      a.marks[n] = largest > 0.0f ? 1.0f : 0.0f;
    }
  });
  if (!a.of_cells) return;
  // Upwards, so that what a voxel takes from is still its own mark or, of an axis before, that of its cell.
  const int64_t steps[3] = {plane, row, 1};
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t step = steps[axis], length = a.size[axis], all = a.size[0] * plane;
    for (int64_t n = 0; n + step < all; ++n) {
      if ((n / step) % length + 1 < length && a.marks[n + step] > 0.0f) a.marks[n] = 1.0f;
    }
  }
}

// The vectors of a field that a voxel of memberships moves with: its own, or those of the finer grid's voxels in it.
struct FieldBox {
  int64_t begin;       // floats
  int64_t lengths[3];  // vectors along each axis, 1 or 2
  float share;         // of each vector in what the voxel moves by
};

inline __attribute__((always_inline)) FieldBox fieldBox(const PaddedGrid& field, bool is_double, int64_t i, int64_t j,
                                                        int64_t k) {
  if (!is_double) return {i * field.plane + j * field.row + 4 * k, {1, 1, 1}, 1.0f};
  const int64_t lengths[3] = {2 * i + 1 < field.size[0] ? 2 : 1, 2 * j + 1 < field.size[1] ? 2 : 1,
                              2 * k + 1 < field.size[2] ? 2 : 1};
  return {2 * i * field.plane + 2 * j * field.row + 8 * k,
          {lengths[0], lengths[1], lengths[2]},
          0.5f / static_cast<float>(lengths[0] * lengths[1] * lengths[2])};
}

template <typename Visit>
inline __attribute__((always_inline)) void forEachVector(const PaddedGrid& field, const FieldBox& box,
                                                         const Visit& visit) {
  for (int64_t p = 0; p < box.lengths[0]; ++p) {
    for (int64_t q = 0; q < box.lengths[1]; ++q) {
      const int64_t at = box.begin + p * field.plane + q * field.row;
      for (int64_t r = 0; r < box.lengths[2]; ++r) visit(at + 4 * r);
    }
  }
}

// Where a voxel of memberships reads the moving ones.
struct MembershipPlace {
  FieldBox box;
  Corner corner;
  float weight;
};

inline __attribute__((always_inline)) MembershipPlace membershipPlace(const OverlapTermArgs& a, const PaddedGrid& grid,
                                                                      const PaddedGrid& field, int64_t i, int64_t j,
                                                                      int64_t k) {
  MembershipPlace place;
  place.weight = 0.0f;
  place.box = fieldBox(field, a.field_size[2] != a.size[2], i, j, k);
  Vec4 u = {};
  forEachVector(field, place.box, [&](int64_t at) { u += load4(a.displacement + at); });
  const Vec4 x = {static_cast<float>(i), static_cast<float>(j), static_cast<float>(k), 0.0f};
  const Vec4 position = x + place.box.share * u;
  place.corner = cornerAt(grid, position);
  const Int4 inside = (position >= four(-0.5f)) & (position <= grid.last + 0.5f);
  if (!(inside[0] & inside[1] & inside[2])) return place;
  const int64_t voxel = (i * grid.size[1] + j) * grid.size[2] + k;
  // Nothing to compare, as in most of what surrounds a brain.
  if (a.fixed_marks[voxel] + a.moving_marks[place.corner.base / 4] == 0.0f) return place;
  place.weight = a.weight == nullptr ? 1.0f : a.weight[voxel];
  if (a.mask == nullptr) return place;
  const Vec4 fraction = place.corner.fraction;
  const int64_t nearest = place.corner.base + (fraction[0] > 0.5f ? grid.up_i : 0) +
                          (fraction[1] > 0.5f ? grid.up_j : 0) + (fraction[2] > 0.5f ? 4 : 0);
  place.weight *= a.mask[nearest / 4];
  return place;
}

// As many labels as are read at once.
#if HYPERMORPH_LANES >= 16
typedef float WideLabels __attribute__((vector_size(64)));
typedef float UnalignedWideLabels __attribute__((vector_size(64), aligned(4), may_alias));
template <typename Labels>
struct Unaligned {
  typedef UnalignedWideLabels Type;
};
#else
typedef VecTwo WideLabels;
template <typename Labels>
struct Unaligned;
#endif
template <>
struct Unaligned<VecTwo> {
  typedef UnalignedVecTwo Type;
};

template <typename Labels>
inline constexpr int64_t kWidth = sizeof(Labels) / sizeof(float);

template <typename Labels>
inline __attribute__((always_inline)) Labels loadLabels(const float* at) {
  return *reinterpret_cast<const typename Unaligned<Labels>::Type*>(at);
}

// Labels at the corners of a place: (p, q, r, s) as the rows of a warp, below and above along k.
template <typename Labels>
struct LabelsAt {
  Labels moved, by_i, by_j, by_k;
};

template <typename Labels>
inline __attribute__((always_inline)) LabelsAt<Labels> readLabels(const float* at, int64_t up_i, int64_t up_j,
                                                                  int64_t up_k, Vec4 fraction) {
  const float x = fraction[0], y = fraction[1], z = fraction[2];
  const Labels p = loadLabels<Labels>(at), q = loadLabels<Labels>(at + up_j);
  const Labels r = loadLabels<Labels>(at + up_i), s = loadLabels<Labels>(at + up_i + up_j);
  const float* const above = at + up_k;
  const Labels step_p = loadLabels<Labels>(above) - p, step_q = loadLabels<Labels>(above + up_j) - q;
  const Labels step_r = loadLabels<Labels>(above + up_i) - r, step_s = loadLabels<Labels>(above + up_i + up_j) - s;
  const Labels at_p = p + z * step_p, at_q = q + z * step_q, at_r = r + z * step_r, at_s = s + z * step_s;
  const Labels lower = at_p + y * (at_q - at_p), upper = at_r + y * (at_s - at_r);
  const Labels lower_k = step_p + y * (step_q - step_p), upper_k = step_r + y * (step_s - step_r);
  return {lower + x * (upper - lower), upper - lower, (at_q - at_p) + x * ((at_s - at_r) - (at_q - at_p)),
          lower_k + x * (upper_k - lower_k)};
}

inline __attribute__((always_inline)) float sumOf(VecTwo v) {
  const Vec4 four = lowerOf(v) + upperOf(v);
  return (four[0] + four[1]) + (four[2] + four[3]);
}

#if HYPERMORPH_LANES >= 16
inline __attribute__((always_inline)) float sumOf(WideLabels v) {
  return sumOf(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
}
#endif

template <typename Labels>
inline __attribute__((always_inline)) void addLabels(double* to, Labels v) {
  float lanes[kWidth<Labels>];
  std::memcpy(lanes, &v, sizeof(lanes));
  for (int lane = 0; lane < kWidth<Labels>; ++lane) to[lane] += static_cast<double>(lanes[lane]);
}

// A voxel whose memberships count.
struct CountedVoxel {
  const float* fixed;
  const float* moving;
  Vec4 fraction;
  float weight;
};

// So many voxels of a row are summed up as floats.
inline constexpr int64_t kRun = 32;

// Adds to both[l] and squares[l] what the rows of plane i give.
template <typename Labels>
static void sumPlaneOverlap(const OverlapTermArgs& a, const PaddedGrid& grid, const PaddedGrid& field, int64_t i,
                            double* both, double* squares) {
  const int64_t lanes = a.lanes, voxel = lanes / 4;
  for (int64_t l = 0; l < lanes; ++l) both[l] = squares[l] = 0;
  CountedVoxel run[kRun];
  for (int64_t j = 0; j < grid.size[1]; ++j) {
    for (int64_t begin = 0; begin < grid.size[2]; begin += kRun) {
      int64_t count = 0;
      for (int64_t k = begin; k < std::min(begin + kRun, grid.size[2]); ++k) {
        const MembershipPlace place = membershipPlace(a, grid, field, i, j, k);
        if (place.weight == 0.0f) continue;
        run[count++] = {a.fixed + ((i * grid.size[1] + j) * grid.size[2] + k) * lanes,
                        a.moving + place.corner.base * voxel, place.corner.fraction, place.weight};
      }
      for (int64_t l = 0; l < lanes; l += kWidth<Labels>) {
        Labels run_both = {}, run_squares = {};
        for (int64_t n = 0; n < count; ++n) {
          const Labels f = loadLabels<Labels>(run[n].fixed + l);
          const Labels m =
              readLabels<Labels>(run[n].moving + l, grid.up_i * voxel, grid.up_j * voxel, lanes, run[n].fraction).moved;
          run_both += run[n].weight * f * m;
          run_squares += run[n].weight * (f * f + m * m);
        }
        addLabels(both + l, run_both);
        addLabels(squares + l, run_squares);
      }
    }
  }
}

// The pull of plane i; factor[l] = 2 scale / squares[l].
template <typename Labels>
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
        Labels by_i = {}, by_j = {}, by_k = {};
        for (int64_t l = 0; l < lanes; l += kWidth<Labels>) {
          const LabelsAt<Labels> at =
              readLabels<Labels>(moving + l, grid.up_i * voxel, grid.up_j * voxel, lanes, place.corner.fraction);
          const Labels by_moved = loadLabels<Labels>(factor + l) *
                                  (loadLabels<Labels>(fixed + l) - loadLabels<Labels>(value + l) * at.moved);
          by_i += by_moved * at.by_i;
          by_j += by_moved * at.by_j;
          by_k += by_moved * at.by_k;
        }
        const Vec4 all = place.weight * Vec4{sumOf(by_i), sumOf(by_j), sumOf(by_k), 0.0f};
        pull = place.box.share * reinterpret_cast<Vec4>(reinterpret_cast<Int4>(all) & place.corner.moves);
      }
      forEachVector(field, place.box, [&](int64_t at) { store4(a.pull + at, pull); });
    }
  }
}

template <typename Labels>
static void overlapOfLabels(const OverlapTermArgs& a) {
  const PaddedGrid grid = paddedGrid(a.size), field = paddedGrid(a.field_size);
  const int64_t lanes = a.lanes, planes = grid.size[0];
  double* const sums = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(planes, [&](int64_t i, int) {
    double* const both = sums + 2 * i * lanes;
    sumPlaneOverlap<Labels>(a, grid, field, i, both, both + lanes);
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
  forEachTask(planes, [&](int64_t i, int) { pullPlane<Labels>(a, grid, field, i, factor, value); });
}

static void overlapTerm(const OverlapTermArgs& a) noexcept {
  if (a.lanes % kWidth<WideLabels> == 0) {
    overlapOfLabels<WideLabels>(a);
  } else {
    overlapOfLabels<VecTwo>(a);
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
