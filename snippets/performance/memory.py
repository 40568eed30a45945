"""Predict the memory of a training step, watch it over time, and trade it for time."""

# --8<-- [start:setup]
import json
import statistics
import time
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)
MIB = 2**20
# --8<-- [end:setup]


# --8<-- [start:block]
class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        hidden = self.up(self.norm(x))
        return x + self.down(nn.functional.gelu(hidden))


def build(d=128, blocks=8):
    torch.manual_seed(0)
    return nn.Sequential(*[Block(d) for _ in range(blocks)])


# --8<-- [end:block]


# --8<-- [start:formula]
def predicted(d, blocks, rows):
    """Return the bytes of weights, of gradients, of Adam's averages, of activations."""
    weights = 4 * blocks * (8 * d * d + 7 * d)
    activations = 4 * blocks * rows * (10 * d + 2)
    return weights, weights, 2 * weights, activations


parts = "weights", "gradients", "averages", "activations"
for name, size in zip(parts, predicted(128, 8, rows=1024), strict=True):
    print(f"{name:12} {size / MIB:5.1f} MiB")
# --8<-- [end:formula]


# --8<-- [start:saved-bytes]
def kept_by(forward, model):
    """Return the bytes that autograd keeps for backward, without the weights."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    sizes = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    with saved_tensors_hooks(note, lambda tensor: tensor):
        forward()
    return sum(sizes.values())


# --8<-- [end:saved-bytes]


# --8<-- [start:count]
model, x = build(), torch.randn(1024, 128)
optimizer = torch.optim.Adam(model.parameters())
activations = kept_by(lambda: model(x), model)
model(x).square().mean().backward()
optimizer.step()
weights = sum(p.nbytes for p in model.parameters())
gradients = sum(p.grad.nbytes for p in model.parameters())
states = [t for state in optimizer.state.values() for t in state.values() if t.ndim]
averages = sum(t.nbytes for t in states)
for name, size in zip(parts, (weights, gradients, averages, activations), strict=True):
    print(f"{name:12} {size / MIB:5.1f} MiB")
# --8<-- [end:count]


# --8<-- [start:watch]
def memory_of(work):
    """Return the bytes allocated on the CPU, above those at the start, over time."""
    activities = [ProfilerActivity.CPU]
    with profile(activities=activities, profile_memory=True, acc_events=True) as prof:
        work()
    prof.export_chrome_trace("memory.json")
    events = json.loads(Path("memory.json").read_text("utf-8"))["traceEvents"]
    changes = [event for event in events if event["name"] == "[memory]"]
    changes.sort(key=lambda event: event["ts"])
    held = [0]
    for change in changes:
        held.append(held[-1] + change["args"]["Bytes"])
    return held


def tensors():
    a = torch.empty(1000)
    b = a.neg()
    del a
    b.exp()


print(memory_of(tensors))
# --8<-- [end:watch]


# --8<-- [start:a-step-over-time]
def steps(count, forward=None, rows=1024, make=torch.optim.Adam):
    """Build a model and train it for some steps, all of it in memory of its own."""
    model, x = build(), torch.randn(rows, 128)
    optimizer = make(model.parameters())
    for _ in range(count):
        optimizer.zero_grad()
        run = forward or nn.Sequential.forward
        loss = run(model, x).square().mean()
        loss.backward()
        optimizer.step()


held = memory_of(partial(steps, 2))
fig, ax = plt.subplots()
ax.plot([bytes_ / MIB for bytes_ in held])
fixed = sum(predicted(128, 8, rows=1024)[:3]) / MIB
ax.axhline(fixed, color="C1", linestyle="--", label="weights, gradients, averages")
ax.set(xlabel="allocations and releases", ylabel="MiB")
ax.legend(loc="upper left")
plt.show()
# --8<-- [end:a-step-over-time]


# --8<-- [start:peak]
for rows in (128, 1024, 2048):
    in_all = 4 * weights + predicted(128, 8, rows)[3]
    peak = max(memory_of(partial(steps, 2, rows=rows)))
    print(f"{rows:4} rows: {peak / MIB:5.1f} MiB, predicted {in_all / MIB:5.1f} MiB")
# --8<-- [end:peak]


# --8<-- [start:checkpointing]
def in_segments(segments, model, x):
    return checkpoint_sequential(model, segments, x, use_reentrant=False)


print(f"keep all:   {max(memory_of(partial(steps, 2))) / MIB:.1f} MiB")
for segments in (2, 4, 8):
    forward = partial(in_segments, segments)
    peak = max(memory_of(partial(steps, 2, forward)))
    print(f"{segments} segments: {peak / MIB:.1f} MiB")
# --8<-- [end:checkpointing]


# --8<-- [start:price-of-recomputing]
def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def backward_through(forward):
    forward(model, x).square().mean().backward()


keep, recompute = (
    partial(backward_through, f) for f in (nn.Sequential.forward, forward)
)
ratios = [seconds(recompute) / seconds(keep) for _ in range(9)]
print(f"{statistics.median(ratios):.2f} times as long")
# --8<-- [end:price-of-recomputing]


# --8<-- [start:choose-segments]
def highest(blocks, segments, row=128, inside=1282):
    """Return the activations at the peak, in numbers for each row of input."""
    return segments * row + blocks // segments * inside


for blocks in (8, 64):
    sizes = {n: highest(blocks, n) for n in (1, 2, 4, 8, 16, 32, 64) if n <= blocks}
    best = min(sizes, key=sizes.get)
    share = sizes[best] / (blocks * 1282)
    print(f"{blocks} blocks: {best} segments keep {100 * share:.0f} %")
# --8<-- [end:choose-segments]


# --8<-- [start:accumulate]
def in_pieces(pieces):
    model, x = build(), torch.randn(1024, 128)
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        for piece in x.chunk(pieces):
            (model(piece).square().mean() / pieces).backward()
        optimizer.step()


for pieces in (1, 2, 8):
    peak = max(memory_of(partial(in_pieces, pieces)))
    print(f"{pieces} pieces: {peak / MIB:.1f} MiB")
# --8<-- [end:accumulate]


# --8<-- [start:step-needs-more]
def peak_of_step(**options):
    """Return how much memory a second step of AdamW needs for a moment."""
    model = build(d=256, blocks=4)
    optimizer = torch.optim.AdamW(model.parameters(), **options)
    for _ in range(2):
        model(torch.ones(1, 256)).square().mean().backward()
        held = memory_of(optimizer.step)
    return max(held) / sum(p.nbytes for p in model.parameters())


for options in ({"foreach": False}, {"foreach": True}, {"fused": True}):
    print(options, f"{peak_of_step(**options):.2f} times the weights")
# --8<-- [end:step-needs-more]


# --8<-- [start:on-a-gpu]
def gpu_step(**options):
    """Return how much memory a step needs above the weights, and milliseconds."""
    network = build(d=1024, blocks=8).to("cuda")
    adamw = torch.optim.AdamW(network.parameters(), **options)
    times = []
    for _ in range(8):
        network(torch.ones(1, 1024, device="cuda")).square().mean().backward()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        held_before = torch.cuda.memory_allocated()
        times.append(seconds(lambda: (adamw.step(), torch.cuda.synchronize())))
        peak = torch.cuda.max_memory_allocated() - held_before
        adamw.zero_grad()
    size = sum(p.nbytes for p in network.parameters())
    return peak / size, 1000 * statistics.median(times[3:])


for options in ({"foreach": False}, {"foreach": True}, {"fused": True}):
    extra, took = gpu_step(**options)
    print(options, f"{extra:.2f} times the weights, {took:.2f} ms")
# --8<-- [end:on-a-gpu]


# --8<-- [start:in-place]
def look_at(activation):
    net = nn.Sequential(nn.Linear(256, 256, bias=False), activation, nn.Linear(256, 1))
    x = torch.randn(1024, 256)
    kept = kept_by(partial(net, x), net) / x.nbytes
    peak = max(memory_of(partial(net, x))) / x.nbytes
    print(f"{activation}: {kept:.0f} inputs kept, {peak:.0f} allocated at most")


for activation in (nn.GELU(), nn.ReLU(), nn.ReLU(inplace=True)):
    look_at(activation)
# --8<-- [end:in-place]


# --8<-- [start:pack]
def packed(model, x):
    """Keep activations in 16 bits until backward asks for them."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def pack(tensor):
        mine = tensor.untyped_storage().data_ptr() in own
        return tensor if mine else tensor.bfloat16()

    with saved_tensors_hooks(pack, lambda tensor: tensor.float()):
        return model(x)


