#pragma once

#include "kernels/intensities.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline int64_t intensityChunks(const IntensityArgs& a) { return (a.size + kIntensityChunk - 1) / kIntensityChunk; }

static void findExtremes(const IntensityArgs& a) noexcept {
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  const int64_t chunks = intensityChunks(a);
  forEachTask(chunks, [&](int64_t task, int) {
    const int64_t begin = task * kIntensityChunk;
    const int64_t end = begin + kIntensityChunk < a.size ? begin + kIntensityChunk : a.size;
    Vec lows = broadcast(__builtin_inff());
    Vec highs = broadcast(-__builtin_inff());
    Vec counts = {};
    const auto take = [&](Vec values) {
      const auto is_finite = values - values == Vec{};
      lows = (is_finite & (values < lows)) ? values : lows;
      highs = (is_finite & (values > highs)) ? values : highs;
      counts += is_finite ? broadcast(1.0f) : Vec{};
    };
    int64_t x = begin;
    for (; x + kLanes <= end; x += kLanes) take(load(a.data + x));
    float low = __builtin_inff(), high = -__builtin_inff(), finite = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      low = lows[lane] < low ? lows[lane] : low;
      high = highs[lane] > high ? highs[lane] : high;
      finite += counts[lane];
    }
    for (; x < end; ++x) {
      const float value = a.data[x];
      if (value - value != 0.0f) continue;
      low = value < low ? value : low;
      high = value > high ? value : high;
      finite += 1;
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
