#pragma once

// Direct convolution of any size, stride and dilation.

#include "kernels/conv.h"
#include "kernels/conv_rows.inl.h"
#include "kernels/conv_tile.inl.h"
#include "simd.h"

namespace hypermorph::HYPERMORPH_ISA {

inline constexpr int32_t kRowsPerTask = 8;

static inline int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One convolution with unit insertions resolved: what conv and its input gradient have in common.
struct ConvProblem {
  int32_t n;
  int32_t filter[3];
  int32_t stride[3];
  int32_t dilation[3];
  int64_t pad[3];
  int32_t in_k;  // positions of an input row
  int32_t out[3];
  int32_t inputs;
  int32_t outputs;
  int32_t filter_items;
  int32_t block_i;  // tasks begin at multiples of these
  int32_t block_j;

  // Along k the taps of an undilated filter read neighbouring values: one segment.
  int64_t segmentsPerRow() const { return dilation[2] == 1 ? 1 : filter[2]; }
  int64_t segmentLength() const { return (dilation[2] == 1 ? filter[2] : 1) * int64_t{inputs}; }
  int64_t segments() const { return int64_t{filter[0]} * filter[1] * segmentsPerRow(); }
  int64_t paddedOutputs() const { return ceilDivide(outputs, kLanes) * kLanes; }
  int64_t packedFilterFloats() const { return int64_t{filter[0]} * filter[1] * filter[2] * inputs * paddedOutputs(); }
  int32_t ringPlanes() const { return (filter[0] - 1) * dilation[0] + 1; }
  int32_t ringRows() const { return (block_j - 1) * stride[1] + (filter[1] - 1) * dilation[1] + 1; }
  int64_t rowFloats() const {
    const int64_t read = (int64_t{out[2]} - 1) * stride[2] + (int64_t{filter[2]} - 1) * dilation[2] + 1;
    const int64_t filled = larger(pad[2], 0) + in_k;  // a stride may leave the last positions unread
    return larger(read, filled) * inputs;
  }
  int64_t ringFloats() const { return ringPlanes() * ringRows() * rowFloats(); }
  int64_t flagFloats() const { return ceilDivide(int64_t{ringPlanes()} * ringRows(), sizeof(float)); }
  int64_t segmentFloats() const { return ceilDivide(segments() * sizeof(Segment), sizeof(float)); }
};

static ConvProblem forwardProblem(const ConvShape& s) {
  ConvProblem p{};
  p.n = s.n;
  for (int axis = 0; axis < 3; ++axis) {
    p.filter[axis] = s.filter[axis];
    p.stride[axis] = s.stride[axis];
    p.dilation[axis] = s.dilation[axis];
    p.pad[axis] = s.pad[axis];
    p.out[axis] = s.out[axis];
  }
  p.in_k = s.in[2];
  p.inputs = s.inputs();
  p.outputs = s.outputs;
  p.filter_items = s.filter_items;
  p.block_i = 1;
  p.block_j = static_cast<int32_t>(smaller(kRowsPerTask, p.out[1]));
  return p;
}

static ConvProblem inputGradientProblem(const ConvShape& s) {
  ConvProblem p{};
  p.n = s.n;
  for (int axis = 0; axis < 3; ++axis) {
    p.filter[axis] = s.filter[axis];
    p.stride[axis] = 1;
    p.dilation[axis] = s.dilation[axis];
    p.pad[axis] = (int64_t{s.filter[axis]} - 1) * s.dilation[axis] - s.pad[axis];
    p.out[axis] = s.in[axis];
  }
  p.in_k = (s.out[2] - 1) * s.stride[2] + 1;
  p.inputs = s.outputs;
  p.outputs = s.inputs();
  p.filter_items = s.filter_items;
  // Every coarse voxel's children belong to one task.
  const int32_t up_j = s.coarse_channels > 0 ? s.up[1] : 1;
  p.block_i = s.coarse_channels > 0 ? s.up[0] : 1;
  p.block_j = static_cast<int32_t>(smaller(ceilDivide(kRowsPerTask, up_j) * up_j, p.out[1]));
  return p;
}

static RowSource forwardSource(const ConvShape& s, const float* x, const float* coarse) {
  RowSource source{};
  for (int axis = 0; axis < 3; ++axis) {
    source.size[axis] = s.in[axis];
    source.up[axis] = s.up[axis];
  }
  source.channels = s.inputs();
  source.plain = x;
  source.plain_channels = s.channels;
  source.coarse = s.coarse_channels > 0 ? coarse : nullptr;
  source.coarse_channels = s.coarse_channels;
  return source;
}

// The gradient dy through the activation; with stride > 1 its rows stand apart.
static RowSource gradientSource(const ConvShape& s, const float* dy, const float* y, float slope, bool is_inserted) {
  RowSource source{};
  for (int axis = 0; axis < 3; ++axis) {
    source.insert[axis] = is_inserted ? s.stride[axis] : 1;
    source.gradient_size[axis] = s.out[axis];
    source.size[axis] = (s.out[axis] - 1) * source.insert[axis] + 1;
  }
  source.channels = s.outputs;
  source.plain = dy;
  source.gate = slope == 1.0f ? nullptr : y;
  source.slope = slope;
  return source;
}

// filter [FI, FJ, FK, C, O] -> [output block][taps, C, V * kLanes], zero where a block is wider than the filter.
// `is_flipped`: the filter of the input gradient, taps reversed, C and O exchanged.
static void packFilter(const ConvProblem& p, const float* filter, bool is_flipped, float* packed) {
  const int64_t taps = int64_t{p.filter[0]} * p.filter[1] * p.filter[2];
  const int64_t padded = p.paddedOutputs();
  for (int64_t block = 0; block < padded; block += kWideVectors * kLanes) {
    const int64_t width = smaller(padded - block, kWideVectors * kLanes);
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t c = 0; c < p.inputs; ++c) {
        for (int64_t o = block; o < block + width; ++o) {
          float value = 0;
          if (o < p.outputs) {
            value = is_flipped ? filter[((taps - 1 - tap) * p.outputs + o) * p.inputs + c]
                               : filter[(tap * p.inputs + c) * p.outputs + o];
          }
          *packed++ = value;
        }
      }
    }
  }
}

