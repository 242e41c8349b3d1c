#include "huffman.h"

#include <algorithm>

namespace hypermorph {
namespace {

constexpr int kMostSymbols = 286;
constexpr int kDeepest = 32;

// Depths of the leaves of Huffman's tree, rarest first: two queues, the leaves and the joined nodes, both in order of
// weight (van Leeuwen, ICALP 1976).
void findDepths(const uint32_t* weights, int count, int* depths) noexcept {
  uint64_t joined[kMostSymbols];
  int parents[2 * kMostSymbols];
  int leaf = 0;
  int node = 0;
  for (int made = 0; made < count - 1; ++made) {
    uint64_t sum = 0;
    for (int child = 0; child < 2; ++child) {
      const bool takes_leaf = leaf < count && (node >= made || weights[leaf] <= joined[node]);
      sum += takes_leaf ? weights[leaf] : joined[node];
      parents[takes_leaf ? leaf++ : count + node++] = count + made;
    }
    joined[made] = sum;
  }
  int node_depths[kMostSymbols];
  const int root = count - 2;
  node_depths[root] = 0;
  for (int n = root - 1; n >= 0; --n) node_depths[n] = node_depths[parents[count + n] - count] + 1;
  for (int n = 0; n < count; ++n) depths[n] = node_depths[parents[n] - count] + 1;
}

// Shorten what is too long and lengthen the next shorter ones until the code is complete (Kraft's sum is 1) again.
void limitDepths(int* counts, int longest) noexcept {
  for (int depth = longest + 1; depth < kDeepest; ++depth) {
    counts[longest] += counts[depth];
    counts[depth] = 0;
  }
  int64_t sum = 0;
  for (int depth = 1; depth <= longest; ++depth) sum += static_cast<int64_t>(counts[depth]) << (longest - depth);
  for (; sum > int64_t{1} << longest; --sum) {
    --counts[longest];
    int depth = longest - 1;
    while (counts[depth] == 0) --depth;
    --counts[depth];
    counts[depth + 1] += 2;
  }
}

uint16_t reversed(uint32_t code, int length) noexcept {
  uint32_t result = 0;
  for (int bit = 0; bit < length; ++bit) result |= ((code >> bit) & 1u) << (length - 1 - bit);
  return static_cast<uint16_t>(result);
}

}  // namespace

int64_t buildHuffmanCode(const uint32_t* frequencies, int count, int longest, uint8_t* lengths,
                         uint16_t* codes) noexcept {
  int symbols[kMostSymbols];
  int used = 0;
  for (int symbol = 0; symbol < count; ++symbol) {
    lengths[symbol] = 0;
    codes[symbol] = 0;
    if (frequencies[symbol] > 0) symbols[used++] = symbol;
  }
  std::sort(symbols, symbols + used,
            [&](int a, int b) { return frequencies[a] != frequencies[b] ? frequencies[a] < frequencies[b] : a < b; });
  int counts[kDeepest] = {};
  if (used == 1) counts[1] = 1;
  if (used > 1) {
    uint32_t weights[kMostSymbols];
    int depths[kMostSymbols];
    for (int n = 0; n < used; ++n) weights[n] = frequencies[symbols[n]];
    findDepths(weights, used, depths);
    for (int n = 0; n < used; ++n) ++counts[std::min(depths[n], kDeepest - 1)];
    limitDepths(counts, longest);
  }
  int next = 0;
  for (int depth = longest; depth >= 1; --depth) {
    for (int n = 0; n < counts[depth]; ++n) lengths[symbols[next++]] = static_cast<uint8_t>(depth);
  }
  uint32_t first[kDeepest] = {};
  uint32_t code = 0;
  for (int depth = 1; depth <= longest; ++depth) {
    code = (code + static_cast<uint32_t>(counts[depth - 1])) << 1;
    first[depth] = code;
  }
  int64_t bits = 0;
  for (int symbol = 0; symbol < count; ++symbol) {
    if (lengths[symbol] == 0) continue;
    codes[symbol] = reversed(first[lengths[symbol]]++, lengths[symbol]);
    bits += static_cast<int64_t>(frequencies[symbol]) * lengths[symbol];
  }
  return bits;
}

}  // namespace hypermorph
