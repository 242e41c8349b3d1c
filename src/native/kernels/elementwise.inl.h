#pragma once

#include "kernels/elementwise.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kElementsPerTask = 1 << 16;

static void leakyRelu(const LeakyReluArgs& args) noexcept {
  const int64_t tasks = (args.size + kElementsPerTask - 1) / kElementsPerTask;
  forEachTask(tasks, [&](int64_t task, int) {
    const int64_t begin = task * kElementsPerTask;
    const int64_t end = begin + kElementsPerTask < args.size ? begin + kElementsPerTask : args.size;
    const float* const x = args.x;
    float* const y = args.y;
    const Vec slope = broadcast(args.slope);
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) store(y + i, leakyRelu(load(x + i), slope));
    if (i < end) {
      const int rest = static_cast<int>(end - i);
      storePart(y + i, leakyRelu(loadPart(x + i, rest), slope), rest);
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
