#pragma once

#include "kernels/conv.h"

namespace hypermorph {

// Naive twins of the convolution kernels: every output one plain loop, double sums. For tests only.
void referenceConv(const ConvArgs& args);
void referenceConvInputGradient(const ConvInputGradientArgs& args);
void referenceConvFilterGradient(const ConvFilterGradientArgs& args);

}  // namespace hypermorph
