#pragma once

#include <cmath>

#include "kernels/labels.inl.h"
#include "kernels/locate.inl.h"
#include "kernels/refine.h"
#include "kernels/resample.h"
#include "kernels/spline_weights.inl.h"

// Positions are rounded as the portable kernels round them: a fused multiply-add would send a voxel that lies exactly
// between two labels to the other one.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

namespace hypermorph::HYPERMORPH_ISA {

inline __attribute__((always_inline)) bool isWithin(double position, int32_t length) {
  return position >= -0.5 && position <= static_cast<double>(length) - 0.5;  // false for NaN
}
inline __attribute__((always_inline)) double clampIndex(double position, int32_t length) {
  const double last = static_cast<double>(length - 1);
  const double low = position > 0.0 ? position : 0.0;  // NaN too
  return low < last ? low : last;
}
inline __attribute__((always_inline)) float finiteOrZero(float value) { return value - value == 0.0f ? value : 0.0f; }

// Trilinear value of eight corners.
inline __attribute__((always_inline)) float mix(const float* corner, float fi, float fj, float fk) {
  const float a = corner[0] + fi * (corner[1] - corner[0]), b = corner[2] + fi * (corner[3] - corner[2]);
  const float c = corner[4] + fi * (corner[5] - corner[4]), d = corner[6] + fi * (corner[7] - corner[6]);
  const float lower = a + fj * (b - a), upper = c + fj * (d - c);
  return lower + fk * (upper - lower);
}

// Positions are double, values float.
inline __attribute__((always_inline)) float sampleLinear(const SampledImage& image, double x, double y, double z) {
  const int32_t* const size = image.size;
  if (!image.has_edge && !(isWithin(x, size[0]) && isWithin(y, size[1]) && isWithin(z, size[2]))) return image.outside;
  const double px = clampIndex(x, size[0]), py = clampIndex(y, size[1]), pz = clampIndex(z, size[2]);
  const int32_t i = static_cast<int32_t>(px), j = static_cast<int32_t>(py), k = static_cast<int32_t>(pz);
  const int64_t step_i = i + 1 < size[0] ? 1 : 0;
  const int64_t step_j = j + 1 < size[1] ? size[0] : 0;
  const int64_t step_k = k + 1 < size[2] ? int64_t{size[0]} * size[1] : 0;
  const float* const p = image.data + i + size[0] * (j + int64_t{size[1]} * k);
  float corners[8] = {p[0],      p[step_i],          p[step_j],          p[step_j + step_i],
                      p[step_k], p[step_k + step_i], p[step_k + step_j], p[step_k + step_j + step_i]};
  const float fi = static_cast<float>(px - i), fj = static_cast<float>(py - j), fk = static_cast<float>(pz - k);
  const float value = mix(corners, fi, fj, fk);
  if (value - value == 0.0f) return value;
  for (int n = 0; n < 8; ++n) corners[n] = finiteOrZero(corners[n]);
  return mix(corners, fi, fj, fk);
}

// Element of the voxel nearest to a position, halves up; -1 outside.
inline __attribute__((always_inline)) int64_t nearestVoxel(const int32_t* size, bool has_edge, double x, double y,
                                                           double z) {
  if (!has_edge && !(isWithin(x, size[0]) && isWithin(y, size[1]) && isWithin(z, size[2]))) return -1;
  const int64_t i = static_cast<int64_t>(clampIndex(x, size[0]) + 0.5);
  const int64_t j = static_cast<int64_t>(clampIndex(y, size[1]) + 0.5);
  const int64_t k = static_cast<int64_t>(clampIndex(z, size[2]) + 0.5);
  return i + size[0] * (j + size[1] * k);
}

// Whether all positions that a map gives are whole: a voxel of the one grid lies on one of the other. What the product
// of two matrices leaves of 1e-12 is not a distance.
static bool isWhole(const double* m) {
  constexpr double kRounding = 1e-10;
  for (int n = 0; n < 12; ++n) {
    if (std::abs(m[n] - std::round(m[n])) > kRounding) return false;
  }
  return true;
}

inline constexpr int kAhead = 4;   // pieces
inline constexpr int kPiece = 32;  // voxels of a row that are done together, in passes that are vectorised

// Where the positions of a piece lie in a grid: element of the lower corner, fractions of the upper neighbours, 1
// inside and 0 outside.
struct PlacedPiece {
  int32_t base[kPiece];
  float fraction[3][kPiece];
  float inside[kPiece];
};

// `strides`: elements from one index to the next along each axis.
static void placePiece(const double (*positions)[kPiece], int count, const int32_t* size, const int64_t* strides,
                       PlacedPiece* to) {
  PlacedPiece& __restrict placed = *to;
  for (int n = 0; n < count; ++n) {
    placed.base[n] = 0;
    placed.inside[n] = 1.0f;
  }
  for (int axis = 0; axis < 3; ++axis) {
    const double last = static_cast<double>(size[axis] - 1);
    const int32_t top = size[axis] > 1 ? size[axis] - 2 : 0;
    const int32_t stride = static_cast<int32_t>(strides[axis]);
    const double* __restrict const position = positions[axis];
    for (int n = 0; n < count; ++n) {
      const double p = position[n];
      double clamped = p > 0.0 ? p : 0.0;  // NaN too
      clamped = clamped < last ? clamped : last;
      int32_t lower = static_cast<int32_t>(clamped);
      lower = lower < top ? lower : top;
      placed.base[n] += lower * stride;
      placed.fraction[axis][n] = static_cast<float>(clamped - static_cast<double>(lower));
      placed.inside[n] = (p >= -0.5) & (p <= last + 0.5) ? placed.inside[n] : 0.0f;
    }
  }
}

// What a linear map gives for the voxels (begin + n, j, k), rounded like ((m0 i + m1 j) + m2 k) + m3.
static void mapPiece(const double* m, int64_t begin, int64_t j, int64_t k, int count, double (*positions)[kPiece]) {
  for (int axis = 0; axis < 3; ++axis) {
    const double along = m[4 * axis], offset = m[4 * axis + 3];
    const double from_j = m[4 * axis + 1] * static_cast<double>(j), from_k = m[4 * axis + 2] * static_cast<double>(k);
    const int32_t first = static_cast<int32_t>(begin);
    for (int n = 0; n < count; ++n)
      positions[axis][n] = along * static_cast<double>(first + n) + from_j + from_k + offset;
  }
}

// The same for any positions.
static void movePiece(const double* m, const double (*from)[kPiece], int count, double (*to)[kPiece]) {
  for (int axis = 0; axis < 3; ++axis) {
    const double x = m[4 * axis], y = m[4 * axis + 1], z = m[4 * axis + 2], offset = m[4 * axis + 3];
    for (int n = 0; n < count; ++n) to[axis][n] = x * from[0][n] + y * from[1][n] + z * from[2][n] + offset;
  }
}

// Trilinear u for a piece, component by component; zero further than half a voxel outside the field.
static void sampleField(const MapLink& map, const PlacedPiece& placed, int count, float (*u)[kPiece]) {
  const int32_t* const size = map.field_size;
  const int64_t step_i = size[0] > 1 ? int64_t{3} * size[2] * size[1] : 0;
  const int64_t step_j = size[1] > 1 ? int64_t{3} * size[2] : 0;
  const bool has_pairs = size[2] > 1;
  for (int n = 0; n < count; ++n) {
    const float* const p = map.field + 3 * static_cast<int64_t>(placed.base[n]);
    const float fi = placed.fraction[0][n], fj = placed.fraction[1][n], fk = placed.fraction[2][n];
    const float a = (1.0f - fi) * (1.0f - fj), b = (1.0f - fi) * fj, c = fi * (1.0f - fj), d = fi * fj;
    Vec4 value;
    if (has_pairs) {
      const float* const q = p + step_i;
      const Vec4 near = a * load4(p) + b * load4(p + step_j) + c * load4(q) + d * load4(q + step_j);
      const Vec4 far = a * load4(p + 2) + b * load4(p + step_j + 2) + c * load4(q + 2) + d * load4(q + step_j + 2);
      value = (1.0f - fk) * near + fk * __builtin_shufflevector(far, far, 1, 2, 3, 0);
    } else {
      value = a * load3(p) + b * load3(p + step_j) + c * load3(p + step_i) + d * load3(p + step_i + step_j);
    }
    const bool is_inside = placed.inside[n] > 0.0f;
    u[0][n] = is_inside ? value[0] : 0.0f;
    u[1][n] = is_inside ? value[1] : 0.0f;
    u[2][n] = is_inside ? value[2] : 0.0f;
  }
}

// `sampleField` for whole positions.
static void readField(const MapLink& map, const double (*positions)[kPiece], int count, float (*u)[kPiece]) {
  const int32_t* const size = map.field_size;
  for (int n = 0; n < count; ++n) {
    const int64_t i = std::lrint(positions[0][n]), j = std::lrint(positions[1][n]), k = std::lrint(positions[2][n]);
    const bool is_inside = i >= 0 && i < size[0] && j >= 0 && j < size[1] && k >= 0 && k < size[2];
    const float* const value = map.field + 3 * (is_inside ? (i * size[1] + j) * size[2] + k : 0);
    for (int axis = 0; axis < 3; ++axis) u[axis][n] = is_inside ? value[axis] : 0.0f;
  }
}

// A place so little beyond the end of a spline counts as on it, in steps of its grid: headers place images in float32.
inline constexpr double kSplineEdge = 1e-4;

// u of a spline of coefficients; zero where fewer than four of them along an axis reach a place.
static void sampleSplineField(const MapLink& map, const double (*places)[kPiece], int count, float (*u)[kPiece]) {
  const int32_t* const size = map.field_size;
  const int64_t step_i = int64_t{3} * size[1] * size[2], step_j = int64_t{3} * size[2];
  for (int n = 0; n < count; ++n) {
    int64_t first = 0;
    float weights[3][4];
    bool is_inside = true;
    for (int axis = 0; axis < 3; ++axis) {
      const double place = places[axis][n], end = size[axis] - 2.0;
      const double low = place < 1.0 ? 1.0 : place;
      const double inside = low > end ? end : low;
      is_inside = size[axis] >= 4 && std::abs(inside - place) <= kSplineEdge;  // false for NaN
      if (!is_inside) break;
      const int32_t whole = static_cast<int32_t>(inside);
      const int32_t lower = whole < size[axis] - 3 ? whole : size[axis] - 3;
      setSplineWeights(static_cast<float>(inside - lower), weights[axis]);
      first = first * size[axis] + lower - 1;
    }
    u[0][n] = u[1][n] = u[2][n] = 0.0f;
    if (!is_inside) continue;
    // Four vectors along k lie side by side: twelve numbers, which are mixed along i and j as they are.
    Vec4 sums[3] = {};
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        const float* const row = map.field + 3 * first + i * step_i + j * step_j;
        const float weight = weights[0][i] * weights[1][j];
        for (int part = 0; part < 3; ++part) sums[part] += weight * load4(row + 4 * part);
      }
    }
    float vectors[12];
    std::memcpy(vectors, sums, sizeof(vectors));
    for (int k = 0; k < 4; ++k) {
      for (int c = 0; c < 3; ++c) u[c][n] += weights[2][k] * vectors[3 * k + c];
    }
  }
}

