"""Measure how long code takes, and know how far to trust the number."""

# --8<-- [start:setup]
import random
import statistics
import threading
import time
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils import benchmark

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:one-number]
def seconds(work):
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


model = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 64))
x = torch.randn(32, 64)
print([f"{1e6 * seconds(lambda: model(x)):.0f} us" for _ in range(6)])
# --8<-- [end:one-number]


# --8<-- [start:many-calls]
times = [1e6 * seconds(lambda: model(x)) for _ in range(200)]
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.plot(times, ".", markersize=4)
ax.axhline(statistics.median(times), color="C1", label="median")
ax.axhline(statistics.mean(times), color="C2", linestyle="--", label="mean")
ax.set(xlabel="call", ylabel="microseconds", yscale="log", ylim=(5, 50_000))
ax.set_yticks([10, 100, 1000, 10_000], ["10", "100", "1000", "10000"])
ax.minorticks_off()
ax.legend()
plt.show()
# --8<-- [end:many-calls]


# --8<-- [start:which-summary]
def spread(summary, sets):
    """Return by how many percent a summary moves between sets of calls."""
    values = [summary(calls) for calls in sets]
    return 100 * (max(values) - min(values)) / statistics.median(values)


sets = [[seconds(lambda: model(x)) for _ in range(100)] for _ in range(20)]
for summary in (statistics.mean, statistics.median, min, max):
    print(f"{summary.__name__:6} moves by {spread(summary, sets):.0f} %")
# --8<-- [end:which-summary]


# --8<-- [start:memory-is-lazy]
big = torch.empty(2**25)  # 128 MiB, promised by the system and not yet there
print(f"first fill  {1e3 * seconds(lambda: big.fill_(1.0)):.1f} ms")
print(f"second fill {1e3 * seconds(lambda: big.fill_(1.0)):.1f} ms")
# --8<-- [end:memory-is-lazy]


# --8<-- [start:work-that-waits]
def nothing_yet():
    return map(model, x.split(1))


def all_of_it():
    return list(nothing_yet())


print(f"map  {1e6 * seconds(nothing_yet):5.0f} us")
print(f"list {1e6 * seconds(all_of_it):5.0f} us")
# --8<-- [end:work-that-waits]


# --8<-- [start:cache-or-memory]
for elements in (2**18, 2**25):
    a = torch.zeros(elements)
    took = benchmark.Timer("a.add_(1)", globals={"a": a}).blocked_autorange().median
    print(f"{a.nbytes / 2**20:6.2f} MiB: {2 * a.nbytes / took / 1e9:4.0f} GB/s")
# --8<-- [end:cache-or-memory]


# --8<-- [start:timer]
timer = benchmark.Timer("model(x)", globals={"model": model, "x": x})
measured = timer.blocked_autorange(min_run_time=0.2)
print(f"median {1e6 * measured.median:.1f} us, IQR {1e6 * measured.iqr:.1f} us")
print(f"{len(measured.times)} measurements of {measured.number_per_run} calls each")
# --8<-- [end:timer]


# --8<-- [start:two-versions]
def by_broadcasting(a, b):
    return (a[:, None] - b).square().sum(dim=-1)


def by_product(a, b):
    squares = a.square().sum(dim=1)[:, None] + b.square().sum(dim=1)
    return squares - 2 * a @ b.mT


a, b = torch.randn(2, 200, 32)
torch.testing.assert_close(by_broadcasting(a, b), by_product(a, b))
# --8<-- [end:two-versions]


# --8<-- [start:table]
results = []
for rows in (8, 64, 512):
    a, b = torch.randn(2, rows, 32)
    for work in (by_broadcasting, by_product):
        timer = benchmark.Timer(
            "work(a, b)",
            globals={"work": work, "a": a, "b": b},
            label="squared distances",
            sub_label=work.__name__,
            description=f"{rows} rows",
        )
        results.append(timer.blocked_autorange(min_run_time=0.05))
