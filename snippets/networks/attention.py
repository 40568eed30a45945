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
B, heads, T, D = 2, 4, 6, 8  # batch, heads, time, size of a head
q, k, v = torch.randn(3, B, heads, T, D).to(device)
output, weights = attention(q, k, v)
print("output", tuple(output.shape), "weights", tuple(weights.shape))
print(f"each row of weights adds up to {weights.sum(dim=-1).mean():.3f}")
# --8<-- [end:attention-by-hand]


# --8<-- [start:heat-map]
words = ["the", "cat", "saw", "the", "other", "cat"]
numbers = torch.tensor([sorted(set(words)).index(word) for word in words])
x = 2.5 * F.one_hot(numbers).float().to(device)  # one direction per word
fig, ax = plt.subplots(figsize=(4.4, 3.6))
ax.imshow(attention(x, x, x)[1].cpu().numpy())
ax.set_xticks(range(6), words, rotation=45)
ax.set_yticks(range(6), words)
ax.set(xlabel="looks at", ylabel="word")
plt.show()
# --8<-- [end:heat-map]


# --8<-- [start:fused]
keep = torch.ones(T, T, dtype=torch.bool, device=device).tril()
print(keep[:3].int().cpu())
by_hand, _ = attention(q, k, v)
fused = F.scaled_dot_product_attention(q, k, v)
print(f"no mask: differ by {(fused - by_hand).abs().max():.3f}")
by_hand, _ = attention(q, k, v, keep)
fused = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # [!]
print(f"causal:  differ by {(fused - by_hand).abs().max():.3f}")
# --8<-- [end:fused]


# --8<-- [start:causal-with-a-cache]
identity = torch.eye(T, device=device).expand(B, heads, T, T)
newest = q[:, :, -1:]  # one new query, six keys from the cache
for options in ({"is_causal": True}, {}):
    shown = F.scaled_dot_product_attention(newest, k, identity, **options)
    print(options, [f"{weight:.2f}" for weight in shown[0, 0, 0].tolist()])
# --8<-- [end:causal-with-a-cache]


# --8<-- [start:dropout-that-stays]
module = nn.MultiheadAttention(D, num_heads=1, dropout=0.5, batch_first=True)
module.to(device).eval()
h = q[:, 0]
apart = module(h, h, h)[0] - module(h, h, h)[0]
print(f"module in eval mode: two calls differ by {apart.abs().max():.2f}")
first = F.scaled_dot_product_attention(q, k, v, dropout_p=0.5)
second = F.scaled_dot_product_attention(q, k, v, dropout_p=0.5)
print(f"function: two calls differ by {(first - second).abs().max():.2f}")
# --8<-- [end:dropout-that-stays]


# --8<-- [start:mask-polarity]
torch.manual_seed(0)
h = torch.randn(1, T, D).to(device)
real = torch.tensor([True, True, True, True, False, False], device=device)
values = torch.eye(T, device=device)[None]  # then the output is the weights
mha = nn.MultiheadAttention(D, num_heads=1, batch_first=True).to(device)
weights_of = {
    "function, real": F.scaled_dot_product_attention(h, h, values, real.expand(T, T)),
    "module, real": mha(h, h, h, key_padding_mask=real[None])[1],
    "module, ~real": mha(h, h, h, key_padding_mask=~real[None])[1],
}
for name, matrix in weights_of.items():
    on_padding = matrix[0, :, 4:].sum(dim=1).mean()
    print(f"{name:14} weight on padding: {on_padding:.2f}")
# --8<-- [end:mask-polarity]


# --8<-- [start:draw-the-masks]
fig, axes = plt.subplots(1, 3, figsize=(4.8, 2.2), sharey=True)
for ax, (name, matrix) in zip(axes, weights_of.items(), strict=True):
    ax.imshow(matrix[0].detach().cpu().numpy())
    ax.set(title=name, xlabel="key")
axes[0].set_ylabel("query")
plt.show()
# --8<-- [end:draw-the-masks]


# --8<-- [start:nothing-to-look-at]
empty = keep.clone()
empty[1] = False  # the second query may look nowhere
by_hand, _ = attention(q, k, v, empty)
fused = F.scaled_dot_product_attention(q, k, v, attn_mask=empty)
print(f"by hand {by_hand[0, 0, 1, 0]:.2f}, function {fused[0, 0, 1, 0]:.2f}")
nobody = torch.ones(1, T, dtype=torch.bool, device=device)  # all is padding
for need_weights in (True, False):
    mixed, _ = mha(h, h, h, key_padding_mask=nobody, need_weights=need_weights)
    print(f"module, need_weights={need_weights}: {mixed[0, 0, 0]:.2f}")
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
print("output", tuple(SelfAttention(32, heads=4).to(device)(x).shape))
# --8<-- [end:self-attention]


# --8<-- [start:transformer-block]
class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(
            nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
        )

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


# --8<-- [end:transformer-block]


# --8<-- [start:change-the-future]
def change_by_future(module, x):
    """Return how far each output moves when the inputs from position 4 on change."""
    future = x.clone()
    future[:, 4:] = 0.0
    moved = (module(x) - module(future)).abs().amax(dim=(0, 2))
    return [f"{number:.2f}" for number in moved.tolist()]


torch.manual_seed(0)
block = Block(32, heads=4).to(device)
print("moved", *change_by_future(block, x))
# --8<-- [end:change-the-future]


# --8<-- [start:tiny-transformer]
class Transformer(nn.Module):
    def __init__(self, vocabulary=27, context=24, dim=32, heads=4, depth=2):
        super().__init__()
        self.token = nn.Embedding(vocabulary, dim)
        self.place = nn.Embedding(context, dim)
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary)

    def forward(self, tokens):  # (B, T) to (B, T, vocabulary)
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.token(tokens) + self.place(places)
        return self.head(self.norm(self.blocks(x)))


