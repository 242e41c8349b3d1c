#include "cpu.h"

#if defined(_WIN32) && defined(__x86_64__)
#include <cpuid.h>
#endif

namespace hypermorph {
namespace {

#if defined(_WIN32) && defined(__x86_64__)
// clang++ for Windows links no library behind __builtin_cpu_supports. Bits: Intel's manual, volume 2, CPUID, and volume
// 1, 13.3.
uint32_t detectX86() noexcept {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  const bool has_fma = (c >> 12 & 1) != 0;
  if ((c >> 27 & 1) == 0) return 0;  // the system saves no wide registers
  uint32_t saved = 0, saved_high = 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(saved_high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  constexpr uint32_t kYmm = 0x06, kZmm = 0xe6;
  constexpr uint32_t kAvx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // f, dq, bw, vl
  uint32_t flags = 0;
  if ((saved & kYmm) == kYmm && (b >> 5 & 1) != 0 && has_fma) flags |= kCpuAvx2Fma;
  if ((saved & kZmm) != kZmm || (b & kAvx512) != kAvx512) return flags;
  flags |= kCpuAvx512;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1) != 0) flags |= kCpuAvx512Bf16;
  return flags;
}
#endif

uint32_t detect() noexcept {
  uint32_t flags = 0;
#if defined(_WIN32) && defined(__x86_64__)
  flags |= detectX86();
#elif defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) flags |= kCpuAvx2Fma;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    flags |= kCpuAvx512;
    if (__builtin_cpu_supports("avx512bf16")) flags |= kCpuAvx512Bf16;
  }
#elif defined(__aarch64__)
  flags |= kCpuNeon;  // part of every 64-bit ARM processor
#endif
  return flags;
}

}  // namespace

uint32_t detectCpu() noexcept {
  static const uint32_t flags = detect();
  return flags;
}

}  // namespace hypermorph
