"""Turn functions into derivatives, and functions of one example into batched ones."""

# --8<-- [start:setup]
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:derivative-of-a-function]
def cube(x):
    return x**3


x = torch.tensor(3.0, device=device)
print("slope", grad(cube)(x).item(), "slope of the slope", grad(grad(cube))(x).item())
print("requires_grad", x.requires_grad, "grad", x.grad)
# --8<-- [end:derivative-of-a-function]


# --8<-- [start:which-argument]
def squared_error(w, x, y):
    return (w @ x - y) ** 2


w = torch.tensor([1.0, 2.0], device=device)
x, y = torch.tensor([3.0, 1.0], device=device), torch.tensor(4.0, device=device)
slope_w, slope_x = grad(squared_error, argnums=(0, 1))(w, x, y)
print("with respect to w:", slope_w.tolist())
print("with respect to x:", slope_x.tolist())
# --8<-- [end:which-argument]


# --8<-- [start:one-example-to-a-batch]
X = torch.tensor([[3.0, 1.0], [0.0, 1.0], [1.0, 1.0]], device=device)
targets = torch.tensor([4.0, 2.0, 0.0], device=device)
errors = vmap(squared_error, in_dims=(None, 0, 0))(w, X, targets)
print("vmap:", errors.tolist())
print("loop:", [squared_error(w, x, y).item() for x, y in zip(X, targets, strict=True)])
# --8<-- [end:one-example-to-a-batch]


# --8<-- [start:jacobian]
def polynomials(x):
    return torch.stack([x[0] * x[1], x[1] ** 2, x.sum()])


point = torch.tensor([2.0, 3.0], device=device)
print("backward mode:", jacrev(polynomials)(point).tolist())
print("forward mode: ", jacfwd(polynomials)(point).tolist())
# --8<-- [end:jacobian]


# --8<-- [start:newton-step]
def bowl(x):
    return 3 * x[0] ** 2 + x[0] * x[1] + 2 * x[1] ** 2 - x[1]


start = torch.tensor([5.0, -5.0], device=device)
curvature, slope = hessian(bowl)(start), grad(bowl)(start)
bottom = start - torch.linalg.solve(curvature, slope)
print("Hessian:", curvature.tolist())
print("slope at the start:", slope.tolist())
print("bottom:", [f"{value:.3f}" for value in bottom.tolist()])
print("slope there:", [f"{abs(value):.3f}" for value in grad(bowl)(bottom).tolist()])
# --8<-- [end:newton-step]


# --8<-- [start:hessian-vector-product]
def hessian_times(function, point, direction):
    _, change = jvp(grad(function), (point,), (direction,))
    return change


direction = torch.tensor([1.0, 2.0], device=device)
print("with the table:   ", (hessian(bowl)(start) @ direction).tolist())
print("without the table:", hessian_times(bowl, start, direction).tolist())
# --8<-- [end:hessian-vector-product]


# --8<-- [start:a-million-inputs]
many = torch.ones(1_000_000, device=device)
product = hessian_times(lambda x: (x**4).sum(), many, many)
print(product.shape, "first", product[0].item(), "last", product[-1].item())
# --8<-- [end:a-million-inputs]


# --8<-- [start:model-as-function]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(device)
parameters = {name: p.detach() for name, p in model.named_parameters()}


def loss_of_one(parameters, x, y):
    logits = functional_call(model, parameters, (x.unsqueeze(0),))
    return F.cross_entropy(logits, y.unsqueeze(0))


X, y = torch.randn(16, 4).to(device), torch.randint(3, (16,)).to(device)
gradients = grad(loss_of_one)(parameters, X[0], y[0])
for name, gradient in gradients.items():
    print(name, tuple(gradient.shape))
# --8<-- [end:model-as-function]


# --8<-- [start:gradient-for-each-sample]
for_each = vmap(grad(loss_of_one), in_dims=(None, 0, 0))(parameters, X, y)
print("one for each sample:", tuple(for_each["2.bias"].shape))
print("their mean:", [f"{g:.3f}" for g in for_each["2.bias"].mean(0).tolist()])
F.cross_entropy(model(X), y).backward()
print("backward:  ", [f"{g:.3f}" for g in model[2].bias.grad.tolist()])
# --8<-- [end:gradient-for-each-sample]


# --8<-- [start:vmap-or-loop]
def with_vmap(X, y):
    gradients = vmap(grad(loss_of_one), in_dims=(None, 0, 0))(parameters, X, y)
    return gradients["0.weight"].cpu()  # waits for a GPU