for name, forward in (("as it is", None), ("packed", packed)):
    print(f"{name}: {max(memory_of(partial(steps, 2, forward))) / MIB:.1f} MiB")
# --8<-- [end:pack]


# --8<-- [start:price-of-packing]
def gradient(forward):
    model = build()
    x = torch.ones(64, 128).cumsum(0) / 64
    forward(model, x).square().mean().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


exact, rough = gradient(nn.Sequential.forward), gradient(packed)
print(f"relative error of the gradient: {(rough - exact).norm() / exact.norm():.3f}")
# --8<-- [end:price-of-packing]


# --8<-- [start:solution-one-segment]
def whole_model(model, x):
    return checkpoint(model, x, use_reentrant=False)


kept = kept_by(partial(whole_model, model, x), model)
print(f"kept after forward: {kept / MIB:.1f} MiB")
for name, forward in (("without", None), ("with", whole_model)):
    print(
        f"{name} checkpoint: {max(memory_of(partial(steps, 2, forward))) / MIB:.1f} MiB"
    )
# --8<-- [end:solution-one-segment]


# --8<-- [start:solution-largest-batch]
fixed = sum(predicted(1024, 24, rows=0))
a_row = predicted(1024, 24, rows=1)[3]
print(f"fixed: {fixed / 2**30:.1f} GiB, a row: {a_row / MIB:.2f} MiB")
print(f"rows that fit into 24 GiB: {(24 * 2**30 - fixed) // a_row:,}")
# --8<-- [end:solution-largest-batch]


# --8<-- [start:solution-two-peaks]
def cleared(set_to_none):
    """Train two steps with the gradients cleared in one of two ways."""
    model, x = build(), torch.randn(256, 128)
    optimizer = torch.optim.SGD(model.parameters())
    for _ in range(2):
        optimizer.zero_grad(set_to_none=set_to_none)
        model(x).square().mean().backward()
        optimizer.step()


for choice in (True, False):
    peak = max(memory_of(partial(cleared, choice))) / MIB
    print(f"set_to_none={choice}: {peak:.1f} MiB")
# --8<-- [end:solution-two-peaks]
