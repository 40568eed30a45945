"""Count where the memory of a training step goes, and what frees it."""

# --8<-- [start:setup]
import os
import statistics
import subprocess
import sys
import time
import weakref
from contextlib import contextmanager
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:bytes-of-a-tensor]
x = torch.empty(1024, 1024, device=device)  # not filled: only its size counts
print(f"{x.numel():,} elements of {x.element_size()} bytes: {x.nbytes:,} bytes")
for dtype in (torch.float64, torch.bfloat16, torch.int8):
    print(dtype, f"{x.to(dtype).nbytes:,}")
# --8<-- [end:bytes-of-a-tensor]


# --8<-- [start:slice-keeps-everything]
row = x[0]
print(f"view:  {row.nbytes:,} bytes used, {row.untyped_storage().nbytes():,} kept")
row = row.clone()
print(f"clone: {row.nbytes:,} bytes used, {row.untyped_storage().nbytes():,} kept")
# --8<-- [end:slice-keeps-everything]


# --8<-- [start:state-of-a-model]
layers = [nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(8)]
model = nn.Sequential(*layers).to(device)
optimizer = torch.optim.AdamW(model.parameters())


def state_bytes():
    parameters = list(model.parameters())
    gradients = [p.grad for p in parameters if p.grad is not None]
    averages = [v for state in optimizer.state.values() for v in state.values()]
    return [sum(t.nbytes for t in group) for group in (parameters, gradients, averages)]


# --8<-- [end:state-of-a-model]


# --8<-- [start:state-after-each-call]
def show(when):
    print(f"{when:15}", *(f"{size:>10,}" for size in state_bytes()))


print(f"{'':15} parameters  gradients   averages")
show("built")
model(torch.randn(32, 256).to(device)).square().mean().backward()
show("after backward")
optimizer.step()
show("after step")
optimizer.zero_grad()
show("after zero_grad")
# --8<-- [end:state-after-each-call]