// Segments of output row (i, j): input rows that are all zero are left out.
static int64_t listSegments(const ConvProblem& p, const RowRing& ring, int64_t i, int64_t first_row, int64_t vectors,
                            const float* packed, Segment* segments) {
  const int64_t length = p.segmentLength();
  const int64_t per_row = p.segmentsPerRow();
  const int64_t width = vectors * kLanes;
  const int64_t stride = int64_t{p.stride[2]} * p.inputs;
  int64_t count = 0;
  for (int32_t fi = 0; fi < p.filter[0]; ++fi) {
    const int64_t plane = i * p.stride[0] + int64_t{fi} * p.dilation[0] - p.pad[0] + kPlaneBias;
    for (int32_t fj = 0; fj < p.filter[1]; ++fj) {
      const int32_t row = static_cast<int32_t>(first_row + int64_t{fj} * p.dilation[1]);
      const float* filter = packed + (int64_t{fi} * p.filter[1] + fj) * per_row * length * width;
      if (ring.isZero(plane, row)) continue;
      for (int64_t fk = 0; fk < per_row; ++fk) {
        segments[count++] = Segment{ring.row(plane, row) + fk * p.dilation[2] * p.inputs, filter, length, stride};
        filter += length * width;
      }
    }
  }
  return count;
}

// One output row, all channels. `bias` is padded to whole vectors.
static void computeRow(const ConvProblem& p, const RowRing& ring, Segment* segments, int64_t i, int64_t first_row,
                       const float* packed, const float* bias, float slope, float* y_row) {
  const int64_t taps_inputs = int64_t{p.filter[0]} * p.filter[1] * p.filter[2] * p.inputs;
  for (int64_t block = 0; block < p.outputs; block += kWideVectors * kLanes) {
    const int64_t left = p.outputs - block;
    const int64_t vectors = left > kLanes ? kWideVectors : 1;
    const float* const block_filter = packed + taps_inputs * block;
    TileArgs tile{};
    tile.segments = segments;
    tile.count = listSegments(p, ring, i, first_row, vectors, block_filter, segments);
    tile.bias = bias + block;
    tile.slope = slope;
    tile.y = y_row + block;
    tile.y_stride = p.outputs;
    tile.outputs = static_cast<int>(smaller(left, kWideVectors * kLanes));
    if (vectors == 1) convRow<1, Finish::kBiasAndActivation>(tile, p.out[2]);
    else if (p.segmentLength() == kShortLength)
      convRow<kWideVectors, Finish::kBiasAndActivation, kShortLength>(tile, p.out[2]);
    else convRow<kWideVectors, Finish::kBiasAndActivation>(tile, p.out[2]);
  }
}

