"""Limit the size of a step, and build a large batch out of small ones."""

# --8<-- [start:setup]
import copy
import math
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:one-typing-error]
data, progress = load_diabetes(return_X_y=True)
X = torch.tensor(data / data.std(axis=0), dtype=torch.float32)
y = torch.tensor((progress - progress.mean()) / progress.std(), dtype=torch.float32)
dirty = y.clone()
dirty[200] = 1000.0
X, y, dirty = X.to(device), y.to(device), dirty.to(device)
print(tuple(X.shape), f"targets from {y.min():.2f} to {y.max():.2f}")
# --8<-- [end:one-typing-error]


# --8<-- [start:train-with-clipping]
def train(max_norm, optimizer_class=torch.optim.SGD, lr=0.05):
    """Train for two epochs; return the norms before clipping and the clean losses."""
    torch.manual_seed(0)
    model = nn.Linear(10, 1).to(device)
    optimizer = optimizer_class(model.parameters(), lr=lr)
    norms, losses = [], []
    for rows in torch.arange(442).repeat(2).split(16):
        loss = F.mse_loss(model(X[rows]).squeeze(1), dirty[rows])
        optimizer.zero_grad()
        loss.backward()
        norms.append(clip_grad_norm_(model.parameters(), max_norm).item())
        optimizer.step()
        losses.append(F.mse_loss(model(X).squeeze(1), y).item())
    return norms, losses


# --8<-- [end:train-with-clipping]


# --8<-- [start:compare-the-runs]
fig, (left, right) = plt.subplots(1, 2, sharex=True)
for max_norm in (math.inf, 1.0):
    norms, losses = train(max_norm)
    print(f"limit {max_norm}: norm {max(norms):.1f}, worst loss {max(losses):.1f}")
    left.semilogy(norms, label=f"max_norm={max_norm}")
    right.semilogy(losses)
left.set(xlabel="step", title="gradient norm before clipping")
right.set(xlabel="step", title="loss on clean data")
fig.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2)
plt.show()
# --8<-- [end:compare-the-runs]


# --8<-- [start:adam-and-clipping]
for max_norm in (math.inf, 1.0, 0.01):
    _, losses = train(max_norm, torch.optim.Adam, lr=0.01)
    print(f"limit {max_norm}: worst loss {max(losses[10:]):.2f}, last {losses[-1]:.2f}")
# --8<-- [end:adam-and-clipping]


# --8<-- [start:norm-and-value]
w = nn.Parameter(torch.empty(2, device=device))  # only its gradient matters
for clip in (clip_grad_norm_, clip_grad_value_):
    w.grad = torch.tensor([3.0, 4.0], device=device)
    clip(w, 1.0)
    print(f"{clip.__name__:16}", [round(number, 3) for number in w.grad.tolist()])
# --8<-- [end:norm-and-value]


# --8<-- [start:the-right-place]
torch.manual_seed(0)
model = nn.Linear(10, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
start = nn.utils.parameters_to_vector(model.parameters())
loss = F.mse_loss(model(X).squeeze(1), dirty)
early = clip_grad_norm_(model.parameters(), max_norm=1.0)  # nothing to clip yet
loss.backward()
found = clip_grad_norm_(model.parameters(), max_norm=1.0)  # [!]
left = get_total_norm([w.grad for w in model.parameters()])
optimizer.step()  # clipping after this line would be too late
moved = (nn.utils.parameters_to_vector(model.parameters()) - start).norm()
print(f"before backward {early:.1f}, after {found:.3f}, clipped to {left:.3f}")
print(f"weights moved by {moved:.3f}")
# --8<-- [end:the-right-place]


# --8<-- [start:reading-waits]
def loop_times(read_norm):
    """Return the seconds until Python has left the loop, and until the GPU is done."""
    layers = [nn.Linear(2048, 2048) for _ in range(8)]
    deep = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.SGD(deep.parameters(), lr=1e-4)
    batch = torch.randn(4096, 2048, device=device)
    for step in range(8):
        if step == 3:  # the first steps warm up
            torch.cuda.synchronize()
            start = time.perf_counter()
        optimizer.zero_grad()
        deep(batch).square().mean().backward()
        norm = clip_grad_norm_(deep.parameters(), max_norm=1.0)
        if not read_norm or norm.isfinite().item():
            optimizer.step()
    left = time.perf_counter() - start
    torch.cuda.synchronize()
    return left, time.perf_counter() - start


# --8<-- [end:reading-waits]


# --8<-- [start:queue-or-wait]
for read_norm in (False, True):
    python_free, gpu_done = loop_times(read_norm)
    print(f"reading the norm: {read_norm}, {gpu_done * 1000:.0f} ms in all")
    print(f"  Python is free after {python_free / gpu_done:.0%} of it")
# --8<-- [end:queue-or-wait]


# --8<-- [start:unscale-first]
torch.manual_seed(0)
untrained = nn.Linear(10, 1).to(device)


def scaled_step(unscale):
    """Take one step with a scaler; return the norm and how far the weights moved."""
    model = copy.deepcopy(untrained)
    start = nn.utils.parameters_to_vector(model.parameters()).detach()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler(device)
    scaler.scale(F.mse_loss(model(X).squeeze(1), y)).backward()
    if unscale:
        scaler.unscale_(optimizer)
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0).item()
    scaler.step(optimizer)  # unscales, if that is not yet done
    scaler.update()
    moved = nn.utils.parameters_to_vector(model.parameters()) - start
    return norm, moved.norm().item()


