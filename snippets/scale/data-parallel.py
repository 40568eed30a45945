"""Train one model on several ranks: average gradients by hand, then with DDP."""

# --8<-- [start:setup]
import contextlib
import os
import tempfile
from datetime import timedelta

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

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


# --8<-- [start:data-and-model]
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32) / 16
order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
X, y = images[order], torch.tensor(digits.target)[order]
X, X_val, y, y_val = X[:1280], X[1280:], y[:1280], y[1280:]


def build(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


print(f"{len(X)} samples to train, {len(X_val)} to validate")
# --8<-- [end:data-and-model]


# --8<-- [start:one-process]
def train_alone(steps=20, batch_size=64):
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        rows = slice(step * batch_size, (step + 1) * batch_size)
        loss = F.cross_entropy(model(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def distance(model, other):
    """Return the largest difference between two parameters."""
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


alone = train_alone()
print(f"moved by up to {distance(alone, build()):.3f} in 20 steps")
# --8<-- [end:one-process]


# --8<-- [start:average-by-hand]
def train_by_hand(rank, average=True):
    ranks = dist.get_world_size()
    model = build()  # the same weights on each rank
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(20):
        rows = slice(step * 64, (step + 1) * 64)
        mine = X[rows][rank::ranks], y[rows][rank::ranks]  # 32 of the 64
        loss = F.cross_entropy(model(mine[0]), mine[1])
        optimizer.zero_grad()
        loss.backward()
        if average:
            for parameter in model.parameters():
                dist.all_reduce(parameter.grad, op=dist.ReduceOp.AVG)
        optimizer.step()
    print(f"rank {rank}: {distance(model, alone):.4f} from one process", flush=True)


launch(train_by_hand)
# --8<-- [end:average-by-hand]


# --8<-- [start:forget-to-average]
launch(train_by_hand, args=(False,))
# --8<-- [end:forget-to-average]


# --8<-- [start:with-ddp]
def train_with_ddp(rank):
    ranks = dist.get_world_size()
    model = DistributedDataParallel(build(seed=rank))  # now other weights on each
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(20):
        rows = slice(step * 64, (step + 1) * 64)
        loss = F.cross_entropy(model(X[rows][rank::ranks]), y[rows][rank::ranks])
        optimizer.zero_grad()
        loss.backward()  # the gradients are averaged here
        optimizer.step()
    print(f"rank {rank}: {distance(model, alone):.4f} from one process", flush=True)


launch(train_with_ddp)
# --8<-- [end:with-ddp]


# --8<-- [start:count-communication]
def count_communication(model):
    """Let DDP note the size of each bucket that it averages."""
    sizes = []

    def average(group, bucket):
        sizes.append(bucket.buffer().numel())
        mine = bucket.buffer() / dist.get_world_size()
        work = dist.all_reduce(mine, async_op=True)
        return work.get_future().then(lambda future: future.value()[0])

    model.register_comm_hook(None, average)
    return sizes


# --8<-- [end:count-communication]


# --8<-- [start:buckets]
def show_buckets(rank, megabytes):
    layers = [nn.Linear(512, 512) for _ in range(8)]  # a megabyte each
    model = DistributedDataParallel(nn.Sequential(*layers), bucket_cap_mb=megabytes)
    sizes = count_communication(model)
    for _ in range(2):  # DDP orders the buckets after the first step
        sizes.clear()
        model(torch.ones(1, 512)).sum().backward()
    if rank == 0:
        print(f"{megabytes:2} MB: {len(sizes)} calls for {sum(sizes):,} elements")


for megabytes in (1, 3, 25):
    launch(show_buckets, args=(megabytes,))
# --8<-- [end:buckets]


# --8<-- [start:accumulate]
def accumulate(rank, quiet):
    model = DistributedDataParallel(build())
    sizes = count_communication(model)
    for part in range(4):
        rows = slice(part * 64, (part + 1) * 64)
        last = part == 3
        silent = model.no_sync() if quiet and not last else contextlib.nullcontext()
        with silent:  # around the forward pass too
            logits = model(X[rows][rank::2])
            (F.cross_entropy(logits, y[rows][rank::2]) / 4).backward()
    whole = build()
    F.cross_entropy(whole(X[:256]), y[:256]).backward()
    off = (model.module[0].weight.grad - whole[0].weight.grad).abs().max().item()
    if rank == 0:
        print(f"no_sync {quiet!s:5}: {len(sizes)} calls, gradient off by {off:.5f}")


launch(accumulate, args=(False,))
launch(accumulate, args=(True,))
# --8<-- [end:accumulate]


# --8<-- [start:who-gets-what]
for rank in range(4):
    sampler = DistributedSampler(range(10), num_replicas=4, rank=rank, seed=0)
    epochs = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        epochs.append(list(sampler))
    print(f"rank {rank}: epoch 0 {epochs[0]}, epoch 1 {epochs[1]}")
# --8<-- [end:who-gets-what]


# --8<-- [start:evaluate]
def evaluate(rank, use_sampler):
    ranks = dist.get_world_size()
    if use_sampler:
        rows = list(DistributedSampler(range(len(X_val)), ranks, rank, shuffle=False))
    else:
        rows = list(range(rank, len(X_val), ranks))
    with torch.no_grad():
        right = alone(X_val[rows]).argmax(1) == y_val[rows]
    counts = torch.tensor([right.sum(), len(rows)])
    dist.all_reduce(counts)
    if rank == 0:
        correct, total = counts.tolist()
        name = "sampler" if use_sampler else "range"
        print(f"{name:8} {correct} of {total}: {correct / total:.4f}")


launch(evaluate, ranks=4, args=(True,))
launch(evaluate, ranks=4, args=(False,))
# --8<-- [end:evaluate]


# --8<-- [start:unused-parameter]
class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.digit = nn.Linear(64, 10)
        self.parity = nn.Linear(64, 2)

    def forward(self, x, parity):
        return self.parity(x) if parity else self.digit(x)


def use_one_head(rank, find):
    torch.manual_seed(0)
    model = DistributedDataParallel(TwoHeads(), find_unused_parameters=find)
    for step in range(2):
        try:
            model(X[:8], parity=step == 1).sum().backward()
            print(f"rank {rank}: step {step} works", flush=True)
        except RuntimeError as error:
            reason = str(error).split(". ")[0]
            print(f"rank {rank}: step {step}: {reason}", flush=True)


launch(use_one_head, args=(False,))
# --8<-- [end:unused-parameter]


# --8<-- [start:find-unused]
launch(use_one_head, args=(True,))
# --8<-- [end:find-unused]


# --8<-- [start:batch-norm]
def batch_norm_on_ranks(rank):
    whole = nn.BatchNorm1d(64)(X[:16])
    model = DistributedDataParallel(nn.BatchNorm1d(64))
    off = (model(X[:16][rank::2]) - whole[rank::2]).abs().max().item()
    own = model.module.running_mean.sum().item()
    model.eval()
    model(X[:16][rank::2])  # before it computes, DDP copies the buffers of rank 0
    copied = model.module.running_mean.sum().item()
    print(
        f"rank {rank}: output off by {off:.2f}, "
        f"running means sum to {own:.4f}, then {copied:.4f}",
        flush=True,
    )


launch(batch_norm_on_ranks)
# --8<-- [end:batch-norm]


# --8<-- [start:save-on-one]
def save_and_load(rank, path):
    model = DistributedDataParallel(build())
    if rank == 0:
        torch.save(model.module.state_dict(), path)
    dist.barrier()  # outside the if: the file is there for all
    restored = build(seed=5)
    restored.load_state_dict(torch.load(path, map_location="cpu"))
    print(f"rank {rank}: {distance(restored, model):.4f} from the saved", flush=True)


with tempfile.TemporaryDirectory() as folder:
    launch(save_and_load, args=(os.path.join(folder, "digits.pt"),))
# --8<-- [end:save-on-one]


# --8<-- [start:larger-batch]
def accuracy(batch_size, lr, seed, epochs=5):
    model = build(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return (model(X_val).argmax(1) == y_val).float().mean().item()


rates = [0.01, 0.03, 0.1, 0.3, 1.0]
print("batch", *(f"{lr:6}" for lr in rates))
for batch_size in (32, 256):
    means = []
    for lr in rates:
        accuracies = [accuracy(batch_size, lr, seed) for seed in range(3)]
        means.append(sum(accuracies) / len(accuracies))
    print(f"{batch_size:5}", *(f"{mean:6.3f}" for mean in means))
# --8<-- [end:larger-batch]


# --8<-- [start:solution-one-call]
def average_flat(model):
    """Average all gradients with a single all-reduce."""
    gradients = [parameter.grad for parameter in model.parameters()]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat, op=dist.ReduceOp.AVG)
    parts = flat.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def compare_flat(rank):
    model = build()
    F.cross_entropy(model(X[:64][rank::2]), y[:64][rank::2]).backward()
    average_flat(model)
    whole = build()
    F.cross_entropy(whole(X[:64]), y[:64]).backward()
    off = (model[0].weight.grad - whole[0].weight.grad).abs().max().item()
    print(f"rank {rank}: off by {off:.5f}", flush=True)


launch(compare_flat)
# --8<-- [end:solution-one-call]


# --8<-- [start:solution-past-the-wrapper]
def drift(rank, through_wrapper):
    model = DistributedDataParallel(build())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(10):
        rows = slice(step * 64, (step + 1) * 64)
        called = model if through_wrapper else model.module
        loss = F.cross_entropy(called(X[rows][rank::2]), y[rows][rank::2])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weight = model.module[0].weight.detach()
    theirs = weight.clone()
    dist.broadcast(theirs, src=0)
    if rank == 1:
        apart = (weight - theirs).abs().max().item()
        print(f"through the wrapper {through_wrapper}: {apart:.4f} apart")


launch(drift, args=(False,))
launch(drift, args=(True,))
# --8<-- [end:solution-past-the-wrapper]


# --8<-- [start:solution-weighted-shares]
def uneven_shares(rank, weighted):
    model = build()
    rows = slice(0, 48) if rank == 0 else slice(48, 64)  # 48 and 16 samples
    loss = F.cross_entropy(model(X[rows]), y[rows])
    share = len(X[rows]) / 64
    (loss * share * dist.get_world_size() if weighted else loss).backward()
    for parameter in model.parameters():
        dist.all_reduce(parameter.grad, op=dist.ReduceOp.AVG)
    whole = build()
    F.cross_entropy(whole(X[:64]), y[:64]).backward()
    off = (model[0].weight.grad - whole[0].weight.grad).abs().max().item()
    if rank == 0:
        print(f"weighted {weighted!s:5}: off by {off:.4f}")


launch(uneven_shares, args=(False,))
launch(uneven_shares, args=(True,))
# --8<-- [end:solution-weighted-shares]