// positions += linear u, for u at these places of the field.
static void displacePiece(const MapLink& link, const double (*places)[kPiece], bool are_whole, int count,
                          double (*positions)[kPiece]) {
  float u[3][kPiece];
  if (link.degree == 3) {
    sampleSplineField(link, places, count, u);
  } else if (are_whole) {
    readField(link, places, count, u);
  } else {
    const int64_t strides[3] = {int64_t{link.field_size[1]} * link.field_size[2], link.field_size[2], 1};
    PlacedPiece placed;
    placePiece(places, count, link.field_size, strides, &placed);
    sampleField(link, placed, count, u);
  }
  for (int axis = 0; axis < 3; ++axis) {
    const double* const turn = link.linear + 3 * axis;
    const double x = turn[0], y = turn[1], z = turn[2];
    for (int n = 0; n < count; ++n) {
      positions[axis][n] +=
          x * static_cast<double>(u[0][n]) + y * static_cast<double>(u[1][n]) + z * static_cast<double>(u[2][n]);
    }
  }
}

// Take a piece through the links after the first one.
static void followLinks(const VoxelMap& map, int count, double (*positions)[kPiece]) {
  double before[3][kPiece];
  double places[3][kPiece];
  for (int n = 1; n < map.count; ++n) {
    const MapLink& link = map.links[n];
    std::memcpy(before, positions, sizeof(before));
    movePiece(link.base, before, count, positions);
    if (link.field == nullptr) continue;
    movePiece(link.to_field, before, count, places);
    displacePiece(link, places, false, count, positions);
  }
}

