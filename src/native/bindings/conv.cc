#include <cstring>

#include "bindings/napi_support.h"
#include "reference_conv.h"

namespace hypermorph::bindings {
namespace {

int64_t product(const int32_t* numbers) { return int64_t{numbers[0]} * numbers[1] * numbers[2]; }

// Reads the 26 integers of a ConvShape and checks that every output reads inside the padded input.
bool readShape(napi_env env, napi_value value, ConvShape* shape) {
  Ints ints;
  if (!readInts(env, value, "shape", kConvShapeInts, &ints)) return false;
  std::memcpy(shape, ints.data, sizeof(ConvShape));
  bool is_valid = shape->n > 0 && shape->inputs() > 0 && shape->channels >= 0 && shape->coarse_channels >= 0 && shape->outputs > 0 &&
                  (shape->filter_items == 1 || shape->filter_items == shape->n);
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t reach = (int64_t{shape->filter[axis]} - 1) * shape->dilation[axis];
    is_valid = is_valid && shape->in[axis] > 0 && shape->out[axis] > 0 && shape->filter[axis] > 0 && shape->stride[axis] > 0 &&
               shape->dilation[axis] > 0 && shape->pad[axis] >= 0 && shape->pad[axis] <= reach && shape->up[axis] > 0 &&
               (shape->coarse_channels == 0 || shape->in[axis] % shape->up[axis] == 0) &&
               (int64_t{shape->out[axis]} - 1) * shape->stride[axis] < int64_t{shape->in[axis]} + shape->pad[axis];
  }
  if (!is_valid) throwError(env, "E_SHAPE", "native: the sizes of a convolution must be positive and belong together.");
  return is_valid;
}

int64_t inputFloats(const ConvShape& s) { return s.n * product(s.in) * s.channels; }
int64_t coarseFloats(const ConvShape& s) { return s.n * product(s.in) / product(s.up) * s.coarse_channels; }
int64_t outputFloats(const ConvShape& s) { return s.n * product(s.out) * s.outputs; }
int64_t filterFloats(const ConvShape& s) { return s.filter_items * s.taps() * s.inputs() * s.outputs; }
int64_t biasFloats(const ConvShape& s) { return int64_t{s.filter_items} * s.outputs; }

// The pooling window of a convolution; 1 along each axis where there is none.
bool readWindow(napi_env env, napi_value value, int32_t* window) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  Ints ints;
  if (type != napi_undefined && !readInts(env, value, "window", 3, &ints)) return false;
  for (int axis = 0; axis < 3; ++axis) {
    window[axis] = type == napi_undefined ? 1 : ints.data[axis];
    if (window[axis] == 1 || window[axis] == 2) continue;
    throwFormatted(env, "E_SHAPE", "native: a pooling window must be 1 or 2 along each axis, got %d.", window[axis]);
    return false;
  }
  return true;
}

int64_t pooledFloats(const ConvArgs& a) {
  int64_t floats = a.shape.n * int64_t{a.shape.outputs};
  for (int axis = 0; axis < 3; ++axis) floats *= a.shape.out[axis] / a.window[axis];
  return floats;
}

// Which of the table's convolutions; none: the reference.
struct ConvTwin {
  ConvPlanFn KernelTable::* plan;
  ConvFn KernelTable::* run;
};

// conv(shape, slope, x, coarse | null, filter, bias | null, y, window | undefined)
napi_value runConv(napi_env env, napi_callback_info info, const ConvTwin& twin) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  ConvArgs conv{};
  double slope = 0;
  Floats x, coarse, filter, bias, y;
  if (table == nullptr || !readArguments(env, info, &args) || !readShape(env, args.values[0], &conv.shape) ||
      !readNumber(env, args.values[1], "slope", &slope) || !readFloats(env, args.values[2], "x", inputFloats(conv.shape), &x) ||
      !readOptionalFloats(env, args.values[3], "coarse", coarseFloats(conv.shape), &coarse) ||
      !readFloats(env, args.values[4], "filter", filterFloats(conv.shape), &filter) ||
      !readOptionalFloats(env, args.values[5], "bias", biasFloats(conv.shape), &bias) ||
      !readWindow(env, args.values[7], conv.window) || !readFloats(env, args.values[6], "y", pooledFloats(conv), &y)) {
    return nullptr;
  }
  if (conv.shape.coarse_channels > 0 && coarse.data == nullptr) {
    throwError(env, "E_SHAPE", "native: coarse must be given when it has channels.");
    return nullptr;
  }
  conv.x = x.data;
  conv.coarse = coarse.data;
  conv.filter = filter.data;
  conv.bias = bias.data;
  conv.slope = static_cast<float>(slope);
  conv.y = y.data;
  if (twin.plan == nullptr) referenceConv(conv);
  else if (requireScratch(env, (table->*twin.plan)(conv.shape), &conv.scratch)) (table->*twin.run)(conv);
  return nullptr;
}

