#pragma once

#include <cstdint>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// What the refinement of one pair repeats: fields are [I, J, K, 4], three components in voxels and a zero, so that a
// vector is one load; images are [I, J, K]; slopes and shares are three planes of an image. Every axis but the first
// has two voxels or more. A plane is [1, I, J] with components (0, i, j). Arrays do not overlap unless said otherwise.

// stack[0] = velocity / 2^steps, stack[t + 1] = stack[t] + stack[t] o (id + stack[t]): steps + 1 fields.
// The gradient takes what belongs to stack[steps] in `gradient` and leaves there what belongs to the velocity; it does
// not read stack[steps], which may be `gradient`.
struct IntegrateArgs {
  int32_t size[3];
  int32_t steps;
  const float* velocity;  // forward only
  float* stack;
  float* gradient;  // gradient only
  float* spare;     // gradient only, one field
};

// A field of half the resolution, ceil(n / 2) per axis, on the fine grid: voxel x reads at x / 2 - 1 / 4, clamped,
// times 2.
struct DoubleFieldArgs {
  int32_t size[3];  // of the fine grid
  const float* coarse;
  float* fine;
  Scratch scratch;  // per worker: a coarse row, 2 K + 4 floats
};

// The mean of every 2 x 2 x 2 voxels that exist: ceil(n / 2) per axis.
struct HalveArgs {
  int32_t size[3];  // of the fine image
  int32_t channels;
  const float* fine;
  float* coarse;
};

// Along every axis (1 + 2 s) x - s * (both neighbours of x), s the axis' share; beyond a face lies the face's own
// voxel.
struct SharpenArgs {
  int32_t size[3];
  float shares[3];
  const float* image;
  float* out;
  Scratch scratch;  // per worker: 4 K floats
};

// moved(x) = image(x + u(x)), its derivatives by u(x), and weights(x) = weight(x) * mask at the voxel nearest x + u(x),
// 0 outside the image. The field is on the image's grid or, where field_size is ceil(n / 2), read as DoubleFieldArgs
// says.
struct WarpSlopesArgs {
  int32_t size[3];
  int32_t field_size[3];
  const float* image;
  const float* displacement;
  const float* weight;  // may be nullptr: 1
  const float* mask;    // may be nullptr: 1
  float* moved;
  float* slopes;
  float* weights;
  Scratch scratch;  // per worker: warpSlopesFloats(size)
};
inline int64_t warpSlopesFloats(const int32_t* size) { return 24 * int64_t{size[2]} + 16; }

// A similarity term: value[0] = sum of weights * term / voxels, and slopes become scale * d term / d u. `moments` are
// those of the fixed image's windows, sum and variance sum; windows have 2 radius + 1 voxels along every axis of two
// voxels or more, zeros beyond the image, radius 1 to 4. Bound: the smallest variance sum, covariance too, as in
// `lncc`, but whatever its sign: what is bright in one image may be dark in the other.
struct TermArgs {
  int32_t size[3];
  int32_t radius;
  float bound;
  double scale;
  const float* fixed;
  const float* moved;
  const float* weights;
  float* moments;  // two planes; written by the moments' kernel, read by the correlation
  float* shares;   // three planes, correlation only
  float* slopes;
  double* value;
  Scratch scratch;  // per worker: termFloats(size); shared: termDoubles(size) doubles
};
inline constexpr int32_t kLargestRadius = 4;
inline constexpr int32_t kInformationBins = 32;
inline constexpr int64_t kInformationChunks = 16;
inline int64_t termFloats(const int32_t* size) {
  return 3 * (int64_t{size[2]} * (2 * kLargestRadius + 2) + size[2] + 2 * kLargestRadius + 16);
}
inline int64_t termDoubles(const int32_t* size) {
  const int64_t histograms = (kInformationChunks + 2) * kInformationBins * kInformationBins;
  return size[0] > histograms ? size[0] : histograms;
}

// Memberships in labels, [I, J, K, lanes]: a multiple of eight, zeros beyond the labels.
inline constexpr int32_t kLabelLanes = 8;
// Numbers that a store may write beyond the last label.
inline constexpr int32_t kWidestVector = 16;

// marks = 1 where a voxel has memberships in any label, of_cells: or any of the seven after it along i, j, k has; 0
// elsewhere.
struct MarkLabelsArgs {
  int32_t size[3];
  int32_t lanes;
  bool of_cells;
  const float* memberships;
  float* marks;  // [I, J, K]
};