// body(first voxel, positions by axis, number of voxels) for short pieces of the rows along i. A field is stored along
// k and its planes often lie a multiple of the cache's size apart, so a task walks along k with few planes at a time.
template <typename Body>
inline void forEachMappedPiece(const VoxelMap& map, const Body& body) {
  const MapLink& first = map.links[0];
  const bool is_whole = isWhole(first.to_field);
  forEachTask(map.shape[1], [&](int64_t j, int) {
    double positions[3][kPiece] = {};
    double places[3][kPiece];
    for (int64_t begin = 0; begin < map.shape[0]; begin += kPiece) {
      const int count = static_cast<int>(map.shape[0] - begin < kPiece ? map.shape[0] - begin : kPiece);
      for (int64_t k = 0; k < map.shape[2]; ++k) {
        mapPiece(first.base, begin, j, k, count, positions);
        if (first.field != nullptr) {
          mapPiece(first.to_field, begin, j, k, count, places);
          displacePiece(first, places, is_whole, count, positions);
        }
        if (map.count > 1) followLinks(map, count, positions);
        body((k * map.shape[1] + j) * map.shape[0] + begin, positions, count);
      }
    }
  });
}

// Trilinear values of an image for a piece. `ahead`: elements from a voxel of this piece to the like of it a few pieces
// on, which is fetched meanwhile: a walk from plane to plane is one that the processor does not foresee.
static void sampleImage(const SampledImage& image, const double (*positions)[kPiece], int count, int64_t ahead,
                        float* __restrict out) {
  const int32_t* const size = image.size;
  if (size[0] == 1) {  // no pairs along i
    for (int n = 0; n < count; ++n) out[n] = sampleLinear(image, positions[0][n], positions[1][n], positions[2][n]);
    return;
  }
  const int64_t strides[3] = {1, size[0], int64_t{size[0]} * size[1]};
  const int64_t step_j = size[1] > 1 ? strides[1] : 0;
  const int64_t step_k = size[2] > 1 ? strides[2] : 0;
  PlacedPiece placed;
  placePiece(positions, count, size, strides, &placed);
  for (int n = 0; n < count; n += 8) {
    const float* const later = image.data + placed.base[n] + ahead;
    __builtin_prefetch(later);
    __builtin_prefetch(later + step_j);
  }
  // Voxel and upper neighbour along i side by side: mixed along j and k as they are, along i at the end.
  float pairs[4][2 * kPiece];
  float fractions[2][2 * kPiece];
  for (int n = 0; n < count; ++n) {
    const float* const corner = image.data + placed.base[n];
    std::memcpy(&pairs[0][2 * n], corner, 2 * sizeof(float));
    std::memcpy(&pairs[1][2 * n], corner + step_j, 2 * sizeof(float));
    std::memcpy(&pairs[2][2 * n], corner + step_k, 2 * sizeof(float));
    std::memcpy(&pairs[3][2 * n], corner + step_k + step_j, 2 * sizeof(float));
  }
  for (int axis = 0; axis < 2; ++axis) {
    for (int n = 0; n < count; ++n) fractions[axis][2 * n] = fractions[axis][2 * n + 1] = placed.fraction[axis + 1][n];
  }
  float mixed[2 * kPiece];
  for (int m = 0; m < 2 * count; ++m) {
    const float lower = pairs[0][m] + fractions[0][m] * (pairs[1][m] - pairs[0][m]);
    const float upper = pairs[2][m] + fractions[0][m] * (pairs[3][m] - pairs[2][m]);
    mixed[m] = lower + fractions[1][m] * (upper - lower);
  }
  const float edge = image.has_edge ? 1.0f : 0.0f;
  int32_t not_finite = 0;
  for (int n = 0; n < count; ++n) {
    const float value = mixed[2 * n] + placed.fraction[0][n] * (mixed[2 * n + 1] - mixed[2 * n]);
    not_finite |= value - value == 0.0f ? 0 : 1;
    out[n] = placed.inside[n] + edge > 0.0f ? value : image.outside;
  }
  if (not_finite == 0) return;
  // A corner is not finite: again, with such voxels as 0.
  for (int n = 0; n < count; ++n) out[n] = sampleLinear(image, positions[0][n], positions[1][n], positions[2][n]);
}

