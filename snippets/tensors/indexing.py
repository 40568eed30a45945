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
grid = torch.arange(20, device=device).view(4, 5)
row = grid[0, :]  # or grid[0]
column = grid[:, 1]
subset = grid[1:3, 2:4]
print(row.tolist(), column.tolist(), subset.tolist())
# --8<-- [end:slices]


# --8<-- [start:which-dimensions-remain]
for part in (grid[0], grid[0:1], grid[:, -1], grid[:, None], grid[..., 0]):
    print(tuple(part.shape), "begins with", part.flatten()[0].item())
print(grid.flip(0)[:, 0].tolist())
try:
    grid[::-1]
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:which-dimensions-remain]


# --8<-- [start:mask]
even = grid % 2 == 0
print(even.dtype, tuple(even.shape))
print(grid[even].tolist(), (grid > 17).sum().item())
clipped = grid.clone()
clipped[clipped > 3] = 3
print(clipped.unique().tolist())
# --8<-- [end:mask]


# --8<-- [start:list-of-rows]
print(grid[[3, 0, 0]].tolist())
print(grid[[0, 3], [1, 4]].tolist())
print(grid[[0, 3]][:, [1, 4]].tolist())
# --8<-- [end:list-of-rows]


# --8<-- [start:write-to-a-copy]
table = torch.zeros_like(grid)
table[[0, 1]][:, 0] = 7  # writes to a copy, which is then dropped
print(table[:, 0].tolist())
table[[0, 1], 0] = 7  # one indexing operation, so it writes to table
print(table[:, 0].tolist())
# --8<-- [end:write-to-a-copy]


# --8<-- [start:out-of-range]
small = torch.arange(4)  # on the CPU, where a bad index has a clear message
try:
    small[4]
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
percent = percent.to(device)  # (rows, classes)
y = torch.tensor([2, 0, 1, 2]).to(device)  # the right class of each row
picked = percent.gather(1, y[:, None])
print(tuple(picked.shape), picked[:, 0].tolist())
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
rows = torch.arange(4, device=device)
assert torch.equal(percent[rows, y], picked[:, 0])
order = percent.argsort(dim=1, descending=True)
print(order.tolist())
print(percent.gather(1, order).tolist())
# --8<-- [end:gather-or-pairs]


# --8<-- [start:duplicates]
votes = torch.tensor([0, 2, 2, 2]).to(device)
counts = torch.zeros(3, device=device)
counts[votes] += 1
print("by index:   ", counts.tolist())
counts = torch.zeros(3, device=device)
counts.scatter_add_(0, votes, torch.ones(4, device=device))
print("scatter_add:", counts.tolist())
# --8<-- [end:duplicates]


# --8<-- [start:where]
x = torch.tensor([-4.0, 0.0, 1.0], device=device)
print(torch.where(x > 0, x, 0.5 * x).tolist())
# --8<-- [end:where]


# --8<-- [start:where-runs-both-sides]
x = torch.tensor([0.0, 0.25], device=device, requires_grad=True)
root = torch.where(x > 0, x.sqrt(), 0.0)
root.sum().backward()
print("root of x:   ", root.tolist(), x.grad.tolist())
x.grad = None
safe = torch.where(x > 0, x, 1.0)  # no zero reaches the root
root = torch.where(x > 0, safe.sqrt(), 0.0)
root.sum().backward()
print("root of safe:", root.tolist(), x.grad.tolist())
# --8<-- [end:where-runs-both-sides]


# --8<-- [start:solution-clear-the-diagonal]
square = torch.ones(3, 3, device=device)
steps = torch.arange(3, device=device)
square[steps, steps] = 0.0
print(square.tolist())
# --8<-- [end:solution-clear-the-diagonal]


# --8<-- [start:solution-one-hot]
labels = torch.tensor([2, 0, 1]).to(device)
one_hot = torch.zeros(3, 4, device=device).scatter(1, labels[:, None], 1.0)
print(one_hot.tolist())
# --8<-- [end:solution-one-hot]


# --8<-- [start:solution-class-means]
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32).to(device)  # (1797, 64)
target = torch.tensor(digits.target).to(device)
sums = torch.zeros(10, 64, device=device).index_add_(0, target, X)
means = sums / target.bincount()[:, None]
torch.testing.assert_close(means[3], X[target == 3].mean(dim=0))
print(tuple(means.shape), target.bincount().tolist()[:3])
# --8<-- [end:solution-class-means]
