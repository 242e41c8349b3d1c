#pragma once

#include <cstdint>

namespace hypermorph {

// Scratch memory a kernel call needs; the kernel's plan function says how much, the binding provides it.
struct ScratchNeed {
  int64_t shared_floats = 0;      // one area for the whole call
  int64_t per_worker_floats = 0;  // one area for every thread
};

struct Scratch {
  float* shared = nullptr;
  float* workers = nullptr;
  int64_t per_worker_floats = 0;

  // Start of one worker's area, 64-byte aligned.
  float* worker(int index) const noexcept { return workers + index * per_worker_floats; }
};

// Memory kept between calls and grown when needed, so that a warm call allocates nothing. Contents are undefined.
// Returns false when the system has no memory left. Valid until the next call.
bool provideScratch(const ScratchNeed& need, Scratch* scratch) noexcept;

// Bytes held now; the largest amount ever held; give all of it back.
int64_t scratchBytes() noexcept;
int64_t scratchPeakBytes() noexcept;
void releaseScratch() noexcept;

}  // namespace hypermorph
