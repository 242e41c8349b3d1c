#pragma once

namespace hypermorph::HYPERMORPH_ISA {

// The weights of the four coefficients around a position, the second of which lies a fraction f below it: those of the
// cubic B-spline.
inline __attribute__((always_inline)) void setSplineWeights(float f, float* weights) {
  const float g = 1.0f - f;
  weights[0] = g * g * g * (1.0f / 6.0f);
  weights[1] = (2.0f / 3.0f) - f * f * (1.0f - 0.5f * f);
  weights[2] = (2.0f / 3.0f) - g * g * (1.0f - 0.5f * g);
  weights[3] = f * f * f * (1.0f / 6.0f);
}

}  // namespace hypermorph::HYPERMORPH_ISA
