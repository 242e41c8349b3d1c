#include <cstring>

#include "bindings/call.h"
#include "reference_conv.h"

namespace hypermorph::bindings {
namespace {

// Stands for a shape that was refused.
constexpr ConvShape kOneVoxel{1,         {1, 1, 1}, 0,         {1, 1, 1}, 1,         {1, 1, 1},
                              {1, 1, 1}, 1,         {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, 1};

// The 26 integers of a ConvShape, if every output reads inside the padded input.
ConvShape readShape(Call& call) {
  ConvShape shape{};
  std::memcpy(&shape, call.ints("shape", kConvShapeInts), sizeof(ConvShape));
  bool is_valid = shape.n > 0 && shape.inputs() > 0 && shape.channels >= 0 && shape.coarse_channels >= 0 &&
                  shape.outputs > 0 && (shape.filter_items == 1 || shape.filter_items == shape.n);
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t reach = (int64_t{shape.filter[axis]} - 1) * shape.dilation[axis];
    is_valid = is_valid && shape.in[axis] > 0 && shape.out[axis] > 0 && shape.filter[axis] > 0 &&
               shape.stride[axis] > 0 && shape.dilation[axis] > 0 && shape.pad[axis] >= 0 && shape.pad[axis] <= reach &&
               shape.up[axis] > 0 && (shape.coarse_channels == 0 || shape.in[axis] % shape.up[axis] == 0) &&
               (int64_t{shape.out[axis]} - 1) * shape.stride[axis] < int64_t{shape.in[axis]} + shape.pad[axis];
  }
  call.require(is_valid, "native: the sizes of a convolution must be positive and belong together.");
  return call.ok() ? shape : kOneVoxel;
}

int64_t inputFloats(const ConvShape& s) { return s.n * product(s.in, 3) * s.channels; }
int64_t coarseFloats(const ConvShape& s) { return s.n * product(s.in, 3) / product(s.up, 3) * s.coarse_channels; }
int64_t outputFloats(const ConvShape& s) { return s.n * product(s.out, 3) * s.outputs; }
int64_t filterFloats(const ConvShape& s) { return s.filter_items * s.taps() * s.inputs() * s.outputs; }
int64_t biasFloats(const ConvShape& s) { return int64_t{s.filter_items} * s.outputs; }

// The pooling window of a convolution; 1 along each axis where there is none.
void readWindow(Call& call, int32_t* window) {
  const int32_t* const lengths = call.optionalInts("window", 3);
  for (int axis = 0; axis < 3; ++axis) {
    window[axis] = lengths[axis];
    call.require(window[axis] == 1 || window[axis] == 2, "native: a pooling window must be 1 or 2 along each axis.");
  }
}

int64_t pooledFloats(const ConvArgs& args) {
  int64_t floats = args.shape.n * int64_t{args.shape.outputs};
  for (int axis = 0; axis < 3; ++axis) floats *= args.shape.out[axis] / args.window[axis];
  return floats;
}

// An input or its gradient that has to be there where its channels are.
float* readCoarse(Call& call, const char* name, const ConvShape& shape) {
  float* const coarse = call.optionalFloats(name, coarseFloats(shape)).data;
  call.require(shape.coarse_channels == 0 || coarse != nullptr,
               "native: the coarse input must be given when it has channels.");
  return coarse;
}

// Which of the table's convolutions; none: the reference.
struct ConvTwin {
  ConvPlanFn KernelTable::* plan;
  ConvFn KernelTable::* run;
};

// conv(shape, slope, x, coarse | null, filter, bias | null, y, window | undefined)
napi_value runConv(napi_env env, napi_callback_info info, const ConvTwin& twin) {
  Call call(env, info);
  ConvArgs args{};
  args.shape = readShape(call);
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", inputFloats(args.shape)).data;
  args.coarse = readCoarse(call, "coarse", args.shape);
  args.filter = call.floats("filter", filterFloats(args.shape)).data;
  args.bias = call.optionalFloats("bias", biasFloats(args.shape)).data;
  const Floats y = call.floats("y", 0);
  readWindow(call, args.window);
  call.require(y.size >= pooledFloats(args), "native: y must have room for the result.");
  if (!call.ok()) return nullptr;
  args.y = y.data;
  if (twin.plan == nullptr) {
    referenceConv(args);
    return nullptr;
  }
  args.scratch = call.scratch((call.kernels().*twin.plan)(args.shape));
  if (call.ok()) (call.kernels().*twin.run)(args);
  return nullptr;
}

// convInputGradient(shape, slope, filter, y, dy, dx, dcoarse | null)
napi_value runInputGradient(napi_env env, napi_callback_info info, bool is_reference) {
  Call call(env, info);
  ConvInputGradientArgs args{};
  args.shape = readShape(call);
  args.slope = static_cast<float>(call.number("slope"));
  args.filter = call.floats("filter", filterFloats(args.shape)).data;
  args.y = call.floats("y", outputFloats(args.shape)).data;
  args.dy = call.floats("dy", outputFloats(args.shape)).data;
  args.dx = call.floats("dx", inputFloats(args.shape)).data;
  args.dcoarse = readCoarse(call, "dcoarse", args.shape);
  if (!call.ok()) return nullptr;
  if (is_reference) {
    referenceConvInputGradient(args);
    return nullptr;
  }
  args.scratch = call.scratch(call.kernels().conv_input_gradient_plan(args.shape));
  if (call.ok()) call.kernels().conv_input_gradient(args);
  return nullptr;
}

// convFilterGradient(shape, slope, x, coarse | null, y, dy, dfilter, dbias | null)
napi_value runFilterGradient(napi_env env, napi_callback_info info, bool is_reference) {
  Call call(env, info);
  ConvFilterGradientArgs args{};
  args.shape = readShape(call);
  args.slope = static_cast<float>(call.number("slope"));
  args.x = call.floats("x", inputFloats(args.shape)).data;
  args.coarse = readCoarse(call, "coarse", args.shape);
  args.y = call.floats("y", outputFloats(args.shape)).data;
  args.dy = call.floats("dy", outputFloats(args.shape)).data;
  args.dfilter = call.floats("dfilter", filterFloats(args.shape)).data;
  args.dbias = call.optionalFloats("dbias", biasFloats(args.shape)).data;
  if (!call.ok()) return nullptr;
  if (is_reference) {
    referenceConvFilterGradient(args);
    return nullptr;
  }
  args.scratch = call.scratch(call.kernels().conv_filter_gradient_plan(args.shape));
  if (call.ok()) call.kernels().conv_filter_gradient(args);
  return nullptr;
}

napi_value conv(napi_env env, napi_callback_info info) {
  return runConv(env, info, {&KernelTable::conv_plan, &KernelTable::conv});
}
napi_value convBf16(napi_env env, napi_callback_info info) {
  return runConv(env, info, {&KernelTable::conv_bf16_plan, &KernelTable::conv_bf16});
}
napi_value convInputGradient(napi_env env, napi_callback_info info) { return runInputGradient(env, info, false); }
napi_value convFilterGradient(napi_env env, napi_callback_info info) { return runFilterGradient(env, info, false); }
napi_value convReference(napi_env env, napi_callback_info info) { return runConv(env, info, {}); }
napi_value convInputGradientReference(napi_env env, napi_callback_info info) {
  return runInputGradient(env, info, true);
}
napi_value convFilterGradientReference(napi_env env, napi_callback_info info) {
  return runFilterGradient(env, info, true);
}

}  // namespace

bool registerConv(napi_env env, napi_value exports) {
  return addFunction(env, exports, "conv", conv) && addFunction(env, exports, "convBf16", convBf16) &&
         addFunction(env, exports, "convInputGradient", convInputGradient) &&
         addFunction(env, exports, "convFilterGradient", convFilterGradient) &&
         addFunction(env, exports, "convReference", convReference) &&
         addFunction(env, exports, "convInputGradientReference", convInputGradientReference) &&
         addFunction(env, exports, "convFilterGradientReference", convFilterGradientReference);
}

}  // namespace hypermorph::bindings
