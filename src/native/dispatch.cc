#include "dispatch.h"

#include <cstdlib>
#include <cstring>

#include "cpu.h"

namespace hypermorph {

#if defined(__x86_64__) || defined(_M_X64)
namespace avx512bf16 {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
namespace avx2 {
extern const KernelTable kTable;
}
#elif defined(__aarch64__)
namespace neon {
extern const KernelTable kTable;
}
#endif
namespace scalar {
extern const KernelTable kTable;
}

namespace {

const KernelTable* const kTables[] = {
#if defined(__x86_64__) || defined(_M_X64)
    &avx512bf16::kTable,
    &avx512::kTable,
    &avx2::kTable,
#elif defined(__aarch64__)
    &neon::kTable,
#endif
    &scalar::kTable,
};
constexpr int kTableCount = sizeof(kTables) / sizeof(kTables[0]);

const KernelTable* find(const char* isa) noexcept {
  for (const KernelTable* table : kTables) {
    if (isSupported(*table) && (isa == nullptr || std::strcmp(table->isa, isa) == 0)) return table;
  }
  return nullptr;
}

const KernelTable*& current() noexcept {
  static const KernelTable* table = find(std::getenv("HYPERMORPH_FORCE_ISA"));
  return table;
}

}  // namespace

const KernelTable* kernels() noexcept { return current(); }

bool selectIsa(const char* isa) noexcept {
  const KernelTable* const table = find(isa);
  if (table != nullptr) current() = table;
  return table != nullptr;
}

int compiledTables(const KernelTable* const** tables) noexcept {
  *tables = kTables;
  return kTableCount;
}

bool isSupported(const KernelTable& table) noexcept {
  return (detectCpu() & table.required_flags) == table.required_flags;
}

}  // namespace hypermorph
