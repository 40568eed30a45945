"""What each measure gains on one model: a table of ratios, measured in turn."""

# --8<-- [start:setup]
import statistics
import sys
import time
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
# --8<-- [end:setup]


# --8<-- [start:attention-block]
class Block(nn.Module):
    """A block of a Transformer with four heads, its attention fused or by hand."""

    def __init__(self, d, fused):
        super().__init__()
        self.fused = fused
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))

    def attend(self, q, k, v):
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v)
        return (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1) @ v

    def forward(self, x):  # (batch, positions, d)
        qkv = self.qkv(self.norms[0](x)).unflatten(-1, (3, 4, -1))
        heads = self.attend(*qkv.permute(2, 0, 3, 1, 4))
        x = x + self.out(heads.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x))


# --8<-- [end:attention-block]


# --8<-- [start:model]
class Net(nn.Module):
    """Two convolutions make 256 positions of an image; two blocks look at them."""

    def __init__(self, d, fused):
        super().__init__()
        stem = nn.Conv2d(3, d, 3, 2, 1), nn.ReLU(), nn.Conv2d(d, d, 3, 2, 1)
        self.stem = nn.Sequential(*stem)
        self.blocks = nn.Sequential(*[Block(d, fused) for _ in range(2)])
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        positions = self.stem(x).flatten(2).mT
        return self.head(self.blocks(positions).mean(dim=1))


# --8<-- [end:model]


# --8<-- [start:same-numbers]
def build(fused, d=64):
    torch.manual_seed(0)
    return Net(d, fused)


images = torch.randn(4, 3, 64, 64)
difference = (build(fused=True)(images) - build(fused=False)(images)).abs().max()
print(f"largest difference: {difference:.6f}")
# --8<-- [end:same-numbers]


# --8<-- [start:step]
def training(model, rows=2, device="cpu", adamw=None, bf16=False, read=False):
    """Return a function that trains the model for a step, and the rows it takes."""
    model.to(device)
    x = torch.randn(rows, 3, 64, 64).to(device)
    options = adamw or {"foreach": False}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, **options)

    def step():
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            loss = model(x).float().square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if read:
            loss.item()

    return step, rows


# --8<-- [end:step]


# --8<-- [start:gain]
fine = sys.platform != "win32"  # there the clock of the process moves every 16 ms
own_time = fine and not torch.cuda.is_available()
clock = time.process_time if own_time else time.perf_counter


def seconds(step, calls):
    """Return the time of some calls, with all that they queued on a GPU."""
    start = clock()
    for _ in range(calls):
        step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


def gain(usual, changed, rounds=5, calls=1):
    """Return how many times as many rows a second the changed step takes."""
    (one, few), (other, many) = usual, changed
    for step in (one, other):
        seconds(step, calls=2)  # warm up
    ratios = [seconds(one, calls) / seconds(other, calls) for _ in range(rounds)]
    return statistics.median(ratios) * many / few


# --8<-- [end:gain]


# --8<-- [start:table-on-a-cpu]
plain, fused = partial(build, fused=False), partial(build, fused=True)
measures = {
    "nothing changed": training(plain()),
    "8 rows instead of 2": training(plain(), rows=8),
    "fused attention": training(fused()),
    "fused AdamW": training(plain(), adamw={"fused": True}),
    "foreach AdamW": training(plain(), adamw={"foreach": True}),
    "channels_last": training(plain().to(memory_format=torch.channels_last)),
    "bfloat16 autocast": training(plain(), bf16=True),
    "reading each loss": training(plain(), read=True),
}
usual = training(plain())
for name, changed in measures.items():
    print(f"{name:22} {gain(usual, changed):5.2f}")
# --8<-- [end:table-on-a-cpu]


# --8<-- [start:together]
pairs = {
    "fused attention": training(fused()),
    "bfloat16": training(plain(), bf16=True),
    "both": training(fused(), bf16=True),
}
for name, changed in pairs.items():
    print(f"{name:15} {gain(usual, changed):5.2f}")
# --8<-- [end:together]


# --8<-- [start:evaluation]
def evaluating(mode):
    model = fused().eval()

    @mode()
    def step():
        model(images)

    return step, len(images)


for mode in (torch.no_grad, torch.inference_mode):
    times = gain(evaluating(torch.enable_grad), evaluating(mode))
    print(f"{mode.__name__:15} {times:.2f}")
# --8<-- [end:evaluation]


# --8<-- [start:short-float32-products]
def in_tf32(step, rows):
    def changed():
        torch.set_float32_matmul_precision("high")
        step()
        torch.set_float32_matmul_precision("highest")

    return changed, rows


# --8<-- [end:short-float32-products]


# --8<-- [start:table-on-a-gpu]
on_gpu = partial(training, rows=64, device="cuda")
big, big_fused = partial(build, False, d=256), partial(build, True, d=256)
gpu_measures = {
    "nothing changed": on_gpu(big()),
    "256 rows instead of 64": on_gpu(big(), rows=256),
    "fused attention": on_gpu(big_fused()),
    "TF32": in_tf32(*on_gpu(big())),
    "bfloat16 autocast": on_gpu(big(), bf16=True),
    "fused and bfloat16": on_gpu(big_fused(), bf16=True),
    "foreach AdamW": on_gpu(big(), adamw={"foreach": True}),
    "fused AdamW": on_gpu(big(), adamw={"fused": True}),
    "channels_last": on_gpu(big().to(memory_format=torch.channels_last)),
    "torch.compile": on_gpu(torch.compile(big())),
    "reading each loss": on_gpu(big(), read=True),
}
gpu_usual = on_gpu(big())
for name, changed in gpu_measures.items():
    print(f"{name:22} {gain(gpu_usual, changed, calls=5):5.2f}")
# --8<-- [end:table-on-a-gpu]


# --8<-- [start:copies-on-a-gpu]
def moving(pinned):
    batch = torch.randn(256, 3, 64, 64)
    batch = batch.pin_memory() if pinned else batch

    def step():
        batch.to("cuda", non_blocking=pinned)

    return step, len(batch)


print(f"pinned memory: {gain(moving(pinned=False), moving(pinned=True)):.1f}")
# --8<-- [end:copies-on-a-gpu]


# --8<-- [start:solution-layout-lost]
image = torch.randn(2, 3, 8, 8).to(memory_format=torch.channels_last)
conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)


def is_last(x):
    return x.is_contiguous(memory_format=torch.channels_last)


print("after the convolution:", is_last(conv(image)))
print(
    "after reshape and back:", is_last(conv(image).reshape(2, -1).reshape(2, 4, 6, 6))
)
# --8<-- [end:solution-layout-lost]


# --8<-- [start:solution-small-part]
def after_all(shares_and_gains):
    """Return the gain of the whole, from shares of the time and their gains."""
    left = 1 - sum(share for share, _ in shares_and_gains)
    return 1 / (left + sum(share / times for share, times in shares_and_gains))


print(f"optimizer 10 % of a step, 5 times as fast: {after_all([(0.1, 5)]):.2f}")
print(f"products 70 % of a step, twice as fast: {after_all([(0.7, 2)]):.2f}")
print(f"both: {after_all([(0.1, 5), (0.7, 2)]):.2f}")
# --8<-- [end:solution-small-part]


# --8<-- [start:solution-by-the-row]
for rows in (1, 2, 8):
    step, _ = training(fused(), rows=rows)
    seconds(step, calls=2)
    took = statistics.median(seconds(step, calls=1) for _ in range(5))
    print(f"{rows} rows: {1e3 * took:5.1f} ms a step, {rows / took:4.0f} rows a second")
# --8<-- [end:solution-by-the-row]
