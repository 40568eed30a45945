"""See overfitting in the gap between two curves, and measure what helps against it."""

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


# --8<-- [start:a-hundred-images]
data = load_digits()
X = (torch.tensor(data.data, dtype=torch.float32) / 16).to(device)
y = torch.tensor(data.target).to(device)
order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
test, val, pool = order.split([600, 300, 897])


def draw_rows(seed, size=100):
    """Return row numbers of the pool, other ones for another seed."""
    generator = torch.Generator().manual_seed(seed)
    return pool[torch.randperm(len(pool), generator=generator)[:size]]


def build(width=128, p=0.0, seed=0):
    torch.manual_seed(seed)
    layers = nn.Linear(64, width), nn.GELU(), nn.Dropout(p), nn.Linear(width, 10)
    return nn.Sequential(*layers).to(device)


print(sum(parameter.numel() for parameter in build().parameters()), "parameters")
# --8<-- [end:a-hundred-images]


# --8<-- [start:measure]
@torch.inference_mode()
def measure(model, rows, targets=y):
    """Return the loss and the accuracy on these rows."""
    model.eval()
    logits = model(X[rows])
    accuracy = (logits.argmax(dim=1) == targets[rows]).float().mean()
    return F.cross_entropy(logits, targets[rows]).item(), accuracy.item()


# --8<-- [end:measure]


