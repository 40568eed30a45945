"""Make an operation of your own that autograd and the compiler understand."""

# --8<-- [start:setup]
import numpy as np
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:numpy-inside]
@torch.compiler.disable
def clip_ends_in_numpy(x, share):
    """Clip the smallest and the largest values, this share of them at each end."""
    values = x.detach().cpu().numpy()
    low, high = np.quantile(values, [share, 1 - share])
    return torch.from_numpy(values.clip(low, high)).to(x.device)


def scaled(x):
    return clip_ends_in_numpy(x * 2, 0.1) + 1


x = torch.arange(8.0, device=device, requires_grad=True)
print(torch._dynamo.explain(scaled)(x).graph_count, "graphs")
print("gradient recorded:", scaled(x).requires_grad)
# --8<-- [end:numpy-inside]


# --8<-- [start:register]
@torch.library.custom_op("deep_dive::clip_ends", mutates_args=())
def clip_ends(x: torch.Tensor, share: float) -> torch.Tensor:
    values = x.detach().cpu().numpy()
    low, high = np.quantile(values, [share, 1 - share])
    return torch.from_numpy(values.clip(low, high)).to(x.device)


print(torch.ops.deep_dive.clip_ends.default._schema)
print([round(value, 3) for value in clip_ends(x, 0.1).tolist()])
# --8<-- [end:register]


# --8<-- [start:register-fake]
@clip_ends.register_fake
def _(x, share):
    return torch.empty_like(x)


def scaled_by_operator(x):
    return clip_ends(x * 2, 0.1) + 1


torch.compiler.reset()
print(torch._dynamo.explain(scaled_by_operator)(x).graph_count, "graph")
# --8<-- [end:register-fake]


# --8<-- [start:opcheck-finds]
arguments = (x.detach(), 0.1)
report = torch.library.opcheck(clip_ends, arguments, raise_exception=False)
print(str(report["test_faketensor"]).split("found ")[-1])
print(clip_ends(x, 0.1).dtype)
# --8<-- [end:opcheck-finds]


# --8<-- [start:right-dtype]
@torch.library.custom_op("deep_dive::clip_both_ends", mutates_args=())
def clip_both_ends(x: torch.Tensor, share: float) -> torch.Tensor:
    values = x.detach().cpu().numpy()
    low, high = np.quantile(values, [share, 1 - share]).astype(values.dtype)
    return torch.from_numpy(values.clip(low, high)).to(x.device)


@clip_both_ends.register_fake
def _(x, share):
    return torch.empty_like(x)


checks = torch.library.opcheck(clip_both_ends, (x.detach(), 0.1))
print(*(f"{name}: {result}" for name, result in checks.items()), sep="\n")
# --8<-- [end:right-dtype]


# --8<-- [start:no-formula]
y = clip_both_ends(x, 0.1)
y.sum().backward()
# --8<-- [end:no-formula]


# --8<-- [start:register-autograd]
def keep(ctx, inputs, output):
    x, share = inputs
    ctx.save_for_backward(x == output)


def backward(ctx, grad):
    (unclipped,) = ctx.saved_tensors
    return grad * unclipped, None  # None for share, which is a number


clip_both_ends.register_autograd(backward, setup_context=keep)
clip_both_ends(x, 0.1).sum().backward()
print(x.grad.tolist())
# --8<-- [end:register-autograd]


# --8<-- [start:check-all]
wide = torch.randn(20, 3).to(device).requires_grad_()
checks = torch.library.opcheck(clip_both_ends, (wide, 0.2))
print(*(f"{name}: {result}" for name, result in checks.items()), sep="\n")

compiled = torch.compile(clip_both_ends, backend="aot_eager", fullgraph=True)
torch.testing.assert_close(compiled(wide, 0.2), clip_both_ends(wide, 0.2))
# --8<-- [end:check-all]


# --8<-- [start:check-numbers]
points = torch.linspace(-1, 1, 9, dtype=torch.float64, device=device)
points.requires_grad_()
slope = torch.autograd.grad(clip_both_ends(points, 0.25).sum(), points)[0]
step = 1e-6
moves = step * torch.eye(9, dtype=points.dtype, device=device)
shifted = [clip_both_ends(points.detach() + move, 0.25) for move in moves]
measured = (torch.stack(shifted) - clip_both_ends(points.detach(), 0.25)).sum(1) / step
print("formula ", slope.tolist())
print("measured", [round(value, 1) for value in measured.tolist()])
# --8<-- [end:check-numbers]


# --8<-- [start:writes-its-input]
@torch.library.custom_op("deep_dive::decay_", mutates_args=("state",))
def decay_(state: torch.Tensor, rate: float) -> None:
    state.mul_(rate)


def two_steps(state):
    before = state.sum()
    decay_(state, 0.5)
    return before, state.sum()


torch.compiler.reset()
compiled = torch.compile(two_steps, backend="aot_eager", fullgraph=True)
before, after = compiled(torch.ones(4, device=device))
print(f"sum before {before.item()}, after {after.item()}")
# --8<-- [end:writes-its-input]


# --8<-- [start:returns-a-view]
@torch.library.custom_op("deep_dive::first_half", mutates_args=())
def first_half(x: torch.Tensor) -> torch.Tensor:
    return x[: len(x) // 2]


try:
    first_half(torch.ones(4, device=device))
except RuntimeError as error:
    print("The output" + str(error).split("The output")[1].split(". ")[0])
# --8<-- [end:returns-a-view]


# --8<-- [start:unknown-size]
@torch.library.custom_op("deep_dive::distinct", mutates_args=())
def distinct(x: torch.Tensor) -> torch.Tensor:
    return x.unique()


@distinct.register_fake
def _(x):
    size = torch.library.get_ctx().new_dynamic_size()
    return x.new_empty(size)


double = torch.compile(lambda x: distinct(x) * 2, backend="aot_eager", fullgraph=True)
print(double(torch.tensor([1.0, 1.0, 3.0], device=device)).tolist())
# --8<-- [end:unknown-size]


# --8<-- [start:solution-undeclared-write]
@torch.library.custom_op("deep_dive::standardize", mutates_args=())
def standardize(x: torch.Tensor) -> torch.Tensor:
    x -= x.mean()
    return x / x.std()


standardize.register_fake(torch.empty_like)
data = torch.arange(4.0, device=device)
report = torch.library.opcheck(standardize, (data,), raise_exception=False)
print(report["test_schema"])
standardize(data)
print("input afterwards:", data.tolist())
# --8<-- [end:solution-undeclared-write]


# --8<-- [start:solution-sign-op]
@torch.library.custom_op("deep_dive::hard_sign", mutates_args=())
def hard_sign(x: torch.Tensor) -> torch.Tensor:
    return x.sign()


hard_sign.register_fake(torch.empty_like)
hard_sign.register_autograd(
    lambda ctx, grad: grad * (ctx.saved_tensors[0].abs() <= 1),
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
)
w = torch.tensor([-2.0, -0.5, 0.5, 2.0], device=device, requires_grad=True)
hard_sign(w).sum().backward()
print("signs", hard_sign(w).tolist(), "gradient", w.grad.tolist())
torch.library.opcheck(hard_sign, (w,))
# --8<-- [end:solution-sign-op]


# --8<-- [start:solution-pairs]
@torch.library.custom_op("deep_dive::pair_sums", mutates_args=())
def pair_sums(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(-1, 2).sum(dim=1)


pair_sums.register_fake(lambda x: x.new_empty(x.shape[0] // 2))
print(torch.library.opcheck(pair_sums, (torch.ones(6, device=device),)))
# --8<-- [end:solution-pairs]
