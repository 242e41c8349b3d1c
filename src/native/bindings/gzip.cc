// Compression of whole files over several threads.

#include <algorithm>
#include <cstring>

#include "bindings/napi_support.h"
#include "deflate.h"
#include "thread_pool.h"

namespace hypermorph::bindings {
namespace {

constexpr int64_t kHeader = 10;
constexpr int64_t kTrailer = 10;  // an empty last block, checksum, length
constexpr int64_t kMostBlocks = int64_t{1} << 16;

bool readBytes(napi_env env, napi_value value, const char* name, int64_t required, uint8_t** data, int64_t* size) {
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* bytes = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &bytes, nullptr, nullptr) != napi_ok || type != napi_uint8_array) {
    throwFormatted(env, "E_SHAPE", "native: %s must be a Uint8Array.", name);
    return false;
  }
  *data = static_cast<uint8_t*>(bytes);
  *size = static_cast<int64_t>(length);
  if (*size >= required) return true;
  throwFormatted(env, "E_SHAPE", "native: %s must have %lld bytes, got %lld.", name, static_cast<long long>(required),
                 static_cast<long long>(*size));
  return false;
}

struct Job {
  const uint8_t* from;
  int64_t size;
  int64_t blocks;
  uint8_t* to;
  Scratch scratch;
  int64_t* sizes;
  uint32_t* checksum;
};

// Task 0 sums, the others compress, each into a place of its own.
void compressTask(const void* context, int64_t task, int worker) noexcept {
  const Job& job = *static_cast<const Job*>(context);
  if (task == 0) {
    *job.checksum = crc32(job.from, job.size);
    return;
  }
  const int64_t block = task - 1;
  const int64_t begin = block * kDeflateBlock;
  uint32_t* const words = reinterpret_cast<uint32_t*>(job.scratch.worker(worker));
  job.sizes[block] = deflateBlock(job.from + begin, std::min(kDeflateBlock, job.size - begin), words,
                                  job.to + kHeader + block * kDeflateBlockBound);
}

void put32(uint8_t* to, uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) to[byte] = static_cast<uint8_t>(value >> (8 * byte));
}

// gzip(from, to): the length of the one member in `to`, which has room for gzipBound(from.length) bytes.
napi_value gzip(napi_env env, napi_callback_info info) {
  Arguments<2> args;
  uint8_t* from = nullptr;
  uint8_t* to = nullptr;
  int64_t size = 0;
  int64_t room = 0;
  if (!readArguments(env, info, &args) || !readBytes(env, args.values[0], "from", 0, &from, &size)) return nullptr;
  const int64_t blocks = (size + kDeflateBlock - 1) / kDeflateBlock;
  const int64_t bound = kHeader + blocks * kDeflateBlockBound + kTrailer;
  if (!readBytes(env, args.values[1], "to", bound, &to, &room)) return nullptr;
  if (blocks > kMostBlocks) {
    throwError(env, "E_SHAPE", "native: from must be shorter than 8 GiB.");
    return nullptr;
  }
  Scratch scratch;
  if (!requireScratch(env, ScratchNeed{2 * blocks, kDeflateWords}, &scratch)) return nullptr;
  uint32_t checksum = 0;
  int64_t* const sizes = reinterpret_cast<int64_t*>(scratch.shared);
  const Job job{from, size, blocks, to, scratch, sizes, &checksum};
  runParallel(blocks + 1, &compressTask, &job);

  const uint8_t header[kHeader] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};  // no name, no time, unknown system
  std::memcpy(to, header, kHeader);
  uint8_t* end = to + kHeader;
  for (int64_t block = 0; block < blocks; ++block) {
    std::memmove(end, to + kHeader + block * kDeflateBlockBound, static_cast<size_t>(sizes[block]));
    end += sizes[block];
  }
  *end++ = 3;  // the last block: codes of the standard, nothing in it
  *end++ = 0;
  put32(end, checksum);
  put32(end + 4, static_cast<uint32_t>(size));
  napi_value length = nullptr;
  napi_create_double(env, static_cast<double>(end + 8 - to), &length);
  return length;
}

// gzipBound(size)
napi_value gzipBound(napi_env env, napi_callback_info info) {
  Arguments<1> args;
  double size = 0;
  if (!readArguments(env, info, &args) || !readNumber(env, args.values[0], "size", &size)) return nullptr;
  const int64_t blocks = (static_cast<int64_t>(size) + kDeflateBlock - 1) / kDeflateBlock;
  napi_value bound = nullptr;
  napi_create_double(env, static_cast<double>(kHeader + blocks * kDeflateBlockBound + kTrailer), &bound);
  return bound;
}

}  // namespace

bool registerGzip(napi_env env, napi_value exports) {
  return addFunction(env, exports, "gzip", gzip) && addFunction(env, exports, "gzipBound", gzipBound);
}

}  // namespace hypermorph::bindings
