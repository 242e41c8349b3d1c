#pragma once

#include <cstdint>

namespace hypermorph {

// A prefix code for symbols by how often they come (0: not in the code), no code longer than `longest` bits. Fills the
// lengths and the canonical codes, bits reversed as DEFLATE writes them (RFC 1951, section 3.2.2). A single symbol gets
// one bit. Returns the bits that all symbols together take. At most 286 symbols.
int64_t buildHuffmanCode(const uint32_t* frequencies, int count, int longest, uint8_t* lengths,
                         uint16_t* codes) noexcept;

}  // namespace hypermorph
