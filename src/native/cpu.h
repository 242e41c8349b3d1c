#pragma once

#include <cstdint>

namespace hypermorph {

// Instruction sets a kernel table may need; bits of detectCpu().
inline constexpr uint32_t kCpuAvx2Fma = 1u << 0;
inline constexpr uint32_t kCpuAvx512 = 1u << 1;  // F, BW, DQ and VL together
inline constexpr uint32_t kCpuNeon = 1u << 2;
inline constexpr uint32_t kCpuAvx512Bf16 = 1u << 3;

// What this processor and operating system can run. Detected once.
uint32_t detectCpu() noexcept;

}  // namespace hypermorph
