#pragma once

#include <cstdint>

#include "kernels/elementwise.h"
#include "kernels/peak.h"

namespace hypermorph {

// Every kernel of one instruction set. A table is written with designated initialisers and
// -Werror=missing-field-initializers, so a kernel that was forgotten does not compile.
struct KernelTable {
  const char* isa;
  uint32_t required_flags;  // bits of detectCpu()
  int lanes;                // floats in a vector

  MeasureFmaFn measure_fma;
  MeasureCopyFn measure_copy;
  LeakyReluFn leaky_relu;
};

}  // namespace hypermorph
