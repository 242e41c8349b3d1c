#pragma once

#include <cstdint>

namespace hypermorph {

// y[i] = x[i] > 0 ? x[i] : slope * x[i] for i in [0, size). y may be x.
struct LeakyReluArgs {
  const float* x;
  float* y;
  int64_t size;
  float slope;
};
using LeakyReluFn = void (*)(const LeakyReluArgs&) noexcept;

}  // namespace hypermorph
