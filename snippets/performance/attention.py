"""Attention without the matrix of weights: which kernel runs, and what it keeps."""

# --8<-- [start:setup]
import statistics
import time
from functools import partial

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch.profiler import ProfilerActivity, profile

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:two-ways]
def by_hand(q, k, v):
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (batch, heads, queries, keys)
    return scores.softmax(dim=-1) @ v


def inputs(length, heads=4, size=32):
    shape = 1, heads, length, size
    return [torch.randn(shape, requires_grad=True) for _ in range(3)]


fused = F.scaled_dot_product_attention
q, k, v = inputs(256)
torch.testing.assert_close(by_hand(q, k, v), fused(q, k, v))
# --8<-- [end:two-ways]


# --8<-- [start:kept]
def kept(attend, *tensors):
    """Return the bytes that a call keeps for backward."""
    sizes = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    with saved_tensors_hooks(note, lambda tensor: tensor):
        attend(*tensors)
    return sum(sizes.values())


for length in (128, 512, 2048):
    tensors = inputs(length)
    naive, fast = (kept(attend, *tensors) for attend in (by_hand, fused))
    print(f"length {length:4}: by hand {naive:10,} bytes, fused {fast:9,}")
# --8<-- [end:kept]


# --8<-- [start:formula]
def formula(length, heads=4, size=32):
    """Return the bytes kept: by hand, and by the fused kernel."""
    a_tensor = 4 * heads * length * size
    return 4 * heads * length**2 + 3 * a_tensor, 4 * a_tensor + 4 * heads * length


print("length 2048: by hand {:,} bytes, fused {:,}".format(*formula(2048)))
# --8<-- [end:formula]


# --8<-- [start:draw]
lengths = [2**i for i in range(7, 18)]
fig, ax = plt.subplots()
for name, sizes in zip(
    ("by hand", "fused"), zip(*map(formula, lengths), strict=True), strict=True
):
    ax.loglog(lengths, [size / 2**30 for size in sizes], label=name)
ax.axhline(24, color="C7", linestyle="--", label="a card of 24 GiB")
ax.set(xlabel="length of the sequence", ylabel="GiB")
ax.legend()
plt.show()
# --8<-- [end:draw]


# --8<-- [start:time]
def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratio(length, rounds=7):
    """Return how many times as long attention by hand takes, backward included."""
    tensors = inputs(length)
    one, other = (
        lambda attend=attend: attend(*tensors).square().mean().backward()
        for attend in (by_hand, fused)
    )
    return statistics.median(seconds(one) / seconds(other) for _ in range(rounds))


for length in (64, 1024):
    print(f"{length:4}: by hand takes {ratio(length):.1f} times as long")
# --8<-- [end:time]


# --8<-- [start:which-kernel]
def operations(attend):
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as prof:
        attend()
    names = {event.name for event in prof.events()}
    return sorted(name for name in names if "attention" in name)


for name in operations(lambda: fused(q, k, v)):
    print(name)
# --8<-- [end:which-kernel]


# --8<-- [start:choose-kernel]
for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.MATH):
    with sdpa_kernel(backend):
        print(f"{backend.name:15} keeps {kept(fused, q, k, v):9,} bytes")
# --8<-- [end:choose-kernel]


# --8<-- [start:none-fits]
with sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.CUDNN_ATTENTION]):
    fused(q, k, v)
# --8<-- [end:none-fits]


