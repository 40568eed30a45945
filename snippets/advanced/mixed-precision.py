"""Run most of a model in 16 bits: autocast, bfloat16, float16 with a scaler."""

# --8<-- [start:setup]
import math

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:three-formats]
formats = [torch.float32, torch.bfloat16, torch.float16]
for dtype in formats:
    info = torch.finfo(dtype)
    print(
        f"{dtype}: {info.bits} bits, largest {info.max:.1e}, step at 1 {info.eps:.1e}"
    )
# --8<-- [end:three-formats]


# --8<-- [start:draw-the-ranges]
fig, ax = plt.subplots(figsize=(6.4, 2.2))
for row, dtype in enumerate(formats):
    info = torch.finfo(dtype)
    low, high = math.log10(info.tiny), math.log10(info.max)
    ax.barh(row, high - low, left=low, height=0.5)
    name = str(dtype).removeprefix("torch.")
    ax.text(-37, row + 0.33, f"{name}, {-math.log10(info.eps):.0f} digits")
ax.set(xlabel="power of ten", xlim=(-42, 42), yticks=[], ylim=(-0.4, 2.7))
plt.show()
# --8<-- [end:draw-the-ranges]


# --8<-- [start:one-step-under-autocast]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)


model = make_model()
with torch.autocast(device, dtype=torch.bfloat16):
    logits = model(X)
    loss = nn.functional.cross_entropy(logits, y)
loss.backward()  # outside: each step runs in the dtype of its forward
print("logits", logits.dtype, "loss", loss.dtype, f"{loss.item():.2f}")
print("weights", model[0].weight.dtype, "gradients", model[0].weight.grad.dtype)
# --8<-- [end:one-step-under-autocast]


# --8<-- [start:train-both-ways]
def train(enabled):
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        batch = torch.randint(len(X), (200,))
        with torch.autocast(device, dtype=torch.bfloat16, enabled=enabled):
            logits = model(X[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert 0.9 < (model(X).argmax(dim=1) == y).float().mean() < 1  # accuracy
    return logits.dtype, losses


for enabled in (False, True):
    dtype, losses = train(enabled)
    print(f"{dtype}: loss {losses[0]:.2f}, later {losses[5]:.2f}")
# --8<-- [end:train-both-ways]


# --8<-- [start:no-bfloat16-in-numpy]
try:
    logits.detach().cpu().numpy()
except TypeError as error:
    print("TypeError:", error)
print(logits.detach().cpu().float().numpy().dtype)
# --8<-- [end:no-bfloat16-in-numpy]


# --8<-- [start:updates-that-vanish]
for dtype in (torch.float32, torch.bfloat16):
    weight = torch.ones((), dtype=dtype, device=device)
    for _ in range(100):
        weight += 0.001
    print(dtype, f"{weight.item():.4f}")
# --8<-- [end:updates-that-vanish]


# --8<-- [start:underflow]
gradient = torch.tensor(1e-8, device=device)
for dtype in (torch.bfloat16, torch.float16):
    print(dtype, f"{gradient.to(dtype).item():.2e}")
scaled = (gradient * 65536).to(torch.float16)
print(f"scaled {scaled.item():.2e} and back {scaled.float().item() / 65536:.2e}")
# --8<-- [end:underflow]


# --8<-- [start:gradient-scaler]
model = make_model()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler(device)


def scaled_step(factor=1.0):
    with torch.autocast(device, dtype=torch.float16):
        loss = nn.functional.cross_entropy(model(X), y) * factor
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)  # before anything that looks at gradients
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    scaler.step(optimizer)
    scaler.update()
    return f"loss {loss.item():.2f}, gradient norm {norm.item():.2f}"


for _ in range(3):
    print(scaled_step())
print("scale", scaler.get_scale())
# --8<-- [end:gradient-scaler]


# --8<-- [start:skipped-step]
for factor in (1.0, math.inf):
    before = model[0].weight.clone()
    scaled_step(factor)
    unchanged = torch.equal(model[0].weight, before)
    print(f"times {factor}: unchanged {unchanged}, scale {scaler.get_scale()}")
# --8<-- [end:skipped-step]


# --8<-- [start:allow-tf32-products]
print(torch.get_float32_matmul_precision())
for precision in ("high", "highest"):
    torch.set_float32_matmul_precision(precision)
    print(torch.get_float32_matmul_precision())
# --8<-- [end:allow-tf32-products]


# --8<-- [start:solution-leave-autocast]
x = torch.full((64,), 30.0, device=device)
with torch.autocast(device, dtype=torch.float16):
    y_hat = nn.functional.linear(x, torch.ones(2, 64, device=device))
    overflown = y_hat @ y_hat
    with torch.autocast(device, enabled=False):
        kept = y_hat.float() @ y_hat.float()
print(overflown.dtype, overflown.item(), kept.dtype, kept.item())
# --8<-- [end:solution-leave-autocast]


# --8<-- [start:solution-counting]
total = torch.zeros((), dtype=torch.bfloat16, device=device)
for _ in range(1000):
    total += 1
print(total.item(), torch.ones(1000, dtype=torch.bfloat16, device=device).sum().item())
# --8<-- [end:solution-counting]
