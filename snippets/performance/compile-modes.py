"""What a first call costs, what is kept of it, and what the modes add."""

# --8<-- [start:setup]
import os
import tempfile
import time
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:seconds-of-a-first-call]
def seconds(work):
    """Return the wall time of one call, with everything that it queued."""
    start = time.perf_counter()
    work()
    if accelerator:
        torch.accelerator.synchronize()
    return time.perf_counter() - start


def first_call(work, cache):
    """Time a call in a process that has compiled nothing, with this cache folder."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
    torch.compiler.reset()
    return seconds(work)


# --8<-- [end:seconds-of-a-first-call]


# --8<-- [start:cold-warm-hot]
def normalize(x):
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)


x = torch.randn(100, 100).to(device)
torch.compile(lambda x: x + 1)(x)  # load the compiler itself
usual_cache = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
empty = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

compiled = torch.compile(normalize)
print(f"cold, the cache is empty   {first_call(lambda: compiled(x), empty.name):.2f} s")
print(f"warm, the cache is filled  {first_call(lambda: compiled(x), empty.name):.2f} s")
print(f"hot, compiled before       {seconds(lambda: compiled(x)):.5f} s")
# --8<-- [end:cold-warm-hot]


# --8<-- [start:ship-the-cache]
artifacts, _ = torch.compiler.save_cache_artifacts()
print(f"{len(artifacts) / 1e6:.1f} MB of artifacts")

with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as other_machine:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = other_machine
    torch.compiler.load_cache_artifacts(artifacts)
    took = first_call(lambda: compiled(x), other_machine)
print(f"first call there {took:.2f} s")
# --8<-- [end:ship-the-cache]


# --8<-- [start:a-stack]
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x))))


def stack(depth, width=64):
    torch.manual_seed(0)
    return nn.Sequential(*(Block(width) for _ in range(depth))).to(device)


batch = torch.randn(32, 64).to(device)
print(stack(4)(batch).shape)
# --8<-- [end:a-stack]


# --8<-- [start:compile-one-block]
whole, regional = torch.compile(stack(4)), stack(4)
for block in regional:
    block.compile()  # all blocks run the same code, so one is compiled

with torch.no_grad():
    for name, model in (("whole", whole), ("blocks", regional)):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
            took = first_call(lambda model=model: model(batch), cache)
        print(f"{name:6} first call {took:.1f} s")
    torch.testing.assert_close(whole(batch), regional(batch))
# --8<-- [end:compile-one-block]


# --8<-- [start:count-layers]
sizes = []


def counting(graph_module, example_inputs):
    """A backend that notes how many linear layers it would have to compile."""
    parts = [m for m in graph_module.modules() if isinstance(m, torch.fx.GraphModule)]
    nodes = [node for part in parts for node in part.graph.nodes]
    sizes.append(sum(node.target is F.linear for node in nodes))
    return graph_module.forward


# --8<-- [end:count-layers]


# --8<-- [start:nested-region]
@torch.compiler.nested_compile_region
def region(block, x):
    return block(x)


def call_each(blocks, x):
    for block in blocks:
        x = block(x)
    return x


def call_each_as_region(blocks, x):
    for block in blocks:
        x = region(block, x)
    return x


deep = stack(12)
for call in (call_each, call_each_as_region):
    torch.compiler.reset()
    with torch.no_grad():
        torch.compile(call, backend=counting)(deep, batch)
    print(f"{call.__name__:19} compiles {sizes[-1]} linear layers")
# --8<-- [end:nested-region]


# --8<-- [start:modes]
modes = torch._inductor.list_mode_options()
for name in (
    "default",
    "reduce-overhead",
    "max-autotune-no-cudagraphs",
    "max-autotune",
):
    print(f"{name:27}", *modes[name])
# --8<-- [end:modes]


# --8<-- [start:modes-on-a-gpu]
def milliseconds(work, repeats=30):
    """Return the median time of a call between two events on the GPU."""
    times = []
    for _ in range(5 + repeats):
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        marks[0].record()
        work()
        marks[1].record()
        torch.cuda.synchronize()
        times.append(marks[0].elapsed_time(marks[1]))
    return median(times[5:])


with torch.no_grad():
    print(f"{'eager':27} {milliseconds(lambda: deep(batch)):.2f} ms a call")
    for mode in ("default", "reduce-overhead", "max-autotune-no-cudagraphs"):
        torch.compiler.reset()
        model = torch.compile(deep, mode=mode)
        started = time.perf_counter()
        took = milliseconds(lambda model=model: model(batch))
        total = time.perf_counter() - started
        print(f"{mode:27} {took:.2f} ms a call, ready after {total:.1f} s")
# --8<-- [end:modes-on-a-gpu]


# --8<-- [start:overwritten]
torch.compiler.reset()
double = torch.compile(lambda x: x * 2, mode="reduce-overhead")
inputs = [torch.full((3,), float(i), device="cuda") for i in range(5)]
with torch.no_grad():
    for x_gpu in inputs:
        double(x_gpu)  # the first calls record
    first = double(inputs[1])
    second = double(inputs[2])
    try:
        print(first.tolist())
    except RuntimeError as error:
        print(str(error).split(".")[0])
    first = double(inputs[1]).clone()
    second = double(inputs[2])
    print(first.tolist(), second.tolist())
# --8<-- [end:overwritten]


# --8<-- [start:usual-cache]
if usual_cache is None:
    del os.environ["TORCHINDUCTOR_CACHE_DIR"]
else:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = usual_cache
empty.cleanup()
# --8<-- [end:usual-cache]


# --8<-- [start:solution-depth]
@torch.no_grad()
def compiled_layers(model, regional):
    torch.compiler.reset()
    sizes.clear()
    if regional:
        for block in model:
            block.compile(backend=counting)
    else:
        model = torch.compile(model, backend=counting)
    model(batch)
    return sum(sizes)


for depth in (2, 4, 8):
    whole = compiled_layers(stack(depth), regional=False)
    regional = compiled_layers(stack(depth), regional=True)
    print(f"{depth} blocks: {whole:2} layers as a whole, {regional} by blocks")
# --8<-- [end:solution-depth]


# --8<-- [start:solution-index]
class NumberedBlock(Block):
    def __init__(self, width, index):
        super().__init__(width)
        self.index = index

    def forward(self, x):
        return super().forward(x) / (1 + self.index)


class ScaledBlock(Block):
    def __init__(self, width, index):
        super().__init__(width)
        self.register_buffer("scale", torch.tensor(1 / (1 + index)))

    def forward(self, x):
        return super().forward(x) * self.scale


for kind in (NumberedBlock, ScaledBlock):
    model = nn.Sequential(*(kind(64, index) for index in range(6))).to(device)
    print(kind.__name__, compiled_layers(model, regional=True), "linear layers")
# --8<-- [end:solution-index]
