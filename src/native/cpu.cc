#include "cpu.h"

namespace hypermorph {
namespace {

uint32_t detect() noexcept {
  uint32_t flags = 0;
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) flags |= kCpuAvx2Fma;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    flags |= kCpuAvx512;
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
