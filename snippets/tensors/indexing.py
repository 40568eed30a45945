"""Read and write parts of a tensor: slices, masks, lists, gather and scatter."""

# --8<-- [start:setup]
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:slices]
grid = torch.arange(20).view(4, 5)
print(grid)
print("row:   ", grid[0])  # or grid[0, :]
print("column:", grid[:, 1])
print("block: ", grid[1:3, 2:4].tolist())
# --8<-- [end:slices]


# --8<-- [start:which-dimensions-remain]
parts = {
    "grid[0]": grid[0],
    "grid[0:1]": grid[0:1],
    "grid[:, -1]": grid[:, -1],
    "grid[:, None]": grid[:, None],
    "grid[..., 0]": grid[..., 0],
}
for name, part in parts.items():
    print(f"{name:13}", tuple(part.shape))
# --8<-- [end:which-dimensions-remain]


# --8<-- [start:no-negative-step]
try:
    grid[::-1]
except ValueError as error:
    print("ValueError:", error)
print(grid.flip(0)[:, 0])
# --8<-- [end:no-negative-step]


# --8<-- [start:mask]
even = grid % 2 == 0
print(even)
print("elements:", grid[even])
print("how many:", even.sum())
print("where:", (grid > 17).nonzero().tolist())
clipped = grid.clone()
clipped[clipped > 3] = 3
print(clipped[:2])
# --8<-- [end:mask]


# --8<-- [start:who-waits]
values = torch.ones(1000, device="cuda")
keep = values > 0
operations = {
    "values[keep]": lambda: values[keep],
    "keep.nonzero()": lambda: keep.nonzero(),
    "keep.sum().item()": lambda: keep.sum().item(),
    "values * keep": lambda: values * keep,
    "torch.where(keep, values, 0.0)": lambda: torch.where(keep, values, 0.0),
    "values.masked_fill(keep, 0.0)": lambda: values.masked_fill(keep, 0.0),
}
torch.cuda.set_sync_debug_mode("error")
for name, operation in operations.items():
    try:
        operation()
        print(f"{name:31} goes on")
    except RuntimeError:
        print(f"{name:31} waits")
torch.cuda.set_sync_debug_mode("default")
# --8<-- [end:who-waits]


# --8<-- [start:list-of-rows]
print("rows: ", grid[[3, 0, 0]].tolist())
print("pairs:", grid[[0, 3], [1, 4]].tolist())
rows, columns = torch.tensor([0, 3]), torch.tensor([1, 4])
print("block:", grid[rows[:, None], columns].tolist())
# --8<-- [end:list-of-rows]


# --8<-- [start:write-to-a-copy]
table = torch.zeros(4, 5)
table[[0, 1]][:, 0] = 7  # writes to a copy, which is then dropped
print("index twice:", table[:, 0])
table[[0, 1], 0] = 7  # one indexing operation, so it writes to table
print("index once: ", table[:, 0])
# --8<-- [end:write-to-a-copy]


# --8<-- [start:out-of-range]
small = torch.arange(4)
for index in 4, torch.tensor([0, 4]):
    try:
        small[index]
    except IndexError as error:
        print("IndexError:", error)
# --8<-- [end:out-of-range]


# --8<-- [start:late-message]
program = """
import torch
scores = torch.zeros(4, device="cuda")
index = torch.tensor([0, 4], device="cuda")
picked = scores[index]
print("line 6 is reached")
print(picked.tolist())
"""


def run(program, blocking):
    environment = os.environ | {"CUDA_LAUNCH_BLOCKING": blocking}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


for blocking in "0", "1":
    result = run(program, blocking)
    print(f"CUDA_LAUNCH_BLOCKING={blocking}")
    print("  output:", result.stdout.strip() or "none")
    for line in result.stderr.splitlines():
        if "<string>" in line or "Error:" in line:
            print(" ", line.strip())
# --8<-- [end:late-message]


# --8<-- [start:process-is-lost]
program = """
import torch
scores = torch.zeros(4, device="cuda")
for position in 4, 0:
    try:
        print(scores[torch.tensor([position], device="cuda")].tolist())
    except RuntimeError as error:
        print(f"position {position}:", str(error).splitlines()[0])
"""
print(run(program, blocking="1").stdout.strip())
# --8<-- [end:process-is-lost]


# --8<-- [start:gather]
percent = torch.tensor([[10, 20, 70], [80, 15, 5], [30, 60, 10], [25, 40, 35]])
y = torch.tensor([2, 0, 1, 2])  # the right class of each row
picked = percent.gather(1, y[:, None])
print(picked)
# --8<-- [end:gather]


