"""Lay out tensors over several ranks: DeviceMesh, DTensor and its placements."""

# --8<-- [start:setup]
import os
import tempfile
from datetime import timedelta

import matplotlib.pyplot as plt
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import (
    DTensor,
    Partial,
    Replicate,
    Shard,
    distribute_tensor,
)
from torch.distributed.tensor.debug import CommDebugMode

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


# --8<-- [start:three-placements]
def show_placements(rank):
    mesh = init_device_mesh("cpu", (2,))
    x = torch.arange(8.0).reshape(2, 4)
    for placement in (Replicate(), Shard(0), Shard(1)):
        local = distribute_tensor(x, mesh, [placement]).to_local()
        print(f"rank {rank}: {placement!s:10} {local.tolist()}", flush=True)


launch(show_placements)
# --8<-- [end:three-placements]


# --8<-- [start:partial]
def show_partial(rank):
    mesh = init_device_mesh("cpu", (2,))
    summand = torch.tensor([1.0, 2.0]) * 10**rank
    x = DTensor.from_local(summand, mesh, [Partial()])
    print(
        f"rank {rank}: holds {x.to_local().tolist()} of {x.full_tensor().tolist()}",
        flush=True,
    )


launch(show_partial)
# --8<-- [end:partial]


# --8<-- [start:communication-of]
def communication_of(function):
    """Return what a function returns, and the collectives that it called."""
    mode = CommDebugMode()
    with mode:
        result = function()
    calls = []
    for call, number in mode.get_comm_counts().items():
        name = str(call).split(".")[-1]  # such as all_gather_into_tensor
        calls.append(f"{number} {name.split('_into')[0].removesuffix('_tensor')}")
    return result, " and ".join(calls) or "nothing"


# --8<-- [end:communication-of]


# --8<-- [start:change-the-layout]
PLACEMENTS = {"R": Replicate(), "S0": Shard(0), "S1": Shard(1), "P": Partial()}


def show_changes(rank):
    mesh = init_device_mesh("cpu", (2,))
    for old, new in (
        ("R", "S0"),
        ("S0", "R"),
        ("P", "R"),
        ("P", "S0"),
    ):
        x = DTensor.from_local(torch.ones(4, 4), mesh, [PLACEMENTS[old]])
        target = [PLACEMENTS[new]]
        _, calls = communication_of(lambda x=x, t=target: x.redistribute(placements=t))
        if rank == 0:
            print(f"{old:2} to {new:2}: {calls}")


launch(show_changes)
# --8<-- [end:change-the-layout]


# --8<-- [start:all-matmuls]
def show_matmuls(rank):
    mesh = init_device_mesh("cpu", (2,))
    torch.manual_seed(0)
    a, b = torch.randn(4, 4), torch.randn(4, 4)
    for left in ("R", "S0", "S1"):
        for right in ("R", "S0", "S1"):
            x = distribute_tensor(a, mesh, [PLACEMENTS[left]])
            y = distribute_tensor(b, mesh, [PLACEMENTS[right]])
            z, calls = communication_of(lambda x=x, y=y: x @ y)
            off = (z.full_tensor() - a @ b).abs().max().item()
            if rank == 0:
                placement = z.placements[0]
                print(f"{left:2} @ {right:2} -> {placement!s:6} {calls}, {off:.4f} off")


launch(show_matmuls)
# --8<-- [end:all-matmuls]


# --8<-- [start:blocks-of-a-product]
rows, columns = (1, 0.5, 0, 0.5), (0.5, 1, 0.5, 0)  # width, height, step right, step up
cases = {
    "S0 @ R -> S0": (rows, None, rows),
    "R @ S1 -> S1": (None, columns, columns),
    "S1 @ S0 -> P": (columns, rows, None),
}
corners = {"A": (0, 0), "B": (1.3, 1.3), "C": (1.3, 0)}
fig, axes = plt.subplots(1, 3, figsize=(5, 2))
for axis, (title, cuts) in zip(axes, cases.items(), strict=True):
    for (name, (x, y)), cut in zip(corners.items(), cuts, strict=True):
        width, height, right, up = cut or (1, 1, 0, 0)
        for part in range(2 if cut else 1):
            corner = (x + part * right, y + (1 - part) * up)
            color = f"C{part}" if cut else "C7"
            axis.add_patch(plt.Rectangle(corner, width, height, fc=color, alpha=0.5))
        axis.text(x + 0.5, y + 0.5, name, ha="center", va="center")
    axis.set(xlim=(-0.1, 2.4), ylim=(-0.1, 2.4), title=title, aspect="equal")
    axis.axis("off")
