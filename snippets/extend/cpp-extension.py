"""Write a loop in C++, call it from Python, and make it an operator."""

# --8<-- [start:setup]
import time
from statistics import median

import torch
from torch.utils.cpp_extension import load_inline

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:in-python]
def scan_in_python(x, decay):
    """Return y with y[:, t] = decay * y[:, t - 1] + x[:, t]."""
    states, state = [], torch.zeros_like(x[:, 0])
    for column in x.unbind(dim=1):
        state = decay * state + column
        states.append(state)
    return torch.stack(states, dim=1)


print(scan_in_python(torch.ones(1, 5), decay=0.5).tolist())
# --8<-- [end:in-python]


# --8<-- [start:the-loop]
LOOP = """
template <typename number>
void scan_rows(const number* from, number* to, int64_t rows, int64_t columns,
               double decay) {
  for (int64_t row = 0; row < rows; row++) {
    double state = 0;  // rounded once, when it is stored
    for (int64_t i = row * columns; i < (row + 1) * columns; i++) {
      to[i] = state = decay * state + from[i];
    }
  }
}
"""
# --8<-- [end:the-loop]


# --8<-- [start:the-function]
FUNCTION = """
at::Tensor scan(const at::Tensor& x, double decay) {
  TORCH_CHECK(x.device().is_cpu(), "scan needs a CPU tensor, not ", x.device());
  TORCH_CHECK(x.dim() == 2, "scan needs 2 dimensions, not ", x.dim());
  at::Tensor input = x.contiguous();
  at::Tensor result = at::empty_like(input);
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "scan", [&] {
    scan_rows<scalar_t>(input.data_ptr<scalar_t>(), result.data_ptr<scalar_t>(),
                        input.size(0), input.size(1), decay);
  });
  return result;
}
"""
# --8<-- [end:the-function]


# --8<-- [start:the-operator]
OPERATOR = """
TORCH_LIBRARY(deep_dive_cpp, m) { m.def("scan(Tensor x, float decay) -> Tensor"); }
TORCH_LIBRARY_IMPL(deep_dive_cpp, CPU, m) { m.impl("scan", &scan); }
"""
# --8<-- [end:the-operator]


# --8<-- [start:careless]
CARELESS = """
at::Tensor scan_careless(const at::Tensor& x, double decay) {
  at::Tensor result = at::empty(x.sizes(), x.options());
  scan_rows<float>((float*)x.data_ptr(), (float*)result.data_ptr(),
                   x.size(0), x.size(1), decay);
  return result;
}
"""
# --8<-- [end:careless]


# --8<-- [start:build]
extension = load_inline(
    name="deep_dive_scan",
    cpp_sources=[LOOP, FUNCTION, OPERATOR, CARELESS],
    functions=["scan", "scan_careless"],
    extra_cflags=["-O3"],
)
print(extension.scan(torch.ones(1, 5), 0.5).tolist())
# --8<-- [end:build]


# --8<-- [start:same-as-python]
torch.manual_seed(0)
x = torch.randn(64, 1000)
torch.testing.assert_close(extension.scan(x, 0.9), scan_in_python(x, 0.9))
torch.testing.assert_close(extension.scan(x, 1.0), x.cumsum(dim=1))
print(f"scan {extension.scan(x, 1.0)[0, -1]:.3f}, cumsum {x[0].cumsum(0)[-1]:.3f}")
# --8<-- [end:same-as-python]


# --8<-- [start:how-much-faster]
def milliseconds(work):
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


ways = {
    "loop in Python": lambda: scan_in_python(x, 1.0),
    "loop in C++": lambda: extension.scan(x, 1.0),
    "x.cumsum": lambda: x.cumsum(dim=1),
}
rounds = [{name: milliseconds(work) for name, work in ways.items()} for _ in range(21)]
for name in ways:
    print(f"{name:14} {median(times[name] for times in rounds):.3f} ms")
# --8<-- [end:how-much-faster]


# --8<-- [start:checked]
extension.scan(torch.ones(5), 0.5)
# --8<-- [end:checked]


# --8<-- [start:wrong-strides]
table = torch.arange(6.0).reshape(2, 3)
flipped = table.t()  # 3 x 2, and its rows are not together in memory
print("right   ", extension.scan(flipped, 1.0).tolist())
print("careless", extension.scan_careless(flipped, 1.0).tolist())
# --8<-- [end:wrong-strides]


# --8<-- [start:binding-or-operator]
x = torch.randn(2, 5, requires_grad=True)
print("binding: ", extension.scan(x, 0.9).requires_grad)
print("operator:", torch.ops.deep_dive_cpp.scan(x, 0.9).grad_fn.name())
# --8<-- [end:binding-or-operator]


# --8<-- [start:register-the-rest]
scan = torch.ops.deep_dive_cpp.scan


@torch.library.register_fake("deep_dive_cpp::scan")
def _(x, decay):
    return torch.empty(x.shape, dtype=x.dtype, device=x.device)


def keep_decay(ctx, inputs, output):
    ctx.decay = inputs[1]


def scan_backward(ctx, grad):
    return scan(grad.flip(1), ctx.decay).flip(1), None


name = "deep_dive_cpp::scan"
torch.library.register_autograd(name, scan_backward, setup_context=keep_decay)
# --8<-- [end:register-the-rest]


# --8<-- [start:check-it]
x = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
print("gradcheck:", torch.autograd.gradcheck(lambda x: scan(x, 0.9), x))
checks = torch.library.opcheck(scan.default, (x, 0.9))
print(*(f"{name}: {result}" for name, result in checks.items()), sep="\n")
compiled = torch.compile(scan, backend="aot_eager", fullgraph=True)
torch.testing.assert_close(compiled(x, 0.9), scan(x, 0.9))
# --8<-- [end:check-it]


# --8<-- [start:solution-other-axis]
def scan_along(x, decay, dim):
    moved = x.movedim(dim, -1)
    rows = scan(moved.reshape(-1, moved.shape[-1]), decay)
    return rows.reshape(moved.shape).movedim(-1, dim)


x = torch.randn(4, 3, 5)
torch.testing.assert_close(scan_along(x, 1.0, dim=1), x.cumsum(dim=1))
print(scan_along(x, 0.9, dim=1).shape)
# --8<-- [end:solution-other-axis]


# --8<-- [start:solution-smooth]
torch.manual_seed(0)
noisy = torch.sin(torch.linspace(0, 6, 200)) + 0.5 * torch.randn(200)
decay = 0.9
smooth = (1 - decay) * scan(noisy[None], decay)[0]
for name, curve in (("noisy", noisy), ("smooth", smooth)):
    print(f"{name:6} mean change from step to step {curve.diff().abs().mean():.2f}")
# --8<-- [end:solution-smooth]
