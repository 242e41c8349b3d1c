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
