"""Make each of PyTorch's messages about gradients appear, and then go away."""

# --8<-- [start:setup]
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:no-graph]
weight = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    loss = weight.square().sum()
loss.backward()
# --8<-- [end:no-graph]


# --8<-- [start:no-graph-fixed]
loss = weight.square().sum()
loss.backward()
print(loss.requires_grad, weight.grad.tolist())
# --8<-- [end:no-graph-fixed]


# --8<-- [start:second-backward]
weight = torch.tensor(0.5, requires_grad=True)
state = torch.tensor(1.0)
for _ in range(2):
    state = state * weight
    loss = (state - 1).square()
    loss.backward()
# --8<-- [end:second-backward]


# --8<-- [start:second-backward-fixed]
state = torch.tensor(1.0)
for _ in range(2):
    state = state.detach() * weight
    loss = (state - 1).square()
    loss.backward()
print(f"{weight.grad:.2f}")
# --8<-- [end:second-backward-fixed]


# --8<-- [start:modified-in-place]
x = torch.tensor([0.0, 1.0], requires_grad=True)
y = x.exp()
y += 1
y.sum().backward()
# --8<-- [end:modified-in-place]


# --8<-- [start:modified-in-place-fixed]
y = x.exp()
y = y + 1
y.sum().backward()
print([round(value, 2) for value in x.grad.tolist()])
# --8<-- [end:modified-in-place-fixed]


# --8<-- [start:leaf-in-place]
weight = torch.tensor([1.0, 2.0], requires_grad=True)
weight -= 0.1
# --8<-- [end:leaf-in-place]


# --8<-- [start:leaf-in-place-fixed]
with torch.no_grad():
    weight -= 0.1
print([round(value, 2) for value in weight.tolist()], f"{weight.requires_grad=}")
# --8<-- [end:leaf-in-place-fixed]


# --8<-- [start:view-of-a-leaf]
layer = nn.Linear(2, 2)
layer.weight[0] = 0.0
# --8<-- [end:view-of-a-leaf]


# --8<-- [start:view-of-a-leaf-fixed]
with torch.no_grad():
    layer.weight[0] = 0.0
masked = layer.weight.clone()
masked[1] = 1.0
print(layer.weight[0].tolist(), masked[1].tolist())
# --8<-- [end:view-of-a-leaf-fixed]


# --8<-- [start:multi-view]
x = torch.ones(4, requires_grad=True)
left, right = (2 * x).split(2)
left += 1
# --8<-- [end:multi-view]


# --8<-- [start:multi-view-fixed]
left, right = (2 * x).split(2)
left = left + 1
(left.sum() + right.sum()).backward()
print(x.grad.tolist())
# --8<-- [end:multi-view-fixed]


# --8<-- [start:view-from-no-grad]
x = 2 * torch.ones(4, requires_grad=True)
with torch.no_grad():
    left = x[:2]
left += 1
# --8<-- [end:view-from-no-grad]


# --8<-- [start:view-from-no-grad-fixed]
with torch.no_grad():
    left = x[:2]
    left += 1
print(x.tolist())
# --8<-- [end:view-from-no-grad-fixed]


# --8<-- [start:scalar-output]
weight = torch.tensor([1.0, 2.0], requires_grad=True)
losses = weight.square()
losses.backward()
# --8<-- [end:scalar-output]


# --8<-- [start:scalar-output-fixed]
losses.mean().backward()
print(weight.grad.tolist())
# --8<-- [end:scalar-output-fixed]


# --8<-- [start:grad-of-a-non-leaf]
weight = 0.1 * torch.ones(2, requires_grad=True)
weight.sum().backward()
print(weight.grad)
# --8<-- [end:grad-of-a-non-leaf]


# --8<-- [start:grad-of-a-non-leaf-fixed]
weight = (0.1 * torch.ones(2)).requires_grad_()
weight.sum().backward()
print(weight.is_leaf, weight.grad.tolist())
# --8<-- [end:grad-of-a-non-leaf-fixed]


# --8<-- [start:grad-is-none]
weight = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    weight -= 0.1 * weight.grad
# --8<-- [end:grad-is-none]