// value[l] = sum weights fixed moved * 2 / sum weights (fixed^2 + moved^2), 1 where the memberships in a label are the
// same and 0 where there are none; pull = scale * d (sum over l of value[l]) / d u. The field u is on the memberships'
// grid, or on one of twice the resolution, where size is ceil(field_size / 2): a voxel then moves with the mean of its
// 2 x 2 x 2 vectors, halved. Weights as in WarpSlopesArgs.
struct OverlapTermArgs {
  int32_t size[3];
  int32_t field_size[3];
  int32_t lanes;
  double scale;
  const float* fixed;
  const float* moving;
  const float* fixed_marks;   // of voxels
  const float* moving_marks;  // of cells
  const float* weight;        // may be nullptr: 1
  const float* mask;          // may be nullptr: 1
  const float* displacement;
  float* pull;  // as the field; may be nullptr: the values alone are wanted
  double* value;
  Scratch scratch;  // shared: 2 I lanes doubles and 2 lanes floats
};

// A smaller share of a voxel is none.
inline constexpr float kLeastShare = 0.01f;

// out[x, l] = p[., l] at to_voxel x, trilinear, k fastest, where p[l] = exp(log_odds[l]) / (1 + sum over m of
// exp(log_odds[m])); an index may lie half a voxel outside. 0 beyond, below the least share, and in the lanes that no
// label has. to_voxel is 3 x 4, row-major.
struct SampleMembershipsArgs {
  int32_t size[3];
  int32_t labels;
  const float* log_odds;  // [I, J, K, labels], finite
  double to_voxel[12];
  int32_t shape[3];
  int32_t lanes;
  float* out;       // [shape, lanes]
  Scratch scratch;  // per worker: lanes floats and a vector
};

// found = the sum of squared correlations of windows around voxels that count, those where either image shows
// something; their number; the number of voxels that do not count although the fixed image shows something around
// them; and the sum whatever the sign of a correlation. Windows and bound as in TermArgs, whose
// correlation this is.
struct LocalCorrelationArgs {
  int32_t size[3];
  int32_t radius;
  float bound;
  const float* fixed;
  const float* moved;
  const float* counts;  // > 0: counts; 0: does not; < 0: passed over
  double* found;        // four numbers
  Scratch scratch;      // per worker: localCorrelationFloats(size); shared: 4 I doubles
};
inline int64_t localCorrelationFloats(const int32_t* size) {
  return 5 * (int64_t{size[2]} * (2 * kLargestRadius + 2) + 2 * kLargestRadius + 16);
}

// The slopes of a warp's term brought to the field's grid, the transpose of how WarpSlopesArgs reads the field, plus
// what else pulls at it.
struct CollectArgs {
  int32_t size[3];
  int32_t field_size[3];
  const float* slopes;
  const float* pull;  // as the gradient; may be nullptr: nothing
  float* gradient;
  Scratch scratch;  // per worker: 3 K floats
};

