"""Let PyTorch compute derivatives, and follow them downhill."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:one-derivative]
x = torch.tensor(2.0, requires_grad=True)
y = x**2
print(y)
y.backward()
print(x.grad)  # dy/dx = 2x
# --8<-- [end:one-derivative]


# --8<-- [start:check-by-nudging]
step = 0.01
slope = ((2 + step) ** 2 - (2 - step) ** 2) / (2 * step)
print(f"slope {slope:.3f}")
# --8<-- [end:check-by-nudging]


# --8<-- [start:chain-of-steps]
weight = torch.tensor(3.0, device=device, requires_grad=True)
bias = torch.tensor(1.0, device=device, requires_grad=True)
y_hat = weight * 2.0 + bias  # the input is 2
loss = (y_hat - 5.0) ** 2  # the target is 5
y_hat.retain_grad()  # keep a gradient in the middle, to look at
loss.backward()
print("loss", loss.item())
print("gradient of y_hat", y_hat.grad.item())
print("gradient of weight", weight.grad.item())
print("gradient of bias", bias.grad.item())
# --8<-- [end:chain-of-steps]


# --8<-- [start:graph-both-ways]
places = {weight: (0, 1), bias: (0, 0), y_hat: (2, 0.5), loss: (4, 0.5)}
curve = {"arrowstyle": "->", "connectionstyle": "arc3,rad=-0.15"}
curve |= {"shrinkA": 30, "shrinkB": 30}
fig, ax = plt.subplots(figsize=(6.4, 2.4))
for tensor, name in zip(places, ["weight", "bias", "y_hat", "loss"], strict=True):
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": "C0"}
    label = f"{name}\n{tensor.item():g}"
    ax.text(*places[tensor], label, ha="center", va="center", bbox=box)
for start, end in [(weight, y_hat), (bias, y_hat), (y_hat, loss)]:
    a, b = places[start], places[end]
    ax.annotate("", b, a, arrowprops=curve | {"color": "C0"})
    ax.annotate("", a, b, arrowprops=curve | {"color": "C1"})
    middle = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2 - 0.3
    ax.text(*middle, f"{start.grad.item():g}", color="C1", ha="center")
ax.text(4, 1.2, "values go forward", color="C0", ha="center")
ax.text(4, -0.2, "gradients come back", color="C1", ha="center")
ax.set(xlim=(-0.5, 4.9), ylim=(-0.3, 1.4))
ax.axis("off")
plt.show()
# --8<-- [end:graph-both-ways]


# --8<-- [start:gradients-add-up]
x = torch.tensor(2.0, device=device, requires_grad=True)
for call in 1, 2, 3:
    (x**2).backward()
    print(f"after call {call}: {x.grad.item()}")
x.grad = None
(x**2).backward()
print(f"after the reset: {x.grad.item()}")
# --8<-- [end:gradients-add-up]


# --8<-- [start:walk-downhill]
def height(x):
    return x**4 - 4 * x**2 + x


def descend(start, lr=0.03, steps=30):
    x = torch.tensor(start, device=device, requires_grad=True)
    path = [x.item()]
    for _ in range(steps):
        height(x).backward()
        with torch.no_grad():  # the update is not part of the function
            x -= lr * x.grad
        x.grad = None
        path.append(x.item())
    return path


for start in 0.0, 0.5:  # where each walk is every ten steps
    print([f"{x:.3f}" for x in descend(start)[::10]])
# --8<-- [end:walk-downhill]


# --8<-- [start:two-valleys]
grid = torch.linspace(-2.2, 2.2, 100)
fig, ax = plt.subplots()
ax.plot(grid, height(grid), color="C7")
for start in (0.0, 0.5):
    path = torch.tensor(descend(start))
    ax.plot(path, height(path), "o-", label=f"start at {start}")
ax.set(xlabel="x", ylabel="height")
ax.legend()
plt.show()
# --8<-- [end:two-valleys]


# --8<-- [start:one-number-please]
x = torch.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
y = x**2
try:
    y.backward()
except RuntimeError as error:
    print("RuntimeError:", error)
y.sum().backward()
print(x.grad.tolist())
# --8<-- [end:one-number-please]


# --8<-- [start:recording-off]
with torch.no_grad():
    doubled = x * 2
recorded = x * 2
print("under no_grad: requires_grad", doubled.requires_grad)
print("outside:       requires_grad", recorded.requires_grad)
# --8<-- [end:recording-off]


# --8<-- [start:solution-derive-by-hand]
a = torch.tensor(1.5, device=device, requires_grad=True)
output = torch.sigmoid(a)
output.backward()
by_hand = (output * (1 - output)).item()
print(f"by hand {by_hand:.4f}, by backward {a.grad.item():.4f}")
# --8<-- [end:solution-derive-by-hand]


# --8<-- [start:solution-step-too-long]
for lr in 0.01, 0.1, 0.15, 0.5:
    path = descend(0.5, lr=lr, steps=20)
    print(f"lr {lr}:", [f"{x:.2f}" for x in path[-3:]])
# --8<-- [end:solution-step-too-long]


# --8<-- [start:broken-walk]
x = torch.tensor(0.5, device=device, requires_grad=True)
try:
    for _ in range(30):
        height(x).backward()
        with torch.no_grad():
            x = x - 0.03 * x.grad
        x.grad = None
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:broken-walk]


# --8<-- [start:solution-walk]
x = torch.tensor(0.5, device=device, requires_grad=True)
for _ in range(30):
    height(x).backward()
    with torch.no_grad():
        x -= 0.03 * x.grad  # changes the leaf itself
    x.grad = None
print(f"arrived at {x.item():.3f}, still a leaf: {x.is_leaf}")
# --8<-- [end:solution-walk]
