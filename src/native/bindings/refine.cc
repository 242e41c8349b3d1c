#include "bindings/call.h"

namespace hypermorph::bindings {
namespace {

void readSize(Call* call, int32_t* size) {
  const int32_t* const sizes = call->sizes("size", 3);
  for (int axis = 0; axis < 3; ++axis) size[axis] = sizes[axis];
  call->require(!call->ok() || (size[1] >= 2 && size[2] >= 2),
                "native: the second and third axis must have two voxels or more.");
}

int64_t fieldFloats(const int32_t* size) { return 4 * product(size, 3); }

// The field's grid is the image's, or has half its resolution.
void requireFieldGrid(Call* call, const int32_t* size, const int32_t* field_size) {
  bool is_same = true;
  bool is_half = true;
  for (int axis = 0; axis < 3; ++axis) {
    is_same = is_same && field_size[axis] == size[axis];
    is_half = is_half && field_size[axis] == (size[axis] + 1) / 2;
  }
  call->require(is_same || is_half, "native: the field's grid must be the image's or half of it.");
}

int32_t readSteps(Call* call) {
  const double steps = call->number("steps");
  call->require(steps >= 0 && steps <= 20, "native: steps must be 0 to 20.");
  return static_cast<int32_t>(steps);
}

// integrateField(size, steps, velocity, stack)
napi_value integrateField(napi_env env, napi_callback_info info) {
  Call call(env, info);
  IntegrateArgs args{};
  readSize(&call, args.size);
  args.steps = readSteps(&call);
  args.velocity = call.floats("velocity", fieldFloats(args.size)).data;
  args.stack = call.floats("stack", (args.steps + 1) * fieldFloats(args.size)).data;
  if (call.ok()) call.kernels().integrate_field(args);
  return nullptr;
}

// integrateFieldGradient(size, steps, stack, gradient, spare)
napi_value integrateFieldGradient(napi_env env, napi_callback_info info) {
  Call call(env, info);
  IntegrateArgs args{};
  readSize(&call, args.size);
  args.steps = readSteps(&call);
  args.stack = call.floats("stack", (args.steps + 1) * fieldFloats(args.size)).data;
  args.gradient = call.floats("gradient", fieldFloats(args.size)).data;
  args.spare = call.floats("spare", fieldFloats(args.size)).data;
  if (call.ok()) call.kernels().integrate_field_gradient(args);
  return nullptr;
}

int64_t halfOf(const int32_t* size) { return (size[0] + int64_t{1}) / 2 * ((size[1] + 1) / 2) * ((size[2] + 1) / 2); }

// doubleField(size, coarse, fine)
napi_value doubleField(napi_env env, napi_callback_info info) {
  Call call(env, info);
  DoubleFieldArgs args{};
  readSize(&call, args.size);
  args.coarse = call.floats("coarse", 4 * halfOf(args.size)).data;
  args.fine = call.floats("fine", fieldFloats(args.size)).data;
  args.scratch = call.scratch(ScratchNeed{0, 2 * int64_t{args.size[2]} + 4});
  if (call.ok()) call.kernels().double_field(args);
  return nullptr;
}

// halve(size, fine, coarse)
napi_value halve(napi_env env, napi_callback_info info) {
  Call call(env, info);
  HalveArgs args{};
  readSize(&call, args.size);
  args.fine = call.floats("fine", product(args.size, 3)).data;
  args.coarse = call.floats("coarse", halfOf(args.size)).data;
  if (call.ok()) call.kernels().halve(args);
  return nullptr;
}

// warpSlopes(size, fieldSize, image, displacement, weight | null, mask | null, moved, slopes, weights)
napi_value warpSlopes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  WarpSlopesArgs args{};
  readSize(&call, args.size);
  readSize(&call, args.field_size);
  requireFieldGrid(&call, args.size, args.field_size);
  const int64_t voxels = product(args.size, 3);
  args.image = call.floats("image", voxels).data;
  args.displacement = call.floats("displacement", fieldFloats(args.field_size)).data;
  args.weight = call.optionalFloats("weight", voxels).data;
  args.mask = call.optionalFloats("mask", voxels).data;
  args.moved = call.floats("moved", voxels).data;
  args.slopes = call.floats("slopes", 3 * voxels).data;
  args.weights = call.floats("weights", voxels).data;
  args.scratch = call.scratch(ScratchNeed{0, warpSlopesFloats(args.size)});
  if (call.ok()) call.kernels().warp_slopes(args);
  return nullptr;
}

void readRadius(Call* call, TermArgs* args) {
  args->radius = static_cast<int32_t>(call->number("radius"));
  call->require(args->radius >= 1 && args->radius <= kLargestRadius, "native: the radius must be 1 to 4.");
}

// fixedMoments(size, radius, fixed, moments)
napi_value fixedMoments(napi_env env, napi_callback_info info) {
  Call call(env, info);
  TermArgs args{};
  readSize(&call, args.size);
  readRadius(&call, &args);
  args.fixed = call.floats("fixed", product(args.size, 3)).data;
  args.moments = call.floats("moments", 2 * product(args.size, 3)).data;
  args.scratch = call.scratch(ScratchNeed{0, termFloats(args.size)});
  if (call.ok()) call.kernels().fixed_moments(args);
  return nullptr;
}

// A term's arguments after those of its own: scale, fixed, moved, weights, slopes, value
void readTerm(Call* call, TermArgs* args) {
  const int64_t voxels = product(args->size, 3);
  args->scale = call->number("scale");
  args->fixed = call->floats("fixed", voxels).data;
  args->moved = call->floats("moved", voxels).data;
  args->weights = call->floats("weights", voxels).data;
  args->slopes = call->floats("slopes", 3 * voxels).data;
  args->value = call->doubles("value", 1);
  args->scratch = call->scratch(ScratchNeed{2 * termDoubles(args->size), termFloats(args->size)});
}

// correlationTerm(size, radius, bound, moments, shares, scale, fixed, moved, weights, slopes, value)
napi_value correlationTerm(napi_env env, napi_callback_info info) {
  Call call(env, info);
  TermArgs args{};
  readSize(&call, args.size);
  readRadius(&call, &args);
  args.bound = static_cast<float>(call.number("bound"));
  args.moments = call.floats("moments", 2 * product(args.size, 3)).data;
  args.shares = call.floats("shares", 3 * product(args.size, 3)).data;
  readTerm(&call, &args);
  if (call.ok()) call.kernels().correlation_term(args);
  return nullptr;
}

// squaredErrorTerm(size, scale, fixed, moved, weights, slopes, value)
napi_value squaredErrorTerm(napi_env env, napi_callback_info info) {
  Call call(env, info);
  TermArgs args{};
  readSize(&call, args.size);
  readTerm(&call, &args);
  if (call.ok()) call.kernels().squared_error_term(args);
  return nullptr;
}

// informationTerm(size, scale, fixed, moved, weights, slopes, value)
napi_value informationTerm(napi_env env, napi_callback_info info) {
  Call call(env, info);
  TermArgs args{};
  readSize(&call, args.size);
  readTerm(&call, &args);
  if (call.ok()) call.kernels().information_term(args);
  return nullptr;
}

// collectSlopes(size, fieldSize, slopes, gradient)
napi_value collectSlopes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  CollectArgs args{};
  readSize(&call, args.size);
  readSize(&call, args.field_size);
  requireFieldGrid(&call, args.size, args.field_size);
  args.slopes = call.floats("slopes", 3 * product(args.size, 3)).data;
  args.gradient = call.floats("gradient", fieldFloats(args.field_size)).data;
  args.scratch = call.scratch(ScratchNeed{0, 3 * int64_t{args.size[2]}});
  if (call.ok()) call.kernels().collect_slopes(args);
  return nullptr;
}

