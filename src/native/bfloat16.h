#pragma once

// bfloat16 is the upper half of a float32. Two of them, of neighbouring channels, share a word of four bytes, the first
// channel in the lower half, so that a row of them in memory is simply a row of bfloat16. Include only from
// kernels/*.inl.h, after simd.h.
//
// A set without the instructions computes what Intel's manual says they compute (volume 2, VDPBF16PS and
// VCVTNEPS2BF16), bit for bit but for subnormal numbers, which the instructions take as zero: a product of two bfloat16
// is exact in float32, so that only the additions round, with and without fused multiply-adds.

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

typedef uint16_t HalfWords __attribute__((vector_size(HYPERMORPH_LANES * 2)));

inline constexpr int kPairChannels = 2;  // channels in a word

inline __attribute__((always_inline)) Words loadWords(const float* p) { return (Words)load(p); }
inline __attribute__((always_inline)) Words broadcastWord(uint32_t word) { return Words{} + word; }
inline __attribute__((always_inline)) Words broadcastWordOf(const float* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof word);
  return broadcastWord(word);
}

// The nearest bfloat16, ties to even, in the upper half of each word; a lower half is left to be cut off.
inline __attribute__((always_inline)) Words roundUpperHalves(Vec v) {
  const Words bits = (Words)v;
  const Words is_number = (Words)(v == v);
  const Words quiet = bits | 0x00400000u;  // a NaN stays one
  return (is_number & (bits + (0x7fffu + (bits >> 16 & 1u)))) | (~is_number & quiet);
}

// One word for each lane: `first` in its lower half, `second` in its upper one.
inline __attribute__((always_inline)) Words packPairs(Vec first, Vec second) {
  return (roundUpperHalves(second) & 0xffff0000u) | (roundUpperHalves(first) >> 16);
}

// kLanes neighbouring channels as kLanes / 2 words.
inline __attribute__((always_inline)) void storeRounded(float* p, Vec channels) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh((__m512)channels));
#else
  const HalfWords halves = __builtin_convertvector(roundUpperHalves(channels) >> 16, HalfWords);
  std::memcpy(p, &halves, sizeof halves);
#endif
}

// sum + a[second] * b[second], rounded, + a[first] * b[first], rounded.
inline __attribute__((always_inline)) Vec dotPairs(Vec sum, Words a, Words b) {
#if defined(__AVX512BF16__)
  return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  sum = (Vec)(a & 0xffff0000u) * (Vec)(b & 0xffff0000u) + sum;
  return (Vec)(a << 16) * (Vec)(b << 16) + sum;
#endif
}

}  // namespace hypermorph::HYPERMORPH_ISA
