#pragma once

#include "kernels/peak.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

static double measureFma(int64_t rounds, float* sink) noexcept {
  const int tasks = threadCount();
  forEachTask(tasks, [&](int64_t task, int) {
    Vec sums[kAccumulators];
    // Unrolled, like every loop over the accumulators: a loop that stays would keep them in memory.
#pragma GCC unroll 32
    for (int i = 0; i < kAccumulators; ++i)
      sums[i] = broadcast(static_cast<float>(i));  // distinct, or one chain would do for all
    Vec a = broadcast(1.0f + static_cast<float>(task) * 1e-9f);
    Vec b = broadcast(1e-9f);
    for (int64_t round = 0; round < rounds; ++round) {
      const Vec factor = a;
      const Vec term = b;
#pragma GCC unroll 32
      for (int i = 0; i < kAccumulators; ++i) sums[i] = factor * term + sums[i];
#pragma GCC unroll 32
      for (int i = 0; i < kAccumulators; ++i) sums[i] = factor * term + sums[i];
    }
    Vec total = sums[0];
#pragma GCC unroll 32
    for (int i = 1; i < kAccumulators; ++i) total += sums[i];
    sink[task] = total[0];
  });
  return 2.0 * 2.0 * kAccumulators * kLanes * static_cast<double>(rounds) * tasks;
}

static double measureCopy(const float* from, float* to, int64_t size) noexcept {
  constexpr int64_t kPerTask = 1 << 18;
  forEachTask((size + kPerTask - 1) / kPerTask, [&](int64_t task, int) {
    const int64_t begin = task * kPerTask;
    const int64_t count = size - begin < kPerTask ? size - begin : kPerTask;
    std::memcpy(to + begin, from + begin, static_cast<size_t>(count) * sizeof(float));
  });
  return 2.0 * static_cast<double>(size) * sizeof(float);
}

}  // namespace hypermorph::HYPERMORPH_ISA