// One step of Adam down `gradient` + d roughness / d velocity, smoothed: every vector is first mixed with its
// neighbours by 1/8, 3/4, 1/8 along every axis, edges repeated. roughness = sum over axes and components of
// weight[axis][component] * the sum of squared forward differences. found[0] = roughness before the step, found[1] the
// largest component after it.
struct DescendArgs {
  int32_t size[3];
  float weight[3][4];
  float* velocity;  // updated
  float* gradient;  // overwritten; nullptr where only found[0] is wanted, and what follows but it and the scratch, too
  float* first;     // moments, updated
  float* second;
  float rate, epsilon, beta1, beta2, correction1, correction2;
  double* found;
  Scratch scratch;  // shared: 2 I doubles; per worker: 8 K + 16 floats
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

template <typename Call>
void readSize(Call& call, int32_t* size) {
  const int32_t* const sizes = call.sizes("size", 3);
  for (int axis = 0; axis < 3; ++axis) size[axis] = sizes[axis];
  call.require(!call.ok() || (size[1] >= 2 && size[2] >= 2),
               "native: the second and third axis must have two voxels or more.");
}

inline Count fieldFloats(const int32_t* size) { return 4 * product(size, 3); }

// The field's grid is the image's, or has half its resolution.
template <typename Call>
void requireFieldGrid(Call& call, const int32_t* size, const int32_t* field_size) {
  bool is_same = true;
  bool is_half = true;
  for (int axis = 0; axis < 3; ++axis) {
    is_same = is_same && field_size[axis] == size[axis];
    is_half = is_half && field_size[axis] == (size[axis] + 1) / 2;
  }
  call.require(is_same || is_half, "native: the field's grid must be the image's or half of it.");
}

template <typename Call>
int32_t readSteps(Call& call) {
  const double steps = call.number("steps");
  call.require(steps >= 0 && steps <= 20, "native: steps must be 0 to 20.");
  return static_cast<int32_t>(steps);
}

// integrateField(size, steps, velocity, stack)
template <typename Call>
void integrateField(Call& call, IntegrateArgs& args) {
  readSize(call, args.size);
  args.steps = readSteps(call);
  args.velocity = call.floats("velocity", fieldFloats(args.size)).data;
  args.stack = call.floats("stack", (args.steps + 1) * fieldFloats(args.size)).data;
}

// integrateFieldGradient(size, steps, stack, gradient, spare)
template <typename Call>
void integrateFieldGradient(Call& call, IntegrateArgs& args) {
  readSize(call, args.size);
  args.steps = readSteps(call);
  args.stack = call.floats("stack", (args.steps + 1) * fieldFloats(args.size)).data;
  args.gradient = call.floats("gradient", fieldFloats(args.size)).data;
  args.spare = call.floats("spare", fieldFloats(args.size)).data;
}

inline Count halfOf(const int32_t* size) {
  return Count((size[0] + int64_t{1}) / 2) * ((size[1] + int64_t{1}) / 2) * ((size[2] + int64_t{1}) / 2);
}

// doubleField(size, coarse, fine)
template <typename Call>
void doubleField(Call& call, DoubleFieldArgs& args) {
  readSize(call, args.size);
  args.coarse = call.floats("coarse", 4 * halfOf(args.size)).data;
  args.fine = call.floats("fine", fieldFloats(args.size)).data;
  args.scratch = call.scratch(ScratchNeed{0, 2 * int64_t{args.size[2]} + 4});
}

// halve(sizes [fine 3, channels], fine, coarse)
template <typename Call>
void halve(Call& call, HalveArgs& args) {
  const int32_t* const sizes = call.sizes("sizes", 4);
  std::memcpy(args.size, sizes, sizeof(args.size));
  args.channels = sizes[3];
  args.fine = call.floats("fine", product(args.size, 3) * args.channels).data;
  args.coarse = call.floats("coarse", halfOf(args.size) * args.channels).data;
}

// sharpen(size, shares [3], image, out)
template <typename Call>
void sharpen(Call& call, SharpenArgs& args) {
  std::memcpy(args.size, call.sizes("size", 3), sizeof(args.size));
  const double* const shares = call.doubles("shares", 3);
  const Count voxels = product(args.size, 3);
  args.image = call.floats("image", voxels).data;
  args.out = call.floats("out", voxels).data;
  args.scratch = call.scratch(ScratchNeed{0, 4 * int64_t{args.size[2]}});
  if (!call.ok()) return;
  for (int axis = 0; axis < 3; ++axis) args.shares[axis] = static_cast<float>(shares[axis]);
}

// warpSlopes(size, fieldSize, image, displacement, weight | null, mask | null, moved, slopes, weights)
template <typename Call>
void warpSlopes(Call& call, WarpSlopesArgs& args) {
  readSize(call, args.size);
  readSize(call, args.field_size);
  requireFieldGrid(call, args.size, args.field_size);
  const Count voxels = product(args.size, 3);
  args.image = call.floats("image", voxels).data;
  args.displacement = call.floats("displacement", fieldFloats(args.field_size)).data;
  args.weight = call.optionalFloats("weight", voxels).data;
  args.mask = call.optionalFloats("mask", voxels).data;
  args.moved = call.floats("moved", voxels).data;
  args.slopes = call.floats("slopes", 3 * voxels).data;
  args.weights = call.floats("weights", voxels).data;
  args.scratch = call.scratch(ScratchNeed{0, warpSlopesFloats(args.size)});
}

template <typename Call, typename Args>
void readRadius(Call& call, Args& args) {
  args.radius = static_cast<int32_t>(call.number("radius"));
  call.require(args.radius >= 1 && args.radius <= kLargestRadius, "native: the radius must be 1 to 4.");
}

// fixedMoments(size, radius, fixed, moments)
template <typename Call>
void fixedMoments(Call& call, TermArgs& args) {
  readSize(call, args.size);
  readRadius(call, args);
  args.fixed = call.floats("fixed", product(args.size, 3)).data;
  args.moments = call.floats("moments", 2 * product(args.size, 3)).data;
  args.scratch = call.scratch(ScratchNeed{0, termFloats(args.size)});
}

// A term's arguments after those of its own: scale, fixed, moved, weights, slopes, value
template <typename Call>
void readTerm(Call& call, TermArgs& args) {
  const Count voxels = product(args.size, 3);
  args.scale = call.number("scale");
  args.fixed = call.floats("fixed", voxels).data;
  args.moved = call.floats("moved", voxels).data;
  args.weights = call.floats("weights", voxels).data;
  args.slopes = call.floats("slopes", 3 * voxels).data;
  args.value = call.doubles("value", 1);
  args.scratch = call.scratch(ScratchNeed{2 * termDoubles(args.size), termFloats(args.size)});
}

// correlationTerm(size, radius, bound, moments, shares, scale, fixed, moved, weights, slopes, value)
template <typename Call>
void correlationTerm(Call& call, TermArgs& args) {
  readSize(call, args.size);
  readRadius(call, args);
  args.bound = static_cast<float>(call.number("bound"));
  args.moments = call.floats("moments", 2 * product(args.size, 3)).data;
  args.shares = call.floats("shares", 3 * product(args.size, 3)).data;
  readTerm(call, args);
}

// squaredErrorTerm(size, scale, fixed, moved, weights, slopes, value)
template <typename Call>
void squaredErrorTerm(Call& call, TermArgs& args) {
  readSize(call, args.size);
  readTerm(call, args);
}

template <typename Call>
int32_t readLanes(Call& call) {
  const double lanes = call.number("lanes");
  call.require(lanes >= kLabelLanes && lanes <= 4096 && static_cast<int32_t>(lanes) % kLabelLanes == 0,
               "native: lanes must be a multiple of 8.");
  return static_cast<int32_t>(lanes);
}

// markLabels(size, lanes, ofCells, memberships, marks)
template <typename Call>
void markLabels(Call& call, MarkLabelsArgs& args) {
  readSize(call, args.size);
  args.lanes = readLanes(call);
  args.of_cells = call.number("ofCells") != 0;
  const Count voxels = product(args.size, 3);
  args.memberships = call.floats("memberships", voxels * args.lanes).data;
  args.marks = call.floats("marks", voxels).data;
}

// overlapTerm(size, fieldSize, lanes, scale, fixed, moving, fixedMarks, movingMarks, weight | null, mask | null,
// displacement, pull | null, value)
template <typename Call>
void overlapTerm(Call& call, OverlapTermArgs& args) {
  readSize(call, args.size);
  readSize(call, args.field_size);
  requireFieldGrid(call, args.field_size, args.size);
  args.lanes = readLanes(call);
  args.scale = call.number("scale");
  const Count voxels = product(args.size, 3), floats = fieldFloats(args.field_size);
  args.fixed = call.floats("fixed", voxels * args.lanes).data;
  args.moving = call.floats("moving", voxels * args.lanes).data;
  args.fixed_marks = call.floats("fixedMarks", voxels).data;
  args.moving_marks = call.floats("movingMarks", voxels).data;
  args.weight = call.optionalFloats("weight", voxels).data;
  args.mask = call.optionalFloats("mask", voxels).data;
  args.displacement = call.floats("displacement", floats).data;
  args.pull = call.optionalFloats("pull", floats).data;
  args.value = call.doubles("value", args.lanes);
  args.scratch = call.scratch(ScratchNeed{(int64_t{4} * args.size[0] + 2) * args.lanes, 0});
}

// sampleMemberships(size, labels, logOdds, toVoxel [12], shape, lanes, out)
template <typename Call>
void sampleMemberships(Call& call, SampleMembershipsArgs& args) {
  const int32_t* const size = call.sizes("size", 3);
  args.labels = static_cast<int32_t>(call.number("labels"));
  args.log_odds = call.floats("logOdds", product(size, 3) * args.labels).data;
  const double* const to_voxel = call.doubles("toVoxel", 12);
  const int32_t* const shape = call.sizes("shape", 3);
  args.lanes = readLanes(call);
  call.require(args.labels >= 1 && args.labels <= args.lanes, "native: every label must have a lane.");
  args.out = call.floats("out", product(shape, 3) * args.lanes).data;
  args.scratch = call.scratch(ScratchNeed{0, int64_t{args.lanes} + kWidestVector});
  if (!call.ok()) return;
  for (int axis = 0; axis < 3; ++axis) {
    args.size[axis] = size[axis];
    args.shape[axis] = shape[axis];
  }
  for (int n = 0; n < 12; ++n) args.to_voxel[n] = to_voxel[n];
}

// informationTerm(size, scale, fixed, moved, weights, slopes, value)
template <typename Call>
void informationTerm(Call& call, TermArgs& args) {
  readSize(call, args.size);
  readTerm(call, args);
}

// localCorrelation(size, radius, bound, fixed, moved, counts, found [4])
template <typename Call>
void localCorrelation(Call& call, LocalCorrelationArgs& args) {
  readSize(call, args.size);
  readRadius(call, args);
  args.bound = static_cast<float>(call.number("bound"));
  const Count voxels = product(args.size, 3);
  args.fixed = call.floats("fixed", voxels).data;
  args.moved = call.floats("moved", voxels).data;
  args.counts = call.floats("counts", voxels).data;
  args.found = call.doubles("found", 4);
  args.scratch = call.scratch(ScratchNeed{8 * int64_t{args.size[0]}, localCorrelationFloats(args.size)});
}

// collectSlopes(size, fieldSize, slopes, pull | null, gradient)
template <typename Call>
void collectSlopes(Call& call, CollectArgs& args) {
  readSize(call, args.size);
  readSize(call, args.field_size);
  requireFieldGrid(call, args.size, args.field_size);
  args.slopes = call.floats("slopes", 3 * product(args.size, 3)).data;
  args.pull = call.optionalFloats("pull", fieldFloats(args.field_size)).data;
  args.gradient = call.floats("gradient", fieldFloats(args.field_size)).data;
  args.scratch = call.scratch(ScratchNeed{0, 3 * int64_t{args.size[2]}});
}

template <typename Args>
void takeRoughnessWeights(const double* nine, Args& args) {
  for (int axis = 0; axis < 3; ++axis) {
    for (int component = 0; component < 3; ++component) {
      args.weight[axis][component] = static_cast<float>(nine[3 * axis + component]);
    }
  }
}

// measureRoughness(size, weights [9], velocity, found [1])
template <typename Call>
void measureRoughness(Call& call, DescendArgs& args) {
  readSize(call, args.size);
  const double* const weights = call.doubles("weights", 9);
  args.velocity = call.floats("velocity", fieldFloats(args.size)).data;
  args.found = call.doubles("found", 1);
  args.scratch = call.scratch(ScratchNeed{2 * int64_t{args.size[0]}, 0});
  if (call.ok()) takeRoughnessWeights(weights, args);
}

// descend(size, numbers [rate, epsilon, beta1, beta2, correction1, correction2, nine weights], velocity, gradient,
// first, second, found)
template <typename Call>
void descend(Call& call, DescendArgs& args) {
  readSize(call, args.size);
  const double* const numbers = call.doubles("numbers", 15);
  const Count floats = fieldFloats(args.size);
  args.velocity = call.floats("velocity", floats).data;
  args.gradient = call.floats("gradient", floats).data;
  args.first = call.floats("first", floats).data;
  args.second = call.floats("second", floats).data;
  args.found = call.doubles("found", 2);
  args.scratch = call.scratch(ScratchNeed{4 * int64_t{args.size[0]}, 8 * int64_t{args.size[2]} + 16});
  if (!call.ok()) return;
  args.rate = static_cast<float>(numbers[0]);
  args.epsilon = static_cast<float>(numbers[1]);
  args.beta1 = static_cast<float>(numbers[2]);
  args.beta2 = static_cast<float>(numbers[3]);
  args.correction1 = static_cast<float>(numbers[4]);
  args.correction2 = static_cast<float>(numbers[5]);
  takeRoughnessWeights(numbers + 6, args);
}

}  // namespace hypermorph::reading
