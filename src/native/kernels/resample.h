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

// For every voxel v of a grid: base v + linear u(voxel_to_field v). field is [I, J, K, 3], k fastest; u = 0 outside it.
struct PlacedMap {
  double base[12];
  double linear[9];
  double voxel_to_field[12];
  const float* field;
  int32_t field_size[3];
  int32_t shape[3];  // of the grid; results are stored i fastest
};

// out = image at the map.
struct MapSampleArgs {
  SampledImage image;
  PlacedMap map;
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
  PlacedMap map;
  void* out;
};
using MapLabelFn = void (*)(const MapLabelArgs&) noexcept;

// out[3][voxels], components slowest: the map itself.
struct MapOffsetArgs {
  PlacedMap map;
  float* out;
};
using MapOffsetFn = void (*)(const MapOffsetArgs&) noexcept;

}  // namespace hypermorph
