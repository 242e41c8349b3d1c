// Every kernel, once per instruction set: an isa/*.cc file defines HYPERMORPH_ISA, HYPERMORPH_LANES, HYPERMORPH_ACCUMULATORS and
// HYPERMORPH_REQUIRED_FLAGS and includes this file; nothing else.

#include "cpu.h"
#include "kernel_table.h"
#include "kernels/conv.inl.h"
#include "kernels/conv_filter_gradient.inl.h"
#include "kernels/elementwise.inl.h"
#include "kernels/peak.inl.h"

#define HYPERMORPH_TEXT_OF(name) #name
#define HYPERMORPH_TEXT(name) HYPERMORPH_TEXT_OF(name)

namespace hypermorph::HYPERMORPH_ISA {

extern const KernelTable kTable;
const KernelTable kTable{
    .isa = HYPERMORPH_TEXT(HYPERMORPH_ISA),
    .required_flags = HYPERMORPH_REQUIRED_FLAGS,
    .lanes = HYPERMORPH_LANES,
    .measure_fma = &measureFma,
    .measure_copy = &measureCopy,
    .leaky_relu = &leakyRelu,
    .conv_plan = &convPlan,
    .conv = &conv,
    .conv_input_gradient_plan = &convInputGradientPlan,
    .conv_input_gradient = &convInputGradient,
    .conv_filter_gradient_plan = &convFilterGradientPlan,
    .conv_filter_gradient = &convFilterGradient,
};

}  // namespace hypermorph::HYPERMORPH_ISA
