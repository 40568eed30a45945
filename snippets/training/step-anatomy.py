"""Take a training step apart: what each line changes, and which order works."""

# --8<-- [start:setup]
import time
from statistics import median

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:data-and-model]
data = load_digits()
X = (torch.tensor(data.data, dtype=torch.float32) / 16).to(device)
y = torch.tensor(data.target).to(device)


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)).to(device)


print(f"pixels {tuple(X.shape)}, labels {tuple(y.shape)},", end=" ")
print(f"logits {tuple(build()(X).shape)}")
# --8<-- [end:data-and-model]


# --8<-- [start:what-each-line-changes]
def look(line):
    weight, grad = model[0].weight[0, 20], model[0].weight.grad
    size = "None" if grad is None else f"{grad.norm():.3f}"
    print(f"{line:9} weight {weight:.5f}, grad {size}, state {len(optimizer.state)}")


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
optimizer.zero_grad()  # (1)!
look("zero_grad")
loss = F.cross_entropy(model(X), y)  # (2)!
look("forward")
loss.backward()  # (3)!
look("backward")
optimizer.step()  # (4)!
look("step")
# --8<-- [end:what-each-line-changes]


# --8<-- [start:who-lives-when]
lives = {  # (begin, length) in lines of the step
    "weights": [(0, 4)],
    "graph and activations": [(1, 2)],
    "gradients": [(0, 0.5), (2, 2)],
    "optimizer state": [(0, 4)],
}
fig, ax = plt.subplots(figsize=(6.4, 2.2))
for row, spans in enumerate(lives.values()):
    ax.broken_barh(spans, (row - 0.3, 0.6), facecolor=f"C{row}")
ax.set_yticks(range(4), lives)
ax.set_xticks([0.5, 1.5, 2.5, 3.5], ["zero_grad", "forward", "backward", "step"])
ax.invert_yaxis()
plt.show()
# --8<-- [end:who-lives-when]


# --8<-- [start:train-in-an-order]
def train(order, epochs=10):
    """Return the accuracy after training with the lines in this order."""
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.arange(len(X)).split(64):
            loss = F.cross_entropy(model(X[rows]), y[rows])
            for line in order:
                if line == "zero":
                    optimizer.zero_grad()
                elif line == "back":
                    loss.backward()
                else:
                    optimizer.step()
    return (model(X).argmax(dim=1) == y).float().mean().item()


# --8<-- [end:train-in-an-order]


# --8<-- [start:try-the-orders]
for order in (
    ("zero", "back", "step"),
    ("back", "step", "zero"),
    ("back", "zero", "step"),
    ("zero", "step", "back"),
    ("back", "step"),
    ("step", "zero", "back"),
):
    try:
        print(*order, f"-> accuracy {train(order):.2f}")
    except RuntimeError as error:
        print(*order, "-> RuntimeError:", str(error).split(":")[0])
# --8<-- [end:try-the-orders]


# --8<-- [start:accumulate]
def gradient(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def accumulated(weights):
    """Return the gradient after 40, 40 and 20 rows, each loss times its weight."""
    model = build()
    for rows, weight in zip(torch.arange(100).split(40), weights, strict=True):
        loss = F.cross_entropy(model(X[rows]), y[rows])
        (loss * weight).backward()
    return gradient(model)


model = build()
F.cross_entropy(model(X[:100]), y[:100]).backward()
whole = gradient(model)
for weights in ((1, 1, 1), (1 / 3, 1 / 3, 1 / 3), (0.4, 0.4, 0.2)):
    added = accumulated(weights)
    ratio = added.norm() / whole.norm()
    cosine = F.cosine_similarity(added, whole, dim=0)
    print([f"{w:.2f}" for w in weights], f"norm {ratio:.3f}, cosine {cosine:.3f}")
# --8<-- [end:accumulate]


# --8<-- [start:clip]
for scale in (1, 1000):
    model = build()
    (scale * F.cross_entropy(model(X), y)).backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    print(f"norm {norm:.3f} becomes {gradient(model).norm():.3f}")
# --8<-- [end:clip]


# --8<-- [start:one-bad-number]
model = build()
optimizer = torch.optim.SGD(model.parameters())
broken = X[:64].clone()
broken[3, 5] = float("nan")  # one pixel of one image
F.cross_entropy(model(broken), y[:64]).backward()
optimizer.step()
for name, parameter in model.named_parameters():
    print(f"{name:9} share of nan: {parameter.isnan().float().mean():.2f}")
# --8<-- [end:one-bad-number]


# --8<-- [start:guard-the-step]
def guarded_step(model, optimizer, x, y):
    """Take a step if the gradient is finite; return the norm of the gradient."""
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.1)
    if torch.isfinite(norm):
        optimizer.step()
    return norm.item()


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for name, x in (("good", X[:64]), ("broken", broken), ("good", X[:64])):
    norm = guarded_step(model, optimizer, x, y[:64])
    loss = F.cross_entropy(model(X[:64]), y[:64]).item()
    print(f"{name:6} batch: norm {norm:.3f}, loss on good data {loss:.3f}")
