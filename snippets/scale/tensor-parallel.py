"""Split the layers of a network over ranks: columns, rows and one all-reduce."""

# --8<-- [start:setup]
import os
import tempfile
from datetime import timedelta

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor.debug import CommDebugMode
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    PrepareModuleInput,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)

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


# --8<-- [start:two-layers]
torch.manual_seed(0)
x = torch.randn(3, 8)
first, second = torch.randn(8, 16), torch.randn(16, 8)  # the whole weights


def whole_network():
    return (x @ first).relu() @ second


# --8<-- [end:two-layers]


# --8<-- [start:columns-then-rows]
def columns_then_rows(rank):
    my_columns = first.chunk(2, dim=1)[rank]
    my_rows = second.chunk(2, dim=0)[rank]
    hidden = (x @ my_columns).relu()  # 8 of 16 hidden numbers, complete
    y = hidden @ my_rows  # one of two summands
    dist.all_reduce(y)
    off = (y - whole_network()).abs().max().item()
    held = my_columns.numel() + my_rows.numel()
    whole = first.numel() + second.numel()
    print(f"rank {rank}: off by {off:.5f}, holds {held} of {whole}", flush=True)


launch(columns_then_rows)
# --8<-- [end:columns-then-rows]


# --8<-- [start:rows-then-columns]
def rows_then_columns(rank):
    my_rows = first.chunk(2, dim=0)[rank]
    my_inputs = x.chunk(2, dim=1)[rank]
    hidden = my_inputs @ my_rows  # a summand: ReLU must wait
    dist.all_reduce(hidden)
    y = hidden.relu() @ second.chunk(2, dim=1)[rank]  # some columns of the result
    everything = [torch.empty_like(y) for _ in range(2)]
    dist.all_gather(everything, y)
    off = (torch.cat(everything, dim=1) - whole_network()).abs().max().item()
    print(f"rank {rank}: off by {off:.5f}, with two collectives", flush=True)


launch(rows_then_columns)
# --8<-- [end:rows-then-columns]


