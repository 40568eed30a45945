"""Compute attention by hand, mask it the right way round, and build a Transformer."""

# --8<-- [start:setup]
import statistics
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:attention-by-hand]
def attention(q, k, v, keep=None):
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (..., queries, keys)
    if keep is not None:
        scores = scores.masked_fill(~keep, -torch.inf)
    weights = scores.softmax(dim=-1)
    return weights @ v, weights


torch.manual_seed(0)
B, heads, T, D = 2, 4, 6, 8
q, k, v = torch.randn(3, B, heads, T, D).to(device)
output, weights = attention(q, k, v)
print(tuple(output.shape), tuple(weights.shape))
# --8<-- [end:attention-by-hand]


# --8<-- [start:heat-map]
words = ["the", "cat", "saw", "the", "other", "cat"]
numbers = torch.tensor([sorted(set(words)).index(word) for word in words])
x = 2.5 * F.one_hot(numbers).float().to(device)  # one direction a word
fig, ax = plt.subplots(figsize=(4.4, 3.6))
ax.imshow(attention(x, x, x)[1].cpu().numpy())
ax.set_xticks(range(6), words, rotation=45)
ax.set_yticks(range(6), words)
ax.set(xlabel="looks at", ylabel="word")
plt.show()
# --8<-- [end:heat-map]


# --8<-- [start:fused]
keep = torch.ones(T, T, dtype=torch.bool, device=device).tril()
print(keep.int()[:3].tolist())
for by_hand, options in ((None, {}), (keep, {"is_causal": True})):
    expected, _ = attention(q, k, v, keep=by_hand)
    fused = F.scaled_dot_product_attention(q, k, v, **options)
    torch.testing.assert_close(fused, expected, rtol=0, atol=1e-3)
# --8<-- [end:fused]


# --8<-- [start:mask-polarity]
torch.manual_seed(0)
real = torch.tensor([True, True, True, True, False, False], device=device)
h, see = torch.randn(1, T, D).to(device), torch.eye(T, device=device)[None]
mha = nn.MultiheadAttention(D, num_heads=1, batch_first=True).to(device)
panels = {
    "function, real": F.scaled_dot_product_attention(h, h, see, real.expand(T, T)),
    "module, real": mha(h, h, h, key_padding_mask=real[None])[1],
    "module, ~real": mha(h, h, h, key_padding_mask=~real[None])[1],
}
fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.6))
for ax, (title, shown) in zip(axes, panels.items(), strict=True):
    print(f"{title:14} weight on padding: {shown[0, :, 4:].sum(dim=1).mean():.2f}")
    ax.imshow(shown[0].detach().cpu().numpy())
    ax.set(title=title, xlabel="key", ylabel="query")
plt.show()
# --8<-- [end:mask-polarity]


# --8<-- [start:nothing-to-look-at]
empty = keep.clone()
empty[1] = False  # the second query may look nowhere
broken, _ = attention(q, k, v, keep=empty)
print([f"{number:.2f}" for number in broken[0, 0, :, 0].tolist()])
# --8<-- [end:nothing-to-look-at]


# --8<-- [start:flash-wants-half-precision]
heads_first = torch.randn(1, 8, 128, 64, device=device)  # (B, heads, T, size)
for dtype in (torch.float32, torch.bfloat16):
    same = heads_first.to(dtype)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
                F.scaled_dot_product_attention(same, same, same, is_causal=True)
            print(f"{dtype}: runs")
        except RuntimeError as error:
            print(f"{dtype}: RuntimeError: {error}")
    for warning in caught:
        reason = str(warning.message).partition(" (Triggered")[0]
        if "dtype" in reason:
            print("warned:", reason)
# --8<-- [end:flash-wants-half-precision]


# --8<-- [start:kernel-that-runs]
def kernel_used(query, **options):
    """Return the operation that the function hands its work to."""
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as recorded:
        F.scaled_dot_product_attention(query, query, query, **options)
    names = [event.key for event in recorded.key_averages()]
    return next(name for name in names if name.startswith("aten::_scaled_dot"))


lower = torch.ones(128, 128, dtype=torch.bool, device=device).tril()
for dtype in (torch.float32, torch.bfloat16):
    same = heads_first.to(dtype)
    print(dtype)
    print("  causal:   ", kernel_used(same, is_causal=True))
    print("  bool mask:", kernel_used(same, attn_mask=lower))
# --8<-- [end:kernel-that-runs]


