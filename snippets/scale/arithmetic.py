"""Compute what training on many ranks costs: memory, communication, waiting."""

# --8<-- [start:setup]
import os
import tempfile
import time
from datetime import timedelta

import matplotlib.pyplot as plt
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU in use cannot be forked along
# --8<-- [end:setup]


# --8<-- [start:launch]
def begin(rank, worker, ranks, folder, args):
    torch.set_num_threads(1)  # the ranks share the cores
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=ranks,
        timeout=timedelta(seconds=30),
    )
    dist.barrier()  # until all are connected
    worker(rank, *args)
    dist.destroy_process_group()


def launch(worker, ranks=2, args=()):
    """Run worker(rank, *args) in so many processes that know each other."""
    with tempfile.TemporaryDirectory() as folder:
        everything = (worker, ranks, folder, args)
        mp.start_processes(begin, everything, nprocs=ranks, start_method="fork")


# --8<-- [end:launch]


# --8<-- [start:bytes-per-parameter]
FLOAT32 = {"weight": 4, "gradient": 4, "Adam's averages": 8}
MIXED = {"weight": 2, "gradient": 2, "float32 copy": 4, "Adam's averages": 8}
for name, parts in (("float32", FLOAT32), ("bfloat16", MIXED)):
    print(f"{name:8} {sum(parts.values())} bytes a parameter: {parts}")
for parameters in (1e9, 7e9, 70e9):
    sizes = [f"{16 * parameters / ranks / 1e9:7.2f}" for ranks in (1, 8, 64, 512)]
    print(f"{parameters / 1e9:2.0f} billion on 1, 8, 64, 512 ranks:", *sizes, "GB")
# --8<-- [end:bytes-per-parameter]


# --8<-- [start:measure-all-reduce]
def measure(rank, sizes, times):
    tensors = [torch.zeros(size) for size in sizes]
    for repeat in range(30):  # all sizes in turn, so a disturbance hits each alike
        for row, x in enumerate(tensors):
            dist.barrier()
            start = time.perf_counter()
            dist.all_reduce(x)
            times[row, repeat] = time.perf_counter() - start


sizes = [4**power for power in range(4, 11)]
times = torch.zeros(len(sizes), 30, dtype=torch.float64).share_memory_()
launch(measure, args=(sizes, times))
seconds = times[:, 2:].amin(dim=1)  # the least disturbed, after two to warm up
for size, took in zip(sizes, seconds.tolist(), strict=True):
    print(f"{4 * size:9,} bytes: {1e6 * took:7.0f} us")
# --8<-- [end:measure-all-reduce]


# --8<-- [start:fit]
sent = torch.tensor(sizes, dtype=torch.float64) * 4  # bytes that a rank of two sends
design = torch.stack([torch.ones_like(sent), sent], dim=1) / seconds[:, None]
ones = torch.ones(len(sizes), 1, dtype=torch.float64)  # so errors count as shares
alpha, per_byte = torch.linalg.lstsq(design, ones).solution.flatten().tolist()
print(f"start-up {1e6 * alpha:.0f} us, then {1e-9 / per_byte:.1f} GB a second")
print(f"half of the time is start-up at {alpha / per_byte / 1e3:.0f} kB")
# --8<-- [end:fit]


# --8<-- [start:draw-fit]
fig, axis = plt.subplots(figsize=(5, 2.8))
axis.loglog(sent, 1e6 * seconds, "o", label="measured")
axis.loglog(sent, 1e6 * (alpha + per_byte * sent), label="start-up + bytes / speed")
axis.set(xlim=(500, 1e7), ylim=(10, 1e6))  # room for other machines
axis.set(xlabel="bytes", ylabel="microseconds")
axis.legend()
plt.show()
# --8<-- [end:draw-fit]


# --8<-- [start:ring-time]
def ring_seconds(bytes_, ranks, start_up, speed):
    """Return the time of a ring all-reduce: 2 (n - 1) messages of a chunk."""
    return 2 * (ranks - 1) * (start_up + bytes_ / ranks / speed)


GPU = {"start_up": 10e-6, "speed": 50e9}  # a network of 400 Gbit/s for each GPU
print("ranks   1 kB     25 MB     2 GB")
for ranks in (2, 8, 64, 1024):
    took = [1e3 * ring_seconds(size, ranks, **GPU) for size in (1e3, 25e6, 2e9)]
    print(f"{ranks:5}  {took[0]:5.2f}  {took[1]:6.2f}  {took[2]:7.2f} ms")