compare = benchmark.Compare(results)
compare.trim_significant_figures()
compare.print()
slow, fast = (result.median for result in results[-2:])
print(f"512 rows: the product is {slow / fast:.0f} times as fast")
# --8<-- [end:table]


# --8<-- [start:neighbor]
class Neighbor(threading.Thread):
    """Another thread of the program that has something to do."""

    def __init__(self):
        super().__init__(daemon=True)
        self.gone = threading.Event()

    def run(self):
        while not self.gone.is_set():
            sum(range(1000))

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self.gone.set()
        self.join()


# --8<-- [end:neighbor]


# --8<-- [start:one-after-the-other]
def work():
    model(x)


before = [seconds(work) for _ in range(1000)]
with Neighbor():
    after = [seconds(work) for _ in range(1000)]
ratio = statistics.mean(after) / statistics.mean(before)
print(f"one after the other: the second takes {ratio:.1f} times as long")
# --8<-- [end:one-after-the-other]


# --8<-- [start:in-turn]
def ratios(one, other, rounds=100):
    """Return how many times as long `one` takes as `other`, measured in turn."""
    values = []
    for _ in range(rounds // 2):
        values.append(seconds(one) / seconds(other))
        values.append(1 / (seconds(other) / seconds(one)))  # the other one first
    return values


calm = ratios(work, work)
with Neighbor():
    disturbed = ratios(work, work)
print(f"in turn: {statistics.median(calm + disturbed):.2f} times as long")
# --8<-- [end:in-turn]


# --8<-- [start:interval]
def interval(values, repeats=1000):
    """Return where the median lies in 95 of 100 samples drawn from the values."""
    draw = random.Random(0).choices
    medians = sorted(
        statistics.median(draw(values, k=len(values))) for _ in range(repeats)
    )
    return medians[repeats // 40], medians[-repeats // 40]


for rounds in (10, 40, 160):
    low, high = interval(ratios(work, work, rounds))
    print(f"{rounds:3} rounds: between {low:.3f} and {high:.3f}")
# --8<-- [end:interval]


# --8<-- [start:threads]
def sigmoid(a, threads):
    torch.set_num_threads(threads)
    a.sigmoid()


usual_threads = torch.get_num_threads()
print("threads of this program:", usual_threads)
for elements in (2**10, 2**22):
    a = torch.zeros(elements)
    pairs = ratios(partial(sigmoid, a, 2), partial(sigmoid, a, 1), rounds=40)
    ratio = statistics.median(pairs)
    print(f"{elements:7} elements: two threads take {ratio:.2f} times as long")
torch.set_num_threads(usual_threads)
# --8<-- [end:threads]


# --8<-- [start:solution-same-line-twice]
def first_and_second():
    out = torch.empty(2**24)
    ones = torch.ones(2**24)
    return [seconds(lambda: torch.add(ones, 1, out=out)) for _ in range(2)]


one, other = first_and_second()
print(f"the same line twice: the second is {one / other:.1f} times as fast")
# --8<-- [end:solution-same-line-twice]


# --8<-- [start:solution-backward-alone]
loss = model(x).square().mean()
forward = benchmark.Timer("model(x).square().mean()", globals=globals())
backward = benchmark.Timer("loss.backward(retain_graph=True)", globals=globals())
one, other = (t.blocked_autorange(min_run_time=0.1) for t in (forward, backward))
print(f"backward takes {other.median / one.median:.1f} times as long as forward")
# --8<-- [end:solution-backward-alone]


# --8<-- [start:solution-power-or-product]
v = torch.randn(100_000)
products = {2: lambda: v * v, 3: lambda: v * v * v, 4: lambda: v * v * v * v}
for power, product in products.items():
    low, high = interval(ratios(lambda n=power: v**n, product))
    print(f"v ** {power} takes {low:.2f} to {high:.2f} times as long as the product")
# --8<-- [end:solution-power-or-product]