for unscale in (True, False):
    norm, moved = scaled_step(unscale)
    print(f"unscale_ {unscale}: norm {norm:.3g}, weights moved by {moved:.3g}")
# --8<-- [end:unscale-first]


# --8<-- [start:sum-of-parts]
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1)).to(device)


def gradient(pieces, factors):
    """Return the gradient summed over pieces of rows, each loss times its factor."""
    net.zero_grad()
    for rows, factor in zip(pieces, factors, strict=True):
        loss = F.mse_loss(net(X[rows]).squeeze(1), y[rows])
        (loss * factor).backward()
    return torch.cat([w.grad.flatten() for w in net.parameters()])


rows = torch.arange(64)
whole = gradient([rows], [1])
for factor in (1 / 4, 1):
    parts = gradient(rows.split(16), [factor] * 4)
    off = (parts - whole).norm() / whole.norm()
    print(f"loss times {factor:4}: off by {off:.1%}")
# --8<-- [end:sum-of-parts]


# --8<-- [start:unequal-parts]
rows = torch.arange(70)
whole = gradient([rows], [1])
pieces = rows.split(32)
sizes = [len(piece) for piece in pieces]
equal_shares = gradient(pieces, [1 / 3] * 3)
by_rows = gradient(pieces, [size / 70 for size in sizes])
print("pieces of", sizes)
for name, found in (("1 / pieces", equal_shares), ("rows / 70", by_rows)):
    print(f"{name:10} off by {(found - whole).norm() / whole.norm():.1%}")
# --8<-- [end:unequal-parts]


# --8<-- [start:both-in-a-loop]
batch_size, accumulate, norms = 20, 4, []
loader = DataLoader(TensorDataset(X, y), batch_size=batch_size)
batches = len(loader)
optimizer = torch.optim.AdamW(net.parameters(), lr=0.003)
optimizer.zero_grad()
for i, (x, targets) in enumerate(loader):
    before = (i - i % accumulate) * batch_size  # rows in the groups before this one
    rows = min(accumulate * batch_size, len(X) - before)  # rows in this group
    loss = F.mse_loss(net(x).squeeze(1), targets)
    (loss * len(x) / rows).backward()  # adds to what is there
    if (i + 1) % accumulate == 0 or i + 1 == batches:
        norms.append(clip_grad_norm_(net.parameters(), max_norm=1.0))
        optimizer.step()
        optimizer.zero_grad()
shown = [f"{norm:.2f}" for norm in torch.stack(norms).tolist()]
print(batches, "batches, norms of the steps:", shown)
print(f"last loss {loss:.3f}")
# --8<-- [end:both-in-a-loop]


# --8<-- [start:solution-skip-bad-steps]
weight = nn.Parameter(torch.ones(2, device=device))
optimizer = torch.optim.SGD([weight], lr=0.1)
for bad in (False, True, False):
    weight.grad = torch.tensor([1.0, math.nan if bad else 1.0], device=device)
    norm = clip_grad_norm_([weight], max_norm=1.0)
    if norm.isfinite():
        optimizer.step()
    else:
        print("skipped, the gradient became", weight.grad.tolist())
print("weights after two steps:", [f"{w:.3f}" for w in weight.tolist()])
# --8<-- [end:solution-skip-bad-steps]


# --8<-- [start:diagnosis-dropped-batches]
used, steps = 0, 0
optimizer.zero_grad()
for i, (x, _) in enumerate(loader, start=1):
    used += len(x)
    if i % accumulate == 0:
        steps += 1
        last_used = used
print(f"{steps} steps with {last_used} of {len(X)} rows")
# --8<-- [end:diagnosis-dropped-batches]


# --8<-- [start:solution-rows-left]
left_over = batches % accumulate
print(f"{left_over} batches are left, with {len(X) - last_used} rows")
# --8<-- [end:solution-rows-left]


# --8<-- [start:solution-clip-once]
def clipped_direction(clip_each):
    """Return the gradient of one dirty and three clean pieces."""
    total = [torch.zeros_like(w) for w in net.parameters()]
    for rows in torch.arange(192, 256).split(16):  # row 200 is the typing error
        net.zero_grad()
        (F.mse_loss(net(X[rows]).squeeze(1), dirty[rows]) / 4).backward()
        if clip_each:
            clip_grad_norm_(net.parameters(), max_norm=1.0)
        for sum_so_far, w in zip(total, net.parameters(), strict=True):
            sum_so_far += w.grad
    return torch.cat([part.flatten() for part in total])


each, once = clipped_direction(True), clipped_direction(False)
print(f"cosine of the two directions {F.cosine_similarity(each, once, dim=0):.2f}")
# --8<-- [end:solution-clip-once]
