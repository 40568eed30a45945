// A simulated accelerator: host memory under the device type that PyTorch leaves to others. See README.md.

#include "autocast.h"
#include "cells.h"
#include "kernels.h"
#include "runtime.h"

namespace simulated {
namespace {

REGISTER_ALLOCATOR(kDevice, &forever<Allocator>());
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

const bool registered = [] {
  at::RegisterPrivateUse1HooksInterface(&forever<Hooks>());
  return true;
}();

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>());
}

TORCH_LIBRARY_IMPL(_, SparsePrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&refuse_sparse>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("_copy_from", &copy_from);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("set_.source_Storage", &set_whole_storage);
  m.impl("set_.source_Storage_storage_offset", &set_storage);
  m.impl("record_stream", &record_stream);
  m.impl("mse_loss", torch::CppFunction::makeFromBoxedFunction<&fallback>()); // its `out=` form warns of any size
  m.impl("smooth_l1_loss", torch::CppFunction::makeFromBoxedFunction<&fallback>());
  m.impl("_has_compatible_shallow_copy_type", &shallow_copies);
  m.impl("_fused_sdp_choice", &attention_choice);
  m.impl("_thnn_fused_lstm_cell", &lstm);
  m.impl("_thnn_fused_lstm_cell_backward_impl", &lstm_backward);
  m.impl("_thnn_fused_gru_cell", &gru);
  m.impl("_thnn_fused_gru_cell_backward", &gru_backward);
  m.impl("convolution_overrideable", torch::CppFunction::makeFromBoxedFunction<&convolution>());
  m.impl("convolution_backward_overrideable", torch::CppFunction::makeFromBoxedFunction<&convolution_backward>());
}

// The CPU's copy reads conjugate and negative views itself; resolving them first would be a copy again.
TORCH_LIBRARY_IMPL(aten, Conjugate, m) {
  m.impl("_copy_from", torch::CppFunction::makeFallthrough());
}

TORCH_LIBRARY_IMPL(aten, Negative, m) {
  m.impl("_copy_from", torch::CppFunction::makeFallthrough());
}

// What the Python module asks.
TORCH_LIBRARY(simulated, m) {
  m.def("seed_all(int seed) -> ()", [](int64_t seed) {
    auto generator = default_generator();
    generator.set_current_seed(static_cast<uint64_t>(seed));
  });
  m.def("seed() -> int", []() { return static_cast<int64_t>(default_generator().current_seed()); });
  m.def("state() -> Tensor", []() { return at::Tensor(default_generator().unsafeGetGeneratorImpl()->get_state()); });
  m.def("set_state(Tensor state) -> ()", [](const at::Tensor& state) {
    auto generator = default_generator();
    generator.set_state(state);
  });
  m.def("taken() -> int", []() { return taken().load(); });
  m.def("in_bad_fork() -> bool", []() { return in_bad_fork(); });
}

} // namespace
} // namespace simulated