// Memory of one worker: ring of input rows, its flags, the segment list, one output row.
static int64_t workerFloats(const ConvProblem& p) {
  return p.ringFloats() + p.flagFloats() + p.segmentFloats() + 64 + int64_t{p.out[2]} * p.outputs;
}

static RowRing makeRing(const ConvProblem& p, float** memory) {
  RowRing ring{};
  ring.planes = p.ringPlanes();
  ring.rows = p.ringRows();
  ring.row_floats = p.rowFloats();
  ring.before = larger(p.pad[2], 0) * p.inputs;
  ring.data = *memory;
  *memory += ceilDivide(p.ringFloats(), 16) * 16;
  ring.is_zero = reinterpret_cast<bool*>(*memory);
  *memory += ceilDivide(p.flagFloats(), 16) * 16;
  return ring;
}

// Planes per task: few enough that every thread gets several tasks, enough that the ring's first planes do not matter.
static int64_t planesPerTask(const ConvProblem& p, int64_t column_tasks) {
  const int64_t wanted = ceilDivide(int64_t{8} * threadCount(), column_tasks);
  const int64_t planes = larger(ceilDivide(p.out[0], wanted), smaller(4, p.out[0]));
  return ceilDivide(planes, p.block_i) * p.block_i;
}

// Run `finish(n, i, j, row)` for every output row; `rowOf(n, i, j, buffer)` says where the row is to be written.
template <typename RowOf, typename Finish>
static void convolve(const ConvProblem& p, const RowSource& source, const float* packed, const float* bias, float slope,
                     const Scratch& scratch, const RowOf& rowOf, const Finish& finish) {
  const int64_t columns = ceilDivide(p.out[1], p.block_j);
  const int64_t planes = planesPerTask(p, columns * p.n);
  const int64_t slabs = ceilDivide(p.out[0], planes);
  forEachTask(int64_t{p.n} * slabs * columns, [&](int64_t task, int worker) {
    const int64_t n = task / (slabs * columns);
    const int64_t begin_i = task / columns % slabs * planes;
    const int64_t end_i = smaller(begin_i + planes, p.out[0]);
    const int64_t begin_j = task % columns * p.block_j;
    const int64_t end_j = smaller(begin_j + p.block_j, p.out[1]);
    const int64_t item = p.filter_items > 1 ? n : 0;
    float* memory = scratch.worker(worker);
    const RowRing ring = makeRing(p, &memory);
    Segment* const segments = reinterpret_cast<Segment*>(memory);
    float* const buffer = memory + ceilDivide(p.segmentFloats(), 16) * 16;
    int64_t filled = begin_i * p.stride[0] - p.pad[0];
    for (int64_t i = begin_i; i < end_i; ++i) {
      const int64_t first = i * p.stride[0] - p.pad[0];
      const int64_t last = first + ring.planes;
      fillPlanes(ring, source, n, larger(filled, first), last, begin_j * p.stride[1] - p.pad[1]);
      filled = last;
      for (int64_t j = begin_j; j < end_j; ++j) {
        float* const row = rowOf(n, i, j, buffer);
        computeRow(p, ring, segments, i, (j - begin_j) * p.stride[1], packed + item * p.packedFilterFloats(),
                   bias + item * p.paddedOutputs(), slope, row);
        finish(n, i, j, row);
      }
    }
  });
}

static int64_t sharedFloats(const ConvProblem& p) {
  return p.filter_items * (ceilDivide(p.packedFilterFloats(), 16) * 16 + p.paddedOutputs()) + 16;
}

}  // namespace hypermorph::HYPERMORPH_ISA
