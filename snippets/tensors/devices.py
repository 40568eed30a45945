"""Write one program for every device: pick one, put tensors there, move batches."""

# --8<-- [start:setup]
import os
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:what-is-there]
print("accelerators present:", torch.accelerator.device_count())
print("threads on the CPU:", torch.get_num_threads())
# --8<-- [end:what-is-there]


# --8<-- [start:built-for-or-present]
program = """
import torch
print("built for:", torch.accelerator.current_accelerator())
print("present:", torch.accelerator.current_accelerator(check_available=True))
"""
hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
command = [sys.executable, "-c", program]
result = subprocess.run(command, env=hidden, capture_output=True, text=True)
print(result.stdout.strip())
# --8<-- [end:built-for-or-present]


# --8<-- [start:move-or-create]
moved = torch.randn(1000, 1000).to(device)  # drawn on the CPU, then copied
created = torch.zeros(1000, 1000, device=device)  # no copy
total = (moved + created).cpu()
print("back on", total.device, "with", total.nbytes / 1e6, "MB")
# --8<-- [end:move-or-create]


# --8<-- [start:same-seed-other-numbers]
for place in "cpu", "cuda":
    generator = torch.Generator(place).manual_seed(0)
    drawn = torch.randn(4, generator=generator, device=place)
    print(f"{place:4}", drawn.cpu())
# --8<-- [end:same-seed-other-numbers]


# --8<-- [start:copies-only-when-needed]
batch = torch.zeros(3)
same, copy = batch.cpu(), batch.cpu().clone()
batch[0] = 7.0
print("same:", same, "copy:", copy)
# --8<-- [end:copies-only-when-needed]


# --8<-- [start:leaves-and-moves]
made_on_cpu = torch.ones(3, requires_grad=True)
moved_to_gpu = made_on_cpu.to("cuda")
made_on_gpu = torch.ones(3, device="cuda", requires_grad=True)
print("moved: leaf", moved_to_gpu.is_leaf, "made there: leaf", made_on_gpu.is_leaf)
(moved_to_gpu * made_on_gpu).square().mean().backward()
print("gradient of what was moved:", made_on_cpu.grad.tolist())
print("gradient of what was made there:", made_on_gpu.grad.tolist())
# --8<-- [end:leaves-and-moves]


# --8<-- [start:device-index]
place = made_on_gpu.device
print(place, "equals cuda:", place == torch.device("cuda"))
print("type", place.type, "index", place.index)
# --8<-- [end:device-index]


# --8<-- [start:tensor-or-module]
x = torch.ones(2, 3)
x.to("meta")  # the result is dropped
print("tensor:", x.device)
model = nn.Linear(3, 2)
model.to("meta")  # a module moves itself
print("module:", model.weight.device, next(model.parameters()).device)
# --8<-- [end:tensor-or-module]


# --8<-- [start:size-without-memory]
with torch.device("meta"):
    layer = nn.Linear(100_000, 100_000)
print(f"{layer.weight.nbytes / 1e9:.0f} GB")
# --8<-- [end:size-without-memory]


# --8<-- [start:mixed-devices]
batch, weight = torch.zeros(3), torch.zeros(3, device="meta")
try:
    batch * weight
except RuntimeError as error:
    print("RuntimeError:", error)
number = torch.tensor(2.0)  # 0-d, on the CPU
print("0-d from the CPU:", (number * weight).device)
# --8<-- [end:mixed-devices]


# --8<-- [start:mixed-devices-on-a-gpu]
on_gpu, on_cpu = torch.ones(2, 3, device="cuda"), torch.ones(2, 3)
try:
    on_gpu + on_cpu
except RuntimeError as error:
    print("RuntimeError:", error)
try:
    on_gpu @ on_cpu.mT
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:mixed-devices-on-a-gpu]


# --8<-- [start:ask-the-input]
def add_positions(x):
    positions = torch.arange(x.shape[1], device=x.device)
    return x + positions


print(add_positions(torch.zeros(2, 4)))
print(add_positions(torch.zeros(2, 4, device="meta")).device)
# --8<-- [end:ask-the-input]


