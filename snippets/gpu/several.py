"""Train on several GPUs: one process for each, gradients averaged between them."""

# --8<-- [start:setup]
import math
import os
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DistributedSampler

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:two-halves]
model = nn.Linear(3, 1).to(device)
X, y = torch.randn(8, 3).to(device), torch.randn(8, 1).to(device)


def gradient(inputs, targets):
    model.zero_grad()
    (model(inputs) - targets).square().mean().backward()
    return model.weight.grad.clone()


whole = gradient(X, y)
first, second = gradient(X[:4], y[:4]), gradient(X[4:], y[4:])
average = (first + second) / 2
print("first half: ", [f"{value:.3f}" for value in first[0].tolist()])
print("second half:", [f"{value:.3f}" for value in second[0].tolist()])
print("average:    ", [f"{value:.3f}" for value in average[0].tolist()])
print("whole batch:", [f"{value:.3f}" for value in whole[0].tolist()])
# --8<-- [end:two-halves]


# --8<-- [start:uneven-halves]
first, second = gradient(X[:6], y[:6]), gradient(X[6:], y[6:])
average = (first + second) / 2
weighted = (6 * first + 2 * second) / 8
print(f"plain average off by {(average - whole).abs().max().item():.3f}")
print(f"weighted by size off by {(weighted - whole).abs().max().item():.3f}")
# --8<-- [end:uneven-halves]


# --8<-- [start:who-am-i]
beginning = """
import os
import time
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
local = int(os.environ["LOCAL_RANK"])  # the number on this machine
on_gpus = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
device = torch.device("cuda", local) if on_gpus else torch.device("cpu")
if on_gpus:
    torch.cuda.set_device(device)
dist.init_process_group("nccl" if on_gpus else "gloo")

torch.manual_seed(0)
X = torch.randn(64, 3)
y = X @ torch.tensor([[1.0], [-2.0], [0.5]])
inputs = X[rank::world].to(device)  # every second sample, if there are two ranks
targets = y[rank::world].to(device)
"""
# --8<-- [end:who-am-i]


# --8<-- [start:train-together]
training = """
torch.manual_seed(rank)  # other weights on each rank, on purpose
model = nn.Linear(3, 1).to(device)
model = DistributedDataParallel(model, device_ids=[local] if on_gpus else None)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(5):
    loss = (model(inputs) - targets).square().mean()
    optimizer.zero_grad()
    loss.backward()  # averages gradients between ranks
    optimizer.step()
"""
# --8<-- [end:train-together]


# --8<-- [start:compare-weights]
ending = """
weights = model.module.weight.detach().flatten()
everyones = [torch.empty_like(weights) for _ in range(world)]
dist.all_gather(everyones, weights)
if rank == 0:
    for number, theirs in enumerate(everyones):
        rounded = [round(weight, 3) for weight in theirs.tolist()]
        print(dist.get_backend(), "rank", number, rounded)
dist.barrier()
dist.destroy_process_group()
time.sleep(0.5)  # gloo's threads end first; else Python's exit may abort
"""
# --8<-- [end:compare-weights]


# --8<-- [start:launch-two]
def launch(ranks):
    """Run the program once for each rank; return what it prints."""
    Path("train_ddp.py").write_text(beginning + training + ending)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*command, f"--nproc-per-node={ranks}", "train_ddp.py"],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return (done.stdout if done.returncode == 0 else done.stderr).strip()


print(launch(2))
# --8<-- [end:launch-two]


# --8<-- [start:one-process]
torch.manual_seed(0)
X = torch.randn(64, 3)
y = X @ torch.tensor([[1.0], [-2.0], [0.5]])
torch.manual_seed(0)  # the weights of rank 0
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    loss = (model(X) - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("one process", [f"{value:.3f}" for value in model.weight[0].tolist()])
# --8<-- [end:one-process]


# --8<-- [start:who-gets-what]
samples = list(range(10))
for rank in range(3):
    sampler = DistributedSampler(samples, num_replicas=3, rank=rank, shuffle=False)
    print("rank", rank, list(sampler))
# --8<-- [end:who-gets-what]


# --8<-- [start:two-cards]
a = torch.randn(1000, device="cuda:0")
b = a.to("cuda:1")
print(a.device, b.device, torch.equal(a.cpu(), b.cpu()))
try:
    a + b
except RuntimeError as error:
    print(error)
print("direct copies between cards:", torch.cuda.can_device_access_peer(0, 1))
# --8<-- [end:two-cards]


# --8<-- [start:launch-on-cards]
print(launch(2))  # one GPU for each rank, so the backend is NCCL
# --8<-- [end:launch-on-cards]


# --8<-- [start:traffic-of-a-step]
def seconds_to_average(parameters, ranks, bytes_a_second, bytes_each=4):
    """Return the time of a ring all-reduce, if nothing else is in the way."""
    moved = 2 * (ranks - 1) / ranks * parameters * bytes_each
    return moved / bytes_a_second


for name, speed in (("PCIe, 50 GB/s", 50e9), ("NVLink, 400 GB/s", 400e9)):
    took = seconds_to_average(25_000_000, ranks=8, bytes_a_second=speed)
    print(f"{name}: {1000 * took:.1f} ms for 25 million parameters")
# --8<-- [end:traffic-of-a-step]


# --8<-- [start:solution-repeated-samples]
for rank in range(2):
    sampler = DistributedSampler(range(8), num_replicas=2, rank=rank, seed=0)
    epochs = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        epochs.append(list(sampler))
    print("rank", rank, "epoch 0", epochs[0], "epoch 1", epochs[1])
# --8<-- [end:solution-repeated-samples]


# --8<-- [start:solution-scale-the-batch]
per_rank, ranks = 32, 8
samples = 50_000
print("global batch:", per_rank * ranks)
alone = math.ceil(samples / per_rank)
together = math.ceil(samples / (per_rank * ranks))
print("steps an epoch:", together, "instead of", alone)
# --8<-- [end:solution-scale-the-batch]