# --8<-- [start:empty-row-by-kernel]
some = heads_first[:, :, :8].bfloat16()
blind = torch.ones(8, 8, dtype=torch.bool, device=device)
blind[2] = False  # the third query may look nowhere
kernels = SDPBackend.MATH, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.CUDNN_ATTENTION
for kernel in kernels:
    with sdpa_kernel(kernel):
        row = F.scaled_dot_product_attention(some, some, some, attn_mask=blind)[0, 0, 2]
    print(f"{kernel.name}: largest output of the empty row {row.abs().max():.2f}")
# --8<-- [end:empty-row-by-kernel]


# --8<-- [start:cost-by-kernel]
def cost(kernel, length):
    """Return the median time in ms and the peak of extra memory in MiB."""
    query = torch.randn(1, 8, length, 64, device=device, dtype=torch.bfloat16)
    times = []
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    for _ in range(13):
        start, end = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        start.record()
        with sdpa_kernel(kernel):
            F.scaled_dot_product_attention(query, query, query, is_causal=True)
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    peak = torch.cuda.max_memory_allocated() - before
    return statistics.median(times[3:]), peak / 2**20


# --8<-- [end:cost-by-kernel]


# --8<-- [start:math-against-flash]
for length in (2048, 4096):
    math_time, math_peak = cost(SDPBackend.MATH, length)
    flash_time, flash_peak = cost(SDPBackend.FLASH_ATTENTION, length)
    print(f"{length} positions")
    print(f"  math:  {math_time:.2f} ms, {math_peak:.1f} MiB")
    print(f"  flash: {flash_time:.2f} ms, {flash_peak:.1f} MiB")
    assert math_time > 2 * flash_time and math_peak > 4 * flash_peak
# --8<-- [end:math-against-flash]


# --8<-- [start:self-attention]
class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        B, T, dim = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, dim / heads)
        x = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(x.transpose(1, 2).flatten(start_dim=2))


torch.manual_seed(0)
x = torch.randn(B, T, 32).to(device)
print(tuple(SelfAttention(32, heads=4).to(device)(x).shape))
# --8<-- [end:self-attention]


# --8<-- [start:transformer-block]
class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attend = nn.Sequential(nn.LayerNorm(dim), SelfAttention(dim, heads))
        wide = nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
        self.think = nn.Sequential(nn.LayerNorm(dim), *wide)

    def forward(self, x):
        x = x + self.attend(x)
        return x + self.think(x)


block = Block(32, heads=4).to(device)
future = x.clone()
future[:, 4:] = 0.0  # change what comes later
difference = (block(x) - block(future)).abs().amax(dim=(0, 2))
print([f"{number:.2f}" for number in difference.tolist()])
# --8<-- [end:transformer-block]


# --8<-- [start:tiny-transformer]
class Transformer(nn.Module):
    def __init__(self, vocabulary=10, length=16, dim=32, heads=4, depth=2):
        super().__init__()
        self.token = nn.Embedding(vocabulary, dim)
        self.place = nn.Embedding(length, dim)
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(depth)])
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, vocabulary))

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        return self.head(self.blocks(self.token(tokens) + self.place(places)))


torch.manual_seed(0)
model = Transformer().to(device)
print(sum(parameter.numel() for parameter in model.parameters()))
# --8<-- [end:tiny-transformer]


# --8<-- [start:train-to-look-back]
torch.manual_seed(0)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
for step in range(200):
    tokens = torch.randint(0, 10, (64, 16)).to(device)
    logits = model(tokens)[:, 3:]  # from the fourth token on
    loss = F.cross_entropy(logits.mT, tokens[:, :-3])
    if step == 0:
        print(f"first loss {loss:.3f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("last one below 0.1:", loss.item() < 0.1)
# --8<-- [end:train-to-look-back]


# --8<-- [start:solution-local-window]
place = torch.arange(T, device=device)
local = keep & (place[:, None] - place < 3)
print(local.int().tolist())
# --8<-- [end:solution-local-window]


# --8<-- [start:solution-both-masks]
real = place < torch.tensor([[6], [4]], device=device)
both = keep & real[:, None, None]  # (batch, 1, queries, keys)
print(tuple(both.shape), both[:, 0, -1].int().tolist())
masked = F.scaled_dot_product_attention(q, k, v, attn_mask=both)
expected, _ = attention(q, k, v, keep=both)
torch.testing.assert_close(masked, expected, rtol=0, atol=1e-3)
# --8<-- [end:solution-both-masks]


# --8<-- [start:solution-no-order]
torch.manual_seed(0)
order = torch.randperm(T)
shuffled, _ = attention(q[..., order, :], k[..., order, :], v[..., order, :])
torch.testing.assert_close(shuffled, output[..., order, :])
# --8<-- [end:solution-no-order]
