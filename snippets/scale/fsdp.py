"""Share out parameters, gradients and optimizer state with fully_shard."""

# --8<-- [start:setup]
import math
import os
import tempfile
from collections import Counter
from datetime import timedelta

import torch
import torch.distributed as dist
import torch.distributed.checkpoint.state_dict as dcs
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.utils._python_dispatch import TorchDispatchMode

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


# --8<-- [start:memory-of-adam]
parameters = 1_000_000_000
held = {"parameters": 4, "gradients": 4, "Adam's two averages": 8}  # bytes each
for name, size in held.items():
    print(f"{name:20} {parameters * size / 1e9:4.0f} GB")
total = parameters * sum(held.values()) / 1e9
for ranks in (1, 8, 64):
    print(f"shared by {ranks:2} ranks: {total / ranks:6.2f} GB on each")
# --8<-- [end:memory-of-adam]


# --8<-- [start:shard-by-hand]
def shard_by_hand(rank):
    torch.manual_seed(0)
    weight = torch.randn(8, 4)  # what all ranks together hold
    mine = weight.chunk(2)[rank].clone()  # the rows that this rank keeps
    inputs = torch.randn(2, 3, 4)
    x = inputs[rank]  # its own

    whole = torch.empty(8, 4)
    dist.all_gather(list(whole.chunk(2)), mine)  # just before it is needed
    whole.requires_grad_()
    (x @ whole.T).square().sum().backward()

    gradient = torch.empty(4, 4)
    dist.reduce_scatter(gradient, list(whole.grad.chunk(2)), op=dist.ReduceOp.AVG)
    mine -= 0.1 * gradient  # the optimizer sees these rows only

    weight.requires_grad_()  # the same step by one process
    ((inputs @ weight.T).square().sum() / 2).backward()
    alone = (weight - 0.1 * weight.grad).chunk(2)[rank]
    off = (mine - alone).abs().max().item()
    print(f"rank {rank}: keeps {mine.numel()} of 32, off by {off:.4f}", flush=True)


launch(shard_by_hand)
# --8<-- [end:shard-by-hand]


# --8<-- [start:model]
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return x + self.down(self.up(x).relu())


class Model(nn.Module):
    def __init__(self, width=32, depth=4):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


# --8<-- [end:model]


# --8<-- [start:shard-by-block]
def build_sharded(by_block=True, **options):
    torch.manual_seed(0)
    model = Model()
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    if by_block:
        for block in model.blocks:
            fully_shard(block, mesh=mesh, **options)  # [!]
    fully_shard(model, mesh=mesh, **options)  # what is left, here the head
    return model


def look_at_shards(rank):
    model = build_sharded()
    weight = model.blocks[0].up.weight
    print(
        f"rank {rank}: {type(weight).__name__} {tuple(weight.shape)}, "
        f"holds {tuple(weight.to_local().shape)}, {weight.placements}",
        flush=True,
    )


launch(look_at_shards)
# --8<-- [end:shard-by-block]


# --8<-- [start:local-elements]
def local_elements(tensors):
    """Count the elements that this rank holds."""
    return sum(tensor.to_local().numel() for tensor in tensors)


# --8<-- [end:local-elements]


# --8<-- [start:count-memory]
def count_memory(rank):
    model = build_sharded()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(4, 32)).square().mean().backward()
    optimizer.step()
    if rank == 0:
        parameters = list(model.parameters())
        states = [optimizer.state[parameter] for parameter in parameters]
        whole = sum(parameter.numel() for parameter in parameters)
        print(f"{dist.get_world_size()} ranks, {whole:,} parameters; rank 0 holds")
        print(f"  parameters {local_elements(parameters):7,}")
        print(f"  gradients  {local_elements(p.grad for p in parameters):7,}")
        print(f"  averages   {local_elements(s['exp_avg'] for s in states):7,}")
        print(f"  squares    {local_elements(s['exp_avg_sq'] for s in states):7,}")


for ranks in (1, 2, 4):
    launch(count_memory, ranks)
# --8<-- [end:count-memory]


