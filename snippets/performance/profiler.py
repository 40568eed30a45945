"""Read the profiler: names, times, shapes, memory, and a timeline."""

# --8<-- [start:setup]
import json
import statistics
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function, schedule

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:slow-model]
class Standardize(nn.Module):
    def forward(self, x):
        rows = []
        for row in x:
            rows.append((row - row.mean()) / row.std())
        return torch.stack(rows)


def build(norm):
    torch.manual_seed(0)
    layers = nn.Linear(256, 512), nn.GELU(), norm, nn.Linear(512, 10)
    model = nn.Sequential(*layers)
    return model, torch.optim.SGD(model.parameters(), lr=0.01)


batch = torch.randn(16, 256), torch.randint(0, 10, (16,))
# --8<-- [end:slow-model]


# --8<-- [start:name-the-parts]
def train_step(model, optimizer, batch):
    x, y = batch
    with record_function("forward"):
        loss = F.cross_entropy(model(x), y)
    with record_function("backward"):
        optimizer.zero_grad()
        loss.backward()
    with record_function("update"):
        optimizer.step()


model, optimizer = build(Standardize())
train_step(model, optimizer, batch)  # warm up
with profile(activities=[ProfilerActivity.CPU], acc_events=True) as prof:
    train_step(model, optimizer, batch)
averages = prof.key_averages()
print(len(prof.events()), "events with", len(averages), "names")
# --8<-- [end:name-the-parts]


# --8<-- [start:columns]
table = averages.table(sort_by="self_cpu_time_total", row_limit=5)
header = table.splitlines()[1]
print([column.strip() for column in header.split("  ") if column.strip()])
# --8<-- [end:columns]


# --8<-- [start:self-and-total]
def show(averages, *names):
    """Print a row for each name, in microseconds."""
    print(f"{'':14}  self  total  calls")
    for event in sorted(averages, key=lambda event: names.index(event.key)):
        self_time, total = event.self_cpu_time_total, event.cpu_time_total
        print(f"{event.key:14} {self_time:5.0f} {total:6.0f} {event.count:6}")


names = "forward", "aten::linear", "aten::addmm", "aten::gelu", "backward", "update"
show([event for event in averages if event.key in names], *names)
# --8<-- [end:self-and-total]


# --8<-- [start:children]
linear = next(event for event in prof.events() if event.name == "aten::linear")
print("below aten::linear:", [child.name for child in linear.cpu_children])
below = sum(child.cpu_time_total for child in linear.cpu_children)
print(f"{linear.self_cpu_time_total:.1f} + {below:.1f} = {linear.cpu_time_total:.1f}")
# --8<-- [end:children]


# --8<-- [start:sort-by-count]
often = sorted(averages, key=lambda event: (-event.count, event.key))
for event in often[:5]:
    print(f"{event.count:4} {event.key}")
# --8<-- [end:sort-by-count]


# --8<-- [start:name-the-suspects]
def named(model):
    """Return the model with a name around the call of each layer."""
    for position, layer in enumerate(model):
        layer.forward = within(f"{position} {type(layer).__name__}", layer.forward)
    return model


def within(name, function):
    def call(*arguments):
        with record_function(name):
            return function(*arguments)

    return call


# --8<-- [end:name-the-suspects]


# --8<-- [start:slow-layer]
def record(model, optimizer):
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as prof:
        train_step(model, optimizer, batch)
    return prof


def whole(prof):
    return sum(event.self_cpu_time_total for event in prof.events())


model, optimizer = build(Standardize())
named(model)
train_step(model, optimizer, batch)
prof = min((record(model, optimizer) for _ in range(5)), key=whole)
layers = [event for event in prof.events() if event.name[0].isdigit()]
for layer in sorted(layers, key=lambda event: event.name):
    print(f"{layer.name:14} {layer.cpu_time_total:5.0f} us")
# --8<-- [end:slow-layer]


# --8<-- [start:export-and-read]
prof.export_chrome_trace("trace.json")
trace = json.loads(Path("trace.json").read_text("utf-8"))
spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
first = min(spans, key=lambda span: span["ts"])["ts"]
marks = [span for span in spans if span.get("cat") == "user_annotation"]
print([mark["name"] for mark in sorted(marks, key=lambda mark: mark["ts"])])
print(sorted(marks[0]))
# --8<-- [end:export-and-read]


# --8<-- [start:timeline]
def draw(ax, spans, row, color):
    places = [(span["ts"] - first, span["dur"]) for span in spans]
    ax.broken_barh(places, (row - 0.4, 0.8), facecolor=color)


rows = {"step": [], "layers": [], "ops": []}
for mark in marks:
    if mark["name"] in ("forward", "backward", "update"):
        rows["step"].append(mark)
    elif mark["name"][0].isdigit():
        rows["layers"].append(mark)
inside = "aten::std", "aten::div", "aten::addmm", "aten::mm"
rows["ops"] = [span for span in spans if span["name"] in inside]
fig, ax = plt.subplots(figsize=(6.4, 2.2))
for row, found in enumerate(rows.values()):
    draw(ax, found, row, f"C{row}")
ax.set_yticks(range(3), rows)
ax.set_xticks([])
ax.set_xlabel("time")
ax.invert_yaxis()
plt.show()
# --8<-- [end:timeline]


# --8<-- [start:repair]
class StandardizeAll(nn.Module):
    def forward(self, x):
        return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)


hidden = torch.randn(16, 512)
torch.testing.assert_close(StandardizeAll()(hidden), Standardize()(hidden))

model, optimizer = build(StandardizeAll())
train_step(model, optimizer, batch)
repaired = record(model, optimizer)
print(f"{len(prof.events())} events before, {len(repaired.events())} after")
# --8<-- [end:repair]


