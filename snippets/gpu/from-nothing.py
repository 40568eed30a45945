"""What a GPU is, what is fast on it, and how to tell before you run."""

# --8<-- [start:setup]
import statistics
import time

import matplotlib.pyplot as plt
import torch
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:the-card]
card = torch.cuda.get_device_properties(0)
print(card.name)
print(f"{card.multi_processor_count} multiprocessors")
print(f"{card.total_memory / 2**30:.0f} GiB of memory")
print(f"{card.L2_cache_size / 2**20:.0f} MiB of cache")
# --8<-- [end:the-card]


# --8<-- [start:stopwatch]
def milliseconds(work, repeats=15):
    """Return the median time of one call, after three calls to warm up."""
    times = []
    for step in range(repeats + 3):
        start = time.perf_counter()
        work()
        if accelerator:
            torch.accelerator.synchronize()  # wait until the queue is empty
        if step >= 3:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


x = torch.ones(1000, device=device)
print(f"adding 1000 numbers: {milliseconds(lambda: x + 1):.4f} ms")
# --8<-- [end:stopwatch]


# --8<-- [start:cost-of-a-call]
print("  elements   ns an element")
for size in (10, 1000, 100_000, 10_000_000):
    x = torch.ones(size, device=device)
    took = milliseconds(lambda x=x: x + 1)
    print(f"{size:>10}   {1e6 * took / size:>10.2f}")
# --8<-- [end:cost-of-a-call]


# --8<-- [start:cpu-beside-gpu]
print(f"   n      CPU ms   GPU ms   (CPU threads: {torch.get_num_threads()})")
for n in (10, 100, 1000, 4000):
    a = torch.randn(n, n)
    b = a.to(device)
    on_cpu = milliseconds(lambda a=a: a @ a, repeats=5)
    on_gpu = milliseconds(lambda b=b: b @ b)
    print(f"{n:>4}  {on_cpu:>9.3f}  {on_gpu:>7.3f}")
# --8<-- [end:cpu-beside-gpu]


# --8<-- [start:loop-or-batch]
rows = torch.randn(2000, 64).to(device)
weight = torch.randn(64, 64).to(device)


def one_by_one():
    return torch.stack([row @ weight for row in rows])


def together():
    return rows @ weight


torch.testing.assert_close(one_by_one(), together(), rtol=1e-2, atol=1e-2)
ratio = milliseconds(one_by_one, repeats=5) / milliseconds(together)
print(f"2000 small products take {ratio:.0f} times as long as one large one")
# --8<-- [end:loop-or-batch]


# --8<-- [start:count-the-work]
def flops_and_bytes(function, *inputs):
    """Return the floating-point operations and the bytes of inputs and result."""
    with FlopCounterMode(display=False) as counter:
        result = function(*inputs)
    moved = sum(tensor.nbytes for tensor in (*inputs, result))
    return counter.get_total_flops(), moved


for n in (64, 512, 4096):
    a, b = torch.empty(2, n, n, device="meta", dtype=torch.bfloat16)  # no memory
    flops, moved = flops_and_bytes(torch.matmul, a, b)
    print(
        f"{n:>4}: {flops:.1e} operations, {moved:.1e} bytes, {flops / moved:.0f} a byte"
    )
# --8<-- [end:count-the-work]


# --8<-- [start:two-limits]
n = 8192
a = torch.randn(n, n, device=device, dtype=torch.bfloat16)
x = torch.randn(100_000_000, device=device)
product = milliseconds(lambda: a @ a) / 1000  # seconds
adding = milliseconds(lambda: x + 1) / 1000
arithmetic = 2 * n**3 / product
traffic = 2 * x.nbytes / adding  # read once, written once
print(f"arithmetic: {arithmetic / 1e12:>4.0f} TFLOP/s (bfloat16)")
print(f"traffic:    {traffic / 1e12:>4.1f} TB/s")
print(f"balance:    {arithmetic / traffic:>4.0f} operations a byte")
# --8<-- [end:two-limits]


# --8<-- [start:draw-the-roofline]
def roofline(intensity, peak, bandwidth):
    """Return the operations per second that both limits allow."""
    return min(peak, intensity * bandwidth)


peak, bandwidth = 800e12, 3.0e12  # round numbers for an H100: bfloat16, memory
intensities = [2**power for power in range(-4, 13)]
speeds = [roofline(value, peak, bandwidth) for value in intensities]
fig, ax = plt.subplots(figsize=(6.4, 3.4))
ax.loglog(intensities, speeds, color="C0")
for name, intensity in (("x + 1", 1 / 4), ("softmax", 1.2), ("a @ a, n = 4096", 1365)):
    reached = roofline(intensity, peak, bandwidth)
    ax.plot(intensity, reached, "o", color="C1")
    ax.annotate(name, (intensity, reached), (6, -14), textcoords="offset points")
ax.axvline(peak / bandwidth, color="C7", linestyle="--")
ax.set(xlabel="operations a byte", ylabel="operations a second at most")
plt.show()
# --8<-- [end:draw-the-roofline]


# --8<-- [start:fewer-digits]
before = torch.get_float32_matmul_precision()
for name, dtype, precision in (
    ("float32", torch.float32, "highest"),
    ("TF32", torch.float32, "high"),
    ("bfloat16", torch.bfloat16, "highest"),
):
    torch.set_float32_matmul_precision(precision)
    a = torch.randn(8192, 8192, device=device, dtype=dtype)
    seconds = milliseconds(lambda a=a: a @ a, repeats=5) / 1000
    print(f"{name:>8}: {2 * 8192**3 / seconds / 1e12:>4.0f} TFLOP/s")
torch.set_float32_matmul_precision(before)
# --8<-- [end:fewer-digits]


# --8<-- [start:solution-how-long]
elements, bandwidth = 100_000_000, 3.0e12  # float32; bytes a second
moved = 2 * 4 * elements  # read and written
print(f"{1000 * moved / bandwidth:.2f} ms")
# --8<-- [end:solution-how-long]


# --8<-- [start:solution-three-passes]
x = torch.empty(100_000_000, device="meta")
y = x.sin()  # reads x, writes y
y = y * y  # reads y, writes y
y = y + x  # reads y and x, writes y
separate = (2 + 2 + 3) * x.nbytes
fused = 2 * x.nbytes
print(f"separate: {separate / 1e6:.0f} MB, in one pass: {fused / 1e6:.0f} MB")
# --8<-- [end:solution-three-passes]


# --8<-- [start:solution-slow-distance]
def slow_distances(points):
    n = len(points)
    table = torch.zeros(n, n, device=points.device)
    for i in range(n):
        for j in range(n):
            table[i, j] = (points[i] - points[j]).norm()
    return table


def fast_distances(points):
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")


points = torch.randn(60, 3).to(device)
worst = (slow_distances(points) - fast_distances(points)).abs().max().item()
slow = milliseconds(lambda: slow_distances(points), repeats=1)
fast = milliseconds(lambda: fast_distances(points))
print(f"largest difference {worst:.5f}")
print(f"operations queued: {3 * 60 * 60} or 1, time ratio {slow / fast:.0f}")
# --8<-- [end:solution-slow-distance]
