#define HYPERMORPH_ISA neon
#define HYPERMORPH_LANES 4
#define HYPERMORPH_ACCUMULATORS 24
#define HYPERMORPH_REQUIRED_FLAGS kCpuNeon

#include "kernels/all.inl.h"
