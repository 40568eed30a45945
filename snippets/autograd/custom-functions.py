"""Give autograd a backward formula of your own, check it, and listen to gradients."""

# --8<-- [start:setup]
import warnings

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:write-a-function]
class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * (s + x * s * (1 - s))


x = torch.linspace(-3, 3, 5).to(device).requires_grad_()
y = Swish.apply(x)
y.sum().backward()
print(y.grad_fn.name(), [f"{slope:.3f}" for slope in x.grad.tolist()])
torch.testing.assert_close(y, F.silu(x))
# --8<-- [end:write-a-function]


# --8<-- [start:what-it-saves]
def numbers_saved(function):
    sizes = {}

    def note(tensor):
        sizes[tensor.data_ptr()] = tensor.numel()  # count shared memory once
        return tensor

    x = torch.ones(1000, device=device, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        y = function(x)
    return sum(sizes.values()), y.requires_grad


print(numbers_saved(lambda x: x * torch.sigmoid(x)), numbers_saved(Swish.apply))
# --8<-- [end:what-it-saves]


# --8<-- [start:gradcheck]
points = torch.randn(6, dtype=torch.float64, requires_grad=True)
print(torch.autograd.gradcheck(Swish.apply, points))
# --8<-- [end:gradcheck]


# --8<-- [start:gradcheck-finds-a-mistake]
class ForgotTheProductRule(Swish):
    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * torch.sigmoid(x)


try:
    torch.autograd.gradcheck(ForgotTheProductRule.apply, points)
except RuntimeError as error:
    print(type(error).__name__, str(error).splitlines()[0])
# --8<-- [end:gradcheck-finds-a-mistake]


# --8<-- [start:one-gradient-for-each-input]
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor  # a plain number may be kept on ctx
        return x * factor

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.factor  # None is missing


class Mended(Scale):
    @staticmethod
    def backward(ctx, grad_output):
        return Scale.backward(ctx, grad_output), None  # factor is not learned


for function in (Scale, Mended):
    scaled = function.apply(x, 3)
    try:
        print(torch.autograd.grad(scaled.sum(), x)[0].tolist(), scaled.tolist())
    except RuntimeError as error:
        print("RuntimeError:", error)
# --8<-- [end:one-gradient-for-each-input]


# --8<-- [start:watch-a-gradient]
torch.manual_seed(0)
sizes = [4] + [16] * 5 + [1]
layers = [nn.Linear(m, n) for m, n in zip(sizes, sizes[1:], strict=False)]
network = nn.ModuleList(layers).to(device)
hidden = torch.randn(32, 4).to(device)
for depth, layer in enumerate(network):
    hidden = torch.sigmoid(layer(hidden))
    hidden.register_hook(lambda g, depth=depth: print(depth, f"{g.norm():.2e}"))
hidden.mean().backward()
# --8<-- [end:watch-a-gradient]


# --8<-- [start:clip-in-a-hook]
w = torch.ones(3, device=device, requires_grad=True)
scales = torch.tensor([0.5, 1000.0, -1000.0], device=device)
handle = w.register_hook(lambda gradient: gradient.clamp(-1, 1))
(w * scales).sum().backward()
print(w.grad.tolist())
handle.remove()
print(torch.autograd.grad((w * scales).sum(), w)[0].tolist())
# --8<-- [end:clip-in-a-hook]


# --8<-- [start:not-a-number]
x = torch.tensor([0.0, 0.25], device=device, requires_grad=True)
root = torch.where(x > 0, x.sqrt(), 0.0)
print(root.tolist(), torch.autograd.grad(root.sum(), x)[0].tolist())
# --8<-- [end:not-a-number]


# --8<-- [start:find-the-operation]
with warnings.catch_warnings(), torch.autograd.set_detect_anomaly(True):
    warnings.simplefilter("ignore")  # the warning shows the forward line
    try:
        torch.where(x > 0, x.sqrt(), 0.0).sum().backward()
    except RuntimeError as error:
        print("RuntimeError:", error)

safe = torch.where(x > 0, x, 1.0)
root = torch.where(x > 0, safe.sqrt(), 0.0)
print(root.tolist(), torch.autograd.grad(root.sum(), x)[0].tolist())
# --8<-- [end:find-the-operation]


# --8<-- [start:solution-leaky-relu]
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, ctx.slope * grad_output), None


print(torch.autograd.gradcheck(LeakyReLU.apply, (points, 0.1)))
# --8<-- [end:solution-leaky-relu]


# --8<-- [start:solution-reverse-a-gradient]
def reverse_gradient(x):
    alias = x.view_as(x)
    alias.register_hook(lambda gradient: -gradient)
    return alias


w = torch.tensor(2.0, device=device, requires_grad=True)
y = 5 * w + 3 * reverse_gradient(w)
y.backward()
print(y.item(), w.grad.item())
# --8<-- [end:solution-reverse-a-gradient]
