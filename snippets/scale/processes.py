"""Start processes that find each other, and let them exchange tensors."""

# --8<-- [start:setup]
import os
import tempfile
import time
from datetime import timedelta

import matplotlib.pyplot as plt
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU in use cannot be forked along
# --8<-- [end:setup]


# --8<-- [start:two-processes]
numbers = []


def append_rank(rank):
    numbers.append(rank)
    print(f"rank {rank}: numbers = {numbers}", flush=True)


mp.start_processes(append_rank, nprocs=2, start_method="fork")
print("parent: numbers =", numbers)
# --8<-- [end:two-processes]


# --8<-- [start:launch]
def begin(rank, worker, ranks, folder, args, seconds):
    torch.set_num_threads(1)  # the ranks share the cores
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=ranks,
        timeout=timedelta(seconds=seconds),
    )
    dist.barrier()  # until all are connected
    worker(rank, *args)
    dist.destroy_process_group()


def launch(worker, ranks=2, args=(), seconds=30):
    """Run worker(rank, *args) in so many processes that know each other."""
    with tempfile.TemporaryDirectory() as folder:
        everything = (worker, ranks, folder, args, seconds)
        mp.start_processes(begin, everything, nprocs=ranks, start_method="fork")


# --8<-- [end:launch]


# --8<-- [start:introduce]
def introduce(rank):
    print(f"rank {rank}: I am {dist.get_rank()} of {dist.get_world_size()}", flush=True)


launch(introduce)
# --8<-- [end:introduce]


# --8<-- [start:send-and-receive]
def send_squares(rank):
    if rank == 0:
        squares = torch.arange(4.0) ** 2
        dist.send(squares, dst=1)
    else:
        squares = torch.empty(4)  # room of the right shape and dtype
        dist.recv(squares, src=0)
    print(f"rank {rank}: {squares.tolist()}", flush=True)


launch(send_squares)
# --8<-- [end:send-and-receive]


# --8<-- [start:wrong-dtype]
def receive_as_integers(rank):
    if rank == 0:
        dist.send(torch.tensor([1.0, 2.0]), dst=1)
    else:
        received = torch.empty(2, dtype=torch.int32)
        dist.recv(received, src=0)
        print(f"rank {rank}: {received.tolist()}", flush=True)


launch(receive_as_integers)
# --8<-- [end:wrong-dtype]


# --8<-- [start:sum-at-one]
def sum_at_rank_0(rank, x):
    """Sum x over all ranks, in place; return the elements that this rank sent."""
    ranks = dist.get_world_size()
    if rank != 0:
        dist.send(x, dst=0)
        dist.recv(x, src=0)
        return x.numel()
    theirs = torch.empty_like(x)
    for source in range(1, ranks):
        dist.recv(theirs, src=source)
        x += theirs
    for target in range(1, ranks):
        dist.send(x, dst=target)
    return (ranks - 1) * x.numel()


def count_at_rank_0(rank):
    x = torch.full((12,), 10.0**rank)
    sent = sum_at_rank_0(rank, x)
    print(f"rank {rank}: sum {x[0].item():.0f}, sent {sent} elements", flush=True)


launch(count_at_rank_0, ranks=4)
# --8<-- [end:sum-at-one]


# --8<-- [start:ring]
def pass_on(rank, outgoing, incoming):
    """Send to the next rank while receiving from the one before."""
    ranks = dist.get_world_size()
    sending = dist.isend(outgoing, dst=(rank + 1) % ranks)
    dist.recv(incoming, src=(rank - 1) % ranks)
    sending.wait()


def ring_steps(rank, x):
    """Sum x over all ranks, in place; pause after each step."""
    ranks = dist.get_world_size()
    chunks = x.chunk(ranks)  # views: writing to a chunk writes to x
    room = torch.empty_like(chunks[0])
    for step in range(ranks - 1):  # each chunk collects its sum
        pass_on(rank, chunks[(rank - step) % ranks], room)
        chunks[(rank - step - 1) % ranks].add_(room)
        yield room.numel()
    for step in range(ranks - 1):  # each finished chunk goes around
        pass_on(rank, chunks[(rank + 1 - step) % ranks], room)
        chunks[(rank - step) % ranks].copy_(room)
        yield room.numel()


# --8<-- [end:ring]


# --8<-- [start:count-the-ring]
def count_ring(rank):
    torch.manual_seed(rank)
    mine = torch.randn(12)
    by_hand, by_gloo = mine.clone(), mine.clone()
    sent = sum(ring_steps(rank, by_hand))
    dist.all_reduce(by_gloo)
    off = (by_hand - by_gloo).abs().max().item()
    print(f"rank {rank}: sent {sent} elements, off by {off:.5f}", flush=True)


launch(count_ring, ranks=4)
# --8<-- [end:count-the-ring]


# --8<-- [start:watch-the-ring]
def watch_ring(rank, seen):
    x = torch.ones(3)  # so a sum tells how many ranks are in it
    seen[0, rank] = x
    for step, _ in enumerate(ring_steps(rank, x), start=1):
        seen[step, rank] = x


seen = torch.zeros(5, 3, 3).share_memory_()  # step, rank, chunk
launch(watch_ring, ranks=3, args=(seen,))
fig, axes = plt.subplots(1, 5, figsize=(5.6, 1.7))
for step, axis in enumerate(axes):
    axis.imshow(seen[step].numpy(), cmap="Greens", vmin=0, vmax=5)
    for rank in range(3):
        for chunk in range(3):
            count = f"{seen[step, rank, chunk].item():.0f}"
            axis.text(chunk, rank, count, ha="center", va="center")
    axis.set(xticks=[], yticks=[], title=f"step {step}" if step else "start")
