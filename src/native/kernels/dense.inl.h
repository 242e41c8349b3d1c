#pragma once

#include "kernels/dense.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int64_t kDenseColumns = 1024;  // of y, kept in the first-level cache while the rows of the kernel pass

static bool isUnused(const float* x, int64_t n, int64_t inputs, int64_t p) {
  for (int64_t item = 0; item < n; ++item) {
    if (x[item * inputs + p] != 0.0f) return false;
  }
  return true;
}

static void dense(const DenseArgs& a) noexcept {
  forEachTask((a.outputs + kDenseColumns - 1) / kDenseColumns, [&](int64_t task, int) {
    const int64_t begin = task * kDenseColumns;
    const int64_t count = a.outputs - begin < kDenseColumns ? a.outputs - begin : kDenseColumns;
    for (int64_t item = 0; item < a.n; ++item) {
      float* const y = a.y + item * a.outputs + begin;
      if (a.bias != nullptr) std::memcpy(y, a.bias + begin, static_cast<size_t>(count) * sizeof(float));
      else std::memset(y, 0, static_cast<size_t>(count) * sizeof(float));
    }
    for (int64_t p = 0; p < a.inputs; ++p) {
      if (isUnused(a.x, a.n, a.inputs, p)) continue;
      const float* __restrict const row = a.kernel + p * a.outputs + begin;
      for (int64_t item = 0; item < a.n; ++item) {
        const float factor = a.x[item * a.inputs + p];
        float* __restrict const y = a.y + item * a.outputs + begin;
        for (int64_t c = 0; c < count; ++c) y[c] += factor * row[c];
      }
    }
    if (a.slope == 1.0f) return;
    for (int64_t item = 0; item < a.n; ++item) {
      float* const y = a.y + item * a.outputs + begin;
      for (int64_t c = 0; c < count; ++c) y[c] = y[c] > 0.0f ? y[c] : a.slope * y[c];
    }
  });
}

// Sum of a[c] b[c]: short float sums, then double.
static double dot(const float* a, const float* b, int64_t count) {
  constexpr int64_t kShort = 2048;
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += kShort) {
    const int64_t end = begin + kShort < count ? begin + kShort : count;
    Vec sums[4] = {};
    int64_t c = begin;
    for (; c + 4 * kLanes <= end; c += 4 * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) sums[v] += load(a + c + v * kLanes) * load(b + c + v * kLanes);
    }
    for (; c < end; c += kLanes) {
      const int rest = end - c < kLanes ? static_cast<int>(end - c) : kLanes;
      sums[0] += loadPart(a + c, rest) * loadPart(b + c, rest);
    }
    const Vec sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (int lane = 0; lane < kLanes; ++lane) total += static_cast<double>(sum[lane]);
  }
  return total;
}

// dy times the slope of the activation at y.
static void throughActivation(const DenseGradientArgs& a, float* to) {
  forEachTask(a.n, [&](int64_t item, int) {
    const int64_t begin = item * a.outputs;
    for (int64_t c = begin; c < begin + a.outputs; ++c) to[c] = a.y[c] > 0.0f ? a.dy[c] : a.slope * a.dy[c];
  });
}

static void denseGradient(const DenseGradientArgs& a) noexcept {
  const float* dz = a.dy;
  if (a.slope != 1.0f) {
    throughActivation(a, a.scratch.shared);
    dz = a.scratch.shared;
  }
  if (a.dbias != nullptr) {
    for (int64_t c = 0; c < a.outputs; ++c) {
      float sum = 0.0f;
      for (int64_t item = 0; item < a.n; ++item) sum += dz[item * a.outputs + c];
      a.dbias[c] = sum;
    }
  }
  if (a.dx == nullptr && a.dkernel == nullptr) return;
  forEachTask(a.inputs, [&](int64_t p, int) {
    if (a.dx != nullptr) {
      for (int64_t item = 0; item < a.n; ++item) {
        a.dx[item * a.inputs + p] = static_cast<float>(dot(dz + item * a.outputs, a.kernel + p * a.outputs, a.outputs));
      }
    }
    if (a.dkernel == nullptr) return;
    float* __restrict const row = a.dkernel + p * a.outputs;
    if (isUnused(a.x, a.n, a.inputs, p)) {
      std::memset(row, 0, static_cast<size_t>(a.outputs) * sizeof(float));
      return;
    }
    for (int64_t item = 0; item < a.n; ++item) {
      const float factor = a.x[item * a.inputs + p];
      const float* __restrict const share = dz + item * a.outputs;
      if (item == 0) {
        for (int64_t c = 0; c < a.outputs; ++c) row[c] = factor * share[c];
      } else {
        for (int64_t c = 0; c < a.outputs; ++c) row[c] += factor * share[c];
      }
    }
  });
}

static void adam(const AdamArgs& a) noexcept {
  constexpr int64_t kPerTask = 1 << 15;
  forEachTask((a.size + kPerTask - 1) / kPerTask, [&](int64_t task, int) {
    const int64_t begin = task * kPerTask;
    const int64_t end = begin + kPerTask < a.size ? begin + kPerTask : a.size;
#pragma GCC ivdep
    for (int64_t x = begin; x < end; ++x) {
      const float g = a.gradient[x];
      const float first = a.beta1 * a.first[x] + a.rest1 * g;
      const float second = a.beta2 * a.second[x] + a.rest2 * (g * g);
      a.new_first[x] = first;
      a.new_second[x] = second;
      a.new_weight[x] = a.weight[x] - a.rate * first / (__builtin_sqrtf(second) + a.epsilon);
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA
