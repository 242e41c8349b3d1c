#pragma once

#include <cstdint>

#include "scratch.h"

namespace hypermorph {

inline constexpr int64_t kIntensityBins = 65536;

// Scans of float data for its range and percentiles; what is not finite is left out.
struct IntensityArgs {
  const float* data;
  int64_t size;
  double minimum, maximum, width;  // of the bins, or of the values that are looked at
  double* extremes;                // [minimum, maximum, number of finite values]; largestWithin fills the second
  uint32_t* counts;                // [kIntensityBins]
  Scratch scratch;  // countIntensities: kIntensityBins per worker; the others: 3 doubles per chunk, shared
};
using IntensityFn = void (*)(const IntensityArgs&) noexcept;
inline constexpr int64_t kIntensityChunk = 1 << 16;

}  // namespace hypermorph
