"""Fit a line by hand, then with a module, a loss and an optimizer."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:noisy-line]
torch.manual_seed(0)
x = torch.linspace(-1, 1, 64)[:, None].to(device)  # (64, 1)
noise = 0.2 * torch.randn(64, 1).to(device)
y = 3 * x - 1 + noise
print("inputs:", x.shape, "targets:", y.shape)
# --8<-- [end:noisy-line]


# --8<-- [start:line-by-hand]
weight = torch.zeros(1, device=device, requires_grad=True)
bias = torch.zeros(1, device=device, requires_grad=True)
for _ in range(100):
    y_hat = weight * x + bias  # predict
    loss = ((y_hat - y) ** 2).mean()  # measure the error
    loss.backward()  # find the gradients
    with torch.no_grad():  # take a step
        weight -= 0.1 * weight.grad
        bias -= 0.1 * bias.grad
    weight.grad = bias.grad = None  # forget the gradients
print(f"weight {weight.item():.3f} bias {bias.item():.3f} loss {loss.item():.4f}")
# --8<-- [end:line-by-hand]


# --8<-- [start:same-line-with-modules]
torch.manual_seed(0)
model = nn.Linear(in_features=1, out_features=1).to(device)
loss_fn = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(100):
    y_hat = model(x)
    loss = loss_fn(y_hat, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
w, b = model.weight.item(), model.bias.item()
print(f"weight {w:.3f} bias {b:.3f} loss {loss.item():.4f}")
# --8<-- [end:same-line-with-modules]


# --8<-- [start:training-loop-diagram]
aims = ["predict", "measure", "forget", "find gradients", "move"]
calls = ["model(x)", "loss_fn(y_hat, y)", "zero_grad()", "backward()", "step()"]
turn = torch.linspace(0.5, -1.5, 6)[:-1] * torch.pi  # clockwise from the top
places = torch.stack([turn.cos(), turn.sin()], dim=1).tolist()
fig, ax = plt.subplots()
labels = []
for number, place in enumerate(places):
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": f"C{number}"}
    text = f"{aims[number]}\n{calls[number]}"
    labels.append(ax.text(*place, text, ha="center", va="center", bbox=box))
for tail, tip in zip(labels, labels[1:] + labels[:1], strict=True):
    ends = {"patchA": tail.get_bbox_patch(), "patchB": tip.get_bbox_patch()}
    arrow = {"arrowstyle": "->", **ends}
    ax.annotate("", tip.get_position(), tail.get_position(), arrowprops=arrow)
ax.set(xlim=(-1.4, 1.4), ylim=(-1.0, 1.2))
ax.axis("off")
plt.show()
# --8<-- [end:training-loop-diagram]


# --8<-- [start:one-step-traced]
torch.manual_seed(0)
model = nn.Linear(1, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
before = model.weight.item()
loss_fn(model(x), y).backward()
gradient = model.weight.grad.item()
print(f"weight {before:.3f}, gradient {gradient:.3f}")
optimizer.step()
print(f"weight {model.weight.item():.3f}, by hand {before - 0.1 * gradient:.3f}")
# --8<-- [end:one-step-traced]


# --8<-- [start:parameters-are-registered]
for name, parameter in model.named_parameters():
    print(f"{name:6} {parameter.shape}, requires_grad {parameter.requires_grad}")
# --8<-- [end:parameters-are-registered]


# --8<-- [start:swap-the-parts]
def fit(model, x, y, optimizer, loss_fn, steps=300):
    for _ in range(steps):
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


torch.manual_seed(0)
wave = torch.sin(4 * x) + noise
line = nn.Linear(1, 1).to(device)
curve = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)).to(device)
for model in line, curve:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    final = fit(model, x, wave, optimizer, nn.MSELoss())
    print(type(model).__name__, f"loss {final:.4f}")
# --8<-- [end:swap-the-parts]


# --8<-- [start:line-and-curve]
fig, ax = plt.subplots()
ax.plot(x.cpu(), wave.cpu(), "o", color="C7", markersize=3, label="data")
with torch.no_grad():
    ax.plot(x.cpu(), line(x).cpu(), label="nn.Linear")
    ax.plot(x.cpu(), curve(x).cpu(), label="nn.Sequential")
ax.legend()
plt.show()
# --8<-- [end:line-and-curve]


# --8<-- [start:points-it-has-not-seen]
torch.manual_seed(1)
new_x = torch.rand(2000, 1).to(device) * 2 - 1
new_noise = 0.2 * torch.randn(2000, 1).to(device)
new_wave = torch.sin(4 * new_x) + new_noise
with torch.no_grad():
    new_loss = nn.functional.mse_loss(curve(new_x), new_wave).item()
print(f"points it was fitted to: loss {final:.4f}, noise {noise.square().mean():.4f}")
print(f"new points: loss {new_loss:.4f}, noise {new_noise.square().mean():.4f}")
# --8<-- [end:points-it-has-not-seen]


# --8<-- [start:one-dimension-missing]
torch.manual_seed(0)
flat_y = y[:, 0]  # (64,) instead of (64, 1)
model = nn.Linear(1, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
error = model(x) - flat_y
print("shape of the error:", error.shape)
fit(model, x, flat_y, optimizer, lambda y_hat, y: ((y_hat - y) ** 2).mean())
w, b = model.weight.item(), model.bias.item()
print(f"weight {w:.3f}, bias {b:.3f}, mean of y {y.mean().item():.3f}")
# --8<-- [end:one-dimension-missing]


# --8<-- [start:solution-outlier]
torch.manual_seed(0)
spoiled = y.clone()
spoiled[-1] = -60.0
for loss_fn in nn.MSELoss(), nn.L1Loss():
    model = nn.Linear(1, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(model, x, spoiled, optimizer, loss_fn)
    print(f"{type(loss_fn).__name__:7} weight {model.weight.item():.3f}")
# --8<-- [end:solution-outlier]


# --8<-- [start:solution-learning-rates]
for lr in 0.001, 0.1, 1.1:
    torch.manual_seed(0)
    model = nn.Linear(1, 1).to(device)
    start = nn.functional.mse_loss(model(x), y).item()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    end = fit(model, x, y, optimizer, nn.MSELoss(), steps=100)
    print(f"lr {lr}: loss {start:.4g} at first, {end:.4g} at the end")
# --8<-- [end:solution-learning-rates]


# --8<-- [start:broken-training]
model = nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torch.manual_seed(0)
model = nn.Linear(1, 1).to(device)  # start again from the seed
for steps in 1, 100, 100:
    print(f"loss {fit(model, x, y, optimizer, nn.MSELoss(), steps):.3f}")
# --8<-- [end:broken-training]


# --8<-- [start:solution-training]
torch.manual_seed(0)
model = nn.Linear(1, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # of this model
for steps in 1, 100, 100:
    print(f"loss {fit(model, x, y, optimizer, nn.MSELoss(), steps):.3f}")
# --8<-- [end:solution-training]
