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


print(X.shape, y.shape, build()(X).shape)
# --8<-- [end:data-and-model]


# --8<-- [start:what-each-line-changes]
def look(line):
    weight, grad = model[0].weight[0, 20], model[0].weight.grad
    size = "None" if grad is None else f"{grad.norm():.3f}"
    print(f"{line:9} weight {weight:.5f}, grad {size}, state {len(optimizer.state)}")


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
optimizer.zero_grad()
look("zero_grad")
loss = F.cross_entropy(model(X), y)
look("forward")
loss.backward()
look("backward")
optimizer.step()
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


# --8<-- [start:try-the-orders]
def train(order, epochs=10):
    """Return the accuracy after training with the lines in this order."""
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for rows in torch.arange(len(X)).split(64) * epochs:
        loss = F.cross_entropy(model(X[rows]), y[rows])
        lines = dict(zero=optimizer.zero_grad, back=loss.backward, step=optimizer.step)
        for name in order.split():
            lines[name]()
    return (model(X).argmax(dim=1) == y).float().mean().item()


for order in ("zero back step", "back step zero", "back zero step", "zero step back"):
    print(f"{order}: {train(order):.2f}")
try:
    train("step zero back")
except RuntimeError as error:
    print("step zero back: RuntimeError:", str(error).split(":")[0])
print(f"back step:      {train('back step'):.2f}")
# --8<-- [end:try-the-orders]


# --8<-- [start:accumulate]
def gradient(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


model = build()
F.cross_entropy(model(X[:100]), y[:100]).backward()
whole = gradient(model)
shares = {"sum": lambda n: 1, "a third": lambda n: 1 / 3, "by size": lambda n: n / 100}
for name, share in shares.items():
    model.zero_grad()
    for rows in torch.arange(100).split(40):  # 40, 40 and 20 rows
        loss = F.cross_entropy(model(X[rows]), y[rows])
        (loss * share(len(rows))).backward()
    ratio = gradient(model).norm() / whole.norm()
    cosine = F.cosine_similarity(gradient(model), whole, dim=0)
    print(f"{name:7} length {ratio:.3f}, same direction {cosine:.3f}")
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
    """Take a step if the gradient is finite; return whether it was."""
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.1)
    if torch.isfinite(norm):
        optimizer.step()
    return torch.isfinite(norm).item()


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
print([guarded_step(model, optimizer, x, y[:64]) for x in (X[:64], broken, X[:64])])
print(f"loss {F.cross_entropy(model(X[:64]), y[:64]).item():.3f} after two steps")
# --8<-- [end:guard-the-step]


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
print(type(kept).__name__, f"{kept:.2f}, with a graph:", kept.grad_fn is not None)
print(type(numbers).__name__, f"{numbers:.2f}")
# --8<-- [end:solution-running-loss]


# --8<-- [start:solution-last-group]
batches, every = 29, 4
steps = [i + 1 for i in range(batches) if (i + 1) % every == 0 or i + 1 == batches]
print(steps)
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