plt.show()
# --8<-- [end:blocks-of-a-product]


# --8<-- [start:gradient-layout]
def show_gradients(rank):
    mesh = init_device_mesh("cpu", (2,))
    torch.manual_seed(0)
    weight = nn.Parameter(distribute_tensor(torch.randn(4, 3), mesh, [Replicate()]))
    x = distribute_tensor(torch.randn(8, 4), mesh, [Shard(0)])  # half of the batch
    loss, calls = communication_of(lambda: (x @ weight).square().mean())
    _, calls_backward = communication_of(loss.backward)
    if rank == 0:
        print("loss is", loss.placements, "after", calls)
        print("gradient is", weight.grad.placements, "after", calls_backward)


launch(show_gradients)
# --8<-- [end:gradient-layout]


# --8<-- [start:two-dimensions]
def show_grid(rank):
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "model"))
    x = torch.arange(16.0).reshape(4, 4)
    part = distribute_tensor(x, mesh, [Shard(0), Shard(1)]).to_local()
    line = dist.get_process_group_ranks(mesh["model"].get_group())
    print(
        f"rank {rank}: at {tuple(mesh.get_coordinate())}, model group {line}, "
        f"holds {part.tolist()}",
        flush=True,
    )


launch(show_grid, ranks=4)
# --8<-- [end:two-dimensions]


# --8<-- [start:mixed-kinds]
def mix_kinds(rank):
    mesh = init_device_mesh("cpu", (2,))
    x = distribute_tensor(torch.ones(4, 4), mesh, [Shard(0)])
    try:
        x + torch.ones(4, 4)
    except RuntimeError as error:
        if rank == 0:
            print(error)


launch(mix_kinds)
# --8<-- [end:mixed-kinds]


# --8<-- [start:uneven-shards]
def shard_unevenly(rank):
    mesh = init_device_mesh("cpu", (2,))
    x = distribute_tensor(torch.arange(5.0), mesh, [Shard(0)])
    mine = x.to_local()
    wrong = DTensor.from_local(mine, mesh, [Shard(0)])
    right = DTensor.from_local(mine, mesh, [Shard(0)], shape=(5,), stride=(1,))
    print(
        f"rank {rank}: holds {mine.tolist()}, guesses {wrong.shape[0]} in all; "
        f"told 5: {right.full_tensor().tolist()}",
        flush=True,
    )


launch(shard_unevenly)
# --8<-- [end:uneven-shards]


# --8<-- [start:solution-sum-of-shards]
def sums(rank):
    mesh = init_device_mesh("cpu", (2,))
    x = distribute_tensor(torch.arange(8.0).reshape(4, 2), mesh, [Shard(0)])
    for name, result in (("sum", x.sum()), ("row sums", x.sum(1)), ("max", x.amax(0))):
        whole = result.full_tensor().tolist()
        if rank == 0:
            print(f"{name:8} {result.placements[0]}, whole {whole}")


launch(sums)
# --8<-- [end:solution-sum-of-shards]


# --8<-- [start:solution-no-communication]
def two_products(rank):
    mesh = init_device_mesh("cpu", (2,))
    torch.manual_seed(0)
    x = distribute_tensor(torch.randn(2, 4), mesh, [Replicate()])
    first, second = torch.randn(4, 8), torch.randn(8, 4)
    for one, two in ((Shard(1), Shard(0)), (Shard(0), Shard(1))):
        a = distribute_tensor(first, mesh, [one])
        b = distribute_tensor(second, mesh, [two])
        y, calls = communication_of(lambda a=a, b=b: (x @ a).relu() @ b)
        if rank == 0:
            print(f"{one} then {two}: {calls}, result {y.placements[0]}")


launch(two_products)
# --8<-- [end:solution-no-communication]


# --8<-- [start:solution-wrong-placement]
def wrong_placement(rank):
    mesh = init_device_mesh("cpu", (2,))
    local = torch.full((2,), float(rank))  # the loss of each rank's own samples
    claimed = DTensor.from_local(local.mean(), mesh, [Replicate()])
    right = DTensor.from_local(local.mean(), mesh, [Partial("avg")])
    print(
        f"rank {rank}: as Replicate {claimed.full_tensor().item()}, "
        f"as Partial {right.full_tensor().item()}",
        flush=True,
    )


launch(wrong_placement)
# --8<-- [end:solution-wrong-placement]
