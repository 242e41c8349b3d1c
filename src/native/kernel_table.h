#pragma once

#include <cstdint>

#include "kernels/align.h"
#include "kernels/arithmetic.h"
#include "kernels/augment.h"
#include "kernels/conv.h"
#include "kernels/dense.h"
#include "kernels/elementwise.h"
#include "kernels/intensities.h"
#include "kernels/jacobian.h"
#include "kernels/losses.h"
#include "kernels/measures.h"
#include "kernels/peak.h"
#include "kernels/pool.h"
#include "kernels/refine.h"
#include "kernels/resample.h"
#include "kernels/rescale.h"
#include "kernels/warp.h"

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
  ConvPlanFn conv_bf16_plan;  // the same convolution, large layers with factors rounded to bfloat16
  ConvFn conv_bf16;
  ConvPlanFn conv_input_gradient_plan;
  ConvInputGradientFn conv_input_gradient;
  ConvPlanFn conv_filter_gradient_plan;
  ConvFilterGradientFn conv_filter_gradient;

  PoolFn max_pool;
  PoolFn max_pool_gradient;
  PoolFn upsample;
  PoolFn upsample_gradient;
  WarpFn warp;
  WarpFn warp_image_gradient;
  WarpFn warp_displacement_gradient;
  SelfComposeFn self_compose;
  SelfComposeFn self_compose_gradient;
  RescaleFn rescale;
  RescaleFn rescale_gradient;
  JacobianFn jacobian;
  JacobianFn jacobian_gradient;
  SquaredErrorFn squared_error;
  ScaledDifferenceFn scaled_difference;
  SmoothnessFn smoothness;
  SmoothnessFn smoothness_gradient;
  LnccPlanFn lncc_plan;
  LnccFn lncc;
  LnccFn lncc_gradient;
  DenseFn dense;
  DenseGradientFn dense_gradient;
  AdamFn adam;
  BinaryFn binary;
  LinearFn linear;
  JoinFn join;
  BoxFn copy_box;
  GridSampleFn sample_grid;
  MapSampleFn sample_map;
  MapLabelFn sample_labels;
  MapOffsetFn map_offsets;
  MapLengthFn measure_lengths;
  IntensityFn find_extremes;
  IntensityFn find_largest_within;
  IntensityFn count_intensities;
  MomentFn sum_moments;
  DeterminantFn measure_determinants;
  NormaliseFn normalise_intensities;
  FillFn fill_missing;
  SplineFn spline_noise;
  HighestFn keep_highest;
  WeaveFn weave;
  AugmentSampleFn augment_sample;
  PaintFn paint;
  BlurFn blur;
  AdjustFn adjust;
  CorrelateFn correlate_blocks;
  AverageFn average_boxes;
  IntegrateFn integrate_field;
  IntegrateFn integrate_field_gradient;
  DoubleFieldFn double_field;
  HalveFn halve;
  WarpSlopesFn warp_slopes;
  TermFn fixed_moments;
  TermFn correlation_term;
  TermFn squared_error_term;
  TermFn information_term;
  CollectFn collect_slopes;
  DescendFn descend;
};

}  // namespace hypermorph
