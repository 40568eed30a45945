"""Take a training step apart: what each line changes, which order works, and how to guard it."""

# --8<-- [start:setup]
import copy

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:one-step]
data = load_digits()
X = (torch.tensor(data.data, dtype=torch.float32) / 16).to(device)
y = torch.tensor(data.target).to(device)


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)).to(device)


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
logits = model(X)
loss = F.cross_entropy(logits, y)
optimizer.zero_grad()
loss.backward()
optimizer.step()
print(f"loss before {loss:.3f}, after {F.cross_entropy(model(X), y):.3f}")
# --8<-- [end:one-step]


# --8<-- [start:what-changes]
def look(line):
    weight, grad = model[0].weight, model[0].weight.grad
    size = "None" if grad is None else f"{grad.norm():.3f}"
    print(
        f"{line:10} weight {weight.norm():.4f}  grad {size:6}  state {len(optimizer.state)}"
    )


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
look("start")
loss = F.cross_entropy(model(X), y)
look("forward")
loss.backward()
look("backward")
optimizer.step()
look("step")
optimizer.zero_grad()
look("zero_grad")
# --8<-- [end:what-changes]


# --8<-- [start:try-the-orders]
def train(order, epochs=10):
    """Return the training accuracy after steps whose lines come in the order given."""
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for rows in torch.arange(len(X)).split(64) * epochs:
        loss = F.cross_entropy(model(X[rows]), y[rows])
        lines = {
            "zero": optimizer.zero_grad,
            "backward": loss.backward,
            "step": optimizer.step,
        }
        for name in order.split():
            lines[name]()
    return (model(X).argmax(dim=1) == y).float().mean().item()


for order in (
    "zero backward step",
    "backward step zero",
    "backward zero step",
    "step zero backward",
    "zero step backward",
    "backward step",
):
    print(f"{order:20} {train(order):.2f}")
# --8<-- [end:try-the-orders]


# --8<-- [start:accumulate]
def gradient(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


model = build()
F.cross_entropy(model(X[:100]), y[:100]).backward()
whole = gradient(model)
for share in (1, 1 / 3, None):
    model.zero_grad()
    for rows in torch.arange(100).split(40):  # 40, 40 and 20 rows
        loss = F.cross_entropy(model(X[rows]), y[rows])
        (loss * (share or len(rows) / 100)).backward()
    print(
        gradient(model).norm() / whole.norm(),
        torch.allclose(gradient(model), whole, atol=1e-6),
    )
# --8<-- [end:accumulate]


# --8<-- [start:clip]
model = build()
(1000 * F.cross_entropy(model(X), y)).backward()
before = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
print(f"norm before {before:.1f}, after {gradient(model).norm():.3f}")
again = nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
print(f"a small one stays: {gradient(model).norm():.3f}")
# --8<-- [end:clip]


# --8<-- [start:one-bad-number]
model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
broken = X[:64].clone()
broken[3, 5] = float("nan")
loss = F.cross_entropy(model(broken), y[:64])
loss.backward()
optimizer.step()
print(
    loss.item(),
    sum(p.isnan().sum().item() for p in model.parameters()),
    sum(p.numel() for p in model.parameters()),
)
# --8<-- [end:one-bad-number]


# --8<-- [start:skip-bad-batches]
def guarded_step(model, optimizer, x, y):
    """Take a step unless the loss or the gradient is not finite; tell whether it was taken."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    if not torch.isfinite(loss) or not torch.isfinite(norm):
        return False
    optimizer.step()
    return True


model = build()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x in (X[:64], broken, X[64:128]):
    print(guarded_step(model, optimizer, x, y[:64]))
# --8<-- [end:skip-bad-batches]
"""
"""
