#include "scratch.h"

#include <cstddef>
#include <new>

#include "thread_pool.h"

namespace hypermorph {
namespace {

constexpr int64_t kAlignFloats = 16;  // one cache line
constexpr std::align_val_t kAlignment{64};

struct Area {
  float* data = nullptr;
  int64_t floats = 0;
};

// One per JavaScript thread: two of them may prepare a call at the same time.
thread_local Area area;
thread_local int64_t peak_bytes = 0;

int64_t roundUp(int64_t floats) noexcept { return (floats + kAlignFloats - 1) / kAlignFloats * kAlignFloats; }

}  // namespace

bool provideScratch(const ScratchNeed& need, Scratch* scratch) noexcept {
  const int64_t shared = roundUp(need.shared_floats);
  // The odd cache lines keep the areas of two workers off the same cache sets.
  const int64_t per_worker = roundUp(need.per_worker_floats) + 5 * kAlignFloats;
  const int64_t total = shared + per_worker * threadCount();
  if (total > area.floats) {
    releaseScratch();
    void* const data = ::operator new(static_cast<size_t>(total) * sizeof(float), kAlignment, std::nothrow);
    if (data == nullptr) return false;
    area = Area{static_cast<float*>(data), total};
    if (scratchBytes() > peak_bytes) peak_bytes = scratchBytes();
  }
  *scratch = Scratch{area.data, area.data + shared, per_worker};
  return true;
}

int64_t scratchBytes() noexcept { return area.floats * static_cast<int64_t>(sizeof(float)); }
int64_t scratchPeakBytes() noexcept { return peak_bytes; }

void releaseScratch() noexcept {
  ::operator delete(area.data, kAlignment);
  area = Area{};
}

}  // namespace hypermorph
