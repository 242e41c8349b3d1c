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
inline constexpr int64_t kIntensityChunk = 1 << 16;

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// What a scan of all intensities needs: data, and room for what its chunks find.
template <typename Call>
IntensityArgs readIntensities(Call& call) {
  IntensityArgs args{};
  const auto data = call.floats("data", 0);
  args.data = data.data;
  args.size = data.size;
  return args;
}

inline ScratchNeed chunksOf(const IntensityArgs& args) {
  return ScratchNeed{6 * ((args.size + kIntensityChunk - 1) / kIntensityChunk), 0};
}

// findExtremes(data, extremes [3])
template <typename Call>
void findExtremes(Call& call, IntensityArgs& args) {
  args = readIntensities(call);
  args.extremes = call.doubles("extremes", 3);
  args.scratch = call.scratch(chunksOf(args));
}

// findLargestWithin(data, minimum, maximum, extremes [3]): fills extremes[1].
template <typename Call>
void findLargestWithin(Call& call, IntensityArgs& args) {
  args = readIntensities(call);
  args.minimum = call.number("minimum");
  args.maximum = call.number("maximum");
  args.extremes = call.doubles("extremes", 3);
  args.scratch = call.scratch(chunksOf(args));
}

// countIntensities(data, minimum, maximum, width, counts Uint32Array [65536])
template <typename Call>
void countIntensities(Call& call, IntensityArgs& args) {
  args = readIntensities(call);
  args.minimum = call.number("minimum");
  args.maximum = call.number("maximum");
  args.width = call.number("width");
  const auto counts = call.elements("counts", kIntensityBins);
  call.require(counts.isUint32() && args.width > 0,
               "native: counts must be a Uint32Array and the width of a bin positive.");
  args.scratch = call.scratch(ScratchNeed{0, kIntensityBins});
  if (!call.ok()) return;
  args.counts = static_cast<uint32_t*>(counts.data);
}

}  // namespace hypermorph::reading
