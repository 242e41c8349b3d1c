#include <cstring>

#include "bindings/sizes.h"

namespace hypermorph::bindings {
namespace {

// The data of a typed array, its element type, and its number of elements.
struct Elements {
  void* data = nullptr;
  int64_t size = 0;
  int32_t bytes = 0;
  napi_typedarray_type type = napi_uint8_array;
};

bool readElements(napi_env env, napi_value value, const char* name, int64_t required, Elements* elements) {
  bool is_array = false;
  size_t length = 0;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &elements->type, &length, &elements->data, nullptr, nullptr) != napi_ok) {
    throwFormatted(env, "E_SHAPE", "native: %s must be a typed array.", name);
    return false;
  }
  elements->size = static_cast<int64_t>(length);
  const bool is_byte = elements->type == napi_int8_array || elements->type == napi_uint8_array;
  const bool is_short = elements->type == napi_int16_array || elements->type == napi_uint16_array;
  elements->bytes = is_byte ? 1 : is_short ? 2 : elements->type == napi_float64_array ? 8 : 4;
  if (elements->size >= required) return true;
  throwFormatted(env, "E_SHAPE", "native: %s must have at least %lld elements, got %lld.", name, static_cast<long long>(required),
                 static_cast<long long>(elements->size));
  return false;
}

bool requireIndexable(napi_env env, int64_t voxels) {
  if (voxels < INT32_MAX) return true;
  throwError(env, "E_SHAPE", "native: an image must have fewer than 2^31 voxels.");
  return false;
}

// (data, size [3], hasEdge, outside)
bool readImage(napi_env env, napi_value* values, SampledImage* image) {
  const int32_t* size = nullptr;
  Floats data;
  double has_edge = 0;
  double outside = 0;
  if (!readSizes(env, values[1], "size", 3, &size) || !requireIndexable(env, product(size, 3)) ||
      !readFloats(env, values[0], "data", product(size, 3), &data) ||
      !readNumber(env, values[2], "hasEdge", &has_edge) || !readNumber(env, values[3], "outside", &outside)) {
    return false;
  }
  image->data = data.data;
  std::memcpy(image->size, size, sizeof(image->size));
  image->has_edge = has_edge != 0;
  image->outside = static_cast<float>(outside);
  return true;
}

// (matrices [base 12, linear 9, voxelToField 12], field, sizes [field 3, grid 3])
bool readMap(napi_env env, napi_value* values, PlacedMap* map) {
  double* matrices = nullptr;
  const int32_t* sizes = nullptr;
  Floats field;
  if (!readDoubles(env, values[0], "matrices", 33, &matrices) || !readSizes(env, values[2], "sizes", 6, &sizes) ||
      !requireIndexable(env, product(sizes, 3)) ||
      !readFloats(env, values[1], "field", 3 * product(sizes, 3), &field)) {
    return false;
  }
  std::memcpy(map->base, matrices, sizeof(map->base));
  std::memcpy(map->linear, matrices + 12, sizeof(map->linear));
  std::memcpy(map->voxel_to_field, matrices + 21, sizeof(map->voxel_to_field));
  map->field = field.data;
  std::memcpy(map->field_size, sizes, sizeof(map->field_size));
  std::memcpy(map->shape, sizes + 3, sizeof(map->shape));
  return true;
}

// sampleGrid(data, size, hasEdge, outside, toVoxel [12], shape [3], isLinear, out)
napi_value sampleGrid(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  GridSampleArgs call{};
  double* to_voxel = nullptr;
  const int32_t* shape = nullptr;
  double is_linear = 0;
  Floats out;
  if (table == nullptr || !readArguments(env, info, &args) || !readImage(env, args.values, &call.image) ||
      !readDoubles(env, args.values[4], "toVoxel", 12, &to_voxel) || !readSizes(env, args.values[5], "shape", 3, &shape) ||
      !readNumber(env, args.values[6], "isLinear", &is_linear) || !readFloats(env, args.values[7], "out", product(shape, 3), &out)) {
    return nullptr;
  }
  std::memcpy(call.to_voxel, to_voxel, sizeof(call.to_voxel));
  std::memcpy(call.shape, shape, sizeof(call.shape));
  call.is_linear = is_linear != 0;
  call.out = out.data;
  table->sample_grid(call);
  return nullptr;
}

// sampleMap(data, size, hasEdge, outside, matrices, field, sizes, out)
napi_value sampleMap(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  MapSampleArgs call{};
  Floats out;
  if (table == nullptr || !readArguments(env, info, &args) || !readImage(env, args.values, &call.image) ||
      !readMap(env, args.values + 4, &call.map) || !readFloats(env, args.values[7], "out", product(call.map.shape, 3), &out)) {
    return nullptr;
  }
  call.out = out.data;
  table->sample_map(call);
  return nullptr;
}