# --8<-- [start:copy-and-sum]
class Copy(torch.autograd.Function):
    """The input of the columns: the same forward, gradients are summed backward."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        dist.all_reduce(grad)
        return grad


class Sum(torch.autograd.Function):
    """The output of the rows: summed forward, gradients pass backward."""

    @staticmethod
    def forward(ctx, y):
        y = y.clone()
        dist.all_reduce(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        return grad


# --8<-- [end:copy-and-sum]


# --8<-- [start:gradients-by-hand]
def input_gradient(rank, with_copy):
    inputs = x.clone().requires_grad_()
    entering = Copy.apply(inputs) if with_copy else inputs
    hidden = (entering @ first.chunk(2, dim=1)[rank]).relu()
    Sum.apply(hidden @ second.chunk(2, dim=0)[rank]).square().mean().backward()

    alone = x.clone().requires_grad_()
    ((alone @ first).relu() @ second).square().mean().backward()
    off = (inputs.grad - alone.grad).abs().max().item()
    print(f"rank {rank}: copy {with_copy}, gradient off by {off:.4f}", flush=True)


launch(input_gradient, args=(True,))
launch(input_gradient, args=(False,))
# --8<-- [end:gradients-by-hand]


# --8<-- [start:transformer-block]
class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.head_width = width // heads
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def forward(self, x):
        heads = [
            project(x).unflatten(-1, (-1, self.head_width)).transpose(1, 2)
            for project in (self.q, self.k, self.v)
        ]
        y = F.scaled_dot_product_attention(*heads, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


# --8<-- [end:transformer-block]


# --8<-- [start:whole-block]
class Block(nn.Module):
    def __init__(self, width=32, heads=4):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm_1(x))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


# --8<-- [end:whole-block]


# --8<-- [start:parallelize]
LAYERS = {
    "attention.q": ColwiseParallel(),
    "attention.k": ColwiseParallel(),
    "attention.v": ColwiseParallel(),
    "attention.out": RowwiseParallel(),
    "up": ColwiseParallel(),
    "down": RowwiseParallel(),
}
WHOLE_INPUT = PrepareModuleInput(
    input_layouts=(Replicate(),), desired_input_layouts=(Replicate(),)
)


def build(plan=None, mesh=None):
    torch.manual_seed(0)
    block = Block()
    return parallelize_module(block, mesh, plan) if plan else block


# --8<-- [end:parallelize]


# --8<-- [start:look-at-layers]
def look_at_layers(rank):
    block = build(LAYERS, init_device_mesh("cpu", (2,)))
    for name in ("q", "out"):
        weight = getattr(block.attention, name).weight
        print(
            f"rank {rank}: {name:3} {tuple(weight.shape)} {weight.placements[0]}, "
            f"holds {tuple(weight.to_local().shape)}",
            flush=True,
        )


launch(look_at_layers)
# --8<-- [end:look-at-layers]


# --8<-- [start:communication-of]
def communication_of(function):
    """Return what a function returns, and the collectives that it called."""
    mode = CommDebugMode()
    with mode:
        result = function()
    counts = mode.get_comm_counts()
    return result, {str(call).split(".")[-1]: n for call, n in counts.items()}


# --8<-- [end:communication-of]


# --8<-- [start:compare-and-count]
def compare_and_count(rank, plan, sequence=False):
    inputs = torch.randn(2, 6, 32, generator=torch.Generator().manual_seed(1))
    inputs.requires_grad_()  # as behind other layers
    alone = build()
    alone(inputs).square().sum().backward()

    block = build(plan, init_device_mesh("cpu", (2,)))
    mine = inputs.chunk(2, dim=1)[rank] if sequence else inputs
    y, forward = communication_of(lambda: block(mine))
    _, backward = communication_of(y.square().sum().backward)
    gradients = [layer.attention.q.weight.grad for layer in (block, alone)]
    off = (gradients[0].full_tensor() - gradients[1]).abs().max().item()
    if rank == 0:
        print("forward ", forward)
        print("backward", backward)
        print(f"result {tuple(y.shape)}, gradient of q off by {off:.4f}")


launch(compare_and_count, args=(LAYERS | {"attention": WHOLE_INPUT},))
# --8<-- [end:compare-and-count]


# --8<-- [start:sequence-parallel]
SEQUENCE = LAYERS | {
    "norm_1": SequenceParallel(),
    "attention": PrepareModuleInput(
        input_layouts=(Shard(1),), desired_input_layouts=(Replicate(),)
    ),
    "attention.out": RowwiseParallel(output_layouts=Shard(1)),
    "norm_2": SequenceParallel(),
    "up": ColwiseParallel(input_layouts=Shard(1)),
    "down": RowwiseParallel(output_layouts=Shard(1)),
}

launch(compare_and_count, args=(SEQUENCE, True))
# --8<-- [end:sequence-parallel]


# --8<-- [start:with-fsdp]
def combine(rank):
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "model"))
    block = build(LAYERS | {"attention": WHOLE_INPUT}, mesh["model"])
    fully_shard(block, mesh=mesh["data"])
    weight = block.up.weight
    print(
        f"rank {rank}: up {tuple(weight.shape)} holds {tuple(weight.to_local().shape)}",
        flush=True,
    )
    block(torch.randn(2, 6, 32)).square().mean().backward()


launch(combine, ranks=4)
# --8<-- [end:with-fsdp]


# --8<-- [start:fixed-number-of-heads]
class FixedHeads(Attention):
    def forward(self, x):
        heads = [
            project(x).unflatten(-1, (4, 8)).transpose(1, 2)  # 4 heads, it says
            for project in (self.q, self.k, self.v)
        ]
        y = F.scaled_dot_product_attention(*heads, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


def count_heads_wrong(rank):
    block = Block()
    block.attention = FixedHeads(32, 4)
    parallelize_module(block, init_device_mesh("cpu", (2,)), LAYERS)
    try:
        block(torch.randn(2, 6, 32))
    except RuntimeError as error:
        print(f"rank {rank}: {error}", flush=True)


launch(count_heads_wrong)
# --8<-- [end:fixed-number-of-heads]


# --8<-- [start:solution-count-the-elements]
batch, tokens, width = 8, 2048, 4096
parameters = 12 * width**2  # of a block: 4 in attention, 8 in the other layers
activations = batch * tokens * width
print(f"tensor parallel: {4 * activations / 1e6:6.0f} million elements reduced a block")
print(f"data parallel:   {parameters / 1e6:6.0f} million")
# --8<-- [end:solution-count-the-elements]


# --8<-- [start:solution-split-an-embedding]
def split_embedding(rank):
    torch.manual_seed(0)
    table = torch.randn(10, 4)
    tokens = torch.tensor([1, 7, 9, 4])
    mine = table.chunk(2)[rank]  # rows 0 to 4, or 5 to 9
    local = tokens - 5 * rank
    inside = (local >= 0) & (local < 5)
    vectors = mine[local.clamp(0, 4)] * inside[:, None]
    dist.all_reduce(vectors)
    off = (vectors - table[tokens]).abs().max().item()
    print(f"rank {rank}: looked up {inside.sum()} of 4, off by {off:.1f}", flush=True)


launch(split_embedding)
# --8<-- [end:solution-split-an-embedding]


# --8<-- [start:solution-three-too-many]
launch(compare_and_count, args=(LAYERS,))
# --8<-- [end:solution-three-too-many]
