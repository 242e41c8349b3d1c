#pragma once

#include "kernels/arithmetic.inl.h"
#include "kernels/labels.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline float largestOf(const float* x, int64_t labels) {
  float largest = x[0];
  for (int64_t l = 1; l < labels; ++l) largest = x[l] > largest ? x[l] : largest;
  return largest;
}

// Of one voxel.
inline void setMemberships(const float* x, int64_t labels, float* y) {
  const float largest = largestOf(x, labels);
  float sum = 0.0f;
  for (int64_t l = 0; l < labels; ++l) {
    y[l] = expf(x[l] - largest);
    sum += y[l];
  }
  const float share = 1.0f / sum;
  for (int64_t l = 0; l < labels; ++l) y[l] *= share;
}

static void memberships(const MembershipArgs& a) noexcept {
  forEachChunk(a.voxels, [&](int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) setMemberships(a.x + v * a.labels, a.labels, a.y + v * a.labels);
  });
}

// out[l] += weight p[l] of a voxel. `odds`: room for the labels and a vector.
static void addMemberships(const float* log_odds, int64_t labels, float weight, float* odds, float* out) {
  const auto loaded = [&](int64_t first) {
    if (labels - first >= kLanes) return load(log_odds + first);
    Vec part = loadPart(log_odds + first, static_cast<int>(labels - first));
    // So unlikely that it adds nothing.
    for (int64_t lane = labels - first; lane < kLanes; ++lane) part[lane] = -1e30f;
    return part;
  };
  Vec most = broadcast(-1e30f);
  for (int64_t first = 0; first < labels; first += kLanes) {
    const Vec x = loaded(first);
    most = x > most ? x : most;
  }
  float largest = largestOfVec(most);
  // All of it is background: no share reaches 3e-9.
  if (largest < -20.0f) return;
  largest = largest > 0.0f ? largest : 0.0f;
  Vec sum = {};
  for (int64_t first = 0; first < labels; first += kLanes) {
    const Vec share = exponential(loaded(first) - largest);
    store(odds + first, share);
    sum += share;
  }
  const float factor = weight / (sumOfVec(sum) + exponential(broadcast(-largest))[0]);
  for (int64_t l = 0; l < labels; ++l) out[l] += factor * odds[l];
}

static void membershipsGradient(const MembershipGradientArgs& a) noexcept {
  forEachChunk(a.voxels, [&](int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) {
      const float* const y = a.y + v * a.labels;
      const float* const dy = a.dy + v * a.labels;
      float mean = 0.0f;
      for (int64_t l = 0; l < a.labels; ++l) mean += dy[l] * y[l];
      for (int64_t l = 0; l < a.labels; ++l) a.dx[v * a.labels + l] = y[l] * (dy[l] - mean);
    }
  });
}

static void overlaps(const OverlapArgs& a) noexcept {
  const int64_t chunks = overlapChunks(a.voxels), quantities = 2 * a.labels;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(a.n * chunks, [&](int64_t task, int) {
    double* const sums = partial + task * quantities;
    for (int64_t q = 0; q < quantities; ++q) sums[q] = 0;
    const int64_t begin = task % chunks * kOverlapChunk;
    const int64_t end = begin + kOverlapChunk < a.voxels ? begin + kOverlapChunk : a.voxels;
    const int64_t item = task / chunks * a.voxels * a.labels;
    const float* const f = a.fixed + item;
    const float* const m = a.moved + item;
    for (int64_t v = begin; v < end; ++v) {
      for (int64_t l = 0; l < a.labels; ++l) {
        const float p = f[v * a.labels + l], q = m[v * a.labels + l];
        sums[l] += static_cast<double>(p * q);
        sums[a.labels + l] += static_cast<double>(p + q);
      }
    }
  });
  for (int64_t n = 0; n < a.n; ++n) {
    for (int64_t l = 0; l < a.labels; ++l) {
      double both = 0, total = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        const double* const sums = partial + (n * chunks + chunk) * quantities;
        both += sums[l];
        total += sums[a.labels + l];
      }
      a.totals[n * a.labels + l] = both;
      a.totals[(a.n + n) * a.labels + l] = total;
    }
  }
}

static void overlapsGradient(const OverlapGradientArgs& a) noexcept {
  for (int64_t n = 0; n < a.n; ++n) {
    const float* const scale = a.scale + n * a.labels;
    const float* const offset = a.offset + n * a.labels;
    const float* const other = a.other + n * a.voxels * a.labels;
    float* const to = a.to + n * a.voxels * a.labels;
    forEachChunk(a.voxels, [&](int64_t begin, int64_t end) {
      for (int64_t v = begin; v < end; ++v) {
        for (int64_t l = 0; l < a.labels; ++l) to[v * a.labels + l] = scale[l] * other[v * a.labels + l] + offset[l];
      }
    });
  }
}

static void crossEntropy(const CrossEntropyArgs& a) noexcept {
  const int64_t chunks = overlapChunks(a.voxels), labels = a.labels;
  double* const partial = reinterpret_cast<double*>(a.scratch.shared);
  forEachTask(a.n * chunks, [&](int64_t task, int) {
    const int64_t begin = task % chunks * kOverlapChunk;
    const int64_t end = begin + kOverlapChunk < a.voxels ? begin + kOverlapChunk : a.voxels;
    const float* const scores = a.x + task / chunks * a.voxels * labels;
    const float* const wanted = a.wanted + task / chunks * a.voxels * labels;
    double total = 0;
    for (int64_t v = begin; v < end; ++v) {
      const float* const x = scores + v * labels;
      const float largest = largestOf(x, labels);
      float sum = 0.0f, said = 0.0f;
      for (int64_t l = 0; l < labels; ++l) {
        sum += expf(x[l] - largest);
        said += wanted[v * labels + l] * (x[l] - largest);
      }
      total += static_cast<double>(logf(sum) - said);
    }
    partial[task] = total;
  });
  for (int64_t n = 0; n < a.n; ++n) {
    double sum = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[n * chunks + chunk];
    a.out[n] = static_cast<float>(sum / static_cast<double>(a.voxels));
  }
}

static void crossEntropyGradient(const CrossEntropyArgs& a) noexcept {
  for (int64_t n = 0; n < a.n; ++n) {
    const float scale = a.dy[n] / static_cast<float>(a.voxels);
    const int64_t item = n * a.voxels * a.labels;
    forEachChunk(a.voxels, [&](int64_t begin, int64_t end) {
      for (int64_t v = begin; v < end; ++v) {
        const int64_t at = item + v * a.labels;
        setMemberships(a.x + at, a.labels, a.out + at);
        for (int64_t l = 0; l < a.labels; ++l) a.out[at + l] = scale * (a.out[at + l] - a.wanted[at + l]);
      }
    });
  }
}

}  // namespace hypermorph::HYPERMORPH_ISA