# --8<-- [end:ring-time]


# --8<-- [start:count-operations]
width, tokens = 64, 100
model = nn.Sequential(
    nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
)
weights = sum(p.numel() for p in model.parameters() if p.dim() == 2)
x = torch.randn(tokens, width, requires_grad=True)
with FlopCounterMode(display=False) as forward:
    y = model(x)
with FlopCounterMode(display=False) as backward:
    y.square().mean().backward()
for name, counter in (("forward", forward), ("backward", backward)):
    each = counter.get_total_flops() / weights / tokens
    print(f"{name:8} {each:.0f} operations for each weight and token")
# --8<-- [end:count-operations]


# --8<-- [start:tokens-to-hide]
def tokens_to_hide(speed, operations=400e12):
    """Return the tokens with which backward takes as long as DDP's gradients."""
    seconds_per_weight = 2 * 2 / speed  # 2 bytes each, sent nearly twice
    return seconds_per_weight * operations / 4


for name, speed in (("within a machine", 400e9), ("network", 50e9), ("slow", 3e9)):
    print(f"{name:16} {speed / 1e9:3.0f} GB/s: {tokens_to_hide(speed):7,.0f} tokens")
# --8<-- [end:tokens-to-hide]


# --8<-- [start:more-ranks]
def step_seconds(ranks, parameters=7e9, tokens=2**22, operations=400e12):
    """Return compute and communication of a step with DDP."""
    compute = 6 * parameters * tokens / ranks / operations
    return compute, ring_seconds(2 * parameters, ranks, **GPU)


print("ranks  compute  gradients  efficiency, hidden and not")
for ranks in (8, 64, 256, 1024, 4096):
    compute, gradients = step_seconds(ranks)
    forward, backward = compute / 3, compute * 2 / 3
    hidden = compute / (forward + max(backward, gradients))
    added = compute / (compute + gradients)
    print(f"{ranks:5}  {compute:6.2f}s  {gradients:8.2f}s  {hidden:.2f}  {added:.2f}")
# --8<-- [end:more-ranks]


# --8<-- [start:draw-scaling]
ranks = [2**power for power in range(3, 13)]
compute, gradients = zip(*(step_seconds(n) for n in ranks), strict=True)
fig, axis = plt.subplots(figsize=(5, 2.8))
axis.loglog(ranks, compute, label="compute")
axis.loglog(ranks, gradients, label="gradients")
axis.set(xlabel="ranks", ylabel="seconds a step")
axis.legend()
plt.show()
# --8<-- [end:draw-scaling]


# --8<-- [start:compare-traffic]
parameters, layers, width, tokens = 7e9, 32, 4096, 8192  # tokens of a rank
activations = tokens * width
traffic = {
    "DDP": 2 * parameters,  # one all-reduce
    "FSDP": 3 * parameters,  # two all-gathers and a reduce-scatter
    "tensor parallel": layers * 4 * 2 * activations,  # four all-reduces a layer
    "pipeline": 2 * activations,  # one cut, there and back
}
for name, numbers in traffic.items():
    print(f"{name:15} {2 * numbers / 1e9:5.1f} GB a step")
# --8<-- [end:compare-traffic]


# --8<-- [start:solution-does-it-fit]
for parameters, ranks in ((7e9, 8), (70e9, 8), (70e9, 32)):
    held = 16 * parameters / ranks / 1e9
    print(f"{parameters / 1e9:.0f} billion on {ranks} ranks: {held:.0f} of 80 GB")
# --8<-- [end:solution-does-it-fit]


# --8<-- [start:solution-many-small-messages]
one = ring_seconds(400e6, 64, **GPU)
many = 1000 * ring_seconds(400e6 / 1000, 64, **GPU)
print(f"1 message {1e3 * one:.0f} ms, 1,000 messages {1e3 * many:.0f} ms")
# --8<-- [end:solution-many-small-messages]


# --8<-- [start:solution-tokens-of-a-rank]
for ranks in (256, 1024):
    print(f"{ranks:4} ranks: {2**22 // ranks:6,} tokens each")
print(f"needed: {tokens_to_hide(50e9):,.0f}")
# --8<-- [end:solution-tokens-of-a-rank]
