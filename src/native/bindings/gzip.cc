// Compression of whole files over several threads.

#include <algorithm>
#include <cstring>
#include <vector>

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
  if (napi_get_typedarray_info(env, value, &type, &length, &bytes, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
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

struct Part {
  const uint8_t* data;
  int64_t size;

  int64_t blocks() const { return (size + kDeflateBlock - 1) / kDeflateBlock; }
};

// An array of Uint8Arrays: bytes that follow each other.
bool readParts(napi_env env, napi_value value, std::vector<Part>* parts) {
  uint32_t count = 0;
  if (napi_get_array_length(env, value, &count) != napi_ok) {
    throwError(env, "E_SHAPE", "native: parts must be an array of Uint8Arrays.");
    return false;
  }
  for (uint32_t index = 0; index < count; ++index) {
    napi_value element = nullptr;
    uint8_t* data = nullptr;
    int64_t size = 0;
    if (napi_get_element(env, value, index, &element) != napi_ok ||
        !readBytes(env, element, "every part", 0, &data, &size))
      return false;
    parts->push_back(Part{data, size});
  }
  return true;
}

int64_t boundOf(const std::vector<Part>& parts) {
  int64_t bound = kHeader + kTrailer;
  for (const Part& part : parts) bound += part.blocks() * kDeflateBlockBound;
  return bound;
}

struct Job {
  const std::vector<Part>& parts;
  uint8_t* to;
  Scratch scratch;
  int64_t* sizes;
  uint32_t* checksum;
};

// Task 0 sums, the others compress, each into a place of its own.
void compressTask(const void* context, int64_t task, int worker) noexcept {
  const Job& job = *static_cast<const Job*>(context);
  if (task == 0) {
    for (const Part& part : job.parts) *job.checksum = crc32(*job.checksum, part.data, part.size);
    return;
  }
  int64_t block = task - 1;  // of all, then of its part
  uint8_t* const to = job.to + kHeader + block * kDeflateBlockBound;
  size_t part = 0;
  while (block >= job.parts[part].blocks()) block -= job.parts[part++].blocks();
  const int64_t begin = block * kDeflateBlock;
  uint32_t* const words = reinterpret_cast<uint32_t*>(job.scratch.worker(worker));
  job.sizes[task - 1] =
      deflateBlock(job.parts[part].data + begin, std::min(kDeflateBlock, job.parts[part].size - begin), words, to);
}

void put32(uint8_t* to, uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) to[byte] = static_cast<uint8_t>(value >> (8 * byte));
}

// gzip(parts, to): the length of the one member in `to`, which has room for gzipBound(parts) bytes.
napi_value gzip(napi_env env, napi_callback_info info) {
  Arguments<2> args;
  std::vector<Part> parts;
  uint8_t* to = nullptr;
  int64_t room = 0;
  if (!readArguments(env, info, &args) || !readParts(env, args.values[0], &parts)) return nullptr;
  int64_t size = 0;
  int64_t blocks = 0;
  for (const Part& part : parts) {
    size += part.size;
    blocks += part.blocks();
  }
  if (!readBytes(env, args.values[1], "to", boundOf(parts), &to, &room)) return nullptr;
  if (blocks > kMostBlocks) {
    throwError(env, "E_SHAPE", "native: parts must be shorter than 8 GiB.");
    return nullptr;
  }
  Scratch scratch;
  if (!requireScratch(env, ScratchNeed{2 * blocks, kDeflateWords}, &scratch)) return nullptr;
  uint32_t checksum = 0;
  int64_t* const sizes = reinterpret_cast<int64_t*>(scratch.shared);
  const Job job{parts, to, scratch, sizes, &checksum};
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

// gzipBound(parts)
napi_value gzipBound(napi_env env, napi_callback_info info) {
  Arguments<1> args;
  std::vector<Part> parts;
  if (!readArguments(env, info, &args) || !readParts(env, args.values[0], &parts)) return nullptr;
  napi_value bound = nullptr;
  napi_create_double(env, static_cast<double>(boundOf(parts)), &bound);
  return bound;
}

}  // namespace

bool registerGzip(napi_env env, napi_value exports) {
  return addFunction(env, exports, "gzip", gzip) && addFunction(env, exports, "gzipBound", gzipBound);
}

}  // namespace hypermorph::bindings
