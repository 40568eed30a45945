"""Say whether an operation waits for arithmetic or for memory, and check it."""

# --8<-- [start:setup]
import sys
import time
from functools import partial

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
torch.set_num_threads(1)  # the limits below are those of one core
# --8<-- [end:setup]


# --8<-- [start:fastest]
fine = sys.platform != "win32"  # there the clock of the process moves every 16 ms
clock = time.process_time if fine else time.perf_counter


def best(work, repeats=15):
    """Return the seconds of the fastest call."""
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


# --8<-- [end:fastest]


# --8<-- [start:two-limits]
source, target = torch.ones(2, 2**23)  # 32 MiB each: more than most caches hold
bandwidth = 2 * source.nbytes / best(lambda: target.copy_(source))
square, product = torch.randn(512, 512), torch.empty(512, 512)
arithmetic = 2 * 512**3 / best(lambda: torch.mm(square, square, out=product))
print(f"memory:     {bandwidth / 1e9:6.1f} GB/s")
print(f"arithmetic: {arithmetic / 1e9:6.1f} GFLOP/s")
print(f"balance:    {arithmetic / bandwidth:6.1f} operations a byte")
# --8<-- [end:two-limits]


# --8<-- [start:intensity]
def operations(work):
    """Return the operations that the products in a call take; nothing is computed."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def meta(*shape):
    return torch.empty(*shape, device="meta")


def linear_intensity(n, batch_size):
    x, weight = meta(batch_size, n), meta(n, n)
    y = F.linear(x, weight)
    moved = x.nbytes + weight.nbytes + y.nbytes
    return operations(lambda: F.linear(x, weight)) / moved


for batch_size in (1, 8, 64, 512):
    print(f"batch {batch_size:3}: {linear_intensity(4096, batch_size):6.2f}")
print(f"adding one: {1 / 8:.3f}")
# --8<-- [end:intensity]


# --8<-- [start:predict]
def roof(intensity):
    """Return the most operations a second that an operation can reach."""
    return min(arithmetic, intensity * bandwidth)


n, points = 4096, {}
weight = torch.randn(n, n)
for batch_size in (1, 4, 16, 64):
    x, y = torch.randn(batch_size, n), torch.empty(batch_size, n)
    took = best(partial(torch.mm, x, weight, out=y), repeats=8)
    points[batch_size] = linear_intensity(n, batch_size), 2 * n * n * batch_size / took
    limit = 2 * n * n * batch_size / roof(points[batch_size][0])
    print(
        f"batch {batch_size:3}: {1e3 * took:5.1f} ms, at best {1e3 * limit:5.1f}",
        end="",
    )
    print(f", {1e6 * took / batch_size:5.0f} us for each sample")
# --8<-- [end:predict]


# --8<-- [start:draw]
adding = source.numel() / best(lambda: torch.add(source, 1, out=target))
line = [2**-4, arithmetic / bandwidth, 2**9]  # its corner is the balance
fig, ax = plt.subplots()
ax.loglog(line, [roof(intensity) / 1e9 for intensity in line], color="C7", label="roof")
ax.loglog([1 / 8], [adding / 1e9], "C1o", label="adding one")
found = [(i, reached / 1e9) for i, reached in points.values()]
ax.loglog(*zip(*found, strict=True), "C0s", label="linear, batch 1 to 64")
ax.set(xlabel="operations a byte", ylabel="GFLOP/s", ylim=(0.1, 1000))
ax.set_yticks([0.1, 1, 10, 100, 1000], ["0.1", "1", "10", "100", "1000"])
ax.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
ax.minorticks_off()
ax.legend()
plt.show()
# --8<-- [end:draw]


# --8<-- [start:passes]
buffer = torch.empty_like(source)


def two_passes():
    torch.mul(source, source, out=buffer)  # reads one, writes one
    torch.add(source, buffer, out=target)  # reads two, writes one


def one_pass():
    torch.addcmul(source, source, source, out=target)  # reads one, writes one


ratio = best(two_passes) / best(one_pass)
print(f"predicted from the bytes: {5 / 2:.1f}, measured: {ratio:.1f}")
# --8<-- [end:passes]


# --8<-- [start:in-the-cache]
def many_passes(x, y):
    """Add one to x, then double and add one, four times over."""
    torch.add(x, 1, out=y)
    for _ in range(4):
        y.mul_(2).add_(1)


def piece_by_piece():
    for x, y in zip(source.split(2**16), target.split(2**16), strict=True):
        many_passes(x, y)  # 256 KiB each stay in the cache


at_once = partial(many_passes, source, target)
print(
    f"all at once takes {best(at_once, 5) / best(piece_by_piece, 5):.1f} times as long"
)
# --8<-- [end:in-the-cache]


# --8<-- [start:attention]
def attention_intensity(queries, keys, heads=16, size=64, in_one_kernel=True):
    q, k = meta(1, heads, queries, size), meta(1, heads, keys, size)
    work = operations(lambda: F.scaled_dot_product_attention(q, k, k))
    moved = 2 * q.nbytes + 2 * k.nbytes
    if not in_one_kernel:
        scores = meta(heads, queries, keys).nbytes
        moved += 4 * scores  # written, read by softmax, written, read
    return work / moved


for queries, keys in ((4096, 4096), (1, 4096)):
    fused = attention_intensity(queries, keys)
    by_hand = attention_intensity(queries, keys, in_one_kernel=False)
    print(f"{queries:4} queries: fused {fused:6.1f}, by hand {by_hand:4.1f}")
# --8<-- [end:attention]


# --8<-- [start:gpu-seconds]
def gpu_seconds(work, repeats=20):
    for _ in range(3):
        work()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    for _ in range(repeats):
        work()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / 1000 / repeats


# --8<-- [end:gpu-seconds]


# --8<-- [start:on-a-gpu]
here = {"device": "cuda", "dtype": torch.bfloat16}
large = torch.ones(2**28, **here)
gpu_bandwidth = 2 * large.nbytes / gpu_seconds(lambda: large.add_(1))
matrix = torch.randn(8192, 8192, **here)
gpu_arithmetic = 2 * 8192**3 / gpu_seconds(lambda: matrix @ matrix)
print(f"{gpu_bandwidth / 1e12:.1f} TB/s, {gpu_arithmetic / 1e12:.0f} TFLOP/s")
for batch_size in (1, 16, 128, 1024, 8192):
    rows = torch.randn(batch_size, 8192, **here)
    work = 2 * batch_size * 8192**2
    moved = 2 * (8192**2 + 2 * batch_size * 8192)
    limit = max(work / gpu_arithmetic, moved / gpu_bandwidth)
    took = gpu_seconds(partial(torch.mm, rows, matrix))
    print(f"batch {batch_size:4}: {1e6 * took:5.0f} us, at best {1e6 * limit:5.0f}")
# --8<-- [end:on-a-gpu]


# --8<-- [start:solution-which-is-slow]
memory, peak = 3.0e12, 400e12  # what the card can do
kernels = {"gelu": (0.6e-3, 1.6e9, 8e9), "linear": (40e-3, 2.2e9, 2e12)}
for name, (seconds, moved, work) in kernels.items():
    print(f"{name}: {moved / seconds / memory:4.0%} of memory,", end=" ")
    print(f"{work / seconds / peak:4.0%} of arithmetic")
# --8<-- [end:solution-which-is-slow]


# --8<-- [start:solution-from-which-batch]
def intensity_in_16_bits(n, batch_size):
    return 2 * n * n * batch_size / (2 * (n * n + 2 * n * batch_size))


for n in (1024, 4096):
    batch_size = 1
    while intensity_in_16_bits(n, batch_size) < 270:
        batch_size += 1
    print(f"{n} x {n}: from {batch_size} rows on")
# --8<-- [end:solution-from-which-batch]


# --8<-- [start:solution-tokens-a-second]
bytes_of_weights = 7e9 * 2
for cards_bandwidth in (1e12, 3e12):
    least = bytes_of_weights / cards_bandwidth
    print(
        f"{cards_bandwidth / 1e12:.0f} TB/s: at least {1e3 * least:.1f} ms a token,",
        end=" ",
    )
    print(f"so at most {1 / least:.0f} tokens a second")
# --8<-- [end:solution-tokens-a-second]
