#pragma once

#include "kernels/arithmetic.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kArithmeticChunk = 1 << 16;

// body(begin, end) for chunks of [0, size).
template <typename Body>
inline void forEachChunk(int64_t size, const Body& body) {
  forEachTask((size + kArithmeticChunk - 1) / kArithmeticChunk, [&](int64_t task, int) {
    const int64_t begin = task * kArithmeticChunk;
    body(begin, begin + kArithmeticChunk < size ? begin + kArithmeticChunk : size);
  });
}

static void binary(const BinaryArgs& args) noexcept {
  const float* const a = args.a;
  const float* const b = args.b;
  float* const y = args.y;
  forEachChunk(args.size, [&](int64_t begin, int64_t end) {
    // Elements are independent also where y is an input.
    if (args.operation == 0) {
#pragma GCC ivdep
      for (int64_t x = begin; x < end; ++x) y[x] = a[x] + b[x];
    } else if (args.operation == 1) {
#pragma GCC ivdep
      for (int64_t x = begin; x < end; ++x) y[x] = a[x] - b[x];
    } else {
#pragma GCC ivdep
      for (int64_t x = begin; x < end; ++x) y[x] = a[x] * b[x];
    }
  });
}

static void linear(const LinearArgs& args) noexcept {
  const float* const x = args.x;
  float* const y = args.y;
  forEachChunk(args.size, [&](int64_t begin, int64_t end) {
    if (args.factor == 1.0f) {
#pragma GCC ivdep
      for (int64_t at = begin; at < end; ++at) y[at] = x[at] + args.term;
    } else {
#pragma GCC ivdep
      for (int64_t at = begin; at < end; ++at) y[at] = args.factor * x[at] + args.term;
    }
  });
}

static void join(const JoinArgs& args) noexcept {
  forEachChunk(args.rows, [&](int64_t begin, int64_t end) {
    const int64_t width = args.a_width + args.b_width;
    if (args.a_width == 1 && args.b_width == 1) {
      const float* __restrict const a = args.a;
      const float* __restrict const b = args.b;
      float* __restrict const y = args.y;
      for (int64_t row = begin; row < end; ++row) {
        y[2 * row] = a[row];
        y[2 * row + 1] = b[row];
      }
      return;
    }
    for (int64_t row = begin; row < end; ++row) {
      std::memcpy(args.y + row * width, args.a + row * args.a_width, static_cast<size_t>(args.a_width) * sizeof(float));
      std::memcpy(args.y + row * width + args.a_width, args.b + row * args.b_width,
                  static_cast<size_t>(args.b_width) * sizeof(float));
    }
  });
}

static void copyBox(const BoxArgs& a) noexcept {
  int64_t tasks = 1;
  for (int32_t axis = 0; axis < a.rank - 2; ++axis) tasks *= a.box[axis];
  const int32_t row = a.rank - 2, last = a.rank - 1;
  forEachTask(tasks, [&](int64_t task, int) {
    // Offset of the first row of this task: the first axes of the box come from the number of the task.
    int64_t index[kBoxRank] = {};
    for (int32_t axis = row - 1; axis >= 0; --axis) {
      index[axis] = task % a.box[axis];
      task /= a.box[axis];
    }
    int64_t from_offset = 0, to_offset = 0;
    for (int32_t axis = 0; axis < a.rank; ++axis) {
      from_offset = from_offset * a.from_shape[axis] + a.from_begin[axis] + index[axis];
      to_offset = to_offset * a.to_shape[axis] + a.to_begin[axis] + index[axis];
    }
    const int64_t width = a.box[last];
    for (int64_t n = 0; n < a.box[row]; ++n) {
      const float* __restrict const from = a.from + from_offset + n * a.from_shape[last];
      float* __restrict const to = a.to + to_offset + n * a.to_shape[last];
      for (int64_t x = 0; x < width; ++x) to[x] = from[x];
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