// Elements of an image that `pieces` steps lead over, about. One step is three numbers, `stride` apart.
static int64_t elementsAhead(const double* step_along, int stride, const int32_t* size, int pieces) {
  const auto step = [&](int axis) { return static_cast<int64_t>(std::lround(step_along[stride * axis] * pieces)); };
  return step(0) + size[0] * (step(1) + size[1] * step(2));
}

// Values of the nearest voxels of an image for a piece.
static void sampleNearest(const SampledImage& image, const double (*positions)[kPiece], int count, float* out) {
  for (int n = 0; n < count; ++n) {
    const int64_t voxel = nearestVoxel(image.size, image.has_edge, positions[0][n], positions[1][n], positions[2][n]);
    out[n] = voxel < 0 ? image.outside : finiteOrZero(image.data[voxel]);
  }
}

// The same where the positions are whole, with the steps along x of the map that gave them: voxels are copied.
static void copyVoxels(const SampledImage& image, const double (*positions)[kPiece], const double* m, int count,
                       float* __restrict out) {
  const int64_t elements[3] = {1, image.size[0], int64_t{image.size[0]} * image.size[1]};
  int64_t first = 0, stride = 0;
  int begin = 0, end = count;  // of the voxels inside
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t at = std::lrint(positions[axis][0]), step = std::lrint(m[4 * axis]);
    const auto is_inside = [&](int n) { return at + n * step >= 0 && at + n * step < image.size[axis]; };
    while (begin < end && !is_inside(begin)) ++begin;
    while (begin < end && !is_inside(end - 1)) --end;
    first += at * elements[axis];
    stride += step * elements[axis];
  }
  for (int n = 0; n < begin; ++n) out[n] = image.outside;
  const float* const from = image.data + first;
  if (stride == 1) {
    for (int n = begin; n < end; ++n) out[n] = finiteOrZero(from[n]);
  } else {
    for (int n = begin; n < end; ++n) out[n] = finiteOrZero(from[n * stride]);
  }
  for (int n = end; n < count; ++n) out[n] = image.outside;
}

