"""Do two things at once on a GPU, and launch many kernels as one."""

# --8<-- [start:setup]
import statistics
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:two-queues]
def copy_batch(shared):
    time.sleep(0.05)  # a slow copy
    shared["batch"] = "new"


def read_batch(shared, copied=None):
    if copied:
        copied.result()  # wait for the other queue
    return shared["batch"]


with ThreadPoolExecutor(1) as copies, ThreadPoolExecutor(1) as compute:
    shared = {"batch": "old"}
    copied = copies.submit(copy_batch, shared)
    print("without waiting:", compute.submit(read_batch, shared).result())
    copied.result()

    shared = {"batch": "old"}
    copied = copies.submit(copy_batch, shared)
    print("with waiting:", compute.submit(read_batch, shared, copied).result())
# --8<-- [end:two-queues]


# --8<-- [start:a-copy-and-some-work]
def milliseconds(work, repeats=7):
    """Return the median GPU time of one call, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()  # no earlier work in either queue
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times[1:])


batch = torch.randn(2**26).pin_memory()  # 256 MiB
a = torch.randn(2560, 2560, device="cuda")
side = torch.cuda.Stream()
# --8<-- [end:a-copy-and-some-work]


# --8<-- [start:overlap]
def copy():
    return batch.to("cuda", non_blocking=True)


def compute():
    for _ in range(8):
        a @ a


def one_queue():
    copy()
    compute()


def two_queues():
    side.wait_stream(torch.cuda.current_stream())  # not before the clock starts
    with torch.cuda.stream(side):
        moved = copy()
    compute()
    torch.cuda.current_stream().wait_stream(side)  # from here on, moved is complete
    moved.record_stream(torch.cuda.current_stream())  # and used by this queue too


for work in (copy, compute, one_queue, two_queues):
    print(f"{work.__name__:<10} {milliseconds(work):>5.1f} ms")
# --8<-- [end:overlap]


# --8<-- [start:prefetch]
class Prefetcher:
    """Hand out batches that a second queue has already copied to the GPU."""

    def __init__(self, loader):
        self.loader = loader
        self.side = torch.cuda.Stream()

    def __iter__(self):
        ahead = None
        for inputs, targets in self.loader:
            with torch.cuda.stream(self.side):
                coming = [t.to("cuda", non_blocking=True) for t in (inputs, targets)]
            if ahead is not None:
                yield ahead
            torch.cuda.current_stream().wait_stream(self.side)
            for tensor in coming:
                tensor.record_stream(torch.cuda.current_stream())
            ahead = coming
        if ahead is not None:
            yield ahead


# --8<-- [end:prefetch]


# --8<-- [start:prefetched-batches]
data = torch.utils.data.TensorDataset(torch.arange(10.0), torch.arange(10))
loader = torch.utils.data.DataLoader(data, batch_size=4, pin_memory=True)
for inputs, targets in Prefetcher(loader):
    print(inputs.tolist(), targets.tolist(), inputs.device)
# --8<-- [end:prefetched-batches]


# --8<-- [start:launch-bound]
layers = [layer for _ in range(20) for layer in (nn.Linear(64, 64), nn.ReLU())]
model = nn.Sequential(*layers).to(device).eval()
example = torch.randn(32, 64).to(device)
operations = sum(2 * layer.weight.numel() * 32 for layer in layers[::2])
print(f"{len(layers)} layers, {operations / 1e6:.1f} million operations")
# --8<-- [end:launch-bound]


# --8<-- [start:capture]
static_input = example.clone()
with torch.inference_mode():
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):  # warm up outside the default queue
            model(static_input)
    torch.cuda.current_stream().wait_stream(side)

    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        static_output = model(static_input)
# --8<-- [end:capture]


# --8<-- [start:replay]
def seconds(work, repeats=200):
    """Return the wall time of one call."""
    work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats


with torch.inference_mode():
    eager = seconds(lambda: model(static_input))
replayed = seconds(graph.replay)
print(f"call by call: {1e6 * eager:.0f} us, replayed: {1e6 * replayed:.0f} us")
# --8<-- [end:replay]


# --8<-- [start:same-addresses]
with torch.inference_mode():
    new = torch.randn(32, 64).to(device)
    kept = static_output.clone()

    graph.replay()
    print("input not written:", torch.equal(static_output, kept))

    static_input.copy_(new)  # write where the graph reads
    graph.replay()
    print("input written:", torch.equal(static_output, kept))
    print(
        f"difference from eager {(static_output - model(new)).abs().max().item():.6f}"
    )
# --8<-- [end:same-addresses]


# --8<-- [start:what-cannot-be-captured]
script = """
import torch
x = torch.ones(4, device="cuda")
graph = torch.cuda.CUDAGraph()
with torch.cuda.graph(graph):
    y = x * 2
    try:
        print(y.sum().item())
    except RuntimeError as error:
        print(str(error).splitlines()[0])
"""
done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
print(done.stdout.strip())
# --8<-- [end:what-cannot-be-captured]


# --8<-- [start:let-compile-do-it]
torch.set_float32_matmul_precision("high")  # else the compiler warns that TF32 is off
compiled = torch.compile(model, mode="reduce-overhead")
with torch.inference_mode(), warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # an empty first capture
    for _ in range(4):  # compile, warm up, capture
        compiled(example)
    took = seconds(lambda: compiled(example))
torch.set_float32_matmul_precision("highest")
print(f"reduce-overhead: {1e6 * took:.0f} us, call by call: {1e6 * eager:.0f} us")
# --8<-- [end:let-compile-do-it]


# --8<-- [start:solution-frozen-number]
class Recording:
    """A toy of a graph: it repeats a call with the arguments it had when recorded."""

    def __init__(self, function, *arguments):
        self.call = lambda: function(*arguments)

    def replay(self):
        return self.call()


lr = 0.1
weight = torch.ones(1, device=device)
step = Recording(lambda rate: weight.sub_(rate), lr)
step.replay()
lr = 0.01  # too late: the graph holds 0.1
step.replay()
print(f"rate as a number: {weight.item():.2f}")

rate = torch.tensor(0.1, device=device)
weight = torch.ones(1, device=device)
step = Recording(lambda rate: weight.sub_(rate), rate)
step.replay()
rate.fill_(0.01)  # written where the graph reads
step.replay()
print(f"rate as a tensor: {weight.item():.2f}")
# --8<-- [end:solution-frozen-number]