# --8<-- [start:grad-is-none-fixed]
weight.square().sum().backward()
with torch.no_grad():
    weight -= 0.1 * weight.grad
print([round(value, 2) for value in weight.tolist()])
# --8<-- [end:grad-is-none-fixed]


# --8<-- [start:numpy-in-graph]
outputs = nn.Linear(2, 1)(torch.ones(3, 2))
outputs.numpy()
# --8<-- [end:numpy-in-graph]


# --8<-- [start:numpy-in-graph-fixed]
print(outputs.detach().numpy().shape)
# --8<-- [end:numpy-in-graph-fixed]


# --8<-- [start:float-in-graph]
weight = torch.tensor([1.0, 2.0], requires_grad=True)
print(float(weight.sum()))
# --8<-- [end:float-in-graph]


# --8<-- [start:float-in-graph-fixed]
print(weight.sum().item())
# --8<-- [end:float-in-graph-fixed]


# --8<-- [start:unused-input]
x = torch.ones(3, 2, requires_grad=True)
time = x[:, 0]
loss = x.square().sum()
torch.autograd.grad(loss, time)
# --8<-- [end:unused-input]


# --8<-- [start:unused-input-fixed]
time = torch.ones(3, requires_grad=True)
place = torch.ones(3)
loss = torch.stack([time, place], dim=1).square().sum()
(gradient,) = torch.autograd.grad(loss, time)
print(gradient.tolist())
# --8<-- [end:unused-input-fixed]


# --8<-- [start:input-without-grad]
weight = torch.ones(2, requires_grad=True)
image = torch.ones(2)
torch.autograd.grad((weight * image).sum(), image)
# --8<-- [end:input-without-grad]


# --8<-- [start:input-without-grad-fixed]
image.requires_grad_()
(gradient,) = torch.autograd.grad((weight * image).sum(), image)
print(gradient.tolist())
# --8<-- [end:input-without-grad-fixed]


# --8<-- [start:flag-of-a-result]
features = nn.Linear(2, 2)(torch.ones(1, 2))
features.requires_grad = False
# --8<-- [end:flag-of-a-result]


# --8<-- [start:flag-of-a-result-fixed]
print(f"{features.detach().requires_grad=}")
layer = nn.Linear(2, 2).requires_grad_(False)
print(f"{layer(torch.ones(1, 2)).requires_grad=}")
# --8<-- [end:flag-of-a-result-fixed]


# --8<-- [start:inference-tensor]
with torch.inference_mode():
    features = torch.ones(2)
weight = torch.ones(2, requires_grad=True)
(weight * features).sum().backward()
# --8<-- [end:inference-tensor]


# --8<-- [start:inference-tensor-fixed]
(weight * features.clone()).sum().backward()
print(weight.grad.tolist())
# --8<-- [end:inference-tensor-fixed]


# --8<-- [start:inference-update]
with torch.inference_mode():
    average = torch.zeros(2)
average += 1
# --8<-- [end:inference-update]


# --8<-- [start:inference-update-fixed]
average = average.clone()
average += 1
print(average.tolist())
# --8<-- [end:inference-update-fixed]


# --8<-- [start:number-of-gradients]
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.factor


Scale.apply(torch.ones(2, requires_grad=True), 3.0).sum().backward()
# --8<-- [end:number-of-gradients]


# --8<-- [start:number-of-gradients-fixed]
class ScaleBoth(Scale):
    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.factor, None


x = torch.ones(2, requires_grad=True)
ScaleBoth.apply(x, 3.0).sum().backward()
print(x.grad.tolist())
# --8<-- [end:number-of-gradients-fixed]


# --8<-- [start:invalid-gradient]
class RowSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return x.sum(dim=1)

    @staticmethod
    def backward(ctx, grad):
        return grad


RowSum.apply(torch.ones(2, 3, requires_grad=True)).sum().backward()
# --8<-- [end:invalid-gradient]


# --8<-- [start:invalid-gradient-fixed]
class RowSumExpanded(RowSum):
    @staticmethod
    def backward(ctx, grad):
        return grad[:, None].expand(ctx.shape)