inline constexpr int kTileDepth = 16;  // a line of the cache in the result

// Pieces run along x, tiles along z: where the image is stored along the one axis and written along the other, both go
// by whole lines of the cache. The result's planes and the image's often lie a multiple of its size apart, so few of
// them are open at a time.
struct GridTile {
  int64_t x, y, z;
  int width, depth;  // voxels along x and z
};

static void sampleTile(const GridSampleArgs& a, const GridTile& tile, bool copies, int64_t ahead) {
  double starts[3][kPiece];
  double positions[3][kPiece];
  float values[kTileDepth][kPiece];
  for (int axis = 0; axis < 3; ++axis) {
    const double* const m = a.to_voxel + 4 * axis;
    const double along = m[0], from_y = m[1] * static_cast<double>(tile.y), offset = m[3];
    const int32_t first = static_cast<int32_t>(tile.x);
    for (int n = 0; n < tile.width; ++n) starts[axis][n] = along * static_cast<double>(first + n) + from_y + offset;
  }
  for (int z = 0; z < tile.depth; ++z) {
    for (int axis = 0; axis < 3; ++axis) {
      const double from_z = a.to_voxel[4 * axis + 2] * static_cast<double>(tile.z + z);
      for (int n = 0; n < tile.width; ++n) positions[axis][n] = starts[axis][n] + from_z;
    }
    if (copies) copyVoxels(a.image, positions, a.to_voxel, tile.width, values[z]);
    else if (a.is_linear) sampleImage(a.image, positions, tile.width, ahead, values[z]);
    else sampleNearest(a.image, positions, tile.width, values[z]);
  }
  for (int n = 0; n < tile.width; ++n) {
    float* const out = a.out + ((tile.x + n) * a.shape[1] + tile.y) * a.shape[2] + tile.z;
    for (int z = 0; z < tile.depth; ++z) out[z] = values[z][n];
  }
}

