#pragma once

#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "sizes.h"

namespace hypermorph {

// An image stored i fastest. An index may lie half a voxel outside the outermost voxel centres and then counts as on
// them; beyond, `outside` applies, or the nearest voxel where `has_edge`. Voxels that are not finite count as 0.
// Positions are double.
struct SampledImage {
  const float* data;
  int32_t size[3];
  bool has_edge;
  float outside;
};

// out[x, y, z], z fastest, is the image at to_voxel (x, y, z). to_voxel is 3 x 4, row-major.
struct GridSampleArgs {
  SampledImage image;
  double to_voxel[12];
  int32_t shape[3];
  bool is_linear;
  float* out;
};

// p -> base p + linear u(to_field p). field is [I, J, K, 3], k fastest; u = 0 outside it. Without a field: p -> base p.
// Of degree 1 u is trilinear; of degree 3 it is the cubic B-spline whose coefficients the field holds, where four of
// them along each axis reach, and 0 elsewhere.
struct MapLink {
  double base[12];
  double linear[9];
  double to_field[12];
  const float* field;
  int32_t field_size[3];
  int32_t degree;
};

inline constexpr int kMostLinks = 8;

// Where the voxels of a grid go: through one link after the other.
struct VoxelMap {
  MapLink links[kMostLinks];
  int32_t count;     // of links, at least one
  int32_t shape[3];  // of the grid; results are stored i fastest
};

// out = image at the map.
struct MapSampleArgs {
  SampledImage image;
  VoxelMap map;
  float* out;
};

// out = label at the map, nearest voxel, copied as it is; elements of 1, 2 or 4 bytes. `outside` points at one element.
struct MapLabelArgs {
  const void* labels;
  int32_t size[3];
  bool has_edge;
  const void* outside;
  int32_t bytes;
  bool is_float;  // float32: what is not finite becomes 0
  VoxelMap map;
  void* out;
};

// out[3][voxels], components slowest: where the map takes a voxel v, minus origin v. origin is 3 x 4, row-major.
struct MapOffsetArgs {
  VoxelMap map;
  double origin[12];
  float* out;
};

// Lengths of these offsets, summed in double in an order that does not depend on the threads. `partial` holds what the
// rows of the grid's second axis found: two doubles for each.
struct MapLengthArgs {
  VoxelMap map;
  double origin[12];
  double* partial;
  double* lengths;  // [largest, sum]
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// Voxels of an image or a field, whose elements are counted in 32 bits.
template <typename Call>
Count voxelsOf(Call& call, const int32_t* size) {
  const Count voxels = product(size, 3);
  call.require(voxels < INT32_MAX, "native: an image must have fewer than 2^31 voxels.");
  return voxels;
}

// size [3], data, hasEdge, outside
template <typename Call>
SampledImage readImage(Call& call) {
  SampledImage image{};
  const int32_t* const size = call.sizes("size", 3);
  std::memcpy(image.size, size, sizeof(image.size));
  image.data = call.floats("data", voxelsOf(call, size)).data;
  image.has_edge = call.flag("hasEdge");
  image.outside = static_cast<float>(call.number("outside"));
  return image;
}

// fields (an entry for each link: a Float32Array or null), sizes [grid 3, then 3 and the degree of each field, 1 where
// there is none], matrices (for each link: base 12, linear 9, toField 12)
template <typename Call>
VoxelMap readMap(Call& call) {
  VoxelMap map{};
  typename Call::FloatArray fields[kMostLinks];
  map.count = call.floatsList("fields", kMostLinks, fields);
  const int32_t* const sizes = call.sizes("sizes", 3 + 4 * map.count);
  const double* const matrices = call.doubles("matrices", 33 * map.count);
  if (!call.ok()) return map;
  std::memcpy(map.shape, sizes, sizeof(map.shape));
  for (int n = 0; n < map.count; ++n) {
    MapLink& link = map.links[n];
    std::memcpy(link.field_size, sizes + 3 + 4 * n, sizeof(link.field_size));
    link.degree = sizes[3 + 4 * n + 3];
    link.field = fields[n].data;
    call.require(link.field == nullptr || fields[n].size >= 3 * voxelsOf(call, link.field_size),
                 "native: a field must hold three numbers for each of its voxels.");
    const double* const own = matrices + 33 * n;
    std::memcpy(link.base, own, sizeof(link.base));
    std::memcpy(link.linear, own + 12, sizeof(link.linear));
    std::memcpy(link.to_field, own + 21, sizeof(link.to_field));
  }
  return map;
}

// sampleGrid(size, data, hasEdge, outside, toVoxel [12], shape [3], isLinear, out)
template <typename Call>
void sampleGrid(Call& call, GridSampleArgs& args) {
  args.image = readImage(call);
  const double* const to_voxel = call.doubles("toVoxel", 12);
  const int32_t* const shape = call.sizes("shape", 3);
  args.is_linear = call.flag("isLinear");
  args.out = call.floats("out", product(shape, 3)).data;
  if (!call.ok()) return;
  std::memcpy(args.to_voxel, to_voxel, sizeof(args.to_voxel));
  std::memcpy(args.shape, shape, sizeof(args.shape));
}

// sampleMap(size, data, hasEdge, outside, fields, sizes, matrices, out)
template <typename Call>
void sampleMap(Call& call, MapSampleArgs& args) {
  args.image = readImage(call);
  args.map = readMap(call);
  args.out = call.floats("out", product(args.map.shape, 3)).data;
}

// sampleLabels(size, labels, hasEdge, outside (one element of the same type), fields, sizes, matrices, out)
template <typename Call>
void sampleLabels(Call& call, MapLabelArgs& args) {
  const int32_t* const size = call.sizes("size", 3);
  std::memcpy(args.size, size, sizeof(args.size));
  const auto labels = call.elements("labels", voxelsOf(call, size));
  args.has_edge = call.flag("hasEdge");
  const auto outside = call.elements("outside", 1);
  args.map = readMap(call);
  const auto out = call.elements("out", product(args.map.shape, 3));
  call.require(labels.bytes <= 4 && outside.type == labels.type && out.type == labels.type,
               "native: labels, outside and result must have one element type of at most 4 bytes.");
  if (!call.ok()) return;
  args.labels = labels.data;
  args.outside = outside.data;
  args.bytes = labels.bytes;
  args.is_float = labels.isFloat();
  args.out = out.data;
}

// mapOffsets(fields, sizes, matrices, origin [12], out)
template <typename Call>
void mapOffsets(Call& call, MapOffsetArgs& args) {
  args.map = readMap(call);
  const double* const origin = call.doubles("origin", 12);
  args.out = call.floats("out", 3 * product(args.map.shape, 3)).data;
  if (!call.ok()) return;
  std::memcpy(args.origin, origin, sizeof(args.origin));
}

// measureLengths(fields, sizes, matrices, origin [12], lengths [2])
template <typename Call>
void measureLengths(Call& call, MapLengthArgs& args) {
  args.map = readMap(call);
  const double* const origin = call.doubles("origin", 12);
  args.lengths = call.doubles("lengths", 2);
  args.partial = reinterpret_cast<double*>(call.scratch(ScratchNeed{4 * int64_t{args.map.shape[1]}, 0}).shared);
  if (!call.ok()) return;
  std::memcpy(args.origin, origin, sizeof(args.origin));
}

}  // namespace hypermorph::reading