def with_loop(X, y):
    gradient_of_one = grad(loss_of_one)
    pairs = zip(X, y, strict=True)
    rows = [gradient_of_one(parameters, *pair)["0.weight"] for pair in pairs]
    return torch.stack(rows).cpu()


seconds = {}
for method in with_vmap, with_loop:
    method(X, y)  # warm up
    begin = time.perf_counter()
    method(X.repeat(16, 1), y.repeat(16))
    seconds[method.__name__] = time.perf_counter() - begin
ratio = seconds["with_loop"] / seconds["with_vmap"]
print(f"256 samples: the loop takes {ratio:.0f} times as long")
# --8<-- [end:vmap-or-loop]


# --8<-- [start:clip-each-sample]
limit = 2.0
squares = [g.flatten(1).square().sum(dim=1) for g in for_each.values()]
norms = torch.stack(squares).sum(dim=0).sqrt()  # one for each sample
factors = (limit / norms).clamp(max=1.0)
print(f"norms from {norms.min().item():.3f} to {norms.max().item():.3f}")
print(f"shortened: {(norms > limit).sum().item()} of {len(norms)}")
for name, g in for_each.items():
    step = torch.einsum("i,i...->...", factors, g) / len(norms)  # weighted mean
    print(name, tuple(step.shape), f"norm {step.norm().item():.3f}")
# --8<-- [end:clip-each-sample]


# --8<-- [start:what-vmap-refuses]
def magnitude(x):
    return x if x > 0 else -x


def add_noise(x):
    return x + torch.randn_like(x)


values = torch.tensor([-1.0, 0.5], device=device)
for function in magnitude, add_noise:
    try:
        vmap(function)(values)
    except RuntimeError as error:
        print("RuntimeError:", str(error).split(".")[0])
print("where:", vmap(lambda x: torch.where(x > 0, x, -x))(values).tolist())
print("noise:", vmap(add_noise, randomness="different")(values).shape)
# --8<-- [end:what-vmap-refuses]


# --8<-- [start:batch-norm-in-vmap]
def normalize_groups(norm):
    groups = torch.ones(5, 8, 4, device=device)  # five batches of eight
    return vmap(norm)(groups).shape


try:
    normalize_groups(nn.BatchNorm1d(4).to(device))
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
without = nn.BatchNorm1d(4, track_running_stats=False).to(device)
print("without statistics:", normalize_groups(without))
# --8<-- [end:batch-norm-in-vmap]


# --8<-- [start:solution-slopes-of-softmax]
z = torch.tensor([1.0, 2.0, 0.5], device=device)
p = z.softmax(0)
by_hand = p.diag() - p.outer(p)
by_jacrev = jacrev(lambda z: z.softmax(0))(z)
for one, other in zip(by_hand.tolist(), by_jacrev.tolist(), strict=True):
    print([f"{slope:.3f}" for slope in one], [f"{slope:.3f}" for slope in other])
# --8<-- [end:solution-slopes-of-softmax]


# --8<-- [start:solution-five-models-at-once]
torch.manual_seed(0)
models = [nn.Linear(4, 3).to(device) for _ in range(5)]
stacked, buffers = torch.func.stack_module_state(models)


def run_one(parameters, buffers):
    return functional_call(models[0], (parameters, buffers), (X,))


logits = vmap(run_one)(stacked, buffers)
print("logits:", tuple(logits.shape))
print("model 3 in vmap:", [f"{value:.3f}" for value in logits[3, 0].tolist()])
print("model 3 alone:  ", [f"{value:.3f}" for value in models[3](X)[0].tolist()])
average = logits.softmax(-1).mean(0)
print("average:", [f"{share:.3f}" for share in average[0].tolist()])
# --8<-- [end:solution-five-models-at-once]


# --8<-- [start:broken-collection]
collected = []


def error_with_note(w, x, y):
    error = squared_error(w, x, y)
    collected.append(error)
    return error


inputs = torch.tensor([[3.0, 1.0], [0.0, 1.0], [1.0, 1.0]], device=device)
vmap(error_with_note, in_dims=(None, 0, 0))(w, inputs, targets)
print("collected:", len(collected), "of 3")
# --8<-- [end:broken-collection]


# --8<-- [start:solution-collection]
def error_and_prediction(w, x, y):
    return squared_error(w, x, y), w @ x


errors, predictions = vmap(error_and_prediction, (None, 0, 0))(w, inputs, targets)
print("errors:", errors.tolist(), "predictions:", predictions.tolist())
# --8<-- [end:solution-collection]