// convInputGradient(shape, slope, filter, y, dy, dx, dcoarse | null)
napi_value runInputGradient(napi_env env, napi_callback_info info, bool is_reference) {
  const KernelTable* const table = requireKernels(env);
  Arguments<7> args;
  ConvInputGradientArgs conv{};
  double slope = 0;
  Floats filter, y, dy, dx, dcoarse;
  if (table == nullptr || !readArguments(env, info, &args) || !readShape(env, args.values[0], &conv.shape) ||
      !readNumber(env, args.values[1], "slope", &slope) ||
      !readFloats(env, args.values[2], "filter", filterFloats(conv.shape), &filter) ||
      !readFloats(env, args.values[3], "y", outputFloats(conv.shape), &y) ||
      !readFloats(env, args.values[4], "dy", outputFloats(conv.shape), &dy) ||
      !readFloats(env, args.values[5], "dx", inputFloats(conv.shape), &dx) ||
      !readOptionalFloats(env, args.values[6], "dcoarse", coarseFloats(conv.shape), &dcoarse)) {
    return nullptr;
  }
  if (conv.shape.coarse_channels > 0 && dcoarse.data == nullptr) {
    throwError(env, "E_SHAPE", "native: dcoarse must be given when coarse has channels.");
    return nullptr;
  }
  conv.filter = filter.data;
  conv.y = y.data;
  conv.dy = dy.data;
  conv.slope = static_cast<float>(slope);
  conv.dx = dx.data;
  conv.dcoarse = dcoarse.data;
  if (is_reference) referenceConvInputGradient(conv);
  else if (requireScratch(env, table->conv_input_gradient_plan(conv.shape), &conv.scratch)) table->conv_input_gradient(conv);
  return nullptr;
}

// convFilterGradient(shape, slope, x, coarse | null, y, dy, dfilter, dbias | null)
napi_value runFilterGradient(napi_env env, napi_callback_info info, bool is_reference) {
  const KernelTable* const table = requireKernels(env);
  Arguments<8> args;
  ConvFilterGradientArgs conv{};
  double slope = 0;
  Floats x, coarse, y, dy, dfilter, dbias;
  if (table == nullptr || !readArguments(env, info, &args) || !readShape(env, args.values[0], &conv.shape) ||
      !readNumber(env, args.values[1], "slope", &slope) || !readFloats(env, args.values[2], "x", inputFloats(conv.shape), &x) ||
      !readOptionalFloats(env, args.values[3], "coarse", coarseFloats(conv.shape), &coarse) ||
      !readFloats(env, args.values[4], "y", outputFloats(conv.shape), &y) ||
      !readFloats(env, args.values[5], "dy", outputFloats(conv.shape), &dy) ||
      !readFloats(env, args.values[6], "dfilter", filterFloats(conv.shape), &dfilter) ||
      !readOptionalFloats(env, args.values[7], "dbias", biasFloats(conv.shape), &dbias)) {
    return nullptr;
  }
  if (conv.shape.coarse_channels > 0 && coarse.data == nullptr) {
    throwError(env, "E_SHAPE", "native: coarse must be given when it has channels.");
    return nullptr;
  }
  conv.x = x.data;
  conv.coarse = coarse.data;
  conv.y = y.data;
  conv.dy = dy.data;
  conv.slope = static_cast<float>(slope);
  conv.dfilter = dfilter.data;
  conv.dbias = dbias.data;
  if (is_reference) referenceConvFilterGradient(conv);
  else if (requireScratch(env, table->conv_filter_gradient_plan(conv.shape), &conv.scratch)) table->conv_filter_gradient(conv);
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
napi_value convInputGradientReference(napi_env env, napi_callback_info info) { return runInputGradient(env, info, true); }
napi_value convFilterGradientReference(napi_env env, napi_callback_info info) { return runFilterGradient(env, info, true); }

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
