#pragma once

#include "kernel_table.h"

namespace hypermorph {

// The table in use: HYPERMORPH_FORCE_ISA if it is set, else the best one this processor supports.
// nullptr when the variable names a set that is not compiled in or not supported.
const KernelTable* kernels() noexcept;

// Use the named table from now on; false (and no change) when it is not compiled in or not supported.
bool selectIsa(const char* isa) noexcept;

// Compiled tables, best first; returns their number.
int compiledTables(const KernelTable* const** tables) noexcept;
bool isSupported(const KernelTable& table) noexcept;

}  // namespace hypermorph
