"""See overfitting in the gap between two curves, and make the gap smaller."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:a-hundred-images]
data = load_digits()
X = (torch.tensor(data.data, dtype=torch.float32) / 16).to(device)
y = torch.tensor(data.target).to(device)
order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
train, val = order[:100], order[800:]


def build(width=128, p=0.0, seed=0):
    torch.manual_seed(seed)
    layers = nn.Linear(64, width), nn.GELU(), nn.Dropout(p), nn.Linear(width, 10)
    return nn.Sequential(*layers).to(device)


print(len(train), "to learn from,", len(val), "to judge")
print(sum(parameter.numel() for parameter in build().parameters()), "parameters")
# --8<-- [end:a-hundred-images]


# --8<-- [start:fit-and-watch]
@torch.inference_mode()
def loss_on(model, rows, y=y):
    return F.cross_entropy(model.eval()(X[rows]), y[rows]).item()


def fit(model, rows=train, y=y, change=None, weight_decay=0.0, epochs=60):
    """Return the training and validation loss after each epoch."""
    options = {"lr": 0.01, "weight_decay": weight_decay}
    optimizer = torch.optim.AdamW(model.parameters(), **options)
    history = []
    for _ in range(epochs):
        for part in rows.split(50):
            x = change(X[part]) if change else X[part]
            optimizer.zero_grad()
            F.cross_entropy(model.train()(x), y[part]).backward()
            optimizer.step()
        history.append((loss_on(model, rows, y), loss_on(model, val)))
    return history


# --8<-- [end:fit-and-watch]


# --8<-- [start:random-labels]
nonsense = torch.randint(0, 10, y.shape).to(device)
model = build()
fit(model, y=nonsense)
y_hat = model(X).argmax(dim=1)
for name, rows in (("training", train), ("validation", val)):
    print(f"{name:10} accuracy {(y_hat == nonsense)[rows].float().mean():.1f}")
# --8<-- [end:random-labels]


# --8<-- [start:gap-curves]
fig, axes = plt.subplots(1, 3, sharey=True, figsize=(6.8, 2.8))
for ax, width in zip(axes, (2, 16, 512), strict=True):
    history = fit(build(width), epochs=100)
    ax.plot(range(1, 101, 2), history[::2], label=["training", "validation"])
    ax.set(title=f"{width} units", xlabel="epoch")
axes[0].set(ylabel="loss", ylim=(0, 2.5))
axes[2].legend()
plt.show()
# --8<-- [end:gap-curves]


# --8<-- [start:baseline-and-more-data]
def average(p=0.0, **options):
    """Return means over three models: training loss, validation loss, accuracy."""
    results = []
    for seed in range(3):
        model = build(p=p, seed=seed)
        losses = fit(model, **options)[-1]
        right = (model(X[val]).argmax(dim=1) == y[val]).float().mean().item()
        results.append((*losses, right))
    return torch.tensor(results).mean(dim=0).tolist()


def show(name, train_loss, val_loss, accuracy):
    print(f"{name:10} {train_loss:.1f} {val_loss:.3f} {accuracy:.3f}")


plain = average()
show("100 images", *plain)
show("400 images", *average(rows=order[:400]))
# --8<-- [end:baseline-and-more-data]


# --8<-- [start:random-warp]
def warp(x, strength=0.1):
    """Turn, stretch and shift each image a little, each in its own way."""
    noise = strength * torch.randn(len(x), 2, 3).to(device)
    theta, size = noise + torch.eye(2, 3, device=device), (len(x), 1, 8, 8)
    grid = F.affine_grid(theta, size, align_corners=False)
    return F.grid_sample(x.view(size), grid, align_corners=False).flatten(1)


show("warped", *average(change=warp))
show("too much", *average(change=lambda x: warp(x, strength=0.3)))
# --8<-- [end:random-warp]


# --8<-- [start:weight-decay]
show("decay 1", *average(weight_decay=1.0))
show("decay 10", *average(weight_decay=10.0))
# --8<-- [end:weight-decay]


# --8<-- [start:dropout]
layer, x = nn.Dropout(0.5), torch.ones(10000, device=device)
print(
    layer(x).unique().tolist(),
    f"{layer(x).mean():.1f}",
    layer.eval()(x).unique().tolist(),
)
dropped = average(p=0.5)
print("lower validation loss:", dropped[1] < plain[1])
# --8<-- [end:dropout]


# --8<-- [start:solution-stop-in-time]
history = fit(build(width=512))
losses = [val_loss for _, val_loss in history]
best = losses.index(min(losses))
print("best epoch among the first ten:", best < 10)
print(f"validation loss {losses[best]:.3f} instead of {losses[-1]:.3f}")
# --8<-- [end:solution-stop-in-time]


# --8<-- [start:solution-both-at-once]
show("both", *average(change=warp, weight_decay=1.0))
# --8<-- [end:solution-both-at-once]