# --8<-- [start:saved-activations]
def saved_bytes(function, x):
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    sizes = {}

    def count(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # not the tensor itself: see the last exercise

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        function(x)
    return sum(sizes.values())


for batch_size in (32, 64, 128):
    x = torch.empty(batch_size, 256, device=device)
    print(f"{batch_size:3} rows: {saved_bytes(model, x):,} bytes")
with torch.inference_mode():
    print("inference_mode:", saved_bytes(model, x), "bytes")
# --8<-- [end:saved-activations]


# --8<-- [start:draw-the-budget]
state = sum(p.nbytes for p in model.parameters()) / 2**20
sizes = [64, 256, 1024, 4096]
activations = [
    saved_bytes(model, torch.empty(n, 256, device=device)) / 2**20 for n in sizes
]
fig, ax = plt.subplots()
bottom = 0
for name, height in (("parameters", 1), ("gradients", 1), ("AdamW averages", 2)):
    ax.bar(range(4), height * state, bottom=bottom, label=name)
    bottom += height * state
ax.bar(range(4), activations, bottom=bottom, label="activations")
ax.set_xticks(range(4), sizes)
ax.set(xlabel="batch size", ylabel="MiB")
ax.legend()
plt.show()
# --8<-- [end:draw-the-budget]


# --8<-- [start:peak-of-each-phase]
def step_peaks(batch_size, clear_first):
    start = torch.accelerator.memory_allocated()
    layers = [nn.Sequential(nn.Linear(1024, 1024), nn.ReLU()) for _ in range(8)]
    model = nn.Sequential(*layers).to(device)  # 32 MiB of weights
    optimizer = torch.optim.AdamW(model.parameters())
    x = torch.zeros(batch_size, 1024, device=device)
    for _ in range(2):  # only the second step finds averages and old gradients
        if clear_first:
            optimizer.zero_grad()
        torch.accelerator.reset_peak_memory_stats()
        loss = model(x).square().mean()
        peaks = [torch.accelerator.max_memory_allocated()]
        if not clear_first:
            optimizer.zero_grad()
        for phase in (loss.backward, optimizer.step):
            torch.accelerator.reset_peak_memory_stats()
            phase()
            peaks.append(torch.accelerator.max_memory_allocated())
    return [(peak - start) / 2**20 for peak in peaks]


# --8<-- [end:peak-of-each-phase]


# --8<-- [start:compare-the-phases]
step_peaks(64, True)  # the first call also allocates the workspaces of cuBLAS
for batch_size in (64, 8192):
    for clear_first in (False, True):
        peaks = step_peaks(batch_size, clear_first)
        order = "zero_grad first" if clear_first else "zero_grad after forward"
        print(
            f"{batch_size:4} rows, {order:22}: MiB in forward {peaks[0]:.0f}, "
            f"backward {peaks[1]:.0f}, step {peaks[2]:.0f}"
        )
# --8<-- [end:compare-the-phases]


# --8<-- [start:recompute-instead]
def in_segments(x):
    for i in range(0, 8, 2):
        x = checkpoint(model[i : i + 2], x, use_reentrant=False)
    return x


torch.manual_seed(0)
x = torch.randn(128, 256).to(device)
print(f"keep all:  {saved_bytes(model, x):,} bytes")
print(f"recompute: {saved_bytes(in_segments, x):,} bytes")
difference = (model(x) - in_segments(x)).abs().max().item()
print(f"largest difference of the outputs: {difference:.1f}")
# --8<-- [end:recompute-instead]


# --8<-- [start:deep-network]
class Block(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(1024, 4096), nn.GELU(), nn.Linear(4096, 1024))


def kept(x):
    return deep(x)


def recomputed(x):
    for block in deep:
        x = checkpoint(block, x, use_reentrant=False)
    return x


def in_bfloat16(x):
    with torch.autocast(device, dtype=torch.bfloat16):
        return deep(x)


def on_the_cpu(x):
    with torch.autograd.graph.save_on_cpu(pin_memory=True):
        return deep(x)


# --8<-- [end:deep-network]


# --8<-- [start:peak-and-time]
def measure(step):
    step()  # warm up
    before = torch.accelerator.memory_allocated()
    torch.accelerator.reset_peak_memory_stats()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        step()
        torch.accelerator.synchronize()
        times.append(time.perf_counter() - start)
    peak = torch.accelerator.max_memory_allocated() - before
    return peak / 2**20, 1000 * statistics.median(times)


# --8<-- [end:peak-and-time]


# --8<-- [start:cures-measured]
def train_step(forward, pieces):
    for piece in x.chunk(pieces):
        loss = forward(piece).square().mean() / pieces
        loss.backward()
    deep.zero_grad()


torch.manual_seed(0)
deep = nn.Sequential(*[Block() for _ in range(12)]).to(device)
x = torch.randn(4096, 1024).to(device)
cures = {
    "everything kept": (kept, 1),
    "four pieces, accumulated": (kept, 4),
    "bfloat16 autocast": (in_bfloat16, 1),
    "recomputed": (recomputed, 1),
    "saved tensors on the CPU": (on_the_cpu, 1),
}
for name, (forward, pieces) in cures.items():
    peak, milliseconds = measure(partial(train_step, forward, pieces))
    print(f"{name:25} {peak:5.0f} MiB {milliseconds:4.0f} ms")
# --8<-- [end:cures-measured]


# --8<-- [start:three-numbers]
def report(when):
    free, total = torch.accelerator.get_memory_info()
    allocated = torch.accelerator.memory_allocated() / 2**20
    reserved = torch.accelerator.memory_reserved() / 2**20
    taken = (total - free) / 2**20
    print(f"{when:18}{allocated:9.0f} {reserved:9.0f} {taken:9.0f}")


torch.accelerator.empty_cache()
print(f"{'MiB':18}allocated  reserved     taken")
report("at first")
big = torch.empty(2**28, device=device)
report("with 1 GiB more")
del big
report("after del")
torch.accelerator.empty_cache()
report("after empty_cache")
# --8<-- [end:three-numbers]


# --8<-- [start:cost-of-emptying]
def time_of_a_tensor(empty):
    start = time.perf_counter()
    for _ in range(50):
        x = torch.zeros(2**26, device=device)  # 256 MiB
        del x
        if empty:
            torch.accelerator.empty_cache()
    torch.accelerator.synchronize()
    return (time.perf_counter() - start) * 1000 / 50


time_of_a_tensor(empty=False)  # warm up
reused = time_of_a_tensor(empty=False)
emptied = time_of_a_tensor(empty=True)
print(f"memory reused {reused:.2f} ms, emptied each time {emptied:.2f} ms")
# --8<-- [end:cost-of-emptying]


# --8<-- [start:every-second-freed]
def every_second_freed(count, elements):
    torch.accelerator.empty_cache()
    in_tensors = torch.accelerator.memory_allocated()
    in_all = torch.accelerator.memory_reserved()
    pieces = [torch.empty(elements, device=device) for _ in range(count)]
    del pieces[::2]
    torch.accelerator.empty_cache()
    allocated = (torch.accelerator.memory_allocated() - in_tensors) / 2**20
    reserved = (torch.accelerator.memory_reserved() - in_all) / 2**20
    print(f"{len(pieces):3} pieces left: {allocated:.0f} MiB, reserved {reserved:.0f}")


every_second_freed(640, 2**18)  # pieces of 1 MiB
every_second_freed(10, 2**24)  # pieces of 64 MiB
# --8<-- [end:every-second-freed]


# --8<-- [start:growing-sizes]
program = """
import torch
for n in range(1, 21):
    x = torch.empty(n * 2**22, device="cuda")  # n times 16 MiB
    del x
allocated = torch.cuda.max_memory_allocated() / 2**20
reserved = torch.cuda.memory_reserved() / 2**20
print(f"at most {allocated:.0f} MiB in use, {reserved:.0f} MiB reserved")
"""
for setting in ("False", "True"):
    option = f"expandable_segments:{setting}"
    environment = os.environ | {"PYTORCH_CUDA_ALLOC_CONF": option}
    command = [sys.executable, "-c", program]
    printed = subprocess.check_output(command, env=environment, text=True)
    print(f"{option}: {printed.strip()}")
# --8<-- [end:growing-sizes]


# --8<-- [start:who-holds-it]
def load_batch():
    return torch.empty(2**24, device=device)


def compute_scores():
    return torch.empty(2**20, device=device)


torch.cuda.memory._record_memory_history(stacks="python")
batch, scores = load_batch(), compute_scores()
snapshot = torch.cuda.memory._snapshot()
torch.cuda.memory._record_memory_history(enabled=None)

blocks = [block for segment in snapshot["segments"] for block in segment["blocks"]]
in_use = [b for b in blocks if b["state"] == "active_allocated" and b.get("frames")]
for block in sorted(in_use, key=lambda block: block["size"], reverse=True)[:2]:
    print(f"{block['size'] / 2**20:.0f} MiB from {block['frames'][0]['name']}")
# --8<-- [end:who-holds-it]


# --8<-- [start:out-of-host-memory]
try:
    torch.empty(2**50)  # 4 PiB
except RuntimeError as error:
    print("CPU:", type(error).__name__)
parent = torch.OutOfMemoryError.__mro__[1]
print("parent of OutOfMemoryError:", parent.__name__)
# --8<-- [end:out-of-host-memory]


# --8<-- [start:held-by-the-exception]
def step(batch_size):
    hidden = torch.empty(batch_size, 2**20, device=device)  # 4 MiB a row
    return (hidden + 1).sum().item()  # the sum needs as much again


def fits(batch_size):
    before = torch.accelerator.memory_allocated()
    try:
        step(batch_size)
        return True
    except torch.OutOfMemoryError as error:
        print(batch_size, "rows:", str(error).partition(" GPU ")[0])
        held = torch.accelerator.memory_allocated() - before
        print(f"  in the except block: {held / 2**20:.0f} MiB held")
    held = torch.accelerator.memory_allocated() - before
    print(f"  after it: {held / 2**20:.0f} MiB held")
    return False


# --8<-- [end:held-by-the-exception]


# --8<-- [start:limit-the-memory]
@contextmanager
def at_most(extra):
    torch.accelerator.empty_cache()
    _, total = torch.accelerator.get_memory_info()
    allowed = torch.accelerator.memory_reserved() + extra
    torch.cuda.set_per_process_memory_fraction(allowed / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


# --8<-- [end:limit-the-memory]


# --8<-- [start:halve-until-it-fits]
batch_size = 512
with at_most(3 * 2**30):
    while not fits(batch_size):
        batch_size //= 2
print(batch_size, "rows fit")
# --8<-- [end:halve-until-it-fits]


# --8<-- [start:solution-seven-billion]
n = 7e9
for name, bytes_each in (("float32 AdamW", 4 + 4 + 8), ("bfloat16 inference", 2)):
    print(f"{name}: {n * bytes_each / 1e9:.0f} GB")
# --8<-- [end:solution-seven-billion]


# --8<-- [start:solution-keep-one-row]
def kept_after_three_batches(copy):
    rows = []
    for _ in range(3):
        batch = torch.empty(512, 256, device=device)
        row = batch[:1]
        rows.append(row.clone() if copy else row)
    return sum(row.untyped_storage().nbytes() for row in rows)


print(f"views: {kept_after_three_batches(copy=False):,} bytes")
print(f"copies: {kept_after_three_batches(copy=True):,} bytes")
# --8<-- [end:solution-keep-one-row]


# --8<-- [start:solution-hook-that-leaks]
def still_alive(pack):
    x = torch.ones(3, device=device, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = x.relu()  # relu saves its own output
    watch = weakref.ref(y)
    del x, y
    return watch() is not None


print("returns the tensor, y still alive:", still_alive(lambda t: t))
print("returns detach(), y still alive:", still_alive(lambda t: t.detach()))
# --8<-- [end:solution-hook-that-leaks]
