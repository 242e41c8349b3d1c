#pragma once

#include <cstdint>

#define HYPERMORPH_LIST_ARGUMENTS
#include "kernels.def"
#undef HYPERMORPH_LIST_ARGUMENTS

namespace hypermorph {

// Every kernel of one instruction set. A table is written with designated initialisers and
// -Werror=missing-field-initializers, so a kernel that was forgotten does not compile.
struct KernelTable {
  const char* isa;
  uint32_t required_flags;  // bits of detectCpu()
  int lanes;                // floats in a vector

#define KERNEL(member, function, Args) void (*member)(const Args&) noexcept;
#define ENTRY(member, Function, function) Function member;
#include "kernels.def"
#undef KERNEL
#undef ENTRY
};

}  // namespace hypermorph
