#pragma once

#include <cstddef>
#include <cstdint>

namespace hypermorph {

// Bytes that one task compresses by itself; pieces join at whole bytes.
constexpr int64_t kDeflateBlock = int64_t{1} << 17;
// The most that a block becomes: itself, stored, and its ends.
constexpr int64_t kDeflateBlockBound = kDeflateBlock + 64;
// Working memory of one task, in 32-bit words: a token for each byte, and where each hash was last seen.
constexpr int64_t kDeflateHashes = int64_t{1} << 13;
constexpr int64_t kDeflateWords = kDeflateBlock + kDeflateHashes;

// Compress `size` <= kDeflateBlock bytes to whole bytes of a DEFLATE stream that goes on (RFC 1951); returns their
// number. Matches are looked for once at each place and given up soon where there are none, as in the low bits of
// measured numbers.
int64_t deflateBlock(const uint8_t* from, int64_t size, uint32_t* words, uint8_t* to) noexcept;

// CRC-32 as in gzip (RFC 1952, section 8) of all bytes so far: those of `before`, 0 for none, and these.
uint32_t crc32(uint32_t before, const uint8_t* from, int64_t size) noexcept;

}  // namespace hypermorph