# --8<-- [start:default-device]
with torch.device(device):
    model = nn.Linear(3, 2)
    x = torch.ones(4, 3)
print(model(x).shape)
# --8<-- [end:default-device]


# --8<-- [start:move-each-batch]
torch.manual_seed(0)
X = torch.randn(64, 3)
y = X @ torch.tensor([1.0, -2.0, 0.5])
pin = device == "cuda"
loader = DataLoader(TensorDataset(X, y), batch_size=16, pin_memory=pin)
model = nn.Linear(3, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
losses = []
for _ in range(3):
    for inputs, targets in loader:
        inputs = inputs.to(device, non_blocking=True)
        targets = targets.to(device, non_blocking=True)
        loss = (model(inputs).squeeze(1) - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
print(len(losses), f"steps, loss {losses[0]:.2f} to {losses[-1]:.2f}")
# --8<-- [end:move-each-batch]


# --8<-- [start:transfer-timeline]
prepare, copy, compute = 3, 1, 2  # lengths chosen for the drawing
fig, axes = plt.subplots(2, sharex=True, figsize=(6.4, 3.2))
for ax, blocking in zip(axes, (True, False), strict=True):
    cpu = 0
    for _ in range(4):
        ready = cpu + prepare
        copied = ready + copy  # the GPU is idle by then
        ax.barh(1, prepare, left=cpu, color="C0", edgecolor="C7")
        ax.barh(0, copy, left=copied - copy, color="C1", edgecolor="C7")
        ax.barh(0, compute, left=copied, color="C2", edgecolor="C7")
        cpu = copied if blocking else ready
    ax.set_yticks([0, 1], ["GPU", "CPU"])
    ax.set(title="blocking copy" if blocking else "pinned, non_blocking=True")
axes[1].set(xlabel="time", xticks=[])
fig.legend(["prepare", "copy", "compute"], loc="outside right")
plt.show()
# --8<-- [end:transfer-timeline]


# --8<-- [start:pinned-or-not]
def time_copy(source):
    torch.cuda.synchronize()
    start = time.perf_counter()
    source.to("cuda", non_blocking=True)
    returned = time.perf_counter() - start
    torch.cuda.synchronize()
    done = time.perf_counter() - start
    return returned * 1e3, done * 1e3


pageable = torch.ones(64 * 2**20)  # 256 MiB
pinned = pageable.pin_memory()
for source in pageable, pinned:
    time_copy(source)  # warm up
    returned, done = time_copy(source)
    pinning = f"pinned {source.is_pinned()!s:5}"
    print(f"{pinning} returned after {returned:.1f} ms, done after {done:.1f} ms")
start = time.perf_counter()
torch.ones(64 * 2**20).pin_memory()
print(f"to pin took {(time.perf_counter() - start) * 1e3:.0f} ms")
# --8<-- [end:pinned-or-not]


# --8<-- [start:solution-move-anything]
def move(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(move(value, device) for value in batch)
    return batch


print(move({"x": torch.empty(2), "pair": [torch.empty(3), "name"]}, "meta"))
# --8<-- [end:solution-move-anything]


# --8<-- [start:solution-left-behind]
class Center(nn.Module):
    def __init__(self):
        super().__init__()
        self.forgotten = torch.zeros(3)
        self.register_buffer("mean", torch.zeros(3))


center = Center().to("meta")
print(center.forgotten, center.mean)
# --8<-- [end:solution-left-behind]


# --8<-- [start:broken-leaf]
weight = torch.ones(3, requires_grad=True).to("meta")  # stands for a GPU
try:
    torch.optim.SGD([weight], lr=0.1)
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:broken-leaf]


# --8<-- [start:solution-leaf]
weight = torch.ones(3, device="meta", requires_grad=True)
print("made there:", weight.is_leaf)
weight = torch.ones(3).to("meta").requires_grad_()
print("moved, then marked:", weight.is_leaf)
torch.optim.SGD([weight], lr=0.1)
# --8<-- [end:solution-leaf]