# --8<-- [start:gain]
def seconds(step, repeats=30):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


slow, fast = build(Standardize()), build(StandardizeAll())
ratio = seconds(lambda: train_step(*slow, batch)) / seconds(
    lambda: train_step(*fast, batch)
)
print(f"the loop made the step {ratio:.1f} times as long")
# --8<-- [end:gain]


# --8<-- [start:shapes]
with profile(
    activities=[ProfilerActivity.CPU], record_shapes=True, acc_events=True
) as prof:
    train_step(model, optimizer, batch)
for event in prof.key_averages(group_by_input_shape=True):
    if event.key in ("aten::addmm", "aten::mm"):
        print(event.key, event.input_shapes[:3], "calls:", event.count)
# --8<-- [end:shapes]


# --8<-- [start:memory]
with profile(
    activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True
) as prof:
    model(batch[0])
for event in prof.key_averages():
    if event.self_cpu_memory_usage > 100:
        print(f"{event.key:12} {event.self_cpu_memory_usage:6,} bytes")
# --8<-- [end:memory]


# --8<-- [start:stack]
def around(inner, spans):
    """Return the names of the spans of Python that hold this one, from outside in."""
    end = inner["ts"] + inner["dur"]
    python = (span for span in spans if span.get("cat") == "python_function")
    return [
        s["name"] for s in python if s["ts"] <= inner["ts"] <= end <= s["ts"] + s["dur"]
    ]


slow_model, _ = build(Standardize())
with profile(
    activities=[ProfilerActivity.CPU], with_stack=True, acc_events=True
) as prof:
    slow_model(batch[0])
prof.export_chrome_trace("stacks.json")
trace = json.loads(Path("stacks.json").read_text("utf-8"))
spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
std = next(span for span in spans if span["name"] == "aten::std")
print([name for name in around(std, spans) if name.startswith("nn.Module")])
# --8<-- [end:stack]


# --8<-- [start:schedule]
def report(prof):
    [step] = [e for e in prof.key_averages() if e.key.startswith("ProfilerStep")]
    print(f"after {prof.step_num} steps: {step.count} recorded")


with profile(
    activities=[ProfilerActivity.CPU],
    schedule=schedule(wait=2, warmup=1, active=2, repeat=1),
    on_trace_ready=report,
    acc_events=True,
) as prof:
    for _ in range(8):
        train_step(model, optimizer, batch)
        prof.step()
# --8<-- [end:schedule]


# --8<-- [start:overhead]
def recorded(**options):
    """Return how many times as long a step takes while the profiler runs."""
    plain = seconds(lambda: train_step(model, optimizer, batch), repeats=10)
    with profile(activities=[ProfilerActivity.CPU], acc_events=True, **options):
        watched = seconds(lambda: train_step(model, optimizer, batch), repeats=10)
    return watched / plain


for options in ({}, {"record_shapes": True, "profile_memory": True}):
    print(f"{recorded(**options):.1f} times as long with", *options or ["names only"])
# --8<-- [end:overhead]


# --8<-- [start:on-a-gpu]
def kernels_of(norm):
    """Print how many kernels a step has, and for how long the GPU worked on them."""
    model, optimizer = build(norm)
    model.to("cuda")
    on_gpu = [part.to("cuda") for part in batch]
    for _ in range(3):
        train_step(model, optimizer, on_gpu)
    torch.cuda.synchronize()
    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    with profile(activities=activities, acc_events=True) as prof:
        train_step(model, optimizer, on_gpu)
        torch.cuda.synchronize()
    on_device = [event for event in prof.events() if event.device_type.name == "CUDA"]
    spans = [e.time_range for e in on_device if not e.is_user_annotation]
    busy = sum(span.elapsed_us() for span in spans)
    whole = max(span.end for span in spans) - min(span.start for span in spans)
    print(f"{len(spans):4} kernels, {busy:.0f} of {whole:.0f} us at work")


kernels_of(Standardize())
kernels_of(StandardizeAll())
# --8<-- [end:on-a-gpu]


# --8<-- [start:solution-hidden-cast]
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.tensor([0.5] * 64, dtype=torch.float64)

    def forward(self, x):
        return (x * self.scale).float()


x, scale = torch.randn(16, 64), Scale()
for dtype in (torch.float64, torch.float32):
    scale.scale = scale.scale.to(dtype)
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as prof:
        scale(x)
    copies = sum(event.name == "aten::copy_" for event in prof.events())
    print(f"scale in {dtype}: {copies} copies")
# --8<-- [end:solution-hidden-cast]


# --8<-- [start:solution-count-products]
def products(needs_input_gradient):
    layers = [nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
    deep = nn.Sequential(*layers, nn.Linear(32, 10))
    x = torch.randn(8, 32, requires_grad=needs_input_gradient)
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as prof:
        deep(x).square().mean().backward()
    counts = {event.key: event.count for event in prof.key_averages()}
    return counts["aten::addmm"], counts["aten::mm"]


for needed in (False, True):
    forward, backward = products(needed)
    print(f"gradient of the input {needed}: {forward} forward, {backward} backward")
# --8<-- [end:solution-count-products]


# --8<-- [start:solution-two-steps]
def names(prof):
    steps = [event.name for event in prof.events() if event.name == "forward"]
    print(f"ready after step {prof.step_num}, with {len(steps)} forward passes")


model, optimizer = build(StandardizeAll())
with profile(
    activities=[ProfilerActivity.CPU],
    schedule=schedule(skip_first=10, wait=0, warmup=1, active=2, repeat=1),
    on_trace_ready=names,
    acc_events=True,
) as prof:
    for _ in range(20):
        train_step(model, optimizer, batch)
        prof.step()
# --8<-- [end:solution-two-steps]
