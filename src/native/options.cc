#include "options.h"

#include <atomic>

namespace hypermorph {
namespace {

std::atomic<bool> winograd_allowed{true};

}  // namespace

bool isWinogradAllowed() noexcept { return winograd_allowed.load(std::memory_order_relaxed); }
void allowWinograd(bool allowed) noexcept { winograd_allowed.store(allowed, std::memory_order_relaxed); }

}  // namespace hypermorph
