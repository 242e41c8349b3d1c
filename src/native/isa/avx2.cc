#define HYPERMORPH_ISA avx2
#define HYPERMORPH_LANES 8
#define HYPERMORPH_ACCUMULATORS 12
#define HYPERMORPH_REQUIRED_FLAGS kCpuAvx2Fma

#include "kernels/all.inl.h"