torch.manual_seed(0)
model = Transformer().to(device)
print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters")
# --8<-- [end:tiny-transformer]


# --8<-- [start:index-out-of-range]
on_cpu = Transformer()  # a GPU would stop with a device-side assert
wrong_inputs = {
    "token 27": torch.tensor([[27]]),
    "25 tokens": torch.zeros(1, 25, dtype=torch.long),
}
for name, wrong in wrong_inputs.items():
    try:
        on_cpu(wrong)
    except IndexError as error:
        print(f"{name}: IndexError: {error}")
# --8<-- [end:index-out-of-range]


# --8<-- [start:letters-as-tokens]
letters = "abcdefghijklmnopqrstuvwxyz "


def encode(text):
    return torch.tensor([letters.index(letter) for letter in text], device=device)


def batch_of_words(batch_size):
    """Return random words of five letters and a space, each written four times."""
    words = torch.randint(0, 26, (batch_size, 5))
    spaces = torch.full((batch_size, 1), 26)
    return torch.cat([words, spaces], dim=1).repeat(1, 4).to(device)


torch.manual_seed(0)
print("".join(letters[number] for number in batch_of_words(1)[0].tolist()))
print(encode("ab z").tolist())
# --8<-- [end:letters-as-tokens]


# --8<-- [start:train-to-look-back]
torch.manual_seed(0)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
for step in range(301):
    tokens = batch_of_words(32)
    logits = model(tokens[:, :-1])  # each position predicts the next token
    each = F.cross_entropy(logits.mT, tokens[:, 1:], reduction="none")
    loss = each.mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        first_word, rest = each[:, :5].mean(), each[:, 5:].mean()
        print(f"step {step}: loss in the first word {first_word:.2f}, later {rest:.2f}")
# --8<-- [end:train-to-look-back]


# --8<-- [start:generate]
@torch.no_grad()
def generate(model, text, length, context=24):
    """Append the most probable letter, again and again."""
    model.eval()
    tokens = encode(text)[None]
    for _ in range(length):
        logits = model(tokens[:, -context:])[:, -1]  # after the last letter
        likeliest = logits.argmax(dim=-1, keepdim=True)
        tokens = torch.cat([tokens, likeliest], dim=1)
    return "".join(letters[number] for number in tokens[0].tolist())


for prompt in ("torch ", "logit "):
    print(repr(prompt), "->", generate(model, prompt, length=18))
# --8<-- [end:generate]


# --8<-- [start:solution-local-window]
place = torch.arange(T, device=device)
local = keep & (place[:, None] - place < 3)
print(local.int().cpu())
# --8<-- [end:solution-local-window]


# --8<-- [start:solution-both-masks]
real = place < torch.tensor([[6], [4]], device=device)
both = keep & real[:, None, None]  # (batch, 1, queries, keys)
print("mask", tuple(both.shape), "last query sees", both[:, 0, -1].int().tolist())
masked = F.scaled_dot_product_attention(q, k, v, attn_mask=both)
expected, _ = attention(q, k, v, both)
print(f"differ by {(masked - expected).abs().max():.3f}")
# --8<-- [end:solution-both-masks]


# --8<-- [start:solution-no-order]
torch.manual_seed(0)
order = torch.randperm(T)
shuffled, _ = attention(q[..., order, :], k[..., order, :], v[..., order, :])
in_order, _ = attention(q, k, v)
difference_to_shuffled = (shuffled - in_order[..., order, :]).abs().max()
print(f"differs from the shuffled output by {difference_to_shuffled:.3f}")
# --8<-- [end:solution-no-order]


# --8<-- [start:diagnosis-leak]
class Leaky(SelfAttention):
    def forward(self, x):
        B, T, dim = x.shape
        qkv = self.qkv(x).view(B, 3, self.heads, T, dim // self.heads)
        q, k, v = qkv.unbind(dim=1)
        x = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(x.transpose(1, 2).flatten(start_dim=2))


torch.manual_seed(0)
leaky = Leaky(32, heads=4).to(device)
print("shape", tuple(leaky(x).shape), "moved", *change_by_future(leaky, x))
# --8<-- [end:diagnosis-leak]


# --8<-- [start:solution-split-the-last-axis]
right = SelfAttention(32, heads=4).to(device)
right.load_state_dict(leaky.state_dict())
print("shape", tuple(right(x).shape), "moved", *change_by_future(right, x))
# --8<-- [end:solution-split-the-last-axis]


# --8<-- [start:solution-sample]
@torch.no_grad()
def sample(model, text, length, temperature):
    """Append letters drawn from the softmax of logits / temperature."""
    generator = torch.Generator().manual_seed(0)
    tokens, chances = encode(text)[None], []
    for _ in range(length):
        logits = model(tokens[:, -24:])[:, -1]
        probabilities = (logits / temperature).softmax(dim=-1).cpu()
        drawn = torch.multinomial(probabilities, 1, generator=generator)
        chances.append(probabilities.max())
        tokens = torch.cat([tokens, drawn.to(device)], dim=1)
    text = "".join(letters[number] for number in tokens[0].tolist())
    return text, torch.stack(chances).mean()


for temperature in (0.5, 1.0, 5.0):
    text, chance = sample(model, "torch ", 18, temperature)
    print(f"temperature {temperature}: chance of the likeliest {chance:.2f}")
print(sample(model, "torch ", 18, temperature=0.5)[0])
# --8<-- [end:solution-sample]
