// The cells of LSTM and GRU: PyTorch has these only for accelerators, and no CPU kernel of the same name.
#pragma once

#include "kernels.h"

namespace simulated {

using Tensors2 = std::tuple<Tensor, Tensor>;
using Tensors3 = std::tuple<Tensor, Tensor, Tensor>;
using Tensors5 = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor>;

inline Tensor plus(const Tensor& gates, const optional<Tensor>& bias) {
  return bias && bias->defined() ? gates + *bias : gates;
}

inline Tensor sigmoid_slope(const Tensor& y) {
  return y * (1 - y);
}

inline Tensor tanh_slope(const Tensor& y) {
  return 1 - y * y;
}

inline Tensors3 lstm(
    const Tensor& input, const Tensor& hidden, const Tensor& cx, const optional<Tensor>& input_bias,
    const optional<Tensor>& hidden_bias) {
  auto gates = (plus(input, input_bias) + plus(hidden, hidden_bias)).chunk(4, 1);
  auto in = gates[0].sigmoid(), forget = gates[1].sigmoid(), cell = gates[2].tanh(), out = gates[3].sigmoid();
  auto cy = forget * cx + in * cell;
  return {out * cy.tanh(), cy, at::cat({in, forget, cell, out}, 1)};
}

inline Tensors3 lstm_backward(
    const optional<Tensor>& grad_hy, const optional<Tensor>& grad_cy, const Tensor& cx, const Tensor& cy,
    const Tensor& workspace, bool has_bias) {
  auto saved = workspace.chunk(4, 1);
  auto in = saved[0], forget = saved[1], cell = saved[2], out = saved[3], squashed = cy.tanh();
  auto down_h = grad_hy && grad_hy->defined() ? *grad_hy : at::zeros_like(cy);
  auto down_c = plus(down_h * out * tanh_slope(squashed), grad_cy);
  auto gates = at::cat(
      {down_c * cell * sigmoid_slope(in),
       down_c * cx * sigmoid_slope(forget),
       down_c * in * tanh_slope(cell),
       down_h * squashed * sigmoid_slope(out)},
      1);
  return {gates, down_c * forget, has_bias ? gates.sum(0) : Tensor()};
}

inline Tensors2 gru(
    const Tensor& input, const Tensor& hidden, const Tensor& hx, const optional<Tensor>& input_bias,
    const optional<Tensor>& hidden_bias) {
  auto from_input = plus(input, input_bias).chunk(3, 1), from_hidden = plus(hidden, hidden_bias).chunk(3, 1);
  auto reset = (from_input[0] + from_hidden[0]).sigmoid(), keep = (from_input[1] + from_hidden[1]).sigmoid();
  auto fresh = (from_input[2] + reset * from_hidden[2]).tanh();
  return {fresh + keep * (hx - fresh), at::cat({reset, keep, fresh, hx, from_hidden[2]}, 1)};
}

inline Tensors5 gru_backward(const Tensor& grad_hy, const Tensor& workspace, bool has_bias) {
  auto saved = workspace.chunk(5, 1);
  auto reset = saved[0], keep = saved[1], fresh = saved[2], hx = saved[3], hidden = saved[4];
  auto down_keep = grad_hy * (hx - fresh) * sigmoid_slope(keep);
  auto down_fresh = grad_hy * (1 - keep) * tanh_slope(fresh);
  auto down_reset = down_fresh * hidden * sigmoid_slope(reset);
  auto to_input = at::cat({down_reset, down_keep, down_fresh}, 1);
  auto to_hidden = at::cat({down_reset, down_keep, down_fresh * reset}, 1);
  auto input_bias = has_bias ? to_input.sum(0) : Tensor(), hidden_bias = has_bias ? to_hidden.sum(0) : Tensor();
  return {to_input, to_hidden, grad_hy * keep, input_bias, hidden_bias};
}

} // namespace simulated
