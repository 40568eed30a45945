// Memory of the device: the host's own, counted, and labelled with another device type.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <pthread.h>
#include <unistd.h>

#include <mutex>
#include <unordered_set>

namespace simulated {

constexpr auto kDevice = c10::DeviceType::PrivateUse1;
const c10::Device kOnly(kDevice, 0);

// What lives as long as the process is never destroyed: threads of backward may still run while it exits.
template <typename T>
T& forever() {
  static T* const made = new T();
  return *made;
}

inline bool& in_bad_fork() {
  static bool bad = false;
  return bad;
}

// CUDA cannot be used in a process that was forked after its parent had used it; nor can this device.
inline void check_fork() {
  static const int watched = pthread_atfork(nullptr, nullptr, [] { in_bad_fork() = true; });
  TORCH_INTERNAL_ASSERT(watched == 0);
  TORCH_CHECK(
      !in_bad_fork(),
      "Cannot re-initialize the simulated device in forked subprocess. "
      "To use it with multiprocessing, you must use the 'spawn' start method");
}

inline void check_index(c10::Device device) {
  TORCH_CHECK(
      device.index() <= 0, "invalid device ordinal: simulated:", int(device.index()), ", and there is one device");
}

struct Allocator final : c10::DeviceAllocator {
  // Counts one block for as long as it lives, and keeps the host's memory, which may have come from a CPU kernel.
  struct Block {
    Block(c10::Storage memory) : memory(std::move(memory)), bytes((this->memory.nbytes() + 511) / 512 * 512) {
      forever<Allocator>().count(bytes);
    }
    ~Block() {
      forever<Allocator>().uncount(bytes);
    }
    c10::Storage memory;
    size_t bytes; // whole units, as CUDA counts them
  };

  // Takes fresh memory of the host over, without copying.
  static c10::DataPtr adopt(const c10::Storage& memory) {
    check_fork();
    if (!memory.nbytes()) {
      return {nullptr, kOnly};
    }
    void* address = const_cast<void*>(memory.data());
    return {address, new Block(memory), [](void* block) { delete static_cast<Block*>(block); }, kOnly};
  }

  c10::DataPtr allocate(size_t bytes) override {
    auto unit = c10::StorageImpl::use_byte_size_t();
    return adopt(c10::make_intrusive<c10::StorageImpl>(unit, bytes, c10::GetCPUAllocator(), true));
  }

  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  void count(size_t bytes) {
    std::lock_guard lock(mutex_);
    stats_.allocation[0].increase(1);
    stats_.active[0].increase(1);
    stats_.allocated_bytes[0].increase(bytes);
    stats_.active_bytes[0].increase(bytes);
    reserve(std::max(stats_.reserved_bytes[0].current, stats_.allocated_bytes[0].current));
  }

  void uncount(size_t bytes) {
    std::lock_guard lock(mutex_);
    stats_.allocation[0].decrease(1);
    stats_.active[0].decrease(1);
    stats_.allocated_bytes[0].decrease(bytes);
    stats_.active_bytes[0].decrease(bytes);
  }

  // As with CUDA, what was freed stays reserved until the cache is emptied.
  void emptyCache(c10::MempoolId_t) override {
    std::lock_guard lock(mutex_);
    reserve(stats_.allocated_bytes[0].current);
  }

  bool initialized() override {
    return true;
  }

  void recordStream(const c10::DataPtr&, c10::Stream) override {}

  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override {
    std::lock_guard lock(mutex_);
    return stats_;
  }

  void resetAccumulatedStats(c10::DeviceIndex) override {
    std::lock_guard lock(mutex_);
    for (auto* stat : counted()) {
      stat->reset_accumulated();
    }
  }

  void resetPeakStats(c10::DeviceIndex) override {
    std::lock_guard lock(mutex_);
    for (auto* stat : counted()) {
      stat->reset_peak();
    }
  }

  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex) override {
    std::lock_guard lock(mutex_);
    return {kTotal - stats_.reserved_bytes[0].current, kTotal};
  }

 private:
  static constexpr size_t kTotal = size_t(16) << 30; // only told: no allocation fails for it

  void reserve(int64_t bytes) {
    auto& stat = stats_.reserved_bytes[0];
    bytes > stat.current ? stat.increase(bytes - stat.current) : stat.decrease(stat.current - bytes);
  }

  std::array<c10::CachingAllocator::Stat*, 5> counted() {
    return {
        &stats_.allocation[0],
        &stats_.active[0],
        &stats_.allocated_bytes[0],
        &stats_.active_bytes[0],
        &stats_.reserved_bytes[0]};
  }

  std::mutex mutex_;
  c10::CachingDeviceAllocator::DeviceStats stats_;
};

// Host memory that remembers that it was asked for as pinned.
struct PinnedAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    auto memory = c10::GetCPUAllocator()->allocate(bytes);
    void* address = memory.get();
    std::lock_guard lock(mutex_);
    pinned_.insert(address);
    return {address, new c10::DataPtr(std::move(memory)), &forget, c10::Device(c10::kCPU)};
  }

  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  bool holds(const void* address) {
    std::lock_guard lock(mutex_);
    return address && pinned_.count(address);
  }

 private:
  static void forget(void* context) {
    std::unique_ptr<c10::DataPtr> memory(static_cast<c10::DataPtr*>(context));
    auto& self = forever<PinnedAllocator>();
    std::lock_guard lock(self.mutex_);
    self.pinned_.erase(memory->get());
  }

  std::mutex mutex_;
  std::unordered_set<const void*> pinned_;
};

} // namespace simulated
