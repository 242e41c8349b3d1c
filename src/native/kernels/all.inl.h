// Every kernel, once per instruction set: an isa/*.cc file defines HYPERMORPH_ISA, HYPERMORPH_LANES,
// HYPERMORPH_ACCUMULATORS and HYPERMORPH_REQUIRED_FLAGS and includes this file; nothing else.

#include "cpu.h"
#include "kernel_table.h"
#define HYPERMORPH_LIST_ALGORITHMS
#include "kernels.def"
#undef HYPERMORPH_LIST_ALGORITHMS

#define HYPERMORPH_TEXT_OF(name) #name
#define HYPERMORPH_TEXT(name) HYPERMORPH_TEXT_OF(name)

namespace hypermorph::HYPERMORPH_ISA {

extern const KernelTable kTable;
const KernelTable kTable{
    .isa = HYPERMORPH_TEXT(HYPERMORPH_ISA),
    .required_flags = HYPERMORPH_REQUIRED_FLAGS,
    .lanes = HYPERMORPH_LANES,
#define KERNEL(member, function, Args) .member = &function,
#define ENTRY(member, Function, function) .member = &function,
#include "kernels.def"
#undef KERNEL
#undef ENTRY
};

}  // namespace hypermorph::HYPERMORPH_ISA
