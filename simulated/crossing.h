// One call's way to a CPU kernel and back, without a copy: tensors of the device are lent to the CPU as tensors over
// the same memory, and what the kernel returns is brought home as tensors of the device.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/stack.h>

#include "random.h"

namespace simulated {

using c10::BackendComponent;
using c10::DispatchKeySet;

// Conjugate, Negative, ZeroTensor, inference mode: all that a tensor's keys say besides the device is kept.
inline DispatchKeySet moved(DispatchKeySet keys, BackendComponent from, BackendComponent to) {
  auto rest = keys.remove_backend(from) - c10::getAutocastRelatedKeySetFromBackend(from);
  return rest | DispatchKeySet(to) | c10::getAutocastRelatedKeySetFromBackend(to);
}

// Returns a tensor over a storage of the other device. The constructor for views takes the keys as they are.
inline at::Tensor over(c10::Storage storage, const at::Tensor& like, BackendComponent from, BackendComponent to) {
  auto keys = moved(like.key_set(), from, to);
  auto impl =
      c10::make_intrusive<c10::TensorImpl>(c10::TensorImpl::VIEW, std::move(storage), keys, like.unsafeGetTensorImpl()->dtype());
  impl->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  if (like.unsafeGetTensorImpl()->is_wrapped_number()) {
    impl->set_wrapped_number(true);
  }
  return at::Tensor(std::move(impl));
}

inline c10::Storage storage_over(c10::DataPtr memory, size_t bytes, c10::Allocator* allocator) {
  auto unit = c10::StorageImpl::use_byte_size_t();
  return c10::make_intrusive<c10::StorageImpl>(unit, bytes, std::move(memory), allocator, /*resizable=*/true);
}

constexpr auto kNoSparse = "the simulated device has no sparse tensors";

class Crossing {
 public:
  at::Tensor lend(const at::Tensor& tensor) {
    if (!tensor.defined() || tensor.device().type() != kDevice) {
      hosts_.push_back(tensor);
      return tensor;
    }
    for (const auto& pair : tensors_) {
      if (pair.device.is_same(tensor)) {
        return pair.cpu;
      }
    }
    auto cpu = over(lend(tensor.storage()), tensor, BackendComponent::PrivateUse1Bit, BackendComponent::CPUBit);
    tensors_.push_back({tensor, cpu});
    return cpu;
  }

  c10::IValue lend(const c10::IValue& value) {
    if (value.isTensor()) {
      return lend(value.toTensor());
    }
    if (value.isTensorList()) {
      c10::List<at::Tensor> lent;
      for (const at::Tensor& tensor : value.toTensorList()) {
        lent.push_back(lend(tensor));
      }
      return lent;
    }
    if (value.isList() && value.toList().elementType()->kind() == c10::TypeKind::OptionalType) {
      c10::impl::GenericList lent(value.toList().elementType()); // such as `Tensor?[] indices`
      for (const c10::IValue& element : value.toListRef()) {
        lent.push_back(lend(element));
      }
      return lent;
    }
    return value.isDevice() && value.toDevice().type() == kDevice ? c10::IValue(c10::Device(c10::kCPU)) : value;
  }

  at::Tensor home(const at::Tensor& tensor) {
    if (!tensor.defined()) {
      return tensor;
    }
    for (const auto& pair : tensors_) {
      if (pair.cpu.is_same(tensor)) {
        return pair.device; // in-place operators and `out=` return their argument
      }
    }
    TORCH_CHECK_NOT_IMPLEMENTED(tensor.layout() == c10::kStrided, kNoSparse);
    auto own = is_hosts(tensor.storage()) ? tensor.clone() : tensor;
    return over(home(own.storage()), own, BackendComponent::CPUBit, BackendComponent::PrivateUse1Bit);
  }

  c10::IValue home(const c10::IValue& value) {
    if (value.isTensor()) {
      return home(value.toTensor());
    }
    if (value.isTensorList()) {
      c10::List<at::Tensor> brought;
      for (const at::Tensor& tensor : value.toTensorList()) {
        brought.push_back(home(tensor));
      }
      return brought;
    }
    return value;
  }

  // Gives the lent tensors what the kernel has changed about them besides their numbers: size, memory, or storage.
  void settle() {
    for (auto& pair : storages_) {
      auto* device = pair.device.unsafeGetStorageImpl();
      if (pair.cpu.data() != pair.address) {
        device->set_data_ptr_noswap(Allocator::adopt(pair.cpu));
      }
      if (device->nbytes() != pair.cpu.nbytes()) {
        device->set_nbytes(pair.cpu.nbytes());
      }
    }
    for (size_t index = 0; index < tensors_.size(); ++index) { // `home` adds none
      const auto& [device, cpu] = tensors_[index];
      auto* impl = device.unsafeGetTensorImpl();
      auto storage = home(cpu.storage());
      if (!storage.is_alias_of(device.storage())) {
        impl->set_storage_keep_dtype(std::move(storage));
      }
      if (cpu.sizes() != device.sizes() || cpu.strides() != device.strides() ||
          cpu.storage_offset() != device.storage_offset()) {
        impl->set_sizes_and_strides(cpu.sizes(), cpu.strides(), cpu.storage_offset());
      }
    }
  }

 private:
  struct Tensors {
    at::Tensor device, cpu;
  };
  struct Storages {
    c10::Storage device, cpu;
    const void* address; // when it was lent
  };

  c10::Storage lend(const c10::Storage& storage) {
    for (const auto& pair : storages_) {
      if (pair.device.unsafeGetStorageImpl() == storage.unsafeGetStorageImpl()) {
        return pair.cpu;
      }
    }
    void* address = const_cast<void*>(storage.data());
    auto cpu = storage_over({address, c10::Device(c10::kCPU)}, storage.nbytes(), c10::GetCPUAllocator());
    storages_.push_back({storage, cpu, address});
    return cpu;
  }

  c10::Storage home(const c10::Storage& storage) {
    for (const auto& pair : storages_) {
      if (pair.cpu.unsafeGetStorageImpl() == storage.unsafeGetStorageImpl()) {
        return pair.device; // a view
      }
    }
    auto device = storage_over(Allocator::adopt(storage), storage.nbytes(), &forever<Allocator>());
    storages_.push_back({device, storage, storage.data()});
    return device;
  }

  bool is_hosts(const c10::Storage& storage) const {
    return std::any_of(hosts_.begin(), hosts_.end(), [&](const at::Tensor& host) {
      return host.defined() && host.has_storage() && host.storage().is_alias_of(storage);
    });
  }

  std::vector<Tensors> tensors_;
  std::vector<Storages> storages_;
  std::vector<at::Tensor> hosts_;
};

} // namespace simulated
