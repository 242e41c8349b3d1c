#include "deflate.h"

#include <algorithm>
#include <cstring>

#include "huffman.h"

namespace hypermorph {
namespace {

constexpr int kLiterals = 286;
constexpr int kDistances = 30;
constexpr int kLengthCodes = 19;
constexpr int kEndOfBlock = 256;
constexpr int kLongestCode = 15;
constexpr int kLongestLengthCode = 7;
constexpr int64_t kShortestMatch = 4;
constexpr int64_t kLongestMatch = 258;
constexpr int64_t kWindow = 32768;
constexpr uint32_t kMatchFlag = 1u << 31;
// After 2^6 places without a match every second place is looked at, after 2^7 every third, and so on.
constexpr int kPatience = 6;

// RFC 1951, section 3.2.5.
constexpr uint16_t kLengthBase[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                      31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr uint8_t kLengthExtra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                      2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr uint16_t kDistanceBase[30] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                        33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                        1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr uint8_t kDistanceExtra[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                        6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
// Section 3.2.7.
constexpr uint8_t kLengthCodeOrder[kLengthCodes] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

int lengthCode(int64_t length) noexcept {
  return static_cast<int>(std::upper_bound(kLengthBase, kLengthBase + 29, static_cast<uint16_t>(length)) -
                          kLengthBase) -
         1;
}

int distanceCode(int64_t distance) noexcept {
  if (distance <= 4) return static_cast<int>(distance) - 1;
  const uint32_t last = static_cast<uint32_t>(distance) - 1;
  const int top = 31 - __builtin_clz(last);
  return 2 * top + static_cast<int>((last >> (top - 1)) & 1u);
}

// Bits from the lowest on, four bytes at a time; a call adds at most 32.
class BitWriter {
 public:
  explicit BitWriter(uint8_t* to) noexcept : begin_(to), to_(to) {}

  void put(uint32_t bits, int count) noexcept {
    held_ |= static_cast<uint64_t>(bits) << count_;
    count_ += count;
    if (count_ < 32) return;
    for (int byte = 0; byte < 4; ++byte) to_[byte] = static_cast<uint8_t>(held_ >> (8 * byte));
    to_ += 4;
    held_ >>= 32;
    count_ -= 32;
  }

  void align() noexcept {
    while (count_ > 0) {
      *to_++ = static_cast<uint8_t>(held_);
      held_ >>= 8;
      count_ -= 8;
    }
    held_ = 0;
    count_ = 0;
  }

  void copy(const uint8_t* from, int64_t size) noexcept {
    std::memcpy(to_, from, static_cast<size_t>(size));
    to_ += size;
  }

  int64_t written() const noexcept { return to_ - begin_; }

 private:
  uint8_t* begin_;
  uint8_t* to_;
  uint64_t held_ = 0;
  int count_ = 0;
};

uint32_t load32(const uint8_t* from) noexcept {
  uint32_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

int64_t matchLength(const uint8_t* a, const uint8_t* b, int64_t limit) noexcept {
  int64_t length = 0;
  while (length < limit && a[length] == b[length]) ++length;
  return length;
}

// Literals (0 to 255) and matches (flag, length - 3 from bit 16, distance - 1); returns their number.
int64_t findTokens(const uint8_t* from, int64_t size, uint32_t* tokens, uint32_t* lastSeen) noexcept {
  std::memset(lastSeen, 0, static_cast<size_t>(kDeflateHashes) * sizeof(uint32_t));
  int64_t count = 0;
  int64_t misses = 0;
  int64_t position = 0;
  while (position + kShortestMatch <= size) {
    const uint32_t word = load32(from + position);
    uint32_t& seen = lastSeen[(word * 2654435761u) >> 19];
    const int64_t candidate = static_cast<int64_t>(seen) - 1;
    seen = static_cast<uint32_t>(position) + 1;
    if (candidate >= 0 && position - candidate <= kWindow && load32(from + candidate) == word) {
      const int64_t length = matchLength(from + candidate, from + position, std::min(kLongestMatch, size - position));
      tokens[count++] =
          kMatchFlag | static_cast<uint32_t>(length - 3) << 16 | static_cast<uint32_t>(position - candidate - 1);
      position += length;
      misses = 0;
      continue;
    }
    const int64_t step = std::min(1 + (misses++ >> kPatience), size - position);
    for (int64_t n = 0; n < step; ++n) tokens[count++] = from[position + n];
    position += step;
  }
  while (position < size) tokens[count++] = from[position++];
  return count;
}

struct Codes {
  uint8_t literal_lengths[kLiterals];
  uint16_t literals[kLiterals];
  uint8_t distance_lengths[kDistances];
  uint16_t distances[kDistances];
};

// One step of the description of the code lengths: symbol, and what its extra bits say.
struct LengthStep {
  uint8_t symbol;
  uint8_t extra;
};

constexpr int kExtraOfRepeat[3] = {2, 3, 7};  // of symbols 16, 17, 18

int describeLengths(const uint8_t* lengths, int count, LengthStep* steps) noexcept {
  int written = 0;
  for (int n = 0; n < count;) {
    int run = 1;
    while (n + run < count && lengths[n + run] == lengths[n]) ++run;
    int left = run;
    if (lengths[n] == 0) {
      for (; left >= 11; left -= std::min(left, 138))
        steps[written++] = {18, static_cast<uint8_t>(std::min(left, 138) - 11)};
      if (left >= 3) {
        steps[written++] = {17, static_cast<uint8_t>(left - 3)};
        left = 0;
      }
    } else {
      steps[written++] = {lengths[n], 0};
      --left;
      for (; left >= 3; left -= std::min(left, 6)) steps[written++] = {16, static_cast<uint8_t>(std::min(left, 6) - 3)};
    }
    for (; left > 0; --left) steps[written++] = {lengths[n], 0};
    n += run;
  }
  return written;
}

struct Frequencies {
  uint32_t literals[kLiterals] = {};
  uint32_t distances[kDistances] = {};
  int64_t extra_bits = 0;
};

void countTokens(const uint32_t* tokens, int64_t count, Frequencies* frequencies) noexcept {
  for (int64_t n = 0; n < count; ++n) {
    const uint32_t token = tokens[n];
    if ((token & kMatchFlag) == 0) {
      ++frequencies->literals[token];
      continue;
    }
    const int length = lengthCode(static_cast<int64_t>((token >> 16) & 0xff) + 3);
    const int distance = distanceCode(static_cast<int64_t>(token & 0xffff) + 1);
    ++frequencies->literals[257 + length];
    ++frequencies->distances[distance];
    frequencies->extra_bits += kLengthExtra[length] + kDistanceExtra[distance];
  }
  frequencies->literals[kEndOfBlock] = 1;
}

void writeTokens(const uint32_t* tokens, int64_t count, const Codes& codes, BitWriter* bits) noexcept {
  for (int64_t n = 0; n < count; ++n) {
    const uint32_t token = tokens[n];
    if ((token & kMatchFlag) == 0) {
      bits->put(codes.literals[token], codes.literal_lengths[token]);
      continue;
    }
    const uint32_t length = ((token >> 16) & 0xff) + 3;
    const uint32_t distance = (token & 0xffff) + 1;
    const int l = lengthCode(length);
    const int d = distanceCode(distance);
    bits->put(codes.literals[257 + l], codes.literal_lengths[257 + l]);
    bits->put(length - kLengthBase[l], kLengthExtra[l]);
    bits->put(codes.distances[d], codes.distance_lengths[d]);
    bits->put(distance - kDistanceBase[d], kDistanceExtra[d]);
  }
  bits->put(codes.literals[kEndOfBlock], codes.literal_lengths[kEndOfBlock]);
}

void writeStored(const uint8_t* from, int64_t size, BitWriter* bits) noexcept {
  for (int64_t begin = 0; begin < size; begin += 65535) {
    const uint32_t length = static_cast<uint32_t>(std::min<int64_t>(65535, size - begin));
    bits->put(0, 3);
    bits->align();
    bits->put(length, 16);
    bits->put(~length & 0xffffu, 16);
    bits->align();
    bits->copy(from + begin, length);
  }
}

// An empty stored block: what follows starts at a whole byte.
int64_t finish(BitWriter* bits) noexcept {
  bits->put(0, 3);
  bits->align();
  bits->put(0xffff0000u, 32);
  bits->align();
  return bits->written();
}

}  // namespace

int64_t deflateBlock(const uint8_t* from, int64_t size, uint32_t* words, uint8_t* to) noexcept {
  BitWriter bits(to);
  const int64_t count = findTokens(from, size, words, words + kDeflateBlock);
  Frequencies frequencies;
  countTokens(words, count, &frequencies);
  // A code of a single symbol is allowed for distances, so there is always one.
  if (std::all_of(frequencies.distances, frequencies.distances + kDistances, [](uint32_t f) { return f == 0; }))
    frequencies.distances[0] = 1;
  Codes codes;
  int64_t size_in_bits = frequencies.extra_bits;
  size_in_bits +=
      buildHuffmanCode(frequencies.literals, kLiterals, kLongestCode, codes.literal_lengths, codes.literals);
  size_in_bits +=
      buildHuffmanCode(frequencies.distances, kDistances, kLongestCode, codes.distance_lengths, codes.distances);

  uint8_t lengths[kLiterals + kDistances];
  std::memcpy(lengths, codes.literal_lengths, kLiterals);
  std::memcpy(lengths + kLiterals, codes.distance_lengths, kDistances);
  LengthStep steps[kLiterals + kDistances];
  const int step_count = describeLengths(lengths, kLiterals + kDistances, steps);
  uint32_t step_frequencies[kLengthCodes] = {};
  for (int n = 0; n < step_count; ++n) ++step_frequencies[steps[n].symbol];
  uint8_t step_lengths[kLengthCodes];
  uint16_t step_codes[kLengthCodes];
  size_in_bits += buildHuffmanCode(step_frequencies, kLengthCodes, kLongestLengthCode, step_lengths, step_codes);
  size_in_bits += 17 + 3 * kLengthCodes + 7 * step_count;  // at most

  if (size_in_bits / 8 >= size) {
    writeStored(from, size, &bits);
    return finish(&bits);
  }
  bits.put(4, 3);  // not the last block, codes of its own
  bits.put(kLiterals - 257, 5);
  bits.put(kDistances - 1, 5);
  bits.put(kLengthCodes - 4, 4);
  for (int n = 0; n < kLengthCodes; ++n) bits.put(step_lengths[kLengthCodeOrder[n]], 3);
  for (int n = 0; n < step_count; ++n) {
    bits.put(step_codes[steps[n].symbol], step_lengths[steps[n].symbol]);
    if (steps[n].symbol >= 16) bits.put(steps[n].extra, kExtraOfRepeat[steps[n].symbol - 16]);
  }
  writeTokens(words, count, codes, &bits);
  return finish(&bits);
}

namespace {

// Eight bytes at a time (Kounavis & Berry, "A systematic approach to building high performance, software-based, CRC
// generators", ISCC 2005): tables[t][b] is what byte b does t bytes later.
struct CrcTables {
  uint32_t tables[8][256];

  CrcTables() noexcept {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t value = byte;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1u) != 0 ? 0xedb88320u : 0u);
      tables[0][byte] = value;
    }
    for (int t = 1; t < 8; ++t) {
      for (int byte = 0; byte < 256; ++byte) {
        const uint32_t value = tables[t - 1][byte];
        tables[t][byte] = (value >> 8) ^ tables[0][value & 0xff];
      }
    }
  }
};

}  // namespace

uint32_t crc32(uint32_t before, const uint8_t* from, int64_t size) noexcept {
  static const CrcTables crc;
  uint32_t value = ~before;
  int64_t n = 0;
  for (; n + 8 <= size; n += 8) {
    uint32_t mixed = 0;
    for (int byte = 0; byte < 4; ++byte) mixed ^= crc.tables[7 - byte][(value >> (8 * byte) ^ from[n + byte]) & 0xff];
    for (int byte = 4; byte < 8; ++byte) mixed ^= crc.tables[7 - byte][from[n + byte]];
    value = mixed;
  }
  for (; n < size; ++n) value = (value >> 8) ^ crc.tables[0][(value ^ from[n]) & 0xff];
  return ~value;
}

}  // namespace hypermorph
