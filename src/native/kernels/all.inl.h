// Every kernel, once per instruction set: an isa/*.cc file defines HYPERMORPH_ISA, HYPERMORPH_LANES,
// HYPERMORPH_ACCUMULATORS and HYPERMORPH_REQUIRED_FLAGS and includes this file; nothing else.

#include "cpu.h"
#include "kernel_table.h"
#include "kernels/align.inl.h"
#include "kernels/arithmetic.inl.h"
#include "kernels/augment.inl.h"
#include "kernels/conv.inl.h"
#include "kernels/conv_filter_gradient.inl.h"
#include "kernels/dense.inl.h"
#include "kernels/elementwise.inl.h"
#include "kernels/intensities.inl.h"
#include "kernels/jacobian.inl.h"
#include "kernels/lncc.inl.h"
#include "kernels/measures.inl.h"
#include "kernels/peak.inl.h"
#include "kernels/pool.inl.h"
#include "kernels/refine_terms.inl.h"
#include "kernels/resample.inl.h"
#include "kernels/rescale.inl.h"
#include "kernels/warp_gradient.inl.h"

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
    .conv_plan = &convPlan<Precision::kFloat32>,
    .conv = &conv<Precision::kFloat32>,
    .conv_bf16_plan = &convPlan<Precision::kBfloat16>,
    .conv_bf16 = &conv<Precision::kBfloat16>,
    .conv_input_gradient_plan = &convInputGradientPlan,
    .conv_input_gradient = &convInputGradient,
    .conv_filter_gradient_plan = &convFilterGradientPlan,
    .conv_filter_gradient = &convFilterGradient,
    .max_pool = &maxPool,
    .max_pool_gradient = &maxPoolGradient,
    .upsample = &upsample,
    .upsample_gradient = &upsampleGradient,
    .warp = &warp,
    .warp_image_gradient = &warpImageGradient,
    .warp_displacement_gradient = &warpDisplacementGradient,
    .self_compose = &selfCompose,
    .self_compose_gradient = &selfComposeGradient,
    .rescale = &rescale,
    .rescale_gradient = &rescaleGradient,
    .jacobian = &jacobian,
    .jacobian_gradient = &jacobianGradient,
    .squared_error = &squaredError,
    .scaled_difference = &scaledDifference,
    .smoothness = &smoothness,
    .smoothness_gradient = &smoothnessGradient,
    .lncc_plan = &lnccPlan,
    .lncc = &lncc,
    .lncc_gradient = &lnccGradient,
    .dense = &dense,
    .dense_gradient = &denseGradient,
    .adam = &adam,
    .binary = &binary,
    .linear = &linear,
    .join = &join,
    .copy_box = &copyBox,
    .sample_grid = &sampleGrid,
    .sample_map = &sampleMap,
    .sample_labels = &sampleLabels,
    .map_offsets = &mapOffsets,
    .measure_lengths = &measureLengths,
    .find_extremes = &findExtremes,
    .find_largest_within = &findLargestWithin,
    .count_intensities = &countIntensities,
    .sum_moments = &sumMoments,
    .measure_determinants = &measureDeterminants,
    .normalise_intensities = &normaliseIntensities,
    .fill_missing = &fillMissing,
    .spline_noise = &splineNoise,
    .keep_highest = &keepHighest,
    .weave = &weave,
    .augment_sample = &augmentSample,
    .paint = &paint,
    .blur = &blur,
    .adjust = &adjust,
    .correlate_blocks = &correlateBlocks,
    .average_boxes = &averageBoxes,
    .integrate_field = &integrateField,
    .integrate_field_gradient = &integrateFieldGradient,
    .double_field = &doubleField,
    .halve = &halve,
    .warp_slopes = &warpSlopes,
    .fixed_moments = &fixedMoments,
    .correlation_term = &correlationTerm,
    .squared_error_term = &squaredErrorTerm,
    .information_term = &informationTerm,
    .collect_slopes = &collectSlopes,
    .descend = &descend,
};

}  // namespace hypermorph::HYPERMORPH_ISA
