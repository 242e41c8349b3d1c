#pragma once

#include "kernels/jacobian.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

// The difference along one axis at one index: scale (u[x + above] - u[x - below]).
struct Difference {
  int64_t below, above;  // floats
  float scale;
};

inline __attribute__((always_inline)) Difference differenceAt(int64_t x, int64_t length, int64_t step) {
  if (length == 1) return Difference{0, 0, 0.0f};
  const bool has_below = x > 0;
  const bool has_above = x + 1 < length;
  return Difference{has_below ? step : 0, has_above ? step : 0, has_below && has_above ? 0.5f : 1.0f};
}

// Rows of d(x + u)/dx at a voxel: m[axis][component].
inline __attribute__((always_inline)) void derivativesAt(const float* u, const Difference* differences, float m[3][3]) {
  for (int axis = 0; axis < 3; ++axis) {
    const Difference& d = differences[axis];
    for (int c = 0; c < 3; ++c) m[axis][c] = d.scale * (u[d.above + c] - u[c - d.below]) + (axis == c ? 1.0f : 0.0f);
  }
}

inline __attribute__((always_inline)) float determinantOf(const float m[3][3]) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

static void jacobian(const JacobianArgs& a) noexcept {
  const int64_t row = int64_t{a.size[2]} * 3;
  const int64_t plane = a.size[1] * row;
  forEachTask(a.n * a.size[0], [&](int64_t task, int) {
    for (int64_t j = 0; j < a.size[1]; ++j) {
      const float* __restrict const u = a.displacement + task * plane + j * row;
      float* __restrict const out = a.out + (task * a.size[1] + j) * a.size[2];
      Difference differences[3] = {
          differenceAt(task % a.size[0], a.size[0], plane), differenceAt(j, a.size[1], row), {}};
      const auto evaluate = [&](int64_t k) {
        float m[3][3];
        derivativesAt(u + 3 * k, differences, m);
        out[k] = determinantOf(m);
      };
      differences[2] = differenceAt(0, a.size[2], 3);
      evaluate(0);
      if (a.size[2] == 1) continue;
      differences[2] = differenceAt(a.size[2] - 1, a.size[2], 3);
      evaluate(a.size[2] - 1);
      differences[2] = Difference{3, 3, 0.5f};
      for (int64_t k = 1; k + 1 < a.size[2]; ++k) evaluate(k);
    }
  });
}

// d determinant / d m[axis][component] at voxel (i, j, k), for one axis.
static void cofactorsAt(const JacobianArgs& a, int64_t item, const int64_t* voxel, int axis, float cofactors[3]) {
  const int64_t row = int64_t{a.size[2]} * 3;
  const int64_t steps[3] = {a.size[1] * row, row, 3};
  const float* u = a.displacement + item * a.size[0] * steps[0];
  Difference differences[3];
  for (int b = 0; b < 3; ++b) {
    differences[b] = differenceAt(voxel[b], a.size[b], steps[b]);
    u += voxel[b] * steps[b];
  }
  float m[3][3];
  derivativesAt(u, differences, m);
  const float* const p = m[(axis + 1) % 3];
  const float* const q = m[(axis + 2) % 3];
  for (int c = 0; c < 3; ++c) cofactors[c] = p[(c + 1) % 3] * q[(c + 2) % 3] - p[(c + 2) % 3] * q[(c + 1) % 3];
}

// u(x) is read by the differences at x and at its two neighbours along each axis: a voxel collects what they give.
static void jacobianGradient(const JacobianArgs& a) noexcept {
  forEachTask(a.n * a.size[0], [&](int64_t task, int) {
    const int64_t item = task / a.size[0];
    int64_t x[3] = {task % a.size[0], 0, 0};
    for (x[1] = 0; x[1] < a.size[1]; ++x[1]) {
      for (x[2] = 0; x[2] < a.size[2]; ++x[2]) {
        float sum[3] = {};
        for (int axis = 0; axis < 3; ++axis) {
          for (int64_t reader = x[axis] - 1; reader <= x[axis] + 1; ++reader) {
            if (reader < 0 || reader >= a.size[axis]) continue;
            const Difference d = differenceAt(reader, a.size[axis], 1);
            const float factor =
                d.scale * static_cast<float>((reader + d.above == x[axis]) - (reader - d.below == x[axis]));
            if (factor == 0.0f) continue;
            int64_t at[3] = {x[0], x[1], x[2]};
            at[axis] = reader;
            float cofactors[3];
            cofactorsAt(a, item, at, axis, cofactors);
            const float dy = a.dy[((item * a.size[0] + at[0]) * a.size[1] + at[1]) * a.size[2] + at[2]];
            for (int c = 0; c < 3; ++c) sum[c] += factor * dy * cofactors[c];
          }
        }
        float* const out = a.out + 3 * ((task * a.size[1] + x[1]) * a.size[2] + x[2]);
        for (int c = 0; c < 3; ++c) out[c] = sum[c];
      }
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
