#pragma once

#include <cmath>

#include "kernels/locate.inl.h"
#include "kernels/refine.h"

namespace hypermorph::HYPERMORPH_ISA {

// Two neighbouring vectors of a padded field.
typedef float VecTwo __attribute__((vector_size(32)));
typedef float UnalignedVecTwo __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Int4 __attribute__((vector_size(16)));

inline __attribute__((always_inline)) VecTwo loadTwo(const float* p) {
  return *reinterpret_cast<const UnalignedVecTwo*>(p);
}
inline __attribute__((always_inline)) void store4(float* p, Vec4 v) { *reinterpret_cast<UnalignedVec4*>(p) = v; }
inline __attribute__((always_inline)) Vec4 lowerOf(VecTwo v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
inline __attribute__((always_inline)) Vec4 upperOf(VecTwo v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
inline __attribute__((always_inline)) Vec4 four(float value) { return Vec4{value, value, value, value}; }

// A grid of padded vectors; steps are in floats.
struct PaddedGrid {
  int64_t size[3];
  int64_t plane, row;  // floats
  int64_t up_i, up_j;  // to the upper neighbour, 0 along an axis of one voxel
  Vec4 last;           // n - 1
  Int4 top;            // highest lower neighbour
  int64_t floats() const { return size[0] * plane; }
};

static PaddedGrid paddedGrid(const int32_t* size) {
  PaddedGrid grid{};
  grid.row = 4 * int64_t{size[2]};
  grid.plane = grid.row * size[1];
  grid.up_i = size[0] > 1 ? grid.plane : 0;
  grid.up_j = size[1] > 1 ? grid.row : 0;
  for (int axis = 0; axis < 3; ++axis) {
    grid.size[axis] = size[axis];
    grid.last[axis] = static_cast<float>(size[axis] - 1);
    grid.top[axis] = size[axis] > 1 ? size[axis] - 2 : 0;
  }
  return grid;
}

// Where x + u lies: the lower corner, the way from it, and which axes still move with u.
struct Corner {
  int64_t base;  // floats
  int32_t plane;
  Vec4 fraction;
  Int4 moves;
};

inline __attribute__((always_inline)) Corner cornerAt(const PaddedGrid& grid, Vec4 position) {
  const Vec4 zero = {};
  Vec4 clamped = position > zero ? position : zero;
  clamped = clamped < grid.last ? clamped : grid.last;
  Int4 lower = __builtin_convertvector(clamped, Int4);
  lower = lower < grid.top ? lower : grid.top;
  return Corner{lower[0] * grid.plane + lower[1] * grid.row + 4 * static_cast<int64_t>(lower[2]), lower[0],
                clamped - __builtin_convertvector(lower, Vec4), (position >= zero) & (position < grid.last)};
}

static void composeRow(const PaddedGrid& grid, const float* field, int64_t i, int64_t j, float* out) {
  const float* const row = field + i * grid.plane + j * grid.row;
  Vec4 x = {static_cast<float>(i), static_cast<float>(j), 0.0f, 0.0f};
  for (int64_t k = 0; k < grid.size[2]; ++k) {
    x[2] = static_cast<float>(k);
    const Vec4 u = load4(row + 4 * k);
    const Corner corner = cornerAt(grid, x + u);
    const float* const at = field + corner.base;
    const VecTwo a = loadTwo(at), b = loadTwo(at + grid.up_j);
    const VecTwo c = loadTwo(at + grid.up_i), d = loadTwo(at + grid.up_i + grid.up_j);
    const VecTwo lower = a + corner.fraction[1] * (b - a);
    const VecTwo upper = c + corner.fraction[1] * (d - c);
    const VecTwo both = lower + corner.fraction[0] * (upper - lower);
    store4(out + 4 * k, u + lowerOf(both) + corner.fraction[2] * (upperOf(both) - lowerOf(both)));
  }
}

static void integrateField(const IntegrateArgs& a) noexcept {
  const PaddedGrid grid = paddedGrid(a.size);
  const float factor = std::ldexp(1.0f, -a.steps);
  forEachTask(grid.size[0], [&](int64_t i, int) {
    for (int64_t n = i * grid.plane; n < (i + 1) * grid.plane; ++n) a.stack[n] = factor * a.velocity[n];
  });
  for (int32_t step = 0; step < a.steps; ++step) {
    const float* const from = a.stack + step * grid.floats();
    float* const to = a.stack + (step + 1) * grid.floats();
    forEachTask(grid.size[0], [&](int64_t i, int) {
      for (int64_t j = 0; j < grid.size[1]; ++j) {
        composeRow(grid, from, i, j, to + i * grid.plane + j * grid.row);
      }
    });
  }
}

inline __attribute__((always_inline)) void addPair(float* to, Vec4 lower, Vec4 upper) {
  store4(to, load4(to) + lower);
  store4(to + 4, load4(to + 4) + upper);
}

// What one voxel gives to the planes [begin, end) of `out`: its slope, and its share of what it read.
inline __attribute__((always_inline)) void spreadVoxel(const PaddedGrid& grid, const float* field, Vec4 x, int64_t own,
                                                       const float* dy_field, int64_t begin, int64_t end, float* out) {
  const Vec4 dy = load4(dy_field + own);
  const Corner corner = cornerAt(grid, x + load4(field + own));
  const float fi = corner.fraction[0], fj = corner.fraction[1], fk = corner.fraction[2];
  const int64_t plane = static_cast<int64_t>(x[0]);
  if (plane >= begin && plane < end) {
    const float* const at = field + corner.base;
    const VecTwo a = loadTwo(at), b = loadTwo(at + grid.up_j);
    const VecTwo c = loadTwo(at + grid.up_i), d = loadTwo(at + grid.up_i + grid.up_j);
    const VecTwo lower = a + fj * (b - a), upper = c + fj * (d - c);
    const VecTwo by_i = upper - lower, by_j = (b - a) + fi * ((d - c) - (b - a)), both = lower + fi * by_i;
    const Vec4 i = (lowerOf(by_i) + fk * (upperOf(by_i) - lowerOf(by_i))) * dy;
    const Vec4 j = (lowerOf(by_j) + fk * (upperOf(by_j) - lowerOf(by_j))) * dy;
    const Vec4 k = (upperOf(both) - lowerOf(both)) * dy;
    const Vec4 slope = {i[0] + i[1] + i[2], j[0] + j[1] + j[2], k[0] + k[1] + k[2], 0.0f};
    const Int4 kept = reinterpret_cast<Int4>(slope) & corner.moves;
    store4(out + own, load4(out + own) + reinterpret_cast<Vec4>(kept));
  }
  float* const to = out + corner.base;
  const Vec4 low = (1.0f - fk) * dy, high = fk * dy;
  if (corner.plane >= begin && corner.plane < end) {
    addPair(to, (1.0f - fi) * (1.0f - fj) * low, (1.0f - fi) * (1.0f - fj) * high);
    addPair(to + grid.up_j, (1.0f - fi) * fj * low, (1.0f - fi) * fj * high);
  }
  if (grid.up_i > 0 && corner.plane + 1 >= begin && corner.plane + 1 < end) {
    addPair(to + grid.up_i, fi * (1.0f - fj) * low, fi * (1.0f - fj) * high);
    addPair(to + grid.up_i + grid.up_j, fi * fj * low, fi * fj * high);
  }
}

// The furthest that a field moves along the first axis, in whole voxels, rounded up.
static int64_t reachOf(const PaddedGrid& grid, const float* field) {
  float furthest = 0.0f;
  for (int64_t n = 0; n < grid.floats(); n += 4) {
    const float length = field[n] > 0.0f ? field[n] : -field[n];
    furthest = length > furthest ? length : furthest;
  }
  return furthest < 1e6f ? static_cast<int64_t>(furthest) + 1 : grid.size[0];
}

// out = what belongs to u where dy belongs to u + u o (id + u). Threads share the planes of `out`; into each voxel the
// same numbers are added in the same order, however many there are.
static void spreadComposition(const PaddedGrid& grid, const float* field, const float* dy, float* out) {
  const int64_t most = grid.size[0] / 4 > 1 ? grid.size[0] / 4 : 1;
  const int64_t slabs = threadCount() < most ? threadCount() : most;
  const int64_t reach = slabs > 1 ? reachOf(grid, field) + 1 : grid.size[0];
  forEachTask(slabs, [&](int64_t slab, int) {
    const int64_t begin = slab * grid.size[0] / slabs, end = (slab + 1) * grid.size[0] / slabs;
    std::memcpy(out + begin * grid.plane, dy + begin * grid.plane,
                static_cast<size_t>((end - begin) * grid.plane) * sizeof(float));
    const int64_t first = begin > reach ? begin - reach : 0;
    const int64_t last = end + reach < grid.size[0] ? end + reach : grid.size[0];
    for (int64_t i = first; i < last; ++i) {
      for (int64_t j = 0; j < grid.size[1]; ++j) {
        Vec4 x = {static_cast<float>(i), static_cast<float>(j), 0.0f, 0.0f};
        const int64_t row = i * grid.plane + j * grid.row;
        for (int64_t k = 0; k < grid.size[2]; ++k) {
          x[2] = static_cast<float>(k);
          spreadVoxel(grid, field, x, row + 4 * k, dy, begin, end, out);
        }
      }
    }
  });
}

static void integrateFieldGradient(const IntegrateArgs& a) noexcept {
  const PaddedGrid grid = paddedGrid(a.size);
  const float* from = a.gradient;
  float* to = a.spare;
  for (int32_t step = a.steps - 1; step >= 0; --step) {
    spreadComposition(grid, a.stack + step * grid.floats(), from, to);
    float* const read = const_cast<float*>(from);
    from = to;
    to = read;
  }
  const float factor = std::ldexp(1.0f, -a.steps);
  forEachTask(grid.size[0], [&](int64_t i, int) {
    for (int64_t n = i * grid.plane; n < (i + 1) * grid.plane; ++n) a.gradient[n] = factor * from[n];
  });
}

// How far the neighbours of a vector are along each axis, floats; 0 where there is none.
struct Neighbours {
  int64_t below[3], above[3];
};

// The weights of consecutive vectors along each axis.
struct RoughnessWeights {
  Vec wide[3];
  Vec4 narrow[3];
};

static RoughnessWeights roughnessWeights(const DescendArgs& a) {
  RoughnessWeights weights{};
  for (int axis = 0; axis < 3; ++axis) {
    weights.narrow[axis] = load4(a.weight[axis]);
    for (int lane = 0; lane < kLanes; ++lane) weights.wide[axis][lane] = a.weight[axis][lane % 4];
  }
  return weights;
}

template <typename Vector>
inline __attribute__((always_inline)) Vector loadAs(const float* p) {
  Vector v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

// The weighted squares of the differences to the neighbours above; unless gradient is nullptr, what those on both sides
// ask for is added to it.
template <typename Vector>
inline __attribute__((always_inline)) Vector roughnessAt(const float* p, const Neighbours& near, const Vector* weights,
                                                         float* gradient) {
  const Vector own = loadAs<Vector>(p);
  Vector squares = {}, pull = {};
  for (int axis = 0; axis < 3; ++axis) {
    const Vector up = loadAs<Vector>(p + near.above[axis]) - own;
    const Vector down = own - loadAs<Vector>(p - near.below[axis]);
    squares += weights[axis] * up * up;
    pull += weights[axis] * (down - up);
  }
  if (gradient != nullptr) {
    const Vector sum = loadAs<Vector>(gradient) + 2.0f * pull;
    std::memcpy(gradient, &sum, sizeof(sum));
  }
  return squares;
}

// Of the floats [begin, end) of a row, whole vectors, the neighbours of which are equally far.
static float addRowRoughness(const float* p, const Neighbours& near, const RoughnessWeights& weights, int64_t begin,
                             int64_t end, float* gradient) {
  const auto to = [&](int64_t x) { return gradient != nullptr ? gradient + x : nullptr; };
  Vec wide = {};
  Vec4 narrow = {};
  int64_t x = begin;
  for (; x + kLanes <= end; x += kLanes) wide += roughnessAt(p + x, near, weights.wide, to(x));
  for (; x < end; x += 4) narrow += roughnessAt(p + x, near, weights.narrow, to(x));
  float sum = narrow[0] + narrow[1] + narrow[2];
  for (int lane = 0; lane < kLanes; ++lane) sum += wide[lane];
  return sum;
}

static double addPlaneRoughness(const DescendArgs& a, const PaddedGrid& grid, int64_t i) {
  const RoughnessWeights weights = roughnessWeights(a);
  Neighbours near{};
  near.below[0] = i > 0 ? grid.plane : 0;
  near.above[0] = i + 1 < grid.size[0] ? grid.plane : 0;
  double rough = 0;
  for (int64_t j = 0; j < grid.size[1]; ++j) {
    near.below[1] = j > 0 ? grid.row : 0;
    near.above[1] = j + 1 < grid.size[1] ? grid.row : 0;
    const int64_t at = i * grid.plane + j * grid.row;
    const auto add = [&](int64_t below, int64_t above, int64_t begin, int64_t end) {
      near.below[2] = below;
      near.above[2] = above;
      float* const to = a.gradient != nullptr ? a.gradient + at : nullptr;
      rough += static_cast<double>(addRowRoughness(a.velocity + at, near, weights, begin, end, to));
    };
    add(0, 4, 0, 4);
    add(4, 4, 4, grid.row - 4);
    add(4, 0, grid.row - 4, grid.row);
  }
  return rough;
}

// What a neighbour counts where the gradient is mixed. With a quarter a velocity that alternates from voxel to voxel
// would never be changed.
static constexpr float kBeside = 0.125f;

// The row (i, j) of a field mixed with its neighbours; `mixed` has a vector more at both ends.
static void smoothRow(const PaddedGrid& grid, const float* field, int64_t i, int64_t j, float* mixed, float* out) {
  static constexpr float kWeights[3] = {kBeside, 1.0f - 2.0f * kBeside, kBeside};
  float* __restrict const inner = mixed + 4;
  std::memset(inner, 0, static_cast<size_t>(grid.row) * sizeof(float));
  for (int p = 0; p < 3; ++p) {
    int64_t plane = i + p - 1 > 0 ? i + p - 1 : 0;
    plane = plane < grid.size[0] ? plane : grid.size[0] - 1;
    for (int q = 0; q < 3; ++q) {
      int64_t row = j + q - 1 > 0 ? j + q - 1 : 0;
      row = row < grid.size[1] ? row : grid.size[1] - 1;
      const float* __restrict const from = field + plane * grid.plane + row * grid.row;
      const float weight = kWeights[p] * kWeights[q];
      for (int64_t x = 0; x < grid.row; ++x) inner[x] += weight * from[x];
    }
  }
  store4(mixed, load4(inner));
  store4(inner + grid.row, load4(inner + grid.row - 4));
  for (int64_t x = 0; x < grid.row; ++x) {
    out[x] = kWeights[0] * mixed[x] + kWeights[1] * mixed[x + 4] + kWeights[2] * mixed[x + 8];
  }
}

static float stepRow(const DescendArgs& a, int64_t at, int64_t count, const float* __restrict gradient) {
  float* __restrict const velocity = a.velocity + at;
  float* __restrict const first = a.first + at;
  float* __restrict const second = a.second + at;
  const float rate = a.rate * a.correction1;
  for (int64_t x = 0; x < count; ++x) {
    const float g = gradient[x];
    const float mean = a.beta1 * first[x] + (1.0f - a.beta1) * g;
    const float square = a.beta2 * second[x] + (1.0f - a.beta2) * g * g;
    first[x] = mean;
    second[x] = square;
    velocity[x] -= rate * mean / (__builtin_sqrtf(square * a.correction2) + a.epsilon);
  }
  float largest = 0.0f;
  for (int64_t x = 0; x < count; ++x) {
    const float length = velocity[x] > 0.0f ? velocity[x] : -velocity[x];
    largest = length > largest ? length : largest;
  }
  return largest;
}

static void measureRoughness(const DescendArgs& a) noexcept {
  const PaddedGrid grid = paddedGrid(a.size);
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(grid.size[0], [&](int64_t i, int) { partial[i] = addPlaneRoughness(a, grid, i); });
  a.found[0] = 0;
  for (int64_t i = 0; i < grid.size[0]; ++i) a.found[0] += partial[i];
}

static void descend(const DescendArgs& a) noexcept {
  const PaddedGrid grid = paddedGrid(a.size);
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(grid.size[0], [&](int64_t i, int) { partial[2 * i] = addPlaneRoughness(a, grid, i); });
  forEachTask(grid.size[0], [&](int64_t i, int worker) {
    float* const smooth = a.scratch.worker(worker);
    float* const mixed = smooth + grid.row;
    float largest = 0.0f;
    for (int64_t j = 0; j < grid.size[1]; ++j) {
      smoothRow(grid, a.gradient, i, j, mixed, smooth);
      const float found = stepRow(a, i * grid.plane + j * grid.row, grid.row, smooth);
      largest = found > largest ? found : largest;
    }
    partial[2 * i + 1] = static_cast<double>(largest);
  });
  a.found[0] = 0;
  a.found[1] = 0;
  for (int64_t i = 0; i < grid.size[0]; ++i) {
    a.found[0] += partial[2 * i];
    a.found[1] = partial[2 * i + 1] > a.found[1] ? partial[2 * i + 1] : a.found[1];
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
