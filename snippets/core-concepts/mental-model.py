"""Watch the operations, the graph, the memory and the queue behind a few lines."""

# --8<-- [start:setup]
import time

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:trace-operations]
class PrintCalls(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            print(f"{func.__name__:8}", tuple(result.shape))
        return result


model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)).to(device)
x = torch.randn(5, 4).to(device)
with PrintCalls():
    y_hat = model(x)
    loss = y_hat.square().mean()
# --8<-- [end:trace-operations]


# --8<-- [start:walk-the-graph]
def show(node, depth=0):
    print("  " * depth + node.name().split("::")[-1])
    for parent, _ in node.next_functions:
        if parent:
            show(parent, depth + 1)


show(loss.grad_fn)
# --8<-- [end:walk-the-graph]


# --8<-- [start:graph-follows-python]
def halve_until_small(x):
    while x.abs().item() > 1:
        x = x / 2
    return x


for start in 3.0, 100.0:
    x = torch.tensor(start, device=device, requires_grad=True)
    y = halve_until_small(x)
    y.backward()
    print(f"{start} -> {y.item()}, slope {x.grad.item()}")
# --8<-- [end:graph-follows-python]


# --8<-- [start:names-and-memory]
grid = torch.zeros(2, 3, device=device)
row = grid[0]  # a view: other shape, same memory
row += 7
print(grid.tolist())
print("bytes between their addresses:", row.data_ptr() - grid.data_ptr())
print("versions:", row._version, grid._version)
# --8<-- [end:names-and-memory]


# --8<-- [start:version-counter]
x = torch.tensor(0.0, device=device, requires_grad=True)
y = x.exp()  # saves its result: the slope of exp is exp
print(f"saved {y.item()} at version {y._version}")
y += 1
print(f"now {y.item()} at version {y._version}")
try:
    y.backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(":")[0])
# --8<-- [end:version-counter]


# --8<-- [start:device-queue-timeline]
fig, ax = plt.subplots(figsize=(6.4, 2.2))
now = gpu_free = 0
for name, duration in [("model", 4), ("loss", 2), ("backward", 5)]:
    ax.barh("Python", 0.95, left=now, color="C0", alpha=0.5)
    now += 1  # to put work into the queue is quick
    begin = max(now, gpu_free)
    bar = ax.barh("GPU", duration - 0.05, left=begin, color="C1", alpha=0.5)
    ax.bar_label(bar, [name], label_type="center")
    gpu_free = begin + duration
bar = ax.barh("Python", gpu_free - now, left=now, color="C0", alpha=0.15)
ax.bar_label(bar, ["loss.item() waits"], label_type="center")
ax.set(xlabel="time (a sketch, not a measurement)", xticks=[])
ax.invert_yaxis()
plt.show()
# --8<-- [end:device-queue-timeline]


# --8<-- [start:queue-on-a-gpu]
matrix = torch.randn(4096, 4096).to(device)


def multiply(times=50):
    for _ in range(times):
        product = matrix @ matrix
    return product


multiply()  # warm up
torch.accelerator.synchronize()
start = time.perf_counter()
multiply()
queued = (time.perf_counter() - start) * 1e3
torch.accelerator.synchronize()
done = (time.perf_counter() - start) * 1e3
print(f"50 products queued after {queued:.1f} ms, done after {done:.1f} ms")

# --8<-- [end:queue-on-a-gpu]


# --8<-- [start:item-waits]
multiply().sum().item()  # the first sum loads its kernel
start = time.perf_counter()
total = multiply().sum()
asked = (time.perf_counter() - start) * 1e3
total.item()
answered = (time.perf_counter() - start) * 1e3
print(f"item called after {asked:.1f} ms, returned after {answered:.1f} ms")
# --8<-- [end:item-waits]


# --8<-- [start:item-in-a-loop]
def many_steps(ask):
    x = torch.ones((), device=device)
    torch.accelerator.synchronize()
    start = time.perf_counter()
    for _ in range(1000):
        x = x * 0.999
        if ask:
            x.item()
    torch.accelerator.synchronize()
    return (time.perf_counter() - start) * 1e3


many_steps(ask=True)  # warm up
print(f"without item: {many_steps(ask=False):.1f} ms")
print(f"with item:    {many_steps(ask=True):.1f} ms")
# --8<-- [end:item-in-a-loop]


# --8<-- [start:wait-once]
torch.manual_seed(0)
loader = [torch.randn(5, 4).to(device) for _ in range(8)]
losses = []
with torch.no_grad():
    for x in loader:
        losses.append(model(x).square().mean())  # no waiting
mean = torch.stack(losses).mean().item()  # waits once
print(f"{len(losses)} losses, mean {mean:.4f}")
# --8<-- [end:wait-once]


# --8<-- [start:solution-count-operations]
x = torch.arange(20.0, device=device).reshape(5, 4)
with PrintCalls():
    by_hand = x.exp() / x.exp().sum(dim=1, keepdim=True)
    print("--")
    built_in = torch.softmax(x, dim=1)
print(f"largest difference {(by_hand - built_in).abs().max().item():.5f}")
# --8<-- [end:solution-count-operations]


# --8<-- [start:solution-versions]
x = torch.zeros(3, device=device)
part = x[:2]
part += 1  # counts: a view of x
x = x + 1  # a new tensor, whose own count starts at 0
print(f"versions: x {x._version}, part {part._version}")
print("part:", part.tolist())
# --8<-- [end:solution-versions]


# --8<-- [start:broken-history]
position = torch.zeros(2, device=device)
history = []
for _ in range(3):
    position += 1
    history.append(position)
print([point.tolist() for point in history])
# --8<-- [end:broken-history]


# --8<-- [start:solution-history]
position = torch.zeros(2, device=device)
history = []
for _ in range(3):
    position += 1
    history.append(position.clone())
print([point.tolist() for point in history])
# --8<-- [end:solution-history]
