// Instruction sets, threads, memory and the machine's limits.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "bindings/napi_support.h"
#include "options.h"
#include "thread_pool.h"

namespace hypermorph::bindings {
namespace {

napi_value toString(napi_env env, const char* text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value toNumber(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value isa(napi_env env, napi_callback_info) {
  const KernelTable* const table = requireKernels(env);
  return table == nullptr ? nullptr : toString(env, table->isa);
}

napi_value lanes(napi_env env, napi_callback_info) {
  const KernelTable* const table = requireKernels(env);
  return table == nullptr ? nullptr : toNumber(env, table->lanes);
}

// [{isa, supported}], best first.
napi_value compiledIsas(napi_env env, napi_callback_info) {
  const KernelTable* const* tables = nullptr;
  const int count = compiledTables(&tables);
  napi_value list = nullptr;
  napi_create_array(env, &list);
  for (int i = 0; i < count; ++i) {
    napi_value entry = nullptr;
    napi_value supported = nullptr;
    napi_create_object(env, &entry);
    napi_get_boolean(env, isSupported(*tables[i]), &supported);
    napi_set_named_property(env, entry, "isa", toString(env, tables[i]->isa));
    napi_set_named_property(env, entry, "supported", supported);
    napi_set_element(env, list, static_cast<uint32_t>(i), entry);
  }
  return list;
}

napi_value setIsa(napi_env env, napi_callback_info info) {
  Arguments<1> args;
  if (!readArguments(env, info, &args)) return nullptr;
  char name[32] = "";
  size_t length = 0;
  napi_get_value_string_utf8(env, args.values[0], name, sizeof(name), &length);
  if (!selectIsa(name))
    throwFormatted(env, "E_ENGINE", "native: this processor or build has no instruction set %s.", name);
  return nullptr;
}

napi_value threads(napi_env env, napi_callback_info) { return toNumber(env, threadCount()); }

napi_value setThreads(napi_env env, napi_callback_info info) {
  Arguments<1> args;
  double count = 0;
  if (!readArguments(env, info, &args) || !readNumber(env, args.values[0], "threads", &count)) return nullptr;
  setThreadCount(static_cast<int>(count));
  return nullptr;
}

napi_value scratchBytesHeld(napi_env env, napi_callback_info) {
  return toNumber(env, static_cast<double>(scratchBytes()));
}
napi_value scratchBytesPeak(napi_env env, napi_callback_info) {
  return toNumber(env, static_cast<double>(scratchPeakBytes()));
}
napi_value releaseScratchMemory(napi_env, napi_callback_info) {
  releaseScratch();
  return nullptr;
}

// setWinograd(allowed)
napi_value setWinograd(napi_env env, napi_callback_info info) {
  Arguments<1> args;
  bool allowed = true;
  if (!readArguments(env, info, &args)) return nullptr;
  napi_get_value_bool(env, args.values[0], &allowed);
  allowWinograd(allowed);
  return nullptr;
}

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// {gflops, gigabytesPerSecond}: the best of several short runs on all threads.
napi_value measurePeak(napi_env env, napi_callback_info) {
  const KernelTable* const table = requireKernels(env);
  if (table == nullptr) return nullptr;
  constexpr int64_t kCopyFloats = int64_t{1} << 25;
  constexpr int64_t kRounds = 2'000'000;
  Scratch scratch;
  if (!requireScratch(env, ScratchNeed{2 * kCopyFloats, 0}, &scratch)) return nullptr;
  double flops = 0;
  double bytes = 0;
  for (int run = 0; run < 5; ++run) {
    const double start = secondsNow();
    const double work = table->measure_fma(kRounds, scratch.shared);
    const double rate = work / (secondsNow() - start);
    if (rate > flops) flops = rate;
  }
  for (int run = 0; run < 5; ++run) {
    const double start = secondsNow();
    const double moved = table->measure_copy(scratch.shared, scratch.shared + kCopyFloats, kCopyFloats);
    const double rate = moved / (secondsNow() - start);
    if (rate > bytes) bytes = rate;
  }
  releaseScratch();
  napi_value result = nullptr;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "gflops", toNumber(env, flops * 1e-9));
  napi_set_named_property(env, result, "gigabytesPerSecond", toNumber(env, bytes * 1e-9));
  return result;
}

// useHugePages(array): asks the system for large pages; touching new memory then costs a fraction.
napi_value useHugePages(napi_env env, napi_callback_info info) {
  Arguments<1> args;
  Floats array;
  if (!readArguments(env, info, &args) || !readFloats(env, args.values[0], "array", 0, &array)) return nullptr;
#if defined(__linux__)
  constexpr uintptr_t kPage = 4096;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(array.data) + kPage - 1) / kPage * kPage;
  const uintptr_t end = reinterpret_cast<uintptr_t>(array.data + array.size) / kPage * kPage;
  // Only advice: where the system has none to give, nothing changes.
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
  return nullptr;
}

}  // namespace

bool registerEngine(napi_env env, napi_value exports) {
  return addFunction(env, exports, "isa", isa) && addFunction(env, exports, "lanes", lanes) &&
         addFunction(env, exports, "compiledIsas", compiledIsas) && addFunction(env, exports, "setIsa", setIsa) &&
         addFunction(env, exports, "threads", threads) && addFunction(env, exports, "setThreads", setThreads) &&
         addFunction(env, exports, "scratchBytes", scratchBytesHeld) &&
         addFunction(env, exports, "scratchPeakBytes", scratchBytesPeak) &&
         addFunction(env, exports, "releaseScratch", releaseScratchMemory) &&
         addFunction(env, exports, "useHugePages", useHugePages) &&
         addFunction(env, exports, "setWinograd", setWinograd) && addFunction(env, exports, "measurePeak", measurePeak);
}

}  // namespace hypermorph::bindings
