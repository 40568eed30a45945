"""Messages and symptoms of memory that runs out, raised and fixed."""

# --8<-- [start:setup]
import multiprocessing
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:cuda-out-of-memory]
torch.cuda.set_per_process_memory_fraction(0.05)  # pretend that the card is small
try:
    scores = torch.empty(64, 16, 4096, 4096, device="cuda")  # of attention: 64 GiB
finally:
    torch.cuda.set_per_process_memory_fraction(1.0)
# --8<-- [end:cuda-out-of-memory]


# --8<-- [start:cuda-out-of-memory-fixed]
torch.manual_seed(0)
model = nn.Linear(32, 8).to(device)
x = torch.randn(64, 32).to(device)
model(x).square().mean().backward()
whole = model.weight.grad.clone()
model.zero_grad()
for piece in x.split(16):
    (model(piece).square().mean() * len(piece) / len(x)).backward()
print(f"largest difference {(model.weight.grad - whole).abs().max():.5f}")
# --8<-- [end:cuda-out-of-memory-fixed]


# --8<-- [start:host-out-of-memory]
predictions = torch.randn(10_000_000, 1)
targets = torch.randn(10_000_000)
loss = (predictions - targets).square().mean()
# --8<-- [end:host-out-of-memory]


# --8<-- [start:host-out-of-memory-fixed]
loss = (predictions.squeeze(1) - targets).square().mean()
print(f"loss {loss:.2f}")
# --8<-- [end:host-out-of-memory-fixed]


# --8<-- [start:numpy-out-of-memory]
labels = np.arange(10_000_000)
try:
    one_hot = np.zeros((len(labels), len(labels)))
    one_hot[labels, labels] = 1
except MemoryError as error:
    print(f"MemoryError: {error}")
# --8<-- [end:numpy-out-of-memory]


# --8<-- [start:numpy-out-of-memory-fixed]
classes = torch.from_numpy(labels % 10)
print(F.one_hot(classes[:1000]).shape, classes.nbytes // 2**20, "MiB for all numbers")
# --8<-- [end:numpy-out-of-memory-fixed]


# --8<-- [start:map-a-file]
np.arange(1_000_000, dtype=np.float32).tofile("features.bin")
features = torch.from_file("features.bin", shared=False, size=1_000_000)
print(features[500_000:500_003].tolist(), Path("features.bin").stat().st_size, "bytes")
# --8<-- [end:map-a-file]


# --8<-- [start:losses-with-graphs]
class Saved:
    """Holds a tensor that autograd saves for the backward pass."""

    alive = weakref.WeakSet()

    def __init__(self, tensor):
        self.tensor = tensor.detach()
        Saved.alive.add(self)

    def unpack(self):
        return self.tensor


def kept_after(steps, log):
    model, history = nn.Sequential(nn.Linear(32, 8), nn.Tanh()).to(device), []
    with torch.autograd.graph.saved_tensors_hooks(Saved, Saved.unpack):
        for _ in range(steps):
            loss = model(torch.ones(64, 32).to(device)).square().mean()
            history.append(log(loss))
    return sum(saved.tensor.nbytes for saved in Saved.alive)


for steps in [1, 10, 100]:
    kept = kept_after(steps, log=lambda loss: loss)
    print(f"{steps:3} steps: {kept:,} bytes kept")
# --8<-- [end:losses-with-graphs]


# --8<-- [start:losses-with-graphs-fixed]
for steps in [1, 10, 100]:
    kept = kept_after(steps, log=lambda loss: loss.item())
    print(f"{steps:3} steps: {kept:,} bytes kept")
# --8<-- [end:losses-with-graphs-fixed]


# --8<-- [start:validation-with-graph]
def bytes_saved(model, x):
    """Return how many bytes a forward pass keeps, besides the weights."""
    weights = {p.data_ptr() for p in model.parameters()}
    kept = {}

    def pack(tensor):
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(size for place, size in kept.items() if place not in weights)


layers = [nn.Sequential(nn.Linear(64, 64), nn.Tanh()) for _ in range(8)]
deep = nn.Sequential(*layers).to(device).eval()
x = torch.ones(256, 64).to(device)
print(f"{bytes_saved(deep, x):,} bytes kept in eval mode")
# --8<-- [end:validation-with-graph]


# --8<-- [start:validation-with-graph-fixed]
with torch.no_grad():
    print(f"{bytes_saved(deep, x):,} bytes kept without gradients")
# --8<-- [end:validation-with-graph-fixed]


# --8<-- [start:growing-batches]
program = """
import torch

for n in range(1, 21):
    x = torch.empty(n * 2**22, device="cuda")  # n times 16 MiB
    del x
allocated = torch.cuda.max_memory_allocated() / 2**20
reserved = torch.cuda.memory_reserved() / 2**20
print(f"at most {allocated:.0f} MiB used, {reserved:.0f} MiB reserved")
"""


def run(program, **variables):
    command = [sys.executable, "-c", program]
    return subprocess.check_output(command, env=os.environ | variables, text=True)


print(run(program).strip())
# --8<-- [end:growing-batches]


# --8<-- [start:growing-batches-fixed]
print(run(program, PYTORCH_CUDA_ALLOC_CONF="expandable_segments:True").strip())
# --8<-- [end:growing-batches-fixed]


# --8<-- [start:reserved-after-del]
big = torch.empty(2**28, device="cuda")  # 1 GiB
del big
allocated = torch.cuda.memory_allocated() / 2**20
reserved = torch.cuda.memory_reserved() / 2**20
print(f"allocated {allocated:.0f} MiB, reserved {reserved:.0f} MiB")
# --8<-- [end:reserved-after-del]


# --8<-- [start:reserved-after-del-fixed]
torch.cuda.empty_cache()
print(f"reserved {torch.cuda.memory_reserved() / 2**20:.0f} MiB")
# --8<-- [end:reserved-after-del-fixed]


# --8<-- [start:lists-in-workers]
def private_kib():
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(text.partition("Private_Dirty:")[2].split()[0])


def growth(items, pipe):
    before = private_kib()
    for item in items:  # as an epoch does
        str(item)
    pipe.send(private_kib() - before)


def growth_in_a_fork(items):
    ours, theirs = multiprocessing.Pipe()
    fork = multiprocessing.get_context("fork")
    fork.Process(target=growth, args=(items, theirs)).start()
    return ours.recv() / 1024


names = [f"picture number {number}" for number in range(500_000)]
print(f"a list of strings: {growth_in_a_fork(names):.0f} MiB more in each worker")
# --8<-- [end:lists-in-workers]


# --8<-- [start:lists-in-workers-fixed]
table = np.array(names)
print(f"one array: {growth_in_a_fork(table):.0f} MiB more in each worker")
# --8<-- [end:lists-in-workers-fixed]