# --8<-- [start:train]
def train(model, rows, steps=10):
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        X = torch.randn(16, 32, generator=generator)
        y = X[:, :10].square()
        loss = (model(X[rows]) - y[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    return loss.item()


# --8<-- [end:train]


# --8<-- [start:same-training]
def compare_with_one_process(rank):
    torch.manual_seed(0)
    alone = Model()
    train(alone, slice(None))
    model = build_sharded()
    train(model, slice(rank, None, 2))
    off = 0.0
    for sharded, whole in zip(model.parameters(), alone.parameters(), strict=True):
        off = max(off, (sharded.full_tensor() - whole).abs().max().item())
    print(f"rank {rank}: weights off by {off:.5f} after ten steps", flush=True)


launch(compare_with_one_process)
# --8<-- [end:same-training]


# --8<-- [start:whole-now]
def whole_now(model):
    """Name the parts whose parameters are gathered at this moment."""
    parts = {f"block {i}": block for i, block in enumerate(model.blocks)}
    parts["head"] = model.head
    return [
        name
        for name, part in parts.items()
        if not hasattr(next(part.parameters()), "to_local")
    ]


# --8<-- [end:whole-now]


# --8<-- [start:what-is-gathered]
def watch_gathering(rank, by_block):
    model = build_sharded(by_block)
    seen = []

    def note(when, number):
        seen.append(f"{when} block {number}: whole are {whole_now(model)}")

    for number, block in enumerate(model.blocks):
        block.down.register_forward_hook(lambda *_, n=number: note("forward ", n))
        block.down.register_full_backward_hook(lambda *_, n=number: note("backward", n))
    loss = model(torch.ones(4, 32)).square().mean()
    loss.backward()
    if rank == 0:
        print(*seen, sep="\n")


launch(watch_gathering, args=(True,))
# --8<-- [end:what-is-gathered]


# --8<-- [start:one-group-for-all]
launch(watch_gathering, args=(False,))
# --8<-- [end:one-group-for-all]


# --8<-- [start:communication-counter]
class CountCommunication(TorchDispatchMode):
    """Counts the calls of torch.distributed while it is on."""

    def __init__(self):
        super().__init__()
        self.calls = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function.namespace == "c10d":
            self.calls[function.overloadpacket.__name__.strip("_")] += 1
        return function(*args, **(kwargs or {}))


# --8<-- [end:communication-counter]


# --8<-- [start:count-calls]
def count_calls(rank, free):
    model = build_sharded(reshard_after_forward=free)
    with CountCommunication() as counter:
        model(torch.ones(4, 32)).square().mean().backward()
    if rank == 0:
        print(f"free after forward {free!s:5}: {dict(counter.calls)}")


launch(count_calls, args=(None,))
launch(count_calls, args=(True,))
launch(count_calls, args=(False,))
# --8<-- [end:count-calls]


# --8<-- [start:mixed-precision]
def look_at_dtypes(rank):
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16, reduce_dtype=torch.float32
    )
    model = build_sharded(mp_policy=policy)
    inside = []
    model.blocks[0].up.register_forward_hook(
        lambda layer, args, output: inside.append((layer.weight.dtype, output.dtype))
    )
    loss = model(torch.ones(4, 32)).float().square().mean()
    loss.backward()
    if rank == 0:
        weight = model.blocks[0].up.weight
        print("during forward: weight {}, output {}".format(*inside[0]))
        print(f"kept and stepped: weight {weight.dtype}, gradient {weight.grad.dtype}")


launch(look_at_dtypes)
# --8<-- [end:mixed-precision]


# --8<-- [start:state-dicts]
def save_both_ways(rank, folder):
    model = build_sharded()
    sharded = model.state_dict()  # each rank has its part
    whole = dcs.get_model_state_dict(
        model, options=dcs.StateDictOptions(full_state_dict=True, cpu_offload=True)
    )
    part = local_elements(sharded.values())
    everything = sum(value.numel() for value in whole.values())
    print(f"rank {rank}: sharded {part:,}, full {everything:,} elements", flush=True)
    if rank == 0:
        torch.save(whole, os.path.join(folder, "model.pt"))


with tempfile.TemporaryDirectory() as folder:
    launch(save_both_ways, args=(folder,))
    plain = Model()
    plain.load_state_dict(torch.load(os.path.join(folder, "model.pt")))
    print("a plain model loads it:", tuple(plain.blocks[0].up.weight.shape))
# --8<-- [end:state-dicts]


# --8<-- [start:load-full]
def load_from_rank_0(rank):
    torch.manual_seed(7)
    whole = Model().state_dict() if rank == 0 else {}
    model = build_sharded()
    options = dcs.StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    dcs.set_model_state_dict(model, whole, options=options)
    first = model.blocks[0].up.weight.full_tensor()[0, 0].item()
    print(f"rank {rank}: first weight {first:.4f}", flush=True)


launch(load_from_rank_0)
# --8<-- [end:load-full]


# --8<-- [start:optimizer-too-early]
def optimizer_too_early(rank):
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    mesh = init_device_mesh("cpu", (2,))
    fully_shard(model, mesh=mesh)  # replaces the parameters
    before = model.head.weight.full_tensor().clone()
    for _ in range(5):
        model(torch.ones(4, 32)).square().mean().backward()
        optimizer.step()
    moved = (model.head.weight.full_tensor() - before).abs().max().item()
    print(f"rank {rank}: after five steps moved by {moved:.4f}", flush=True)


launch(optimizer_too_early)
# --8<-- [end:optimizer-too-early]


# --8<-- [start:norm-of-a-part]
def norm_of_a_part(rank):
    norm = build_sharded().head.weight.norm()
    print(
        f"rank {rank}: item {norm.item():.4f}, whole {norm.full_tensor().item():.4f}",
        flush=True,
    )


launch(norm_of_a_part)
# --8<-- [end:norm-of-a-part]


# --8<-- [start:solution-most-at-once]
def elements_gathered(rank, by_block):
    model = build_sharded(by_block)
    largest = 0

    def measure(*_):
        nonlocal largest
        whole = [p for p in model.parameters() if not hasattr(p, "to_local")]
        largest = max(largest, sum(p.numel() for p in whole))

    for block in model.blocks:
        block.down.register_forward_hook(measure)
        block.down.register_full_backward_hook(measure)
    model(torch.ones(4, 32)).square().mean().backward()
    if rank == 0:
        print(f"by block {by_block!s:5}: at most {largest:,} elements gathered")


launch(elements_gathered, args=(True,))
launch(elements_gathered, args=(False,))
# --8<-- [end:solution-most-at-once]


# --8<-- [start:solution-optimizer-after]
def optimizer_after(rank):
    torch.manual_seed(0)
    model = Model()
    fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = model.head.weight.full_tensor().clone()
    for _ in range(5):
        model(torch.ones(4, 32)).square().mean().backward()
        optimizer.step()
    moved = (model.head.weight.full_tensor() - before).abs().max().item()
    print(f"rank {rank}: after five steps moved by {moved:.4f}", flush=True)


launch(optimizer_after)
# --8<-- [end:solution-optimizer-after]


# --8<-- [start:solution-how-many-gpus]
needed = 7e9 * (4 + 4 + 8) / 1e9
room = 80 - 30
print(f"{needed:.0f} GB by {room} GB: {math.ceil(needed / room)} GPUs")
# --8<-- [end:solution-how-many-gpus]