# --8<-- [start:gather-arrows]
fig, ax = plt.subplots(figsize=(6.4, 2.8))
for row, numbers in enumerate(percent.tolist()):
    chosen = 2 + y[row].item()
    cells = [(0, y[row].item()), *enumerate(numbers, 2), (7, picked[row].item())]
    for column, number in cells:
        color = "C1" if column in (0, chosen, 7) else "C0"
        cell = plt.Rectangle((column, row), 0.9, 0.9, color=color, alpha=0.3)
        ax.add_patch(cell)
        ax.text(column + 0.45, row + 0.6, number, ha="center", va="center")
    for start, end in [(0.9, chosen), (chosen + 0.9, 7)]:
        arrow = {"arrowstyle": "->", "color": "C1"}
        ax.annotate("", (end, row + 0.2), (start, row + 0.2), arrowprops=arrow)
for column, name in [(0, "index"), (3, "input"), (7, "result")]:
    ax.text(column + 0.45, -0.2, name, ha="center")
ax.set(xlim=(-0.2, 8.1), ylim=(4, -0.6))
ax.axis("off")
plt.show()
# --8<-- [end:gather-arrows]


# --8<-- [start:gather-or-pairs]
print("pairs:", percent[torch.arange(4), y])
order = percent.argsort(dim=1, descending=True)
print(order)
print(percent.gather(1, order))
best = percent.topk(2, dim=1)
print("two best classes:", best.indices.tolist())
# --8<-- [end:gather-or-pairs]


# --8<-- [start:duplicates]
votes = torch.tensor([0, 2, 2, 2]).to(device)
counts = torch.zeros(3, device=device)
counts[votes] += 1
print("by index:   ", counts.tolist())
counts = torch.zeros(3, device=device)
counts.scatter_add_(0, votes, torch.ones(4, device=device))
print("scatter_add:", counts.tolist())
scores = torch.tensor([5.0, 1.0, 9.0, 2.0], device=device)
largest = torch.zeros(3, device=device).scatter_reduce(0, votes, scores, "amax")
print("largest:    ", largest.tolist())
# --8<-- [end:duplicates]


# --8<-- [start:where]
x = torch.tensor([-4.0, 0.0, 1.0], device=device)
leaky = torch.where(x > 0, x, 0.5 * x)
print(leaky.cpu())
# --8<-- [end:where]


# --8<-- [start:where-runs-both-sides]
x = torch.tensor([0.0, 0.25], device=device, requires_grad=True)
root = torch.where(x > 0, x.sqrt(), 0.0)
(gradient,) = torch.autograd.grad(root.sum(), x)
print("root of x:   ", root.tolist(), "gradient", gradient.tolist())

safe = torch.where(x > 0, x, 1.0)  # no zero reaches the root
root = torch.where(x > 0, safe.sqrt(), 0.0)
(gradient,) = torch.autograd.grad(root.sum(), x)
print("root of safe:", root.tolist(), "gradient", gradient.tolist())
# --8<-- [end:where-runs-both-sides]


# --8<-- [start:solution-clear-the-diagonal]
square = torch.ones(3, 3)
steps = torch.arange(3)
square[steps, steps] = 0.0
print(square)
# --8<-- [end:solution-clear-the-diagonal]


# --8<-- [start:solution-one-hot]
labels = torch.tensor([2, 0, 1])
print(torch.zeros(3, 4).scatter(1, labels[:, None], 1.0))
# --8<-- [end:solution-one-hot]


# --8<-- [start:solution-class-means]
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32).to(device)  # (1797, 64)
target = torch.tensor(digits.target).to(device)
sums = torch.zeros(10, 64, device=device).index_add_(0, target, X)
means = sums / target.bincount()[:, None]
by_mask = X[target == 3].mean(dim=0)
print("counts:", target.bincount().tolist())
print(f"largest difference: {(means[3] - by_mask).abs().max().item():.3f}")
# --8<-- [end:solution-class-means]


# --8<-- [start:broken-labels]
logits = torch.zeros(4, 3)  # four samples, three classes
labels = torch.tensor([1, 3, 2, 1])  # as they stand in the file
try:
    print(logits.log_softmax(dim=1).gather(1, labels[:, None]))
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:broken-labels]


# --8<-- [start:solution-labels]
print("labels from", labels.min().item(), "to", labels.max().item())
labels = labels - 1
print(logits.log_softmax(dim=1).gather(1, labels[:, None]).squeeze(1))
# --8<-- [end:solution-labels]
