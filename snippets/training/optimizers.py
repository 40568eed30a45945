"""Choose and set up an optimizer: SGD, momentum, AdamW, parameter groups, Muon."""

# --8<-- [start:setup]
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:sgd-by-hand]
w = torch.tensor([3.0, 1.0], device=device, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
loss = (w**2).sum()
loss.backward()
by_hand = w.detach() - 0.1 * w.grad
optimizer.step()
print(f"{w[0]:.3f} {w[1]:.3f}", torch.allclose(w, by_hand))
# --8<-- [end:sgd-by-hand]


# --8<-- [start:walk-a-ravine]
def ravine(p):
    return p[0] ** 2 / 60 + p[1] ** 2  # flat along x, steep along y


def walk(optimizer_class, steps=40, **options):
    """Return the positions that the optimizer visits, and the last loss."""
    p = torch.tensor([-9.0, 2.0], device=device, requires_grad=True)
    optimizer = optimizer_class([p], **options)
    path = [p.tolist()]
    for _ in range(steps):
        optimizer.zero_grad()
        ravine(p).backward()
        optimizer.step()
        path.append(p.tolist())
    return path, ravine(p).item()


for lr in (0.05, 0.5, 0.9, 1.01):
    print(f"lr {lr:4} loss {walk(torch.optim.SGD, lr=lr)[1]:.3f}")
# --8<-- [end:walk-a-ravine]


# --8<-- [start:compare-paths]
runs = {
    "SGD": walk(torch.optim.SGD, lr=0.9)[0],
    "momentum": walk(torch.optim.SGD, lr=0.1, momentum=0.9)[0],
    "AdamW": walk(torch.optim.AdamW, lr=0.5)[0],
}
flat, steep = torch.linspace(-10, 4, 29), torch.linspace(-3, 3, 25)
height = ravine(torch.meshgrid(flat, steep, indexing="xy"))
plt.contour(flat, steep, height, levels=[0.3, 1, 2, 4, 8], colors="C7", linewidths=0.7)
for name, path in runs.items():
    plt.plot(*zip(*path, strict=True), ".-", label=name)
plt.legend()
plt.show()
# --8<-- [end:compare-paths]


# --8<-- [start:adam-first-step]
for scale in (0.001, 1, 1000):
    w = torch.tensor(1.0, device=device, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.01)
    (scale * w).backward()
    optimizer.step()
    print(f"gradient {scale:5}, moved {1 - w.item():.3f}")
# --8<-- [end:adam-first-step]


# --8<-- [start:adam-and-adamw-decay]
for optimizer_class in (torch.optim.Adam, torch.optim.AdamW):
    w = torch.tensor([0.5, 5.0], device=device, requires_grad=True)
    optimizer = optimizer_class([w], lr=0.1, weight_decay=0.1)
    for _ in range(4):
        w.grad = torch.zeros_like(w)  # the loss asks for nothing
        optimizer.step()
    print(optimizer_class.__name__, [f"{value:.3f}" for value in w.tolist()])
# --8<-- [end:adam-and-adamw-decay]


# --8<-- [start:same-model-each-time]
data = load_digits()
X = (torch.tensor(data.data, dtype=torch.float32) / 16).to(device)
y = torch.tensor(data.target).to(device)


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)).to(device)


def train(model, *optimizers, epochs=5):
    """Return the loss over the training data at the end."""
    for rows in torch.arange(len(X)).split(64) * epochs:
        model.zero_grad()
        F.cross_entropy(model(X[rows]), y[rows]).backward()
        for optimizer in optimizers:
            optimizer.step()
    return F.cross_entropy(model(X), y).item()


# --8<-- [end:same-model-each-time]