# --8<-- [start:gpu-cost]
def gpu_cost(attend, tensors, repeats=10):
    """Return milliseconds and MiB of a forward and backward pass."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for i in range(repeats + 3):
        if i == 3:  # warm
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            begin.record()
        attend(*tensors).square().mean().backward()
        for tensor in tensors:
            tensor.grad = None
    end.record()
    torch.cuda.synchronize()
    peak = torch.cuda.max_memory_allocated() - before
    return begin.elapsed_time(end) / repeats, peak / 2**20


# --8<-- [end:gpu-cost]


# --8<-- [start:kernels-on-a-gpu]
shape = 4, 16, 2048, 64
on_gpu = [torch.randn(shape, device="cuda", dtype=torch.bfloat16) for _ in range(3)]
for tensor in on_gpu:
    tensor.requires_grad_()
for backend in (
    SDPBackend.MATH,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.CUDNN_ATTENTION,
):
    with sdpa_kernel(backend):
        took, peak = gpu_cost(fused, on_gpu)
    print(f"{backend.name:19} {took:6.2f} ms, {peak:5.0f} MiB")
took, peak = gpu_cost(partial(fused, is_causal=True), on_gpu)
print(f"{'chosen, is_causal':19} {took:6.2f} ms, {peak:5.0f} MiB")
# --8<-- [end:kernels-on-a-gpu]


# --8<-- [start:grouped]
many_queries = torch.randn(1, 8, 64, 32)
keys, values = torch.randn(2, 1, 2, 64, 32)
grouped = fused(many_queries, keys, values, enable_gqa=True)
repeated = fused(
    many_queries, keys.repeat_interleave(4, dim=1), values.repeat_interleave(4, dim=1)
)
print(f"largest difference: {(grouped - repeated).abs().max():.6f}")
# --8<-- [end:grouped]


# --8<-- [start:cache-bytes]
def cache_gigabytes(kv_heads, layers=32, size=128, tokens=32_768):
    """Return what the keys and values of one sequence take in 16 bits."""
    return 2 * layers * kv_heads * size * tokens * 2 / 1e9


for kv_heads in (32, 8, 1):
    print(f"{kv_heads:2} heads of keys and values: {cache_gigabytes(kv_heads):5.2f} GB")
# --8<-- [end:cache-bytes]


# --8<-- [start:block-mask]
def window(batch, head, query, key):
    """Let each query see itself and the 127 positions before it."""
    return (query >= key) & (query - key < 128)


mask = create_block_mask(window, None, None, 1024, 1024, device="cpu")
print(mask.to_dense()[0, 0].tolist())
print(f"{mask.sparsity():.1f} % of the blocks are skipped")
# --8<-- [end:block-mask]


# --8<-- [start:flex]
def fade(score, batch, head, query, key):
    """Take off 0.1 for each position between query and key."""
    return score - 0.1 * (query - key)


with torch.no_grad():
    q, k, v = torch.randn(3, 1, 2, 1024, 16)
    flexible = flex_attention(q, k, v, score_mod=fade, block_mask=mask)
    apart = torch.arange(1024)[:, None] - torch.arange(1024)
    seen = (apart >= 0) & (apart < 128)
    bias = torch.where(seen, -0.1 * apart, float("-inf"))
    dense = fused(q, k, v, attn_mask=bias)
print(f"largest difference: {(flexible - dense).abs().max():.5f}")
# --8<-- [end:flex]


# --8<-- [start:flex-on-a-gpu]
length = on_gpu[0].shape[2]
gpu_mask = create_block_mask(window, None, None, length, length, device="cuda")
apart = torch.arange(length, device="cuda")[:, None] - torch.arange(
    length, device="cuda"
)
seen = (apart >= 0) & (apart < 128)
compiled = torch.compile(flex_attention)
for name, attend in {
    "flex, compiled": partial(compiled, block_mask=gpu_mask),
    "sdpa, dense mask": partial(fused, attn_mask=seen),
    "sdpa, no mask": fused,
}.items():
    took, peak = gpu_cost(attend, on_gpu)
    print(f"{name:16} {took:6.2f} ms, {peak:5.0f} MiB")
# --8<-- [end:flex-on-a-gpu]


# --8<-- [start:solution-dropout]
tensors = inputs(1024)
for options in ({}, {"is_causal": True}, {"dropout_p": 0.1}):
    size = kept(partial(fused, **options), *tensors)
    print(f"{options}: {size / 2**20:.1f} MiB")
print(operations(lambda: fused(*tensors, dropout_p=0.1)))
# --8<-- [end:solution-dropout]


# --8<-- [start:solution-ten-times]
length = 1
while formula(length)[0] < 10 * formula(length)[1]:
    length += 1
print("ten times as much from", length, "positions on")
# --8<-- [end:solution-ten-times]


# --8<-- [start:solution-window]
apart = torch.arange(64)[:, None] - torch.arange(64)
seen = (apart >= 0) & (apart < 8)
with torch.no_grad():
    q, k, v = inputs(64)
    before = fused(q, k, v, attn_mask=seen)
    k[:, :, 20], v[:, :, 20] = 9.0, 9.0
    after = fused(q, k, v, attn_mask=seen)
changed = (before != after).any(dim=-1)[0, 0].nonzero().flatten()
print("outputs that changed:", changed.tolist())
# --8<-- [end:solution-window]
