#define HYPERMORPH_ISA scalar
#define HYPERMORPH_LANES 4
#define HYPERMORPH_ACCUMULATORS 12
#define HYPERMORPH_REQUIRED_FLAGS 0

#include "kernels/all.inl.h"