static void sampleGrid(const GridSampleArgs& a) noexcept {
  constexpr int64_t kBand = 8;  // rows of y that read the same planes
  const int64_t pieces = (a.shape[0] + kPiece - 1) / kPiece;
  const int64_t bands = (a.shape[1] + kBand - 1) / kBand;
  const int64_t ahead = elementsAhead(a.to_voxel + 2, 4, a.image.size, kAhead);
  const bool copies = isWhole(a.to_voxel) && !a.image.has_edge;
  const auto atMost = [](int64_t left, int most) { return left < most ? static_cast<int>(left) : most; };
  forEachTask(pieces * bands, [&](int64_t task, int) {
    GridTile tile{};
    tile.x = task / bands * kPiece;
    tile.width = atMost(a.shape[0] - tile.x, kPiece);
    const int64_t y_begin = task % bands * kBand;
    const int64_t y_end = y_begin + kBand < a.shape[1] ? y_begin + kBand : a.shape[1];
    for (tile.z = 0; tile.z < a.shape[2]; tile.z += kTileDepth) {
      tile.depth = atMost(a.shape[2] - tile.z, kTileDepth);
      for (tile.y = y_begin; tile.y < y_end; ++tile.y) sampleTile(a, tile, copies, ahead);
    }
  });
}

static void sampleMap(const MapSampleArgs& a) noexcept {
  double along_k[3] = {0, 0, 1};  // where a step along k leads, without displacement
  for (int n = 0; n < a.map.count; ++n) {
    const double* const m = a.map.links[n].base;
    const double x = along_k[0], y = along_k[1], z = along_k[2];
    for (int axis = 0; axis < 3; ++axis) along_k[axis] = m[4 * axis] * x + m[4 * axis + 1] * y + m[4 * axis + 2] * z;
  }
  const int64_t ahead = elementsAhead(along_k, 1, a.image.size, kAhead);
  forEachMappedPiece(a.map, [&](int64_t first, const double(*at)[kPiece], int count) {
    sampleImage(a.image, at, count, ahead, a.out + first);
  });
}

template <typename Element>
static void copyLabels(const MapLabelArgs& a) {
  const Element* const labels = static_cast<const Element*>(a.labels);
  const Element outside = *static_cast<const Element*>(a.outside);
  Element* const out = static_cast<Element*>(a.out);
  forEachMappedPiece(a.map, [&](int64_t first, const double(*at)[kPiece], int count) {
    for (int n = 0; n < count; ++n) {
      const int64_t voxel = nearestVoxel(a.size, a.has_edge, at[0][n], at[1][n], at[2][n]);
      Element value = voxel < 0 ? outside : labels[voxel];
      if constexpr (sizeof(Element) == 4) {
        constexpr Element kExponent = 0x7f800000;  // all ones: infinite or NaN
        if (a.is_float && voxel >= 0 && (value & kExponent) == kExponent) value = 0;
      }
      out[first + n] = value;
    }
  });
}

static void sampleLabels(const MapLabelArgs& a) noexcept {
  if (a.bytes == 1) copyLabels<uint8_t>(a);
  else if (a.bytes == 2) copyLabels<uint16_t>(a);
  else copyLabels<uint32_t>(a);
}

// positions -= origin v for the voxels v of a piece.
static void subtractOrigin(const VoxelMap& map, const double* origin, int64_t first, int count,
                           const double (*positions)[kPiece], double (*offsets)[kPiece]) {
  const int64_t row = first / map.shape[0];
  double start[3][kPiece];
  mapPiece(origin, first % map.shape[0], row % map.shape[1], row / map.shape[1], count, start);
  for (int axis = 0; axis < 3; ++axis) {
    for (int n = 0; n < count; ++n) offsets[axis][n] = positions[axis][n] - start[axis][n];
  }
}

static void mapOffsets(const MapOffsetArgs& a) noexcept {
  const int64_t voxels = int64_t{a.map.shape[0]} * a.map.shape[1] * a.map.shape[2];
  forEachMappedPiece(a.map, [&](int64_t first, const double(*at)[kPiece], int count) {
    double offsets[3][kPiece];
    subtractOrigin(a.map, a.origin, first, count, at, offsets);
    for (int axis = 0; axis < 3; ++axis) {
      float* const out = a.out + axis * voxels + first;
      for (int n = 0; n < count; ++n) out[n] = static_cast<float>(offsets[axis][n]);
    }
  });
}

