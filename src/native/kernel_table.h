#pragma once

#include <cstdint>

#include "kernels/conv.h"
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
  ConvPlanFn conv_plan;
  ConvFn conv;
  ConvPlanFn conv_input_gradient_plan;
  ConvInputGradientFn conv_input_gradient;
  ConvPlanFn conv_filter_gradient_plan;
  ConvFilterGradientFn conv_filter_gradient;
};

}  // namespace hypermorph