x = torch.ones(2, 3, requires_grad=True)
RowSumExpanded.apply(x).sum().backward()
print(x.grad.tolist())
# --8<-- [end:invalid-gradient-fixed]


# --8<-- [start:save-a-number]
class Power(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, exponent):
        ctx.save_for_backward(x, exponent)
        return x**exponent


Power.apply(torch.ones(2, requires_grad=True), 3)
# --8<-- [end:save-a-number]


# --8<-- [start:save-a-number-fixed]
class PowerKept(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, exponent):
        ctx.save_for_backward(x)
        ctx.exponent = exponent
        return x**exponent

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * ctx.exponent * x ** (ctx.exponent - 1), None


x = torch.full((2,), 2.0, requires_grad=True)
PowerKept.apply(x, 3).sum().backward()
print(x.grad.tolist())
# --8<-- [end:save-a-number-fixed]


# --8<-- [start:setup-context]
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


torch.func.grad(Square.apply)(torch.tensor(3.0))
# --8<-- [end:setup-context]


# --8<-- [start:setup-context-fixed]
class SquareApart(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x**2

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


print(torch.func.grad(SquareApart.apply)(torch.tensor(3.0)).item())
# --8<-- [end:setup-context-fixed]


# --8<-- [start:not-differentiable]
shape = torch.tensor([2.0], requires_grad=True)
torch.special.gammainc(shape, torch.tensor([1.0])).sum().backward()
# --8<-- [end:not-differentiable]


# --8<-- [start:not-differentiable-fixed]
x = torch.tensor([1.0], requires_grad=True)
torch.special.gammainc(torch.tensor([2.0]), x).sum().backward()
print(f"{x.grad.item():.3f}")
# --8<-- [end:not-differentiable-fixed]


# --8<-- [start:anomaly-nan]
x = torch.zeros(2, requires_grad=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with torch.autograd.set_detect_anomaly(True):
        try:
            (x.sqrt() * 0).sum().backward()
        except RuntimeError as error:
            print("RuntimeError:", error)
print("UserWarning:", str(caught[0].message).partition(":")[0])
# --8<-- [end:anomaly-nan]


# --8<-- [start:anomaly-nan-fixed]
x.clamp(min=1e-12).sqrt().sum().backward()
print(x.grad.tolist())
# --8<-- [end:anomaly-nan-fixed]


# --8<-- [start:reference-cycle]
x = torch.tensor(2.0, requires_grad=True)
(x**3).backward(create_graph=True)
print(f"{x.grad.requires_grad=}")
# --8<-- [end:reference-cycle]


# --8<-- [start:reference-cycle-fixed]
(slope,) = torch.autograd.grad(x**3, x, create_graph=True)
(curvature,) = torch.autograd.grad(slope, x)
print(slope.item(), curvature.item())
# --8<-- [end:reference-cycle-fixed]


# --8<-- [start:use-reentrant]
layer = nn.Linear(2, 2)
x = torch.ones(1, 2, requires_grad=True)
print(checkpoint(layer, x).shape)
# --8<-- [end:use-reentrant]


# --8<-- [start:use-reentrant-fixed]
print(checkpoint(layer, x, use_reentrant=False).shape)
# --8<-- [end:use-reentrant-fixed]


# --8<-- [start:checkpoint-inputs]
layer = nn.Linear(2, 2)
x = torch.ones(1, 2)
print(f"requires_grad={checkpoint(layer, x, use_reentrant=True).requires_grad}")
# --8<-- [end:checkpoint-inputs]


# --8<-- [start:checkpoint-inputs-fixed]
checkpoint(layer, x, use_reentrant=False).sum().backward()
print(layer.weight.grad.tolist())
# --8<-- [end:checkpoint-inputs-fixed]


# --8<-- [start:checkpoint-mismatch]
cache = {}


def block(x):
    if "sine" not in cache:
        cache["sine"] = x.sin()
    return cache["sine"] * x


x = torch.ones(2, requires_grad=True)
try:
    checkpoint(block, x, use_reentrant=False).sum().backward()
except torch.utils.checkpoint.CheckpointError as error:
    print("CheckpointError:", str(error).splitlines()[0])
# --8<-- [end:checkpoint-mismatch]


# --8<-- [start:checkpoint-mismatch-fixed]
def pure_block(x):
    return x.sin() * x


checkpoint(pure_block, x, use_reentrant=False).sum().backward()
print([round(value, 3) for value in x.grad.tolist()])
# --8<-- [end:checkpoint-mismatch-fixed]


# --8<-- [start:hook-without-grad]
x = torch.ones(2)
x.register_hook(print)
# --8<-- [end:hook-without-grad]


# --8<-- [start:hook-without-grad-fixed]
x = torch.ones(2, requires_grad=True)
x.register_hook(lambda grad: print("gradient:", grad.tolist()))
x.square().sum().backward()
# --8<-- [end:hook-without-grad-fixed]


# --8<-- [start:hook-size]
x = torch.ones(2, requires_grad=True)
x.register_hook(lambda grad: grad.norm())
x.square().sum().backward()
# --8<-- [end:hook-size]


# --8<-- [start:hook-size-fixed]
norms = []
x = torch.ones(2, requires_grad=True)
x.register_hook(lambda grad: norms.append(grad.norm().item()))
x.square().sum().backward()
print([round(norm, 2) for norm in norms])
# --8<-- [end:hook-size-fixed]


# --8<-- [start:out-argument]
weight = torch.ones(2, requires_grad=True)
result = torch.empty(2)
torch.mul(weight, 2, out=result)
# --8<-- [end:out-argument]


# --8<-- [start:out-argument-fixed]
result = torch.mul(weight, 2)
print(f"{result.requires_grad=}")
# --8<-- [end:out-argument-fixed]


# --8<-- [start:gradcheck-mismatch]
class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad):
        return ctx.saved_tensors[0] * grad  # the 2 is missing


x = torch.ones(1, dtype=torch.float64, requires_grad=True)
try:
    torch.autograd.gradcheck(WrongSquare.apply, x)
except RuntimeError as error:
    print(f"{type(error).__name__}:", " ".join(str(error).split()))
# --8<-- [end:gradcheck-mismatch]


# --8<-- [start:gradcheck-mismatch-fixed]
class RightSquare(WrongSquare):
    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


print("gradcheck passed:", torch.autograd.gradcheck(RightSquare.apply, x))
# --8<-- [end:gradcheck-mismatch-fixed]


# --8<-- [start:func-scalar]
x = torch.tensor([1.0, 2.0])
torch.func.grad(torch.sin)(x)
# --8<-- [end:func-scalar]


# --8<-- [start:func-scalar-fixed]
slopes = torch.func.grad(lambda x: x.sin().sum())(x)
print([round(slope, 2) for slope in slopes.tolist()])
print(torch.func.jacrev(torch.sin)(x).shape)
# --8<-- [end:func-scalar-fixed]


# --8<-- [start:vmap-item]
def shifted(x):
    return x + round(x.item())


torch.vmap(shifted)(torch.tensor([0.4, 1.6]))
# --8<-- [end:vmap-item]


# --8<-- [start:vmap-item-fixed]
print(torch.vmap(lambda x: x + x.round())(torch.tensor([0.5, 1.5])).tolist())
# --8<-- [end:vmap-item-fixed]


# --8<-- [start:vmap-random]
batch = torch.ones(4, 3)
torch.vmap(lambda x: F.dropout(x, 0.5))(batch)
# --8<-- [end:vmap-random]


# --8<-- [start:vmap-random-fixed]
noisy = torch.vmap(lambda x: F.dropout(x, 0.5), randomness="different")(batch)
print(noisy.shape)
# --8<-- [end:vmap-random-fixed]


# --8<-- [start:vmap-sizes]
samples = torch.ones(4, 3)
weight = torch.ones(3)
torch.vmap(torch.dot)(samples, weight)
# --8<-- [end:vmap-sizes]


# --8<-- [start:vmap-sizes-fixed]
print(torch.vmap(torch.dot, in_dims=(0, None))(samples, weight).tolist())
# --8<-- [end:vmap-sizes-fixed]