static void measureLengths(const MapLengthArgs& a) noexcept {
  const int64_t rows = a.map.shape[1];
  for (int64_t n = 0; n < 2 * rows; ++n) a.partial[n] = 0;
  forEachMappedPiece(a.map, [&](int64_t first, const double(*at)[kPiece], int count) {
    double offsets[3][kPiece];
    double lengths[kPiece];
    subtractOrigin(a.map, a.origin, first, count, at, offsets);
    for (int n = 0; n < count; ++n) {
      const double x = offsets[0][n], y = offsets[1][n], z = offsets[2][n];
      lengths[n] = std::sqrt(x * x + y * y + z * z);
    }
    // One task does all pieces of a row, in the same order whichever thread has it.
    double* const found = a.partial + 2 * (first / a.map.shape[0] % rows);
    for (int n = 0; n < count; ++n) {
      found[0] = lengths[n] > found[0] ? lengths[n] : found[0];
      found[1] += lengths[n];
    }
  });
  a.lengths[0] = a.lengths[1] = 0;
  for (int64_t row = 0; row < rows; ++row) {
    a.lengths[0] = a.partial[2 * row] > a.lengths[0] ? a.partial[2 * row] : a.lengths[0];
    a.lengths[1] += a.partial[2 * row + 1];
  }
}

// The index below a position and how far it lies above it; false outside the image and half a voxel around it.
struct AxisPlace {
  int64_t lower, upper;
  float fraction;
};

static bool placeAlong(double position, int32_t length, AxisPlace* place) {
  if (!isWithin(position, length)) return false;
  const double clamped = clampIndex(position, length), nearest = std::floor(clamped + 0.5);
  // On a voxel but for what a product of matrices rounds off, its neighbours need not be looked at.
  const double index = std::fabs(clamped - nearest) < 1e-6 ? nearest : clamped;
  place->lower = static_cast<int64_t>(index);
  place->upper = place->lower + 1 < length ? place->lower + 1 : place->lower;
  place->fraction = static_cast<float>(index - static_cast<double>(place->lower));
  return true;
}

static void sampleMemberships(const SampleMembershipsArgs& a) noexcept {
  const int64_t channels = a.labels, row = a.size[2] * channels, plane = a.size[1] * row;
  forEachTask(a.shape[0], [&](int64_t i, int worker) {
    float* const odds = a.scratch.worker(worker);
    for (int64_t j = 0; j < a.shape[1]; ++j) {
      for (int64_t k = 0; k < a.shape[2]; ++k) {
        float* __restrict const out = a.out + ((i * a.shape[1] + j) * a.shape[2] + k) * a.lanes;
        std::memset(out, 0, static_cast<size_t>(a.lanes) * sizeof(float));
        AxisPlace at[3];
        bool is_inside = true;
        for (int axis = 0; axis < 3; ++axis) {
          const double* const m = a.to_voxel + 4 * axis;
          const double position =
              m[0] * static_cast<double>(i) + m[1] * static_cast<double>(j) + m[2] * static_cast<double>(k) + m[3];
          is_inside = is_inside && placeAlong(position, a.size[axis], &at[axis]);
        }
        if (!is_inside) continue;
        for (int corner = 0; corner < 8; ++corner) {
          const bool up_i = (corner & 4) != 0, up_j = (corner & 2) != 0, up_k = (corner & 1) != 0;
          const float weight = (up_i ? at[0].fraction : 1.0f - at[0].fraction) *
                               (up_j ? at[1].fraction : 1.0f - at[1].fraction) *
                               (up_k ? at[2].fraction : 1.0f - at[2].fraction);
          if (weight == 0.0f) continue;
          const float* const from = a.log_odds + (up_i ? at[0].upper : at[0].lower) * plane +
                                    (up_j ? at[1].upper : at[1].lower) * row +
                                    (up_k ? at[2].upper : at[2].lower) * channels;
          addMemberships(from, a.labels, weight, odds, out);
        }
        for (int64_t l = 0; l < a.labels; ++l) out[l] = out[l] < kLeastShare ? 0.0f : out[l];
      }
    }
  });
}

}  // namespace hypermorph::HYPERMORPH_ISA

#if defined(__clang__)
#pragma STDC FP_CONTRACT DEFAULT
#else
#pragma GCC pop_options
#endif
