#pragma once

#include <cstdint>

namespace hypermorph {

// Fused multiply-adds on registers only, on every thread; returns the floating-point operations done.
using MeasureFmaFn = double (*)(int64_t rounds, float* sink) noexcept;

// to[i] = from[i] on every thread; returns the bytes read plus written.
using MeasureCopyFn = double (*)(const float* from, float* to, int64_t size) noexcept;

}  // namespace hypermorph
