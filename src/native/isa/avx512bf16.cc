#define HYPERMORPH_ISA avx512bf16
#define HYPERMORPH_LANES 16
#define HYPERMORPH_ACCUMULATORS 28
#define HYPERMORPH_REQUIRED_FLAGS (kCpuAvx512 | kCpuAvx512Bf16)

#include "kernels/all.inl.h"
