#pragma once

// One vector type per instruction set, in that set's namespace. Include only from kernels/*.inl.h, after HYPERMORPH_ISA
// and HYPERMORPH_LANES are defined. The compiler turns a * b + c into a fused multiply-add where the set has one.

#include <cstdint>
#include <cstring>

#include "thread_pool.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int kLanes = HYPERMORPH_LANES;
// Vectors that fit in the registers beside a few temporaries: 16 registers hold 12 accumulators, 32 hold 28.
inline constexpr int kAccumulators = HYPERMORPH_ACCUMULATORS;

typedef float Vec __attribute__((vector_size(HYPERMORPH_LANES * 4)));
typedef uint32_t Words __attribute__((vector_size(HYPERMORPH_LANES * 4)));
typedef float UnalignedVec __attribute__((vector_size(HYPERMORPH_LANES * 4), aligned(4), may_alias));

inline __attribute__((always_inline)) Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
inline __attribute__((always_inline)) void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }
inline __attribute__((always_inline)) Vec broadcast(float value) { return value - Vec{}; }

// The first `count` lanes; the others are zero on load and untouched on store.
inline Vec loadPart(const float* p, int count) {
  Vec v = {};
  for (int lane = 0; lane < count; ++lane) v[lane] = p[lane];
  return v;
}
inline void storePart(float* p, Vec v, int count) {
  for (int lane = 0; lane < count; ++lane) p[lane] = v[lane];
}

// Identity for slope 1, ReLU for slope 0.
inline __attribute__((always_inline)) Vec leakyRelu(Vec x, Vec slope) { return x > Vec{} ? x : x * slope; }

// One number of all lanes, by halves.
template <typename Join>
inline __attribute__((always_inline)) float joinLanes(Vec values, const Join& join) {
  float part[kLanes];
  store(part, values);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) part[lane] = join(part[lane], part[lane + width]);
  }
  return part[0];
}
inline __attribute__((always_inline)) float sumOfVec(Vec values) {
  return joinLanes(values, [](float a, float b) { return a + b; });
}
inline __attribute__((always_inline)) float largestOfVec(Vec values) {
  return joinLanes(values, [](float a, float b) { return a > b ? a : b; });
}

// e^x of finite x, relative error below 3e-7; x below -87 counts as -87, above 88 as 88.
inline __attribute__((always_inline)) Vec exponential(Vec x) {
  const Vec lowest = broadcast(-87.0f), highest = broadcast(88.0f);
  x = x > lowest ? x : lowest;
  x = x < highest ? x : highest;
  // Adding 1.5 * 2^23 rounds x / ln 2 to an integer n, which then stands in the lowest bits.
  const Vec shift = broadcast(12582912.0f);
  const Vec shifted = x * 1.44269504f + shift;
  const Vec n = shifted - shift;
  // |r| <= ln(2) / 2. ln 2 comes in two parts, the first of so few digits that what it leaves is exact.
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  constexpr float kTerms[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
  Vec series = broadcast(1.0f / 5040);
  for (const float term : kTerms) series = series * r + term;
  const Words power = ((Words)shifted << 23) + (127u << 23);
  return series * (Vec)power;
}

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// for (task = 0; task < tasks; ++task) body(task, worker), over all threads.
template <typename Body>
inline void forEachTask(int64_t tasks, const Body& body) {
  runParallel(
      tasks, [](const void* context, int64_t task, int worker) { (*static_cast<const Body*>(context))(task, worker); },
      &body);
}

}  // namespace hypermorph::HYPERMORPH_ISA
