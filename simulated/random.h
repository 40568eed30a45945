// Random numbers of the device: a CPU generator in its service, on another stream than the CPU's for the same seed.
#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include "memory.h"

namespace simulated {

struct Generator final : c10::GeneratorImpl {
  // No one may count on two devices drawing the same numbers, so that equal seeds differ here as they do with CUDA.
  static constexpr uint64_t kOtherStream = 0x9e3779b97f4a7c15;

  Generator() : GeneratorImpl(kOnly, {}) { // no key: it takes no part in choosing a kernel, which will refuse it
    set_current_seed(c10::default_rng_seed_val);
  }

  // Returns what CPU kernels draw from.
  at::Generator& host() {
    return host_;
  }

  void set_current_seed(uint64_t seed) override {
    host_.set_current_seed(seed ^ kOtherStream);
  }
  uint64_t current_seed() const override {
    return host_.current_seed() ^ kOtherStream;
  }
  uint64_t seed() override {
    set_current_seed(c10::detail::getNonDeterministicRandom());
    return current_seed();
  }
  void set_offset(uint64_t offset) override {
    host_.set_offset(offset);
  }
  uint64_t get_offset() const override {
    return host_.get_offset();
  }
  void set_state(const c10::TensorImpl& state) override {
    host_.unsafeGetGeneratorImpl()->set_state(state);
  }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return host_.unsafeGetGeneratorImpl()->get_state();
  }

 private:
  GeneratorImpl* clone_impl() const override {
    auto* copy = new Generator();
    copy->set_state(*get_state());
    return copy;
  }

  at::Generator host_ = at::detail::createCPUGenerator();
};

struct DefaultGenerator {
  at::Generator generator = at::make_generator<Generator>();
};

inline const at::Generator& default_generator() {
  return forever<DefaultGenerator>().generator;
}

// Returns what a CPU kernel must draw from, where a program has given this generator, or none.
inline at::Generator host_generator(const at::Generator& given) {
  const auto& generator = given.defined() ? given : default_generator();
  TORCH_CHECK(
      generator.device().type() == kDevice,
      "Expected a 'simulated' device type for generator but found '",
      generator.device().type(),
      "'");
  return static_cast<Generator*>(generator.unsafeGetGeneratorImpl())->host();
}

// Some CPU kernels draw from the CPU's default generator and take no other: here it continues the device's stream.
class DefaultDraws {
 public:
  DefaultDraws() {
    exchange();
  }
  ~DefaultDraws() {
    exchange();
  }

 private:
  static void exchange() {
    auto& cpu = *at::check_generator<at::CPUGeneratorImpl>(at::detail::getDefaultCPUGenerator());
    auto device = host_generator({});
    auto& host = *at::check_generator<at::CPUGeneratorImpl>(device);
    std::scoped_lock lock(cpu.mutex_, host.mutex_);
    auto engine = cpu.engine();
    auto single = cpu.next_float_normal_sample();
    auto twice = cpu.next_double_normal_sample();
    cpu.set_engine(host.engine());
    cpu.set_next_float_normal_sample(host.next_float_normal_sample());
    cpu.set_next_double_normal_sample(host.next_double_normal_sample());
    host.set_engine(engine);
    host.set_next_float_normal_sample(single);
    host.set_next_double_normal_sample(twice);
  }
};

} // namespace simulated
