"""Turn functions into derivatives, and functions of one example into batched ones."""

# --8<-- [start:setup]
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, vmap

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:derivative-of-a-function]
def cube(x):
    return x**3


x = torch.tensor(2.0, device=device)
print(grad(cube)(x).item(), grad(grad(cube))(x).item())
print(x.requires_grad, x.grad)
# --8<-- [end:derivative-of-a-function]


# --8<-- [start:which-argument]
def squared_error(w, x, y):
    return (w @ x - y) ** 2


w = torch.tensor([1.0, 2.0], device=device)
x, y = torch.tensor([3.0, 1.0], device=device), torch.tensor(4.0, device=device)
slope_w, slope_x = grad(squared_error, argnums=(0, 1))(w, x, y)
print(slope_w.tolist(), slope_x.tolist())
# --8<-- [end:which-argument]


# --8<-- [start:one-example-to-a-batch]
X = torch.tensor([[3.0, 1.0], [0.0, 1.0], [1.0, 1.0]], device=device)
targets = torch.tensor([4.0, 2.0, 0.0], device=device)
errors = vmap(squared_error, in_dims=(None, 0, 0))(w, X, targets)
print(errors.tolist())
# --8<-- [end:one-example-to-a-batch]


# --8<-- [start:jacobian]
def polynomials(x):
    return torch.stack([x[0] * x[1], x[1] ** 2, x.sum()])


point = torch.tensor([2.0, 3.0], device=device)
print(jacrev(polynomials)(point).tolist())
assert torch.equal(jacrev(polynomials)(point), jacfwd(polynomials)(point))
# --8<-- [end:jacobian]


# --8<-- [start:newton-step]
def bowl(x):
    return 3 * x[0] ** 2 + x[0] * x[1] + 2 * x[1] ** 2 - x[1]


start = torch.tensor([5.0, -5.0], device=device)
curvature, slope = hessian(bowl)(start), grad(bowl)(start)
bottom = start - torch.linalg.solve(curvature, slope)
print(curvature.tolist(), slope.tolist())
print([f"{value:.3f}" for value in bottom.tolist()])
torch.testing.assert_close(grad(bowl)(bottom), torch.zeros_like(bottom))
# --8<-- [end:newton-step]


# --8<-- [start:model-as-function]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(device)
parameters = {name: p.detach() for name, p in model.named_parameters()}


def loss_of_one(parameters, x, y):
    logits = functional_call(model, parameters, (x.unsqueeze(0),))
    return F.cross_entropy(logits, y.unsqueeze(0))


X, y = torch.randn(16, 4).to(device), torch.randint(3, (16,)).to(device)
gradients = grad(loss_of_one)(parameters, X[0], y[0])
print({name: tuple(g.shape) for name, g in gradients.items()})
# --8<-- [end:model-as-function]


# --8<-- [start:gradient-for-each-sample]
for_each = vmap(grad(loss_of_one), in_dims=(None, 0, 0))(parameters, X, y)
print(tuple(for_each["0.weight"].shape))

F.cross_entropy(model(X), y).backward()
for name, parameter in model.named_parameters():
    torch.testing.assert_close(for_each[name].mean(0), parameter.grad)
print("their mean is the gradient of the batch")
# --8<-- [end:gradient-for-each-sample]


# --8<-- [start:clip-each-sample]
limit = 2.0
norms = sum(g.flatten(1).square().sum(1) for g in for_each.values()).sqrt()
shares = (limit / norms).clamp(max=1.0) / len(norms)
step = {n: torch.einsum("i,i...->...", shares, g) for n, g in for_each.items()}
print(f"norms from {norms.min().item():.3f} to {norms.max().item():.3f}")
print(f"shortened: {(norms > limit).sum().item()} of {len(norms)}")
for name, g in step.items():
    print(name, tuple(g.shape), f"{g.norm().item():.3f}")
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
print(vmap(lambda x: torch.where(x > 0, x, -x))(values).tolist())
print(vmap(add_noise, randomness="different")(values).shape)
# --8<-- [end:what-vmap-refuses]


# --8<-- [start:solution-slopes-of-softmax]
z = torch.tensor([1.0, 2.0, 0.5], device=device)
p = z.softmax(0)
by_hand = p.diag() - p.outer(p)
torch.testing.assert_close(jacrev(lambda z: z.softmax(0))(z), by_hand)
print([[f"{slope:.3f}" for slope in row] for row in by_hand.tolist()])
# --8<-- [end:solution-slopes-of-softmax]


# --8<-- [start:solution-five-models-at-once]
torch.manual_seed(0)
models = [nn.Linear(4, 3).to(device) for _ in range(5)]
stacked, buffers = torch.func.stack_module_state(models)


def run_one(parameters, buffers):
    return functional_call(models[0], (parameters, buffers), (X,))


logits = vmap(run_one)(stacked, buffers)
torch.testing.assert_close(logits[3], models[3](X))
average = logits.softmax(-1).mean(0)
print(tuple(logits.shape), tuple(average.shape))
print([f"{share:.3f}" for share in average[0].tolist()])
# --8<-- [end:solution-five-models-at-once]