# --8<-- [start:try-learning-rates]
for lr in (0.001, 0.01, 0.1, 1.0):
    results = []
    for name, options in (("SGD", {}), ("SGD", {"momentum": 0.9}), ("AdamW", {})):
        model = build()
        optimizer = getattr(torch.optim, name)(model.parameters(), lr=lr, **options)
        results.append(train(model, optimizer))
    print(f"{lr:5}", *(f"{loss:.1f}" if loss < 1 else "  -" for loss in results))
# --8<-- [end:try-learning-rates]


# --8<-- [start:parameter-groups]
model = build()
matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
biases = [parameter for parameter in model.parameters() if parameter.ndim == 1]
groups = [{"params": matrices}, {"params": biases, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=0.01, weight_decay=0.1)
for group in optimizer.param_groups:
    print(len(group["params"]), group["lr"], group["weight_decay"])
# --8<-- [end:parameter-groups]


# --8<-- [start:muon-and-adamw]
try:
    torch.optim.Muon(model.parameters())
except ValueError as error:
    print("ValueError:", error)
muon = torch.optim.Muon(matrices, lr=0.02)
adamw = torch.optim.AdamW(biases, lr=0.01)
print("loss below 0.2:", train(model, muon, adamw) < 0.2)
# --8<-- [end:muon-and-adamw]


# --8<-- [start:kernels-of-a-step]
def kernels(optimizer):
    """Return how many pieces of work one step sends to the GPU."""
    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    with profile(activities=activities, acc_events=True) as profiler:
        optimizer.step()
        torch.cuda.synchronize()
    events = profiler.key_averages()
    return sum(e.count for e in events if e.device_type == DeviceType.CUDA)


def milliseconds(optimizer, steps=20):
    """Return the time of one step, with the GPU's work done."""
    optimizer.step()
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(steps):
        optimizer.step()
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - started) / steps


# --8<-- [end:kernels-of-a-step]


# --8<-- [start:three-implementations]
small = [torch.ones(1000, device=device, requires_grad=True) for _ in range(200)]
for tensor in small:
    tensor.grad = torch.ones_like(tensor)
for options in ({"foreach": False}, {"foreach": True}, {"fused": True}):
    adamw = torch.optim.AdamW(small, lr=0.0, **options)
    took, count = milliseconds(adamw), kernels(adamw)
    print(f"{options}: {took:.1f} ms, {count} kernels")
# --8<-- [end:three-implementations]


# --8<-- [start:solution-momentum-by-hand]
p, velocity = torch.tensor([-9.0, 2.0], device=device), torch.zeros(2, device=device)
for _ in range(40):
    velocity = 0.9 * velocity + torch.func.grad(ravine)(p)
    p = p - 0.1 * velocity
path, _ = walk(torch.optim.SGD, lr=0.1, momentum=0.9)
print([f"{value:.3f}" for value in p.tolist()], [f"{value:.3f}" for value in path[-1]])
# --8<-- [end:solution-momentum-by-hand]


# --8<-- [start:solution-adam-by-hand]
w = torch.tensor([3.0, -2.0], device=device, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.1)
by_hand, mean, square = w.detach().clone(), 0, 0
for step in range(1, 6):
    optimizer.zero_grad()
    (w**4).sum().backward()
    optimizer.step()
    mean = 0.9 * mean + 0.1 * w.grad
    square = 0.999 * square + 0.001 * w.grad**2
    scaled = (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    by_hand -= 0.1 * scaled
print([f"{value:.3f}" for value in by_hand.tolist()], torch.allclose(w, by_hand))
# --8<-- [end:solution-adam-by-hand]


# --8<-- [start:solution-replaced-layer]
model = build()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
model[2] = nn.Linear(64, 10).to(device)
first = model[2].weight.detach().clone()
train(model, optimizer)
print("new layer unchanged:", torch.equal(model[2].weight, first))
optimizer.add_param_group({"params": model[2].parameters()})
train(model, optimizer)
print("new layer unchanged:", torch.equal(model[2].weight, first))
# --8<-- [end:solution-replaced-layer]
