#pragma once

#include "bindings/sizes.h"

namespace hypermorph::bindings {

// The arguments of one call, read in the order in which they are given. After the first one that does not fit a
// JavaScript error is pending and whatever is read later is harmless: sizes and numbers are 1, arrays empty. Ask ok()
// before running a kernel.
class Call {
 public:
  using FloatArray = Floats;

  Call(napi_env env, napi_callback_info info) : env_(env), table_(requireKernels(env)) {
    is_ok_ = table_ != nullptr && readArguments(env, info, kMostArguments, values_);
  }

  bool ok() const { return is_ok_; }
  const KernelTable& kernels() const { return *table_; }

  // Exactly `count` positive numbers.
  const int32_t* sizes(const char* name, int64_t count) {
    const int32_t* sizes = kOnes;
    check([&](napi_value value) { return readSizes(env_, value, name, count, &sizes); });
    return is_ok_ ? sizes : kOnes;
  }
  // Exactly `count` numbers, at most kMostInts.
  const int32_t* ints(const char* name, int64_t count) {
    Ints ints;
    check([&](napi_value value) { return readInts(env_, value, name, count, &ints); });
    return is_ok_ ? ints.data : kOnes;
  }
  // The same, or ones where nothing is given.
  const int32_t* optionalInts(const char* name, int64_t count) {
    if (isGiven()) return ints(name, count);
    ++next_;
    return kOnes;
  }
  double number(const char* name) {
    double number = 1;
    check([&](napi_value value) { return readNumber(env_, value, name, &number); });
    return number;
  }
  bool flag(const char* name) { return number(name) != 0; }

  Floats floats(const char* name, int64_t required) {
    Floats floats;
    check([&](napi_value value) { return readFloats(env_, value, name, required, &floats); });
    return floats;
  }
  Floats optionalFloats(const char* name, int64_t required) {
    Floats floats;
    check([&](napi_value value) { return readOptionalFloats(env_, value, name, required, &floats); });
    return floats;
  }
  // The entries of an array of one to `most` arrays; data is nullptr where an entry is null. Returns their number.
  int floatsList(const char* name, int most, Floats* entries) {
    int count = 1;
    check([&](napi_value value) { return readFloatsList(env_, value, name, most, entries, &count); });
    return count;
  }
  Shorts shorts(const char* name, int64_t required) {
    Shorts shorts;
    check([&](napi_value value) { return readShorts(env_, value, name, required, &shorts); });
    return shorts;
  }
  Shorts optionalShorts(const char* name, int64_t required) {
    if (isGiven()) return shorts(name, required);
    ++next_;
    return Shorts{};
  }
  Elements elements(const char* name, int64_t required) {
    Elements elements;
    check([&](napi_value value) { return readElements(env_, value, name, required, &elements); });
    return elements;
  }
  double* doubles(const char* name, int64_t required) {
    double* doubles = nullptr;
    check([&](napi_value value) { return readDoubles(env_, value, name, required, &doubles); });
    return doubles;
  }

  Scratch scratch(const ScratchNeed& need) {
    Scratch scratch;
    if (is_ok_) is_ok_ = requireScratch(env_, need, &scratch);
    return scratch;
  }

  // Raise E_SHAPE with this message unless the condition holds.
  void require(bool condition, const char* message) {
    if (!is_ok_ || condition) return;
    throwError(env_, "E_SHAPE", message);
    is_ok_ = false;
  }

 private:
  static constexpr int kMostArguments = 13;
  static constexpr int kMostInts = 64;
  static constexpr int32_t kOnes[kMostInts] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                               1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                               1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

  // Whether the next argument is neither null nor undefined.
  bool isGiven() const {
    napi_valuetype type = napi_null;
    if (is_ok_ && next_ < kMostArguments) napi_typeof(env_, values_[next_], &type);
    return type != napi_null && type != napi_undefined;
  }

  template <typename Read>
  void check(const Read& read) {
    require(next_ < kMostArguments, "native: a call has more arguments than there is room for.");
    if (is_ok_) is_ok_ = read(values_[next_++]);
  }

  napi_env env_;
  const KernelTable* table_;
  napi_value values_[kMostArguments];
  int next_ = 0;
  bool is_ok_ = false;
};

}  // namespace hypermorph::bindings
