"""Give autograd a backward formula of your own, check it, and listen to gradients."""

# --8<-- [start:setup]
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import grad, vmap

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:write-a-function]
class Swish(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * (s + x * s * (1 - s))


x = torch.linspace(-3, 3, 5).to(device).requires_grad_()
y = Swish.apply(x)
(ours,) = torch.autograd.grad(y.sum(), x)
(theirs,) = torch.autograd.grad(F.silu(x).sum(), x)
# --8<-- [end:write-a-function]


# --8<-- [start:compare-with-silu]
print("node:  ", y.grad_fn.name())
print("ours:  ", [f"{slope:.3f}" for slope in ours.tolist()])
print("F.silu:", [f"{slope:.3f}" for slope in theirs.tolist()])
# --8<-- [end:compare-with-silu]


# --8<-- [start:what-it-saves]
def elements_saved(function):
    sizes = {}

    def note(tensor):
        sizes[tensor.data_ptr()] = tensor.numel()  # count shared memory once
        return tensor.detach()  # the tensor itself could keep its graph alive

    x = torch.ones(1000, device=device, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        function(x)
    return sum(sizes.values())


print("x * sigmoid(x):", elements_saved(lambda x: x * torch.sigmoid(x)))
print("Swish:         ", elements_saved(Swish.apply))
print("F.silu:        ", elements_saved(F.silu))
# --8<-- [end:what-it-saves]


# --8<-- [start:unguarded]
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, guarded):
        if guarded:
            ctx.save_for_backward(x)
        ctx.x = None if guarded else x
        return x**2

    @staticmethod
    def backward(ctx, grad_output):
        x = ctx.saved_tensors[0] if ctx.x is None else ctx.x
        return grad_output * 2 * x, None


for guarded in True, False:
    w = torch.tensor(1.0, requires_grad=True)
    h = w * 1  # a result, which may be changed in place
    y = Square.apply(h, guarded)
    h += 4
    try:
        print("as an attribute, gradient", torch.autograd.grad(y, w)[0].item())
    except RuntimeError:
        print("with save_for_backward: refused")
# --8<-- [end:unguarded]


# --8<-- [start:gradcheck]
points = torch.randn(6, dtype=torch.float64, requires_grad=True)
print("first derivative: ", torch.autograd.gradcheck(Swish.apply, points))
print("second derivative:", torch.autograd.gradgradcheck(Swish.apply, points))
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
    def forward(x, factor):
        return x * factor

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.factor = inputs[1]  # a plain number may be kept on ctx

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.factor, None  # the factor is not learned


print(torch.autograd.grad(Scale.apply(x, 3).sum(), x)[0].tolist())
# --8<-- [end:one-gradient-for-each-input]


# --8<-- [start:one-gradient-missing]
class ScaleWithOneGradient(Scale):
    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.factor


try:
    ScaleWithOneGradient.apply(x, 3).sum().backward()
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:one-gradient-missing]


# --8<-- [start:older-form]
class OldSwish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    backward = staticmethod(Swish.backward)


class BatchedSwish(Swish):
    generate_vmap_rule = True


for function in OldSwish, Swish, BatchedSwish:
    try:
        slopes = vmap(grad(function.apply))(x.detach())
        print(f"{function.__name__}:", [f"{slope:.3f}" for slope in slopes.tolist()])
    except RuntimeError as error:
        print(f"{function.__name__}:", str(error).split(",")[0])
# --8<-- [end:older-form]


# --8<-- [start:watch-a-gradient]
torch.manual_seed(0)
sizes = [4, 16, 16, 16, 16, 16, 1]
hidden = torch.randn(32, 4).to(device)


def report(depth):
    return lambda gradient: print(f"after layer {depth}: norm {gradient.norm():.2e}")


for depth in range(6):
    layer = nn.Linear(sizes[depth], sizes[depth + 1]).to(device)
    hidden = torch.sigmoid(layer(hidden))
    hidden.register_hook(report(depth))
hidden.mean().backward()
# --8<-- [end:watch-a-gradient]


# --8<-- [start:clip-in-a-hook]
w = torch.ones(3, device=device, requires_grad=True)
scales = torch.tensor([0.5, 1000.0, -1000.0], device=device)
handle = w.register_hook(lambda gradient: gradient.clamp(-1, 1))
(w * scales).sum().backward()
print("with the hook:", w.grad.tolist())
handle.remove()
(gradient,) = torch.autograd.grad((w * scales).sum(), w)
print("after remove: ", gradient.tolist())
# --8<-- [end:clip-in-a-hook]


# --8<-- [start:step-in-the-backward-pass]
def sgd_step(parameter):
    with torch.no_grad():
        parameter -= 0.1 * parameter.grad
    parameter.grad = None  # its memory is free before the next one arrives


torch.manual_seed(0)
line = nn.Linear(1, 1).to(device)
for parameter in line.parameters():
    parameter.register_post_accumulate_grad_hook(sgd_step)
inputs = torch.linspace(-1, 1, 20).to(device)[:, None]
for step in range(101):
    loss = (line(inputs) - (3 * inputs - 1)).square().mean()
    loss.backward()  # also takes the step
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.3f}")
# --8<-- [end:step-in-the-backward-pass]


# --8<-- [start:not-a-number]
def distance(one, other):
    return (one - other).square().sum().sqrt()


point = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
same_point = torch.tensor([1.0, 2.0], device=device)
length = distance(point, same_point)
(gradient,) = torch.autograd.grad(length, point)
print("distance", length.item(), "gradient", gradient.tolist())
# --8<-- [end:not-a-number]


# --8<-- [start:find-the-operation]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with torch.autograd.set_detect_anomaly(True):
        try:
            distance(point, same_point).backward()
        except RuntimeError as error:
            print("RuntimeError:", error)
for warning in caught:
    for line_of_trace in str(warning.message).splitlines():
        if "sqrt" in line_of_trace:
            print("forward line:", line_of_trace.strip())
# --8<-- [end:find-the-operation]


# --8<-- [start:safe-distance]
length = torch.linalg.vector_norm(point - same_point)
(gradient,) = torch.autograd.grad(length, point)
print("distance", length.item(), "gradient", gradient.tolist())
# --8<-- [end:safe-distance]


# --8<-- [start:solution-leaky-relu]
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(x, slope):
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.slope = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, ctx.slope * grad_output), None


print("gradcheck:", torch.autograd.gradcheck(LeakyReLU.apply, (points, 0.1)))
# --8<-- [end:solution-leaky-relu]


# --8<-- [start:solution-reverse-a-gradient]
def reverse_gradient(x):
    alias = x.view_as(x)
    alias.register_hook(lambda gradient: -gradient)
    return alias


w = torch.tensor(2.0, device=device, requires_grad=True)
y = 5 * w + 3 * reverse_gradient(w)
y.backward()
print("value", y.item(), "gradient", w.grad.item())
# --8<-- [end:solution-reverse-a-gradient]


# --8<-- [start:broken-cube]
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return 3 * x**2


for start in 1.0, 2.0:
    x = torch.tensor(start, device=device, requires_grad=True)
    (2 * Cube.apply(x)).backward()
    print(f"at {start}: {x.grad.item()}, should be {6 * start**2}")
# --8<-- [end:broken-cube]


# --8<-- [start:solution-cube]
class RightCube(Cube):
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x**2


for start in 1.0, 2.0:
    x = torch.tensor(start, device=device, requires_grad=True)
    (2 * RightCube.apply(x)).backward()
    print(f"at {start}: {x.grad.item()}")
# --8<-- [end:solution-cube]