// sampleLabels(labels, size, hasEdge, outside (one element of the same type), matrices, field, sizes, out)
napi_value sampleLabels(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  MapLabelArgs call{};
  Elements labels, outside, out;
  const int32_t* size = nullptr;
  double has_edge = 0;
  if (table == nullptr || !readArguments(env, info, &args) || !readSizes(env, args.values[1], "size", 3, &size) ||
      !readElements(env, args.values[0], "labels", product(size, 3), &labels) ||
      !readNumber(env, args.values[2], "hasEdge", &has_edge) || !readElements(env, args.values[3], "outside", 1, &outside) ||
      !readMap(env, args.values + 4, &call.map) || !readElements(env, args.values[7], "out", product(call.map.shape, 3), &out)) {
    return nullptr;
  }
  if (labels.bytes > 4 || outside.type != labels.type || out.type != labels.type) {
    throwError(env, "E_SHAPE", "native: labels, outside and result must have one element type of at most 4 bytes.");
    return nullptr;
  }
  call.labels = labels.data;
  std::memcpy(call.size, size, sizeof(call.size));
  call.has_edge = has_edge != 0;
  call.outside = outside.data;
  call.bytes = labels.bytes;
  call.is_float = labels.type == napi_float32_array;
  call.out = out.data;
  table->sample_labels(call);
  return nullptr;
}

// mapOffsets(matrices, field, sizes, out)
napi_value mapOffsets(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  MapOffsetArgs call{};
  Floats out;
  if (table == nullptr || !readArguments(env, info, &args) || !readMap(env, args.values, &call.map) ||
      !readFloats(env, args.values[3], "out", 3 * product(call.map.shape, 3), &out)) {
    return nullptr;
  }
  call.out = out.data;
  table->map_offsets(call);
  return nullptr;
}

int64_t chunkFloats(int64_t size) { return 6 * ((size + kIntensityChunk - 1) / kIntensityChunk); }

// findExtremes(data, extremes [3])
napi_value findExtremes(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<2> args;
  IntensityArgs call{};
  Floats data;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "data", 0, &data) ||
      !readDoubles(env, args.values[1], "extremes", 3, &call.extremes) ||
      !requireScratch(env, ScratchNeed{chunkFloats(data.size), 0}, &call.scratch)) {
    return nullptr;
  }
  call.data = data.data;
  call.size = data.size;
  table->find_extremes(call);
  return nullptr;
}

// findLargestWithin(data, minimum, maximum, extremes [3]): fills extremes[1].
napi_value findLargestWithin(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<4> args;
  IntensityArgs call{};
  Floats data;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "data", 0, &data) ||
      !readNumber(env, args.values[1], "minimum", &call.minimum) || !readNumber(env, args.values[2], "maximum", &call.maximum) ||
      !readDoubles(env, args.values[3], "extremes", 3, &call.extremes) ||
      !requireScratch(env, ScratchNeed{chunkFloats(data.size), 0}, &call.scratch)) {
    return nullptr;
  }
  call.data = data.data;
  call.size = data.size;
  table->find_largest_within(call);
  return nullptr;
}

// countIntensities(data, minimum, maximum, width, counts Uint32Array [65536])
napi_value countIntensities(napi_env env, napi_callback_info info) {
  const KernelTable* const table = requireKernels(env);
  Arguments<5> args;
  IntensityArgs call{};
  Floats data;
  Elements counts;
  if (table == nullptr || !readArguments(env, info, &args) || !readFloats(env, args.values[0], "data", 0, &data) ||
      !readNumber(env, args.values[1], "minimum", &call.minimum) || !readNumber(env, args.values[2], "maximum", &call.maximum) ||
      !readNumber(env, args.values[3], "width", &call.width) ||
      !readElements(env, args.values[4], "counts", kIntensityBins, &counts) ||
      !requireScratch(env, ScratchNeed{0, kIntensityBins}, &call.scratch)) {
    return nullptr;
  }
  if (counts.type != napi_uint32_array || !(call.width > 0)) {
    throwError(env, "E_SHAPE", "native: counts must be a Uint32Array and the width of a bin positive.");
    return nullptr;
  }
  call.data = data.data;
  call.size = data.size;
  call.counts = static_cast<uint32_t*>(counts.data);
  table->count_intensities(call);
  return nullptr;
}

}  // namespace

bool registerResample(napi_env env, napi_value exports) {
  return addFunction(env, exports, "sampleGrid", sampleGrid) && addFunction(env, exports, "sampleMap", sampleMap) &&
         addFunction(env, exports, "sampleLabels", sampleLabels) && addFunction(env, exports, "mapOffsets", mapOffsets) &&
         addFunction(env, exports, "findExtremes", findExtremes) &&
         addFunction(env, exports, "findLargestWithin", findLargestWithin) &&
         addFunction(env, exports, "countIntensities", countIntensities);
}

}  // namespace hypermorph::bindings