# --8<-- [end:guard-the-step]


# --8<-- [start:guard-and-batch-norm]
torch.manual_seed(0)
layers = nn.Linear(64, 64), nn.BatchNorm1d(64), nn.GELU(), nn.Linear(64, 10)
normed = nn.Sequential(*layers).to(device)
optimizer = torch.optim.SGD(normed.parameters(), lr=0.1)
guarded_step(normed, optimizer, broken, y[:64])
print("weights with nan:", normed[0].weight.isnan().sum().item())
print("running means with nan:", normed[1].running_mean.isnan().sum().item(), "of 64")
# --8<-- [end:guard-and-batch-norm]


# --8<-- [start:a-wide-step]
def wide_step(batch_size):
    """Return a function that trains four wide layers for one step."""
    layers = []
    for _ in range(4):
        layers += [nn.Linear(1024, 1024), nn.GELU()]
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    x = torch.randn(batch_size, 1024).to(device)

    def step(read_loss=False):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        if read_loss:
            loss.item()

    return step


# --8<-- [end:a-wide-step]


# --8<-- [start:where-the-time-goes]
def launch_and_total(step, repeat=30):
    """Return the milliseconds until the calls return and until the GPU is done."""
    launches, totals = [], []
    for _ in range(5 + repeat):
        torch.cuda.synchronize()
        started = time.perf_counter()
        step()
        launches.append(1000 * (time.perf_counter() - started))
        torch.cuda.synchronize()
        totals.append(1000 * (time.perf_counter() - started))
    return median(launches[5:]), median(totals[5:])  # the first five warm up


for batch_size in (32, 1024, 32768):
    launch, total = launch_and_total(wide_step(batch_size))
    print(f"batch {batch_size:5}: calls {launch:.2f} ms, all {total:.2f} ms,", end=" ")
    print(f"{1000 * total / batch_size:.2f} µs per sample")
# --8<-- [end:where-the-time-goes]


# --8<-- [start:price-of-item]
def milliseconds_per_step(step, read_loss, steps=200):
    step(read_loss)
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(steps):
        step(read_loss)
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - started) / steps


for batch_size in (32, 4096):
    step = wide_step(batch_size)
    free = milliseconds_per_step(step, read_loss=False)
    reading = milliseconds_per_step(step, read_loss=True)
    print(f"batch {batch_size:4}: {free:.2f} ms, with item {reading:.2f} ms")
# --8<-- [end:price-of-item]


# --8<-- [start:solution-running-loss]
torch.manual_seed(0)
model, kept, numbers = build(), 0.0, 0.0
for rows in torch.arange(len(X)).split(64):
    loss = F.cross_entropy(model(X[rows]), y[rows])
    kept += loss
    numbers += loss.item()
print(f"kept: {type(kept).__name__}, {kept:.2f}, made by {kept.grad_fn.name()}")
print(f"numbers: {type(numbers).__name__}, {numbers:.2f}")
# --8<-- [end:solution-running-loss]


# --8<-- [start:solution-last-group]
batches, every = 29, 4
for batch in range(1, batches + 1):
    if batch % every == 0 or batch == batches:
        size = every if batch % every == 0 else batches % every
        print(f"step after batch {batch}, losses divided by {size}")
# --8<-- [end:solution-last-group]


# --8<-- [start:solution-clip-by-value]
for clip, limit in (
    (nn.utils.clip_grad_norm_, 0.1),
    (nn.utils.clip_grad_value_, 0.001),
):
    model = build()
    F.cross_entropy(model(X[:100]), y[:100]).backward()
    clip(model.parameters(), limit)
    clipped = gradient(model)
    cosine = F.cosine_similarity(clipped, whole, dim=0)
    print(f"{clip.__name__:16} length {clipped.norm():.3f}, cosine {cosine:.3f}")
# --8<-- [end:solution-clip-by-value]


# --8<-- [start:solution-one-line-too-many]
def losses(clear_again):
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    values = []
    for rows in torch.arange(len(X)).split(64):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[rows]), y[rows])
        loss.backward()
        if clear_again:
            model.zero_grad()
        optimizer.step()
        values.append(loss.item())
    return [f"{value:.2f}" for value in values[::7]]


print("cleared again", losses(clear_again=True))
print("repaired     ", losses(clear_again=False))
# --8<-- [end:solution-one-line-too-many]
