// Operators that need more than a CPU kernel of the same name.
#pragma once

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/transformers/sdp_utils_cpp.h>
#include <torch/library.h>

#include "crossing.h"
#include "policy.h"

namespace simulated {

using at::Tensor;
using c10::IntArrayRef;
using c10::OperatorHandle;
using std::optional;
using torch::jit::Stack;

// Runs a CPU kernel over the arguments on the stack, and leaves what it returns there.
template <typename Call>
void cross(const OperatorHandle& op, Stack* stack, Call call) {
  check_fork();
  check_devices(op, *stack);
  Crossing crossing;
  const auto& arguments = op.schema().arguments();
  auto values = torch::jit::last(*stack, arguments.size());
  bool draws = op.hasTag(at::Tag::nondeterministic_seeded);
  auto* first = &(*stack)[stack->size() - arguments.size()];
  for (size_t index = 0; index < arguments.size(); ++index) {
    if (arguments[index].name() == "generator") {
      first[index] = host_generator(values[index].isNone() ? at::Generator() : values[index].toGenerator());
      draws = false;
    } else {
      first[index] = crossing.lend(values[index]);
    }
  }
  {
    optional<DefaultDraws> stream;
    if (draws) {
      stream.emplace();
    }
    call(stack);
  }
  crossing.settle();
  size_t returned = op.schema().returns().size();
  for (size_t index = stack->size() - returned; index < stack->size(); ++index) {
    (*stack)[index] = crossing.home((*stack)[index]);
  }
}

// Any operator that has no kernel for the device runs the one for the CPU.
inline void fallback(const OperatorHandle& op, Stack* stack) {
  cross(op, stack, [&](Stack* args) { op.redispatchBoxed(DispatchKeySet(c10::DispatchKey::CPU), args); });
}

inline void refuse_sparse(const OperatorHandle& op, Stack*) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, kNoSparse, " (", op.schema().name(), ")");
}

inline OperatorHandle find(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "");
}

// A device that PyTorch does not know itself is asked for a convolution of its own.
inline void convolution(const OperatorHandle& op, Stack* stack) {
  static const auto known = find("aten::convolution");
  cross(op, stack, [&](Stack* args) {
    at::AutoDispatchBelowADInplaceOrView below;
    known.callBoxed(args);
  });
}

inline void convolution_backward(const OperatorHandle& op, Stack* stack) {
  static const auto known = find("aten::convolution_backward");
  cross(op, stack, [&](Stack* args) {
    at::AutoDispatchBelowADInplaceOrView below;
    size_t first = args->size() - op.schema().arguments().size();
    const auto& weight = (*args)[first + 2].toTensor();
    bool transposed = (*args)[first + 6].toBool();
    int64_t channels = transposed ? weight.size(1) * (*args)[first + 8].toInt() : weight.size(0);
    args->insert(args->begin() + first + 3, c10::List<int64_t>({channels})); // the sizes of the bias
    known.callBoxed(args);
  });
}

inline Tensor empty(
    IntArrayRef size, optional<at::ScalarType> dtype, optional<at::Layout> layout, optional<at::Device> device,
    optional<bool>, optional<at::MemoryFormat> format) {
  TORCH_CHECK_NOT_IMPLEMENTED(c10::layout_or_default(layout) == c10::kStrided, kNoSparse);
  check_index(c10::device_or_default(device));
  DispatchKeySet keys(c10::DispatchKey::PrivateUse1);
  return at::detail::empty_generic(size, &forever<Allocator>(), keys, c10::dtype_or_default(dtype), format);
}

inline Tensor empty_strided(
    IntArrayRef size, IntArrayRef stride, optional<at::ScalarType> dtype, optional<at::Layout>,
    optional<at::Device> device, optional<bool>) {
  check_index(c10::device_or_default(device));
  DispatchKeySet keys(c10::DispatchKey::PrivateUse1);
  return at::detail::empty_strided_generic(size, stride, &forever<Allocator>(), keys, c10::dtype_or_default(dtype));
}

// Copies are what may cross from one device to the other.
inline Tensor copy_from(const Tensor& from, const Tensor& to, bool) {
  check_fork();
  at::AutoDispatchBelowADInplaceOrView below;
  Crossing crossing;
  crossing.lend(to).copy_(crossing.lend(from));
  return to;
}

inline Tensor copy_from_and_resize(const Tensor& from, const Tensor& to) {
  at::AutoDispatchBelowADInplaceOrView below;
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

inline Tensor& set_storage(Tensor& self, at::Storage source, int64_t offset, IntArrayRef size, IntArrayRef stride) {
  TORCH_CHECK(
      source.device_type() == kDevice,
      "Attempted to set the storage of a tensor on device \"simulated:0\" to a storage on different device \"",
      source.device(),
      "\".  This is no longer allowed; the devices must match.");
  auto steps = stride.data() ? stride.vec() : c10::TensorType::contiguousStridesOf(size);
  auto needed = at::detail::computeStorageNbytes(size, steps, self.element_size(), offset);
  if (needed > source.nbytes()) {
    at::detail::getPrivateUse1Hooks().resizePrivateUse1Bytes(source, needed);
  }
  auto* impl = self.unsafeGetTensorImpl();
  impl->set_storage_keep_dtype(std::move(source));
  impl->set_sizes_and_strides(size, steps, offset);
  return self;
}

inline Tensor& set_whole_storage(Tensor& self, at::Storage source) {
  int64_t count = source.nbytes() / self.element_size();
  return set_storage(self, std::move(source), 0, {count}, {1});
}

inline void record_stream(Tensor&, at::Stream) {}

// Lets `Module.to` change parameters in place, as it does for the devices that PyTorch knows itself.
inline bool shallow_copies(const Tensor& self, const Tensor& from) {
  return self.layout() == c10::kStrided && from.layout() == c10::kStrided;
}

inline int64_t attention_choice(
    const Tensor&, const Tensor&, const Tensor&, const optional<Tensor>&, double, bool, optional<double>, bool) {
  return static_cast<int64_t>(sdp::SDPBackend::math);
}

} // namespace simulated