// descend(size, numbers [rate, epsilon, beta1, beta2, correction1, correction2, nine weights], velocity, gradient,
// first, second, next, found)
napi_value descend(napi_env env, napi_callback_info info) {
  Call call(env, info);
  DescendArgs args{};
  readSize(&call, args.size);
  const double* const numbers = call.doubles("numbers", 15);
  const int64_t floats = fieldFloats(args.size);
  args.velocity = call.floats("velocity", floats).data;
  args.gradient = call.floats("gradient", floats).data;
  args.first = call.floats("first", floats).data;
  args.second = call.floats("second", floats).data;
  args.next = call.floats("next", floats).data;
  args.found = call.doubles("found", 2);
  args.scratch = call.scratch(ScratchNeed{4 * int64_t{args.size[0]}, 8 * int64_t{args.size[2]} + 16});
  if (!call.ok()) return nullptr;
  args.rate = static_cast<float>(numbers[0]);
  args.epsilon = static_cast<float>(numbers[1]);
  args.beta1 = static_cast<float>(numbers[2]);
  args.beta2 = static_cast<float>(numbers[3]);
  args.correction1 = static_cast<float>(numbers[4]);
  args.correction2 = static_cast<float>(numbers[5]);
  for (int axis = 0; axis < 3; ++axis) {
    for (int component = 0; component < 3; ++component) {
      args.weight[axis][component] = static_cast<float>(numbers[6 + 3 * axis + component]);
    }
  }
  call.kernels().descend(args);
  return nullptr;
}

}  // namespace

bool registerRefine(napi_env env, napi_value exports) {
  return addFunction(env, exports, "integrateField", integrateField) &&
         addFunction(env, exports, "integrateFieldGradient", integrateFieldGradient) &&
         addFunction(env, exports, "doubleField", doubleField) && addFunction(env, exports, "halve", halve) &&
         addFunction(env, exports, "warpSlopes", warpSlopes) &&
         addFunction(env, exports, "fixedMoments", fixedMoments) &&
         addFunction(env, exports, "correlationTerm", correlationTerm) &&
         addFunction(env, exports, "squaredErrorTerm", squaredErrorTerm) &&
         addFunction(env, exports, "informationTerm", informationTerm) &&
         addFunction(env, exports, "collectSlopes", collectSlopes) && addFunction(env, exports, "descend", descend);
}

}  // namespace hypermorph::bindings
