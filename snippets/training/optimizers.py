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
print(f"by hand:   {by_hand[0]:.3f} {by_hand[1]:.3f}")
print(f"optimizer: {w[0]:.3f} {w[1]:.3f}")
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
    "momentum": walk(torch.optim.SGD, lr=0.2, momentum=0.9)[0],
    "AdamW": walk(torch.optim.AdamW, lr=0.3)[0],
}
flat, steep = torch.linspace(-10, 4, 29), torch.linspace(-3, 3, 25)
height = ravine(torch.meshgrid(flat, steep, indexing="xy"))
plt.contour(flat, steep, height, levels=[0.3, 1, 2, 4, 8], colors="C7", linewidths=0.7)
for name, path in runs.items():
    plt.plot(*zip(*path, strict=True), ".-", label=name)
plt.xlabel("along the floor")
plt.ylabel("from wall to wall")
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
order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
test_rows, rest = order.split([497, 1300])


def build(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)).to(device)


def train(model, rows, *optimizers, epochs=5):
    for _ in range(epochs):
        for batch in rows[torch.randperm(len(rows))].split(64):
            model.zero_grad()
            F.cross_entropy(model(X[batch]), y[batch]).backward()
            for optimizer in optimizers:
                optimizer.step()


@torch.inference_mode()
def measure(model, rows):
    logits = model(X[rows])
    accuracy = (logits.argmax(dim=1) == y[rows]).float().mean()
    return F.cross_entropy(logits, y[rows]).item(), accuracy.item()


# --8<-- [end:same-model-each-time]


# --8<-- [start:optimizers-by-name]
def make_optimizers(name, model, lr):
    parameters = list(model.parameters())
    if name == "SGD":
        return [torch.optim.SGD(parameters, lr=lr)]
    if name == "momentum":
        return [torch.optim.SGD(parameters, lr=lr, momentum=0.9)]
    if name == "AdamW":
        return [torch.optim.AdamW(parameters, lr=lr)]
    hidden = model[0].weight
    rest = [parameter for parameter in parameters if parameter is not hidden]
    return [torch.optim.Muon([hidden], lr=lr), torch.optim.AdamW(rest, lr=0.01)]


# --8<-- [end:optimizers-by-name]


# --8<-- [start:three-splits]
def average(name, lr, epochs=5, on_test=False):
    """Return the mean loss and accuracy over three splits of the data."""
    results = []
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        mixed = rest[torch.randperm(len(rest), generator=generator)]
        train_rows, val_rows = mixed.split([1000, 300])
        model = build(seed)
        train(model, train_rows, *make_optimizers(name, model, lr), epochs=epochs)
        results.append(measure(model, test_rows if on_test else val_rows))
    return torch.tensor(results).mean(dim=0).tolist()


# --8<-- [end:three-splits]


# --8<-- [start:try-learning-rates]
grids = {
    "SGD": (0.1, 0.3, 1.0, 2.0),
    "momentum": (0.03, 0.1, 0.3, 2.0),
    "AdamW": (0.003, 0.01, 0.03, 0.1),
}
for name, lrs in grids.items():
    for lr in lrs:
        loss, accuracy = average(name, lr)
        print(f"{name:8} lr {lr:<5}: loss {loss:.2f}, accuracy {accuracy:.3f}")
# --8<-- [end:try-learning-rates]


# --8<-- [start:a-longer-budget]
for name, lr in (("SGD", 1.0), ("momentum", 0.3), ("AdamW", 0.03)):
    for epochs in (5, 20):
        loss, accuracy = average(name, lr, epochs, on_test=True)
        print(f"{name:8} {epochs:2} epochs: loss {loss:.2f}, accuracy {accuracy:.3f}")
# --8<-- [end:a-longer-budget]


# --8<-- [start:parameter-groups]
model = nn.Sequential(
    *(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU()),
    *(nn.Flatten(), nn.Linear(288, 10)),
).to(device)
decay = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
no_decay = [parameter for parameter in model.parameters() if parameter.ndim < 2]
groups = [{"params": decay}, {"params": no_decay, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=0.01, weight_decay=0.1)
for group in optimizer.param_groups:
    shapes = [tuple(parameter.shape) for parameter in group["params"]]
    print(f"lr {group['lr']}, weight decay {group['weight_decay']}:", shapes)
# --8<-- [end:parameter-groups]


# --8<-- [start:muon-and-adamw]
model = build()
try:
    torch.optim.Muon(model.parameters())
except ValueError as error:
    print("ValueError:", error)
for epochs in (5, 20):
    loss, accuracy = average("Muon", 0.1, epochs, on_test=True)
    print(f"Muon {epochs:2} epochs: loss {loss:.2f}, accuracy {accuracy:.3f}")
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
print("by hand:  ", [f"{value:.3f}" for value in p.tolist()])
print("optimizer:", [f"{value:.3f}" for value in path[-1]])
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
print("by hand:  ", [f"{value:.3f}" for value in by_hand.tolist()])
print("optimizer:", [f"{value:.3f}" for value in w.tolist()])
# --8<-- [end:solution-adam-by-hand]


# --8<-- [start:solution-replaced-layer]
def moved(model, first):
    return (model[2].weight - first).abs().max().item()


model = build()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
model[2] = nn.Linear(64, 10).to(device)
first = model[2].weight.detach().clone()
train(model, rest, optimizer, epochs=1)
print(f"largest change of the new weights {moved(model, first):.3f}")
optimizer.add_param_group({"params": model[2].parameters()})
train(model, rest, optimizer, epochs=1)
print(f"with a group of their own {moved(model, first):.3f}")
# --8<-- [end:solution-replaced-layer]


# --8<-- [start:solution-loss-curves]
torch.manual_seed(0)
for lr in (0.001, 0.03, 3.0):
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    losses = []
    for _ in range(4):
        train(model, rest[:1000], optimizer, epochs=1)
        losses.append(f"{measure(model, rest[:1000])[0]:.2f}")
    print(f"lr {lr}:", losses)
# --8<-- [end:solution-loss-curves]
