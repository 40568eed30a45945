"""Provoke the errors of several processes, and fix them."""

# --8<-- [start:setup]
import contextlib
import os
import socket
import tempfile
import time
from datetime import timedelta

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.algorithms.join import Join
from torch.nn.parallel import DistributedDataParallel

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU in use cannot be forked along
# --8<-- [end:setup]


# --8<-- [start:one-rank]
@contextlib.contextmanager
def one_rank():
    """A process group of this process alone."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()


# --8<-- [end:one-rank]


# --8<-- [start:two-ranks]
def begin(rank, worker, folder):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=1),
    )
    dist.barrier()
    worker(rank)


def two_ranks(worker):
    """Run worker(rank) in two processes that wait a second for each other."""
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(begin, (worker, folder), nprocs=2, start_method="fork")


two_ranks(lambda rank: print(f"rank {rank}: ready", flush=True))
# --8<-- [end:two-ranks]


# --8<-- [start:rank-expected]
dist.init_process_group("gloo")
# --8<-- [end:rank-expected]


# --8<-- [start:rank-expected-fixed]
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
print("rank", dist.get_rank(), "of", dist.get_world_size())
dist.destroy_process_group()
# --8<-- [end:rank-expected-fixed]


# --8<-- [start:not-initialized]
loss = torch.tensor(0.5)
dist.all_reduce(loss)
# --8<-- [end:not-initialized]


# --8<-- [start:not-initialized-fixed]
def sum_over_ranks(x):
    if dist.is_initialized():
        dist.all_reduce(x)
    return x


print(sum_over_ranks(torch.tensor(0.5)).item())
# --8<-- [end:not-initialized-fixed]


# --8<-- [start:timed-out-waiting]
def one_stays_away(rank):
    x = torch.ones(2)
    if rank == 1:
        time.sleep(2)
        return
    try:
        dist.all_reduce(x)
    except RuntimeError as error:
        print("RuntimeError:", str(error).split("] ")[-1])


two_ranks(one_stays_away)
# --8<-- [end:timed-out-waiting]


# --8<-- [start:timed-out-waiting-fixed]
def both_come(rank):
    x = torch.ones(2)
    dist.all_reduce(x)
    print(f"rank {rank}: {x.tolist()}", flush=True)


two_ranks(both_come)
# --8<-- [end:timed-out-waiting-fixed]


# --8<-- [start:mismatch]
def compare_calls(rank):
    dist.set_debug_level(dist.DebugLevel.DETAIL)
    group = dist.new_group(backend="gloo")  # checks each call, from now on
    x = torch.ones(2)
    try:
        if rank == 0:
            dist.all_reduce(x, group=group)
        else:
            dist.broadcast(x, src=0, group=group)
    except RuntimeError as error:
        if rank == 0:
            print("RuntimeError:", str(error).split("(")[0], "...")
            print(str(error).split(".")[-1])
    time.sleep(0.5)


two_ranks(compare_calls)
# --8<-- [end:mismatch]


# --8<-- [start:mismatch-fixed]
def same_calls(rank):
    x = torch.full((2,), float(rank))
    dist.broadcast(x, src=0)
    dist.all_reduce(x)
    print(f"rank {rank}: {x.tolist()}", flush=True)


two_ranks(same_calls)
# --8<-- [end:mismatch-fixed]


# --8<-- [start:unused-parameters]
class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.used(x)


with one_rank():
    model = DistributedDataParallel(TwoLayers())
    for _ in range(2):
        model(torch.ones(1, 2)).sum().backward()
# --8<-- [end:unused-parameters]


# --8<-- [start:unused-parameters-fixed]
with one_rank():
    model = DistributedDataParallel(TwoLayers(), find_unused_parameters=True)
    for _ in range(2):
        model(torch.ones(1, 2)).sum().backward()
    print([name for name, p in model.module.named_parameters() if p.grad is None])
# --8<-- [end:unused-parameters-fixed]


# --8<-- [start:address-in-use]
other_run = socket.create_server(("localhost", 0))  # another run has the port
port = other_run.getsockname()[1]
dist.init_process_group(
    "gloo", init_method=f"tcp://localhost:{port}", rank=0, world_size=1
)
# --8<-- [end:address-in-use]


# --8<-- [start:address-in-use-fixed]
store = dist.TCPStore("localhost", 0, world_size=1, is_master=True)  # 0: a free one
dist.init_process_group("gloo", store=store, rank=0, world_size=1)
print("rank", dist.get_rank(), "of", dist.get_world_size())
dist.destroy_process_group()
# --8<-- [end:address-in-use-fixed]


# --8<-- [start:clients-joined]
store = dist.TCPStore(
    "localhost", 0, world_size=2, is_master=True, timeout=timedelta(seconds=1)
)
# --8<-- [end:clients-joined]


# --8<-- [start:clients-joined-fixed]
store = dist.TCPStore("localhost", 0, world_size=1, is_master=True)
dist.init_process_group("gloo", store=store, rank=0, world_size=1)
print("ranks:", dist.get_world_size())
dist.destroy_process_group()
# --8<-- [end:clients-joined-fixed]


# --8<-- [start:peer-is-gone]
def one_rank_ends(rank):
    if rank == 1:
        return  # as after an exception of its own
    time.sleep(0.3)
    try:
        dist.all_reduce(torch.ones(2))
    except RuntimeError as error:
        print(f"RuntimeError: {error}")


two_ranks(one_rank_ends)
# --8<-- [end:peer-is-gone]


# --8<-- [start:peer-is-gone-fixed]
def say_why(rank):
    try:
        if rank == 1:
            raise ValueError("no data on this rank")
        dist.all_reduce(torch.ones(2))
    except ValueError as error:
        print(f"rank {rank}: {error}", flush=True)
    except RuntimeError:
        print(f"rank {rank}: another rank has failed", flush=True)


two_ranks(say_why)
# --8<-- [end:peer-is-gone-fixed]


# --8<-- [start:uneven-inputs]
def train_unevenly(rank):
    model = DistributedDataParallel(nn.Linear(1, 1))
    try:
        for _ in range(5 + rank):  # rank 1 has a batch more
            model(torch.ones(1, 1)).sum().backward()
    except RuntimeError as error:
        reason = str(error).split("] ")[-1].split(" for ")[0]
        print("RuntimeError:", reason)
    else:
        time.sleep(2)  # done, and busy with something else


two_ranks(train_unevenly)
# --8<-- [end:uneven-inputs]


# --8<-- [start:uneven-inputs-fixed]
def train_joined(rank):
    model = DistributedDataParallel(nn.Linear(1, 1))
    batches = 0
    with Join([model]):
        for _ in range(5 + rank):
            model(torch.ones(1, 1)).sum().backward()
            batches += 1
    print(f"rank {rank}: {batches} batches", flush=True)


two_ranks(train_joined)
# --8<-- [end:uneven-inputs-fixed]


# --8<-- [start:child-failed]
import time

import torch.distributed as dist

dist.init_process_group("gloo")
if dist.get_rank() == 1:
    print(1 / 0)
time.sleep(60)  # the others are busy
# --8<-- [end:child-failed]


# --8<-- [start:without-a-guard]
import torch.multiprocessing as mp


def work(rank):
    print("rank", rank)


mp.spawn(work, nprocs=2)
# --8<-- [end:without-a-guard]


# --8<-- [start:without-a-guard-fixed]
import torch.multiprocessing as mp


def work(rank):
    print("rank", rank)


if __name__ == "__main__":
    mp.spawn(work, nprocs=1)
# --8<-- [end:without-a-guard-fixed]


# --8<-- [start:initialized-twice]
with one_rank():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
# --8<-- [end:initialized-twice]


# --8<-- [start:initialized-twice-fixed]
with one_rank():
    if not dist.is_initialized():
        dist.init_process_group("gloo")
    print("rank", dist.get_rank())
# --8<-- [end:initialized-twice-fixed]


# --8<-- [start:no-parameter]
with one_rank():
    frozen = nn.Linear(2, 2).requires_grad_(False)
    DistributedDataParallel(frozen)
# --8<-- [end:no-parameter]


# --8<-- [start:no-parameter-fixed]
with one_rank():
    head = DistributedDataParallel(nn.Linear(2, 2))
    logits = head(frozen(torch.ones(1, 2)))  # the frozen part needs no wrapper
    print(tuple(logits.shape))
# --8<-- [end:no-parameter-fixed]


# --8<-- [start:no-attribute]
with one_rank():
    wrapped = DistributedDataParallel(nn.Linear(2, 3))
    print(wrapped.out_features)
# --8<-- [end:no-attribute]


# --8<-- [start:no-attribute-fixed]
with one_rank():
    wrapped = DistributedDataParallel(nn.Linear(2, 3))
    print(wrapped.module.out_features)
# --8<-- [end:no-attribute-fixed]


# --8<-- [start:invalid-tensor-size]
with one_rank():
    gathered = [torch.empty(3) for _ in range(dist.get_world_size())]
    dist.all_gather(gathered, torch.ones(2))
# --8<-- [end:invalid-tensor-size]


# --8<-- [start:invalid-tensor-size-fixed]
with one_rank():
    mine = torch.ones(2)
    gathered = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(gathered, mine)
    print(gathered)
# --8<-- [end:invalid-tensor-size-fixed]
