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
dirty[200] = 1000.0  # the others lie between -2 and 3
X, y, dirty = X.to(device), y.to(device), dirty.to(device)
print(tuple(X.shape), y.dtype, f"{y.min():.3f} {y.max():.3f}")
# --8<-- [end:one-typing-error]


# --8<-- [start:train-with-clipping]
def train(max_norm):
    """Train for two epochs; return the norms before clipping and the clean losses."""
    torch.manual_seed(0)
    model = nn.Linear(10, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
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


# --8<-- [start:norm-and-value]
w = nn.Parameter(torch.empty(2, device=device))  # only its gradient matters
for clip in (clip_grad_norm_, clip_grad_value_):
    w.grad = torch.tensor([3.0, 4.0], device=device)
    clip(w, 1.0)
    print(f"{clip.__name__:16}", [round(g, 3) for g in w.grad.tolist()])
# --8<-- [end:norm-and-value]


# --8<-- [start:the-right-place]
torch.manual_seed(0)
model = nn.Linear(10, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
start = nn.utils.parameters_to_vector(model.parameters())
loss = F.mse_loss(model(X).squeeze(1), dirty)
early = clip_grad_norm_(model.parameters(), max_norm=1.0)  # nothing to clip yet
loss.backward()
found = clip_grad_norm_(model.parameters(), max_norm=1.0)
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
    """Take one step in half precision's way; return the norm and the way moved."""
    model = copy.deepcopy(untrained)
    start = model.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler(device)
    scaler.scale(F.mse_loss(model(X).squeeze(1), y)).backward()
    if unscale:
        scaler.unscale_(optimizer)
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0).item()
    scaler.step(optimizer)  # unscales, if that is not yet done
    scaler.update()
    return norm, (model.weight - start).norm().item()


for unscale in (True, False):
    norm, moved = scaled_step(unscale)
    print(f"unscale_ {unscale}: norm {norm:.3g}, weights moved by {moved:.3g}")
# --8<-- [end:unscale-first]


# --8<-- [start:sum-of-parts]
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1)).to(device)


def gradient(rows, size, share):
    """Return the gradient summed over pieces, each loss times its share."""
    net.zero_grad()
    for piece in rows.split(size):
        loss = F.mse_loss(net(X[piece]).squeeze(1), y[piece])
        (loss * share(len(piece))).backward()
    return torch.cat([w.grad.flatten() for w in net.parameters()])


rows = torch.arange(64)
whole = gradient(rows, size=64, share=lambda n: 1)
torch.testing.assert_close(gradient(rows, 16, share=lambda n: 1 / 4), whole)
torch.testing.assert_close(gradient(rows, 16, share=lambda n: 1), 4 * whole)
# --8<-- [end:sum-of-parts]


# --8<-- [start:unequal-parts]
rows = torch.arange(70)  # pieces of 32, 32 and 6
whole = gradient(rows, size=70, share=lambda n: 1)
for name, share in (("1 / pieces", lambda n: 1 / 3), ("n / 70", lambda n: n / 70)):
    off = (gradient(rows, 32, share) - whole).norm() / whole.norm()
    print(f"{name:10} off by {off:.1%}")
# --8<-- [end:unequal-parts]


# --8<-- [start:both-in-a-loop]
loader = DataLoader(TensorDataset(X, y), batch_size=20)
accumulate, norms = 4, []
optimizer = torch.optim.AdamW(net.parameters(), lr=0.003)
optimizer.zero_grad()
for i, (x, targets) in enumerate(loader, start=1):
    loss = F.mse_loss(net(x).squeeze(1), targets)
    (loss / accumulate).backward()  # adds to what is there
    if i % accumulate == 0:
        norms.append(clip_grad_norm_(net.parameters(), max_norm=1.0).item())
        optimizer.step()
        optimizer.zero_grad()
print(len(loader), "batches, norms of the steps:", [f"{n:.2f}" for n in norms])
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
print([f"{w:.3f}" for w in weight.tolist()])
# --8<-- [end:solution-skip-bad-steps]


# --8<-- [start:solution-leftover-batches]
counts = []
for i in range(1, len(loader) + 1):
    left_over = len(loader) % accumulate
    group = left_over if i > len(loader) - left_over else accumulate
    counts.append(1 / group)  # the factor of this batch's loss
    if i % accumulate == 0 or i == len(loader):
        print(i, [f"{share:.2f}" for share in counts])
        assert math.isclose(sum(counts), 1)
        counts.clear()
# --8<-- [end:solution-leftover-batches]
