#pragma once

#include <cstdint>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// y[v, l] = exp(x[v, l]) / sum over m of exp(x[v, m]), the memberships of a voxel in its labels; [voxels, L].
struct MembershipArgs {
  const float* x;
  float* y;
  int64_t voxels;
  int64_t labels;
};

// dx[v, l] = y[v, l] (dy[v, l] - sum over m of dy[v, m] y[v, m]).
struct MembershipGradientArgs {
  const float* y;
  const float* dy;
  float* dx;
  int64_t voxels;
  int64_t labels;
};

// totals[n, l] = sum fixed moved and then, n L further, sum (fixed + moved) over the voxels of an item; [N, voxels, L].
struct OverlapArgs {
  const float* fixed;
  const float* moved;
  int64_t n;
  int64_t voxels;
  int64_t labels;
  double* totals;   // [2, N, L]
  Scratch scratch;  // shared: 2 N L overlapChunks(voxels) doubles
};
inline constexpr int64_t kOverlapChunk = 1 << 14;
inline int64_t overlapChunks(int64_t voxels) { return (voxels + kOverlapChunk - 1) / kOverlapChunk; }

// to[n, v, l] = scale[n, l] other[n, v, l] + offset[n, l]: the gradient of a quotient of the totals by one of the maps.
struct OverlapGradientArgs {
  const float* other;
  const float* scale;
  const float* offset;
  float* to;
  int64_t n;
  int64_t voxels;
  int64_t labels;
};

// out[n] = mean over an item's voxels of log(sum over l of exp(x[l])) - sum over l of wanted[l] x[l], where the wanted
// memberships of a voxel sum to 1; [N, voxels, L]. The gradient by x is dy[n] (memberships - wanted) / voxels.
struct CrossEntropyArgs {
  const float* x;
  const float* wanted;
  const float* dy;  // [N], gradient only
  int64_t n;
  int64_t voxels;
  int64_t labels;
  float* out;       // [N], or the gradient
  Scratch scratch;  // shared, not of the gradient: N overlapChunks(voxels) doubles
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// memberships(labels, x, y)
template <typename Call>
void memberships(Call& call, MembershipArgs& args) {
  args.labels = static_cast<int64_t>(call.number("labels"));
  const auto x = call.floats("x", 0);
  args.x = x.data;
  args.y = call.floats("y", x.size).data;
  call.require(args.labels >= 1 && x.size % args.labels == 0, "native: voxels must have all labels.");
  if (call.ok()) args.voxels = x.size / args.labels;
}

// membershipsGradient(labels, y, dy, dx)
template <typename Call>
void membershipsGradient(Call& call, MembershipGradientArgs& args) {
  args.labels = static_cast<int64_t>(call.number("labels"));
  const auto y = call.floats("y", 0);
  args.y = y.data;
  args.dy = call.floats("dy", y.size).data;
  args.dx = call.floats("dx", y.size).data;
  call.require(args.labels >= 1 && y.size % args.labels == 0, "native: voxels must have all labels.");
  if (call.ok()) args.voxels = y.size / args.labels;
}

// sizes [n, voxels, labels]; returns the elements of a map.
template <typename Call, typename Args>
Count readLabelSizes(Call& call, Args& args) {
  const int32_t* const sizes = call.sizes("sizes", 3);
  args.n = sizes[0];
  args.voxels = sizes[1];
  args.labels = sizes[2];
  return product(sizes, 3);
}

// overlaps(sizes [n, voxels, labels], fixed, moved, totals [2 n labels])
template <typename Call>
void overlaps(Call& call, OverlapArgs& args) {
  const Count elements = readLabelSizes(call, args);
  args.fixed = call.floats("fixed", elements).data;
  args.moved = call.floats("moved", elements).data;
  args.totals = call.doubles("totals", 2 * args.n * args.labels);
  args.scratch = call.scratch(ScratchNeed{4 * args.n * args.labels * overlapChunks(args.voxels), 0});
}

// overlapsGradient(sizes [n, voxels, labels], other, scale [n labels], offset [n labels], to)
template <typename Call>
void overlapsGradient(Call& call, OverlapGradientArgs& args) {
  const Count elements = readLabelSizes(call, args);
  args.other = call.floats("other", elements).data;
  args.scale = call.floats("scale", args.n * args.labels).data;
  args.offset = call.floats("offset", args.n * args.labels).data;
  args.to = call.floats("to", elements).data;
}

// sizes [n, voxels, labels], x, wanted; returns the elements of each.
template <typename Call>
Count readCrossEntropy(Call& call, CrossEntropyArgs& args) {
  const Count elements = readLabelSizes(call, args);
  args.x = call.floats("x", elements).data;
  args.wanted = call.floats("wanted", elements).data;
  return elements;
}

// crossEntropy(sizes, x, wanted, out [n])
template <typename Call>
void crossEntropy(Call& call, CrossEntropyArgs& args) {
  readCrossEntropy(call, args);
  args.out = call.floats("out", args.n).data;
  args.scratch = call.scratch(ScratchNeed{2 * args.n * overlapChunks(args.voxels), 0});
}

// crossEntropyGradient(sizes, x, wanted, dy [n], dx)
template <typename Call>
void crossEntropyGradient(Call& call, CrossEntropyArgs& args) {
  const Count elements = readCrossEntropy(call, args);
  args.dy = call.floats("dy", args.n).data;
  args.out = call.floats("dx", elements).data;
}

}  // namespace hypermorph::reading
