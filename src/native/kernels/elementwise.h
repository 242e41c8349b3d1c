#pragma once

#include <cstdint>

namespace hypermorph {

// y[i] = x[i] > 0 ? x[i] : slope * x[i] for i in [0, size). y may be x.
struct LeakyReluArgs {
  const float* x;
  float* y;
  int64_t size;
  float slope;
};

}  // namespace hypermorph

// How a call from outside fills the arguments: `Call` reads them one by one, in this order, and says what does not fit.
namespace hypermorph::reading {

// leakyRelu(x, y, slope)
template <typename Call>
void leakyRelu(Call& call, LeakyReluArgs& args) {
  const auto x = call.floats("x", 0);
  args.x = x.data;
  args.size = x.size;
  args.y = call.floats("y", x.size).data;
  args.slope = static_cast<float>(call.number("slope"));
}

}  // namespace hypermorph::reading
