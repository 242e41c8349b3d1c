#include "reference_conv.h"

#include <cstddef>
#include <vector>

namespace hypermorph {
namespace {

// Calls visit(n, output position, o, tap, input position or -1 outside, c) for every product of the convolution.
template <typename Visit>
void forEachProduct(const ConvShape& s, const Visit& visit) {
  for (int n = 0; n < s.n; ++n)
    for (int i = 0; i < s.out[0]; ++i)
      for (int j = 0; j < s.out[1]; ++j)
        for (int k = 0; k < s.out[2]; ++k)
          for (int fi = 0; fi < s.filter[0]; ++fi)
            for (int fj = 0; fj < s.filter[1]; ++fj)
              for (int fk = 0; fk < s.filter[2]; ++fk) {
                const int xi = i * s.stride[0] + fi * s.dilation[0] - s.pad[0];
                const int xj = j * s.stride[1] + fj * s.dilation[1] - s.pad[1];
                const int xk = k * s.stride[2] + fk * s.dilation[2] - s.pad[2];
                if (xi < 0 || xj < 0 || xk < 0 || xi >= s.in[0] || xj >= s.in[1] || xk >= s.in[2]) continue;
                const int64_t y = ((int64_t{n} * s.out[0] + i) * s.out[1] + j) * s.out[2] + k;
                const int64_t tap = (int64_t{fi} * s.filter[1] + fj) * s.filter[2] + fk;
                for (int c = 0; c < s.inputs(); ++c) {
                  for (int o = 0; o < s.outputs; ++o) visit(n, y, o, tap, xi, xj, xk, c);
                }
              }
}

struct Place {
  bool is_coarse;
  int64_t index;
};

// Where the virtual input's value (n, i, j, k, c) lies.
Place locate(const ConvShape& s, int n, int i, int j, int k, int c) {
  if (c >= s.coarse_channels) {
    const int64_t voxel = ((int64_t{n} * s.in[0] + i) * s.in[1] + j) * s.in[2] + k;
    return Place{false, voxel * s.channels + c - s.coarse_channels};
  }
  const int64_t row = (int64_t{n} * (s.in[0] / s.up[0]) + i / s.up[0]) * (s.in[1] / s.up[1]) + j / s.up[1];
  return Place{true, (row * (s.in[2] / s.up[2]) + k / s.up[2]) * s.coarse_channels + c};
}

int64_t filterIndex(const ConvShape& s, int n, int64_t tap, int c, int o) {
  const int64_t item = s.filter_items > 1 ? n : 0;
  return ((item * s.taps() + tap) * s.inputs() + c) * s.outputs + o;
}

int64_t outputVoxels(const ConvShape& s) { return int64_t{s.n} * s.out[0] * s.out[1] * s.out[2]; }

double throughActivation(float dy, const float* y, int64_t index, float slope) {
  return slope == 1.0f || y[index] > 0 ? double{dy} : double{dy} * double{slope};
}

void copyRounded(const std::vector<double>& from, float* to) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i]);
}

}  // namespace

void referenceConv(const ConvArgs& args) {
  const ConvShape& s = args.shape;
  const int64_t per_item = outputVoxels(s) / s.n;
  std::vector<double> sums(static_cast<std::size_t>(outputVoxels(s) * s.outputs), 0.0);
  forEachProduct(s, [&](int n, int64_t y, int o, int64_t tap, int i, int j, int k, int c) {
    const Place place = locate(s, n, i, j, k, c);
    const float value = place.is_coarse ? args.coarse[place.index] : args.x[place.index];
    sums[y * s.outputs + o] += double{value} * double{args.filter[filterIndex(s, n, tap, c, o)]};
  });
  for (int64_t y = 0; y < outputVoxels(s); ++y) {
    for (int o = 0; o < s.outputs; ++o) {
      const int64_t item = s.filter_items > 1 ? y / per_item : 0;
      double value = sums[y * s.outputs + o];
      if (args.bias != nullptr) value += double{args.bias[item * s.outputs + o]};
      args.y[y * s.outputs + o] = static_cast<float>(value > 0 ? value : value * double{args.slope});
    }
  }
}

void referenceConvInputGradient(const ConvInputGradientArgs& args) {
  const ConvShape& s = args.shape;
  const int64_t voxels = int64_t{s.n} * s.in[0] * s.in[1] * s.in[2];
  std::vector<double> dx(static_cast<std::size_t>(voxels * s.channels), 0.0);
  std::vector<double> dcoarse(static_cast<std::size_t>(voxels / s.up[0] / s.up[1] / s.up[2] * s.coarse_channels), 0.0);
  forEachProduct(s, [&](int n, int64_t y, int o, int64_t tap, int i, int j, int k, int c) {
    const Place place = locate(s, n, i, j, k, c);
    const double gradient = throughActivation(args.dy[y * s.outputs + o], args.y, y * s.outputs + o, args.slope);
    (place.is_coarse ? dcoarse : dx)[place.index] += gradient * double{args.filter[filterIndex(s, n, tap, c, o)]};
  });
  copyRounded(dx, args.dx);
  if (args.dcoarse != nullptr) copyRounded(dcoarse, args.dcoarse);
}

void referenceConvFilterGradient(const ConvFilterGradientArgs& args) {
  const ConvShape& s = args.shape;
  std::vector<double> dfilter(static_cast<std::size_t>(s.filter_items * s.taps() * s.inputs() * s.outputs), 0.0);
  std::vector<double> dbias(static_cast<std::size_t>(s.filter_items * s.outputs), 0.0);
  const int64_t per_item = outputVoxels(s) / s.n;
  forEachProduct(s, [&](int n, int64_t y, int o, int64_t tap, int i, int j, int k, int c) {
    const Place place = locate(s, n, i, j, k, c);
    const float value = place.is_coarse ? args.coarse[place.index] : args.x[place.index];
    const double gradient = throughActivation(args.dy[y * s.outputs + o], args.y, y * s.outputs + o, args.slope);
    dfilter[filterIndex(s, n, tap, c, o)] += double{value} * gradient;
  });
  for (int64_t y = 0; y < outputVoxels(s); ++y) {
    const int64_t item = s.filter_items > 1 ? y / per_item : 0;
    for (int o = 0; o < s.outputs; ++o) {
      const int64_t index = y * s.outputs + o;
      dbias[item * s.outputs + o] += throughActivation(args.dy[index], args.y, index, args.slope);
    }
  }
  copyRounded(dfilter, args.dfilter);
  if (args.dbias != nullptr) copyRounded(dbias, args.dbias);
}

}  // namespace hypermorph
