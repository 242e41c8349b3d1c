#include <cstring>

#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

// Voxels of an image or a field, whose elements are counted in 32 bits.
int64_t voxelsOf(Call& call, const int32_t* size) {
  const int64_t voxels = product(size, 3);
  call.require(voxels < INT32_MAX, "native: an image must have fewer than 2^31 voxels.");
  return voxels;
}

// size [3], data, hasEdge, outside
SampledImage readImage(Call& call) {
  SampledImage image{};
  const int32_t* const size = call.sizes("size", 3);
  std::memcpy(image.size, size, sizeof(image.size));
  image.data = call.floats("data", voxelsOf(call, size)).data;
  image.has_edge = call.flag("hasEdge");
  image.outside = static_cast<float>(call.number("outside"));
  return image;
}

// fields (an entry for each link: a Float32Array or null), sizes [grid 3, then 3 of each field, 1 where there is none],
// matrices (for each link: base 12, linear 9, toField 12)
VoxelMap readMap(Call& call) {
  VoxelMap map{};
  Floats fields[kMostLinks];
  map.count = call.floatsList("fields", kMostLinks, fields);
  const int32_t* const sizes = call.sizes("sizes", 3 + 3 * map.count);
  const double* const matrices = call.doubles("matrices", 33 * map.count);
  if (!call.ok()) return map;
  std::memcpy(map.shape, sizes, sizeof(map.shape));
  for (int n = 0; n < map.count; ++n) {
    MapLink& link = map.links[n];
    std::memcpy(link.field_size, sizes + 3 + 3 * n, sizeof(link.field_size));
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
napi_value sampleGrid(napi_env env, napi_callback_info info) {
  Call call(env, info);
  GridSampleArgs args{};
  args.image = readImage(call);
  const double* const to_voxel = call.doubles("toVoxel", 12);
  const int32_t* const shape = call.sizes("shape", 3);
  args.is_linear = call.flag("isLinear");
  args.out = call.floats("out", product(shape, 3)).data;
  if (!call.ok()) return nullptr;
  std::memcpy(args.to_voxel, to_voxel, sizeof(args.to_voxel));
  std::memcpy(args.shape, shape, sizeof(args.shape));
  call.kernels().sample_grid(args);
  return nullptr;
}

// sampleMap(size, data, hasEdge, outside, fields, sizes, matrices, out)
napi_value sampleMap(napi_env env, napi_callback_info info) {
  Call call(env, info);
  MapSampleArgs args{};
  args.image = readImage(call);
  args.map = readMap(call);
  args.out = call.floats("out", product(args.map.shape, 3)).data;
  if (call.ok()) call.kernels().sample_map(args);
  return nullptr;
}

// sampleLabels(size, labels, hasEdge, outside (one element of the same type), fields, sizes, matrices, out)
napi_value sampleLabels(napi_env env, napi_callback_info info) {
  Call call(env, info);
  MapLabelArgs args{};
  const int32_t* const size = call.sizes("size", 3);
  std::memcpy(args.size, size, sizeof(args.size));
  const Elements labels = call.elements("labels", voxelsOf(call, size));
  args.has_edge = call.flag("hasEdge");
  const Elements outside = call.elements("outside", 1);
  args.map = readMap(call);
  const Elements out = call.elements("out", product(args.map.shape, 3));
  call.require(labels.bytes <= 4 && outside.type == labels.type && out.type == labels.type,
               "native: labels, outside and result must have one element type of at most 4 bytes.");
  if (!call.ok()) return nullptr;
  args.labels = labels.data;
  args.outside = outside.data;
  args.bytes = labels.bytes;
  args.is_float = labels.type == napi_float32_array;
  args.out = out.data;
  call.kernels().sample_labels(args);
  return nullptr;
}

// mapOffsets(fields, sizes, matrices, origin [12], out)
napi_value mapOffsets(napi_env env, napi_callback_info info) {
  Call call(env, info);
  MapOffsetArgs args{};
  args.map = readMap(call);
  const double* const origin = call.doubles("origin", 12);
  args.out = call.floats("out", 3 * product(args.map.shape, 3)).data;
  if (!call.ok()) return nullptr;
  std::memcpy(args.origin, origin, sizeof(args.origin));
  call.kernels().map_offsets(args);
  return nullptr;
}

// measureLengths(fields, sizes, matrices, origin [12], lengths [2])
napi_value measureLengths(napi_env env, napi_callback_info info) {
  Call call(env, info);
  MapLengthArgs args{};
  args.map = readMap(call);
  const double* const origin = call.doubles("origin", 12);
  args.lengths = call.doubles("lengths", 2);
  args.partial = reinterpret_cast<double*>(call.scratch(ScratchNeed{4 * int64_t{args.map.shape[1]}, 0}).shared);
  if (!call.ok()) return nullptr;
  std::memcpy(args.origin, origin, sizeof(args.origin));
  call.kernels().measure_lengths(args);
  return nullptr;
}

// What a scan of all intensities needs: data, and room for what its chunks find.
IntensityArgs readIntensities(Call& call) {
  IntensityArgs args{};
  const Floats data = call.floats("data", 0);
  args.data = data.data;
  args.size = data.size;
  return args;
}
ScratchNeed chunksOf(const IntensityArgs& args) {
  return ScratchNeed{6 * ((args.size + kIntensityChunk - 1) / kIntensityChunk), 0};
}

// findExtremes(data, extremes [3])
napi_value findExtremes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  IntensityArgs args = readIntensities(call);
  args.extremes = call.doubles("extremes", 3);
  args.scratch = call.scratch(chunksOf(args));
  if (call.ok()) call.kernels().find_extremes(args);
  return nullptr;
}

// findLargestWithin(data, minimum, maximum, extremes [3]): fills extremes[1].
napi_value findLargestWithin(napi_env env, napi_callback_info info) {
  Call call(env, info);
  IntensityArgs args = readIntensities(call);
  args.minimum = call.number("minimum");
  args.maximum = call.number("maximum");
  args.extremes = call.doubles("extremes", 3);
  args.scratch = call.scratch(chunksOf(args));
  if (call.ok()) call.kernels().find_largest_within(args);
  return nullptr;
}

// countIntensities(data, minimum, maximum, width, counts Uint32Array [65536])
napi_value countIntensities(napi_env env, napi_callback_info info) {
  Call call(env, info);
  IntensityArgs args = readIntensities(call);
  args.minimum = call.number("minimum");
  args.maximum = call.number("maximum");
  args.width = call.number("width");
  const Elements counts = call.elements("counts", kIntensityBins);
  call.require(counts.type == napi_uint32_array && args.width > 0,
               "native: counts must be a Uint32Array and the width of a bin positive.");
  args.scratch = call.scratch(ScratchNeed{0, kIntensityBins});
  if (!call.ok()) return nullptr;
  args.counts = static_cast<uint32_t*>(counts.data);
  call.kernels().count_intensities(args);
  return nullptr;
}

}  // namespace

bool registerResample(napi_env env, napi_value exports) {
  return addFunction(env, exports, "sampleGrid", sampleGrid) && addFunction(env, exports, "sampleMap", sampleMap) &&
         addFunction(env, exports, "sampleLabels", sampleLabels) &&
         addFunction(env, exports, "mapOffsets", mapOffsets) &&
         addFunction(env, exports, "measureLengths", measureLengths) &&
         addFunction(env, exports, "findExtremes", findExtremes) &&
         addFunction(env, exports, "findLargestWithin", findLargestWithin) &&
         addFunction(env, exports, "countIntensities", countIntensities);
}

}  // namespace hypermorph::bindings
