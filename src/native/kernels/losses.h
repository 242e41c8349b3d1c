#pragma once

#include <cstdint>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// out[n] = mean over an item of (moved - fixed)^2. Shared scratch: squaredErrorChunks(size) doubles per item.
struct SquaredErrorArgs {
  const float* fixed;
  const float* moved;
  int64_t n;
  int64_t size;  // elements of an item
  float* out;    // [N]
  Scratch scratch;
};

// to = scale[n] (a - b): the gradient of the above by a. [N, size].
struct ScaledDifferenceArgs {
  const float* a;
  const float* b;
  const float* scale;
  int64_t n;
  int64_t size;
  float* to;
};

// out[n] = sum over axes of weight[axis] * sum of |d| or d^2 over all forward differences d along the axis; field is
// [N, I, J, K, C]. The gradient is out[N, I, J, K, C] = dy[n] d out[n] / d field, with 0 as the slope of |0|. Shared
// scratch: N I doubles.
struct SmoothnessArgs {
  const float* field;
  const float* dy;  // [N], gradient only
  int64_t n;
  int32_t size[3];
  int64_t channels;
  double weight[3];
  bool is_squared;
  float* out;
  Scratch scratch;
};

inline constexpr int64_t kLossChunk = 1 << 16;

// Local correlation with windows around each voxel; fixed and moved are [N, I, J, K]. Sums in double, by adding the
// voxels that enter a window and taking away those that leave it. Window of voxel x: [x - before, x + after] per axis,
// with zeros outside the image.
struct LnccArgs {
  const float* fixed;
  const float* moved;
  const float* dy;  // [N], gradient only
  int64_t n;
  int32_t size[3];
  int32_t before[3];
  int32_t after[3];
  float epsilon;
  bool is_signed;
  float* out;  // [N] mean correlation, or the gradient by `moved` [N, I, J, K]
  Scratch scratch;
};
using LnccPlanFn = ScratchNeed (*)(const LnccArgs&, bool is_gradient) noexcept;

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// squaredError(n, fixed, moved, out)
template <typename Call>
void squaredError(Call& call, SquaredErrorArgs& args) {
  args.n = static_cast<int64_t>(call.number("n"));
  const auto fixed = call.floats("fixed", 1);
  args.fixed = fixed.data;
  args.moved = call.floats("moved", fixed.size).data;
  args.out = call.floats("out", args.n).data;
  call.require(args.n >= 1 && fixed.size % args.n == 0, "native: the items of a batch must have one size.");
  if (!call.ok()) return;
  args.size = fixed.size / args.n;
  const int64_t partials = args.n * ((args.size + kLossChunk - 1) / kLossChunk);
  args.scratch = call.scratch(ScratchNeed{2 * partials, 0});
}

// scaledDifference(scale [n], a, b, to)
template <typename Call>
void scaledDifference(Call& call, ScaledDifferenceArgs& args) {
  const auto scale = call.floats("scale", 1);
  const auto a = call.floats("a", 1);
  args.scale = scale.data;
  args.a = a.data;
  args.b = call.floats("b", a.size).data;
  args.to = call.floats("to", a.size).data;
  if (!call.ok()) return;
  args.n = scale.size;
  args.size = a.size / scale.size;
}

// sizes [n, I, J, K, C], isSquared, three weights, field; returns the elements of the field.
template <typename Call>
Count readSmoothness(Call& call, SmoothnessArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 5);
  args.n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) args.size[axis] = sizes[1 + axis];
  args.channels = sizes[4];
  args.is_squared = call.flag("isSquared");
  for (double& weight : args.weight) weight = call.number("weight");
  args.field = call.floats("field", product(sizes, 5)).data;
  return product(sizes, 5);
}

// smoothness(sizes, isSquared, three weights, field, out [n])
template <typename Call>
void smoothness(Call& call, SmoothnessArgs& args) {
  readSmoothness(call, args);
  args.out = call.floats("out", args.n).data;
  args.scratch = call.scratch(ScratchNeed{2 * args.n * args.size[0], 0});
}

// smoothnessGradient(sizes, isSquared, three weights, field, dy [n], dfield)
template <typename Call>
void smoothnessGradient(Call& call, SmoothnessArgs& args) {
  const Count elements = readSmoothness(call, args);
  args.dy = call.floats("dy", args.n).data;
  args.out = call.floats("dfield", elements).data;
  args.scratch = call.scratch(ScratchNeed{2 * args.n * args.size[0], 0});
}

// sizes [n, I, J, K, three window lengths], epsilon, isSigned, fixed, moved; returns the voxels.
template <typename Call>
Count readLncc(Call& call, LnccArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 7);
  args.n = sizes[0];
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = sizes[1 + axis];
    args.before[axis] = (sizes[4 + axis] - 1) / 2;
    args.after[axis] = sizes[4 + axis] - 1 - args.before[axis];
  }
  args.epsilon = static_cast<float>(call.number("epsilon"));
  args.is_signed = call.flag("isSigned");
  args.fixed = call.floats("fixed", product(sizes, 4)).data;
  args.moved = call.floats("moved", product(sizes, 4)).data;
  return product(sizes, 4);
}

// lncc(sizes, epsilon, isSigned, fixed, moved, out [n])
template <typename Call>
void lncc(Call& call, LnccArgs& args) {
  readLncc(call, args);
  args.out = call.floats("out", args.n).data;
  if (call.ok()) args.scratch = call.scratch(call.kernels().lncc_plan(args, false));
}

// lnccGradient(sizes, epsilon, isSigned, fixed, moved, dy [n], dmoved)
template <typename Call>
void lnccGradient(Call& call, LnccArgs& args) {
  const Count voxels = readLncc(call, args);
  args.dy = call.floats("dy", args.n).data;
  args.out = call.floats("dmoved", voxels).data;
  if (call.ok()) args.scratch = call.scratch(call.kernels().lncc_plan(args, true));
}

}  // namespace hypermorph::reading
