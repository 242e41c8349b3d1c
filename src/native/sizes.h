#pragma once

#include <cstdint>

namespace hypermorph {

// A number of elements. Products that no memory holds stay at the largest number, so that no array is long enough for
// them, however many sizes are multiplied.
class Count {
 public:
  constexpr explicit Count(int64_t value) : value_(value) {}
  constexpr operator int64_t() const { return value_; }

 private:
  int64_t value_;
};

constexpr Count operator*(Count a, int64_t b) {
  int64_t result = 0;
  return Count(__builtin_mul_overflow(int64_t{a}, b, &result) ? INT64_MAX : result);
}
constexpr Count operator*(Count a, int32_t b) { return a * int64_t{b}; }
constexpr Count operator*(int32_t a, Count b) { return b * int64_t{a}; }
constexpr Count operator*(int64_t a, Count b) { return b * a; }
constexpr Count operator*(Count a, Count b) { return a * int64_t{b}; }

inline Count product(const int32_t* sizes, int count) {
  Count result(1);
  for (int x = 0; x < count; ++x) result = result * sizes[x];
  return result;
}

}  // namespace hypermorph
