"""Measure what the GPU does, not how fast Python can ask for it."""

# --8<-- [start:setup]
import statistics
import time
import warnings

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils import benchmark

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:stopwatch-lies]
a = torch.randn(4096, 4096, device="cuda")
a @ a  # warm up
torch.cuda.synchronize()

start = time.perf_counter()
for _ in range(50):
    b = a @ a
asked = time.perf_counter() - start
torch.cuda.synchronize()  # [!]
done = time.perf_counter() - start
print(f"asked for after {1000 * asked:.1f} ms, done after {1000 * done:.0f} ms")
# --8<-- [end:stopwatch-lies]


# --8<-- [start:wait-first]
def seconds(work):
    """Return the wall time of one call, with everything that it queued."""
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def wait():
    """Let the accelerator finish its queue; on a CPU nothing is queued."""
    if accelerator:
        torch.accelerator.synchronize()


x = torch.randn(512, 512).to(device)
print(f"one product: {1000 * seconds(lambda: x @ x):.3f} ms")
# --8<-- [end:wait-first]


# --8<-- [start:warm-up]
model = nn.Sequential(nn.Linear(256, 256), nn.GELU(), nn.Linear(256, 10)).to(device)
inputs = torch.randn(64, 256).to(device)
times = [1e6 * seconds(lambda: model(inputs)) for _ in range(20)]
first, rest = times[0], times[1:]
print(f"first call {first:.0f} us, median of the rest {statistics.median(rest):.0f} us")
print(f"the rest go from {min(rest):.0f} to {max(rest):.0f} us")
# --8<-- [end:warm-up]


# --8<-- [start:events]
def gpu_milliseconds(work, repeats=20):
    """Return the median time between two events, as the GPU's own clock saw it."""
    for _ in range(3):
        work()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(repeats + 1)]
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    torch.cuda.synchronize()
    steps = zip(marks, marks[1:], strict=False)
    return statistics.median(before.elapsed_time(after) for before, after in steps)


small = torch.randn(64, 64, device="cuda")
large = torch.randn(4096, 4096, device="cuda")
print(f"small: {gpu_milliseconds(lambda: small @ small):.3f} ms")
print(f"large: {gpu_milliseconds(lambda: large @ large):.3f} ms")
# --8<-- [end:events]


# --8<-- [start:benchmark-timer]
timer = benchmark.Timer("x @ x", globals={"x": x}, num_threads=torch.get_num_threads())
result = timer.blocked_autorange(min_run_time=0.2)
print(f"{1e6 * result.median:.0f} us, from {len(result.times)} measurements")
# --8<-- [end:benchmark-timer]


# --8<-- [start:compare-fairly]
def paired(one, other, rounds=15):
    """Return how many times as long `one` takes, each round measuring both."""
    for work in (one, other):
        work()
    ratios = [seconds(one) / seconds(other) for _ in range(rounds)]
    return statistics.median(ratios)


scores = torch.randn(1000, 1000).to(device)


def softmax_by_hand():
    weights = (scores - scores.amax(1, keepdim=True)).exp()
    return weights / weights.sum(1, keepdim=True)


ratio = paired(softmax_by_hand, lambda: scores.softmax(1))
print(f"softmax by hand takes {ratio:.1f} times as long")
# --8<-- [end:compare-fairly]


# --8<-- [start:does-it-wait]
def waits(work):
    """Tell whether a call makes Python wait for the GPU."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        work()
        torch.cuda.set_sync_debug_mode("default")
    return any("called a synchronizing" in str(w.message) for w in caught)


# --8<-- [end:does-it-wait]


# --8<-- [start:hidden-waits]
v = torch.randn(1000, device="cuda")
positive = v > 0
calls = {
    "v.sum()": lambda: v.sum(),
    "v.sum().item()": lambda: v.sum().item(),
    "v[positive]": lambda: v[positive],
    "torch.where(positive, v, 0)": lambda: torch.where(positive, v, 0),
    "positive.nonzero()": lambda: positive.nonzero(),
    "if positive.any()": lambda: bool(positive.any()),
    "v.cpu()": lambda: v.cpu(),
    "torch.tensor([1, 2]).to('cuda')": lambda: torch.tensor([1, 2]).to("cuda"),
}
for name, work in calls.items():
    print(f"{name:<32} {'waits' if waits(work) else 'goes on'}")
# --8<-- [end:hidden-waits]


# --8<-- [start:price-of-asking]
layers = [nn.Linear(256, 256) for _ in range(20)]
model = nn.Sequential(*layers).to(device)
batch = torch.randn(32, 256).to(device)


def ask_each_time():
    return [model(batch).square().mean().item() for _ in range(20)]


def ask_once():
    losses = [model(batch).square().mean().detach() for _ in range(20)]
    return torch.stack(losses).tolist()


ratio = paired(ask_each_time, ask_once, rounds=9)
print(f"asking each time takes {ratio:.2f} times as long")
# --8<-- [end:price-of-asking]


# --8<-- [start:count-kernels]
inputs = torch.randn(64, 256, device="cuda")
block = nn.Sequential(nn.Linear(256, 256), nn.GELU(), nn.LayerNorm(256)).to("cuda")
block(inputs)  # warm up
activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
with profile(activities=activities, acc_events=True) as run:
    block(inputs)
    torch.cuda.synchronize()
kernels = [event for event in run.events() if event.device_type.name == "CUDA"]
print(f"{len(kernels)} kernels for {len(block)} layers")
# --8<-- [end:count-kernels]


# --8<-- [start:solution-four-faults]
def honest(model, batch, repeats=10):
    with torch.inference_mode():
        for _ in range(3):  # warm up
            model(batch)
        times = [seconds(lambda: model(batch)) for _ in range(repeats)]  # waits
    return statistics.median(times)  # one slow round does not count


print(f"{1e6 * honest(model, batch):.0f} us")
# --8<-- [end:solution-four-faults]


# --8<-- [start:solution-throughput]
print("batch   us a batch     rows a second")
for size in (1, 16, 256):
    batch = torch.randn(size, 256).to(device)
    took = honest(model, batch)
    print(f"{size:>5}   {1e6 * took:>10.0f}   {size / took:>15,.0f}")
# --8<-- [end:solution-throughput]


# --8<-- [start:solution-wait-free-accuracy]
def accuracy_on_device(batches):
    correct = torch.zeros((), dtype=torch.long, device=device)
    count = 0
    for logits, targets in batches:
        correct += (logits.argmax(1) == targets).sum()  # stays in the queue
        count += len(targets)
    return correct.item() / count  # the only wait


torch.manual_seed(0)
logits = torch.randn(300, 10).to(device)
targets = torch.randint(0, 10, (300,)).to(device)
batches = list(zip(logits.split(100), targets.split(100), strict=True))
print(f"{accuracy_on_device(batches):.3f}")
# --8<-- [end:solution-wait-free-accuracy]
