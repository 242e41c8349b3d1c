#pragma once

#include "kernels/refine.h"
#include "kernels/resample.inl.h"

// As the portable kernels round, see resample.inl.h.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

namespace hypermorph::HYPERMORPH_ISA {

// The index below a position and how far it lies above it; false outside the image and half a voxel around it.
struct AxisPlace {
  int64_t lower, upper;
  float fraction;
};

static bool placeAlong(double position, int32_t length, AxisPlace* place) {
  if (!isWithin(position, length)) return false;
  const double clamped = clampIndex(position, length);
  place->lower = static_cast<int64_t>(clamped);
  place->upper = place->lower + 1 < length ? place->lower + 1 : place->lower;
  place->fraction = static_cast<float>(clamped - static_cast<double>(place->lower));
  return true;
}

static void sampleMemberships(const SampleMembershipsArgs& a) noexcept {
  const int64_t channels = a.labels + 1, row = a.size[2] * channels, plane = a.size[1] * row;
  forEachTask(a.shape[0], [&](int64_t i, int) {
    for (int64_t j = 0; j < a.shape[1]; ++j) {
      for (int64_t k = 0; k < a.shape[2]; ++k) {
        float* __restrict const out = a.out + ((i * a.shape[1] + j) * a.shape[2] + k) * a.lanes;
        std::memset(out, 0, static_cast<size_t>(a.lanes) * sizeof(float));
        AxisPlace at[3];
        bool is_inside = true;
        for (int axis = 0; axis < 3; ++axis) {
          const double* const m = a.to_voxel + 4 * axis;
          const double position =
              m[0] * static_cast<double>(i) + m[1] * static_cast<double>(j) + m[2] * static_cast<double>(k) + m[3];
          is_inside = is_inside && placeAlong(position, a.size[axis], &at[axis]);
        }
        if (!is_inside) continue;
        for (int corner = 0; corner < 8; ++corner) {
          const bool up_i = (corner & 4) != 0, up_j = (corner & 2) != 0, up_k = (corner & 1) != 0;
          const float weight = (up_i ? at[0].fraction : 1.0f - at[0].fraction) *
                               (up_j ? at[1].fraction : 1.0f - at[1].fraction) *
                               (up_k ? at[2].fraction : 1.0f - at[2].fraction);
          if (weight == 0.0f) continue;
          const float* __restrict const from = a.memberships + (up_i ? at[0].upper : at[0].lower) * plane +
                                               (up_j ? at[1].upper : at[1].lower) * row +
                                               (up_k ? at[2].upper : at[2].lower) * channels + 1;
          for (int64_t l = 0; l < a.labels; ++l) out[l] += weight * from[l];
        }
      }
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA

#if defined(__clang__)
#pragma STDC FP_CONTRACT DEFAULT
#else
#pragma GCC pop_options
#endif
