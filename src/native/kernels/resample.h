#pragma once

#include <cstdint>

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
using GridSampleFn = void (*)(const GridSampleArgs&) noexcept;

// p -> base p + linear u(to_field p). field is [I, J, K, 3], k fastest; u = 0 outside it. Without a field: p -> base p.
struct MapLink {
  double base[12];
  double linear[9];
  double to_field[12];
  const float* field;
  int32_t field_size[3];
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
using MapSampleFn = void (*)(const MapSampleArgs&) noexcept;

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
using MapLabelFn = void (*)(const MapLabelArgs&) noexcept;

// out[3][voxels], components slowest: where the map takes a voxel v, minus origin v. origin is 3 x 4, row-major.
struct MapOffsetArgs {
  VoxelMap map;
  double origin[12];
  float* out;
};
using MapOffsetFn = void (*)(const MapOffsetArgs&) noexcept;

// Lengths of these offsets, summed in double in an order that does not depend on the threads. `partial` holds what the
// rows of the grid's second axis found: two doubles for each.
struct MapLengthArgs {
  VoxelMap map;
  double origin[12];
  double* partial;
  double* lengths;  // [largest, sum]
};
using MapLengthFn = void (*)(const MapLengthArgs&) noexcept;

}  // namespace hypermorph