axes[0].set(ylabel="rank", xlabel="chunk")
plt.show()
# --8<-- [end:watch-the-ring]


# --8<-- [start:side-by-side]
def print_side_by_side(rank, **results):
    """Let rank 0 print what each rank has; every rank calls this."""
    by_rank = [None] * dist.get_world_size()
    dist.all_gather_object(by_rank, results)
    if rank == 0:
        for name in results:
            print(
                f"{name:15}", *(f"{theirs[name].tolist()!s:24}" for theirs in by_rank)
            )


# --8<-- [end:side-by-side]


# --8<-- [start:every-collective]
def try_collectives(rank):
    before = torch.tensor([1.0, 2.0]) * 10**rank

    all_reduce, broadcast = before.clone(), before.clone()
    dist.all_reduce(all_reduce)  # in place
    dist.broadcast(broadcast, src=0)  # in place

    all_gather, reduce_scatter = torch.empty(4), torch.empty(1)
    dist.all_gather(list(all_gather.chunk(2)), before)  # a place for each rank
    dist.reduce_scatter(reduce_scatter, list(before.chunk(2)))

    all_to_all = torch.empty(2)
    dist.all_to_all_single(all_to_all, before)

    print_side_by_side(
        rank,
        before=before,
        all_reduce=all_reduce,
        broadcast=broadcast,
        all_gather=all_gather,
        reduce_scatter=reduce_scatter,
        all_to_all=all_to_all,
    )


launch(try_collectives)
# --8<-- [end:every-collective]


# --8<-- [start:wait-for-the-slowest]
def wait_for_the_slowest(rank):
    dist.barrier()
    start = time.perf_counter()
    if rank == 1:
        time.sleep(0.3)  # a slow disk, a longer batch
    dist.all_reduce(torch.zeros(1))
    waited = time.perf_counter() - start
    print(f"rank {rank}: {waited:.2f} s until the sum was there", flush=True)


launch(wait_for_the_slowest)
# --8<-- [end:wait-for-the-slowest]


# --8<-- [start:work-while-it-travels]
def work_while_it_travels(rank):
    numbers = torch.ones(1_000_000)
    handle = dist.all_reduce(numbers, async_op=True)
    other = torch.randn(100, 100) @ torch.randn(100, 100)  # needs no communication
    handle.wait()  # from here on numbers may be read
    print(
        f"rank {rank}: sum {numbers[0].item():.0f}, other {tuple(other.shape)}",
        flush=True,
    )


launch(work_while_it_travels)
# --8<-- [end:work-while-it-travels]


# --8<-- [start:a-program]
import os
import time

import torch.distributed as dist


def main():
    dist.init_process_group("gloo")  # reads the variables that torchrun sets
    rank = dist.get_rank()
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
    mine = {name: os.environ[name] for name in names}
    everyones = [None] * dist.get_world_size()
    dist.all_gather_object(everyones, mine)
    if rank == 0:
        print(*everyones, sep="\n")
    dist.destroy_process_group()
    time.sleep(0.5)  # gloo's threads end first; else Python's exit may abort


if __name__ == "__main__":
    main()
# --8<-- [end:a-program]


# --8<-- [start:one-rank-stays-away]
def one_stays_away(rank):
    loss = torch.tensor([0.9, 1.2][rank])
    if loss < 1.0:  # true on rank 0 only
        try:
            dist.all_reduce(loss)
        except RuntimeError as error:
            reason = str(error).split("] ")[-1]  # without the place in the C++ source
            print(f"rank {rank}: {reason}", flush=True)
    else:
        time.sleep(1)  # goes on with something else


launch(one_stays_away, seconds=0.5)
# --8<-- [end:one-rank-stays-away]


# --8<-- [start:who-is-missing]
def find_the_missing(rank):
    if rank == 1:
        time.sleep(1)
        return
    try:
        dist.monitored_barrier(timeout=timedelta(seconds=0.5), wait_all_ranks=True)
    except RuntimeError as error:
        if rank == 0:
            print(str(error).splitlines()[0])


launch(find_the_missing, ranks=3)
# --8<-- [end:who-is-missing]


# --8<-- [start:solution-count-do-not-average]
def accuracy_together(rank):
    correct, total = ((30, 40), (9, 10))[rank]
    share = torch.tensor(correct / total)
    dist.all_reduce(share, op=dist.ReduceOp.AVG)
    counts = torch.tensor([correct, total])
    dist.all_reduce(counts)
    if rank == 0:
        print(f"average of the accuracies {share.item():.3f}")
        print(f"accuracy of all samples   {(counts[0] / counts[1]).item():.3f}")


launch(accuracy_together)
# --8<-- [end:solution-count-do-not-average]


# --8<-- [start:solution-broadcast-tree]
def broadcast_as_tree(rank):
    x = torch.tensor([42.0]) if rank == 0 else torch.empty(1)
    got_it = 0
    for number, distance in enumerate((1, 2, 4), start=1):
        if rank < distance:
            dist.send(x, dst=rank + distance)
        elif rank < 2 * distance:
            dist.recv(x, src=rank - distance)
            got_it = number
    print(f"rank {rank}: {x.item():.0f} in round {got_it}", flush=True)


launch(broadcast_as_tree, ranks=8)
# --8<-- [end:solution-broadcast-tree]


# --8<-- [start:solution-decide-together]
def stop_together(rank):
    loss = torch.tensor([0.9, 1.2][rank])
    dist.all_reduce(loss, op=dist.ReduceOp.AVG)  # all ranks call it
    if loss < 1.1:  # and all see the same number
        print(f"rank {rank}: stops at {loss.item():.2f}", flush=True)


launch(stop_together)
# --8<-- [end:solution-decide-together]