# --8<-- [start:fit-and-watch]
def fit(model, rows, epochs=200, change=None, weight_decay=0.0, targets=y):
    """Train; return the measures after every fifth epoch, and the best weights."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=0.01, weight_decay=weight_decay
    )
    history = []
    for epoch in range(1, epochs + 1):
        model.train()
        for part in rows[torch.randperm(len(rows))].split(50):
            x = change(X[part]) if change else X[part]
            optimizer.zero_grad()
            F.cross_entropy(model(x), targets[part]).backward()
            optimizer.step()
        if epoch % 5 == 0:
            history.append(measure(model, rows, targets) + measure(model, val))
            if history[-1][2] == min(measures[2] for measures in history):
                best_state = copy.deepcopy(model.state_dict())
    return history, best_state


# --8<-- [end:fit-and-watch]


# --8<-- [start:random-labels]
torch.manual_seed(1)
nonsense = torch.randint(0, 10, y.shape).to(device)
model = build()
fit(model, draw_rows(seed=0), epochs=60, targets=nonsense)
for name, rows in (("training", draw_rows(seed=0)), ("validation", val)):
    print(f"{name:10} accuracy {measure(model, rows, nonsense)[1]:.2f}")
# --8<-- [end:random-labels]


# --8<-- [start:gap-curves]
fig, axes = plt.subplots(2, 3, sharex=True, sharey="row", figsize=(6.8, 4.2))
for column, width in zip(axes.T, (2, 16, 512), strict=True):
    history, _ = fit(build(width), draw_rows(seed=0))
    train_loss, train_accuracy, val_loss, val_accuracy = zip(*history[::2], strict=True)
    epochs = range(5, 201, 10)
    column[0].plot(epochs, train_loss, label="training")
    column[0].plot(epochs, val_loss, label="validation")
    column[1].plot(epochs, [100 * (1 - value) for value in train_accuracy])
    column[1].plot(epochs, [100 * (1 - value) for value in val_accuracy])
    column[0].set(title=f"{width} units", ylim=(0, 2.2))
    column[1].set(xlabel="epoch", ylim=(0, 80))
axes[0, 0].set_ylabel("loss")
axes[1, 0].set_ylabel("errors in percent")
axes[0, 2].legend()
plt.show()
# --8<-- [end:gap-curves]


# --8<-- [start:what-the-curves-say]
for epoch in (5, 10, 20, 200):
    *_, loss, accuracy = history[epoch // 5 - 1]
    print(f"512 units, epoch {epoch:3}: loss {loss:.2f}, accuracy {accuracy:.3f}")
# --8<-- [end:what-the-curves-say]


# --8<-- [start:three-samples]
def compare(name, size=100, p=0.0, judge=val, **options):
    """Train on three sets of images; print the mean loss and accuracy of the models."""
    last, best = [], []
    for seed in range(3):
        model = build(p=p, seed=seed)
        _, best_state = fit(model, draw_rows(seed, size), **options)
        last.append(measure(model, judge))
        model.load_state_dict(best_state)
        best.append(measure(model, judge))
    for when, results in (("last", last), ("best", best)):
        loss, accuracy = torch.tensor(results).mean(dim=0).tolist()
        print(f"{name:11} {when}: loss {loss:.2f}, accuracy {accuracy:.3f}")


# --8<-- [end:three-samples]


# --8<-- [start:baseline-and-more-data]
compare("100 images")
compare("200 images", size=200, epochs=100)
compare("400 images", size=400, epochs=50)
# --8<-- [end:baseline-and-more-data]


# --8<-- [start:random-warp]
def warp(x, strength=0.1):
    """Turn, stretch and shift each image a little, each in its own way."""
    noise = strength * torch.randn(len(x), 2, 3).to(device)
    theta, size = noise + torch.eye(2, 3, device=device), (len(x), 1, 8, 8)
    grid = F.affine_grid(theta, size, align_corners=False)
    return F.grid_sample(x.view(size), grid, align_corners=False).flatten(1)


def strong_warp(x):
    return warp(x, strength=0.3)


compare("warped", change=warp)
compare("too strong", change=strong_warp)
# --8<-- [end:random-warp]


# --8<-- [start:weight-decay]
compare("decay 1", weight_decay=1.0)
compare("decay 10", weight_decay=10.0)
# --8<-- [end:weight-decay]


# --8<-- [start:dropout-layer]
layer, x = nn.Dropout(0.5), torch.ones(10000, device=device)
dropped = layer(x)
print(
    "values in training mode:", dropped.unique().tolist(), f"mean {dropped.mean():.1f}"
)
layer.eval()
print("values in eval mode:", layer(x).unique().tolist())
# --8<-- [end:dropout-layer]


# --8<-- [start:dropout]
compare("dropout", p=0.5)
# --8<-- [end:dropout]


# --8<-- [start:both-at-once]
compare("warp, decay", change=warp, weight_decay=0.1)
# --8<-- [end:both-at-once]


# --8<-- [start:test-once]
compare("100 images", judge=test)
compare("warp, decay", judge=test, change=warp, weight_decay=0.1)
# --8<-- [end:test-once]


# --8<-- [start:solution-cool-down]
model = build(512)
_, best_state = fit(model, draw_rows(seed=0))
with torch.inference_mode():
    logits = model(X[val])
half = len(val) // 2  # choose on one half, check on the other
temperatures = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
losses = [F.cross_entropy(logits[:half] / t, y[val[:half]]) for t in temperatures]
temperature = temperatures[torch.stack(losses).argmin()]
before = F.cross_entropy(logits[half:], y[val[half:]])
after = F.cross_entropy(logits[half:] / temperature, y[val[half:]])
print(f"temperature {temperature}: loss {before:.2f}, then loss {after:.2f}")
model.load_state_dict(best_state)
print(f"early stopping: loss {measure(model, val[half:])[0]:.2f}")
# --8<-- [end:solution-cool-down]


# --8<-- [start:solution-too-much]
compare("both strong", change=warp, weight_decay=1.0)
# --8<-- [end:solution-too-much]


# --8<-- [start:solution-forgotten-eval]
model = build(p=0.5)
fit(model, draw_rows(seed=0), epochs=20)
for mode in ("train", "train", "train", "eval"):
    model.train(mode == "train")
    with torch.no_grad():
        accuracy = (model(X[val]).argmax(dim=1) == y[val]).float().mean()
    print(f"{mode} mode: accuracy {accuracy:.3f}")
# --8<-- [end:solution-forgotten-eval]
