// Which arguments may be on the CPU beside those on the device: as few as CUDA takes.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <atomic>
#include <set>
#include <string>

#include "memory.h"

namespace simulated {

inline bool is_indexing(const std::string& name) {
  static const std::set<std::string> names = {
      "aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index",
      "aten::_unsafe_index_put", "aten::_unsafe_masked_index", "aten::_unsafe_masked_index_put_accumulate"};
  return names.count(name) > 0;
}

// Operators that are not elementwise, and fill with a number that may be a CPU tensor without dimensions.
inline bool is_filling(const std::string& name) {
  static const std::set<std::string> names = {"aten::fill_", "aten::fill", "aten::index_fill_", "aten::index_fill",
                                              "aten::masked_fill_", "aten::masked_fill"};
  return names.count(name) > 0;
}

// Lengths and split points steer a program, so that these operators want them on the host.
inline bool is_hosts(const std::string& operation, const std::string& argument) {
  static const std::set<std::pair<std::string, std::string>> names = {
      {"aten::_ctc_loss", "input_lengths"},
      {"aten::_ctc_loss", "target_lengths"},
      {"aten::_ctc_loss_backward", "input_lengths"},
      {"aten::_ctc_loss_backward", "target_lengths"},
      {"aten::tensor_split", "tensor_indices_or_sections"}};
  return names.count({operation, argument}) > 0;
}

inline bool may_be_on_cpu(const c10::OperatorHandle& op, const c10::Argument& argument, const at::Tensor& tensor) {
  if (argument.alias_info() && argument.alias_info()->isWrite()) {
    return false;
  }
  const auto& name = op.schema().name();
  if (tensor.unsafeGetTensorImpl()->is_wrapped_number() || is_hosts(name, argument.name())) {
    return true; // a wrapped number is what a Python number becomes
  }
  if (is_indexing(name)) {
    return argument.name() == "indices" || (argument.name() == "values" && tensor.dim() == 0);
  }
  bool filling = is_filling(name) && argument.name() == "value";
  return tensor.dim() == 0 && (filling || op.hasTag(at::Tag::pointwise));
}

// How often a CPU tensor was taken beside the device's: tells a computation that met the device from one that did not.
inline std::atomic<int64_t>& taken() {
  static std::atomic<int64_t> count{0};
  return count;
}

inline void check_tensor(const c10::OperatorHandle& op, const c10::Argument& argument, const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.device().type() == kDevice) {
    return;
  }
  TORCH_CHECK(
      tensor.is_cpu() && may_be_on_cpu(op, argument, tensor),
      "Expected all tensors to be on the same device, but got ",
      argument.name(),
      " is on ",
      tensor.device(),
      ", different from other tensors on simulated:0 (when checking argument in ",
      op.schema().name(),
      ")");
  taken() += !tensor.unsafeGetTensorImpl()->is_wrapped_number();
}

inline void check_devices(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  const auto& arguments = op.schema().arguments();
  auto values = torch::jit::last(stack, arguments.size());
  for (size_t index = 0; index < arguments.size(); ++index) {
    const auto& value = values[index];
    if (value.isTensor()) {
      check_tensor(op, arguments[index], value.toTensor());
    } else if (value.isList()) {
      for (const auto& element : value.toListRef()) {
        if (element.isTensor()) {
          check_tensor(op, arguments[index], element.toTensor());
        }
      }
    }
  }
}

} // namespace simulated
