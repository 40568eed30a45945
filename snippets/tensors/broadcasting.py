"""Combine tensors of different shapes, and notice when the wrong ones combine."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:number-row-column]
x = torch.zeros(3, 4)
row = torch.tensor([1.0, 2.0, 3.0, 4.0])  # (4,)
column = torch.tensor([[10.0], [20.0], [30.0]])  # (3, 1)
print(x + 5)
print(x + row)
print(row + column)
# --8<-- [end:number-row-column]


# --8<-- [start:resulting-shape]
print(torch.broadcast_shapes((3, 4), (4,)))
print(torch.broadcast_shapes((3, 1), (4,)))
print(torch.broadcast_shapes((8, 1, 6), (7, 1)))
# --8<-- [end:resulting-shape]


# --8<-- [start:alignment]
pairs = [((3, 4), (4,)), ((8, 1, 6), (7, 1)), ((3, 4), (3,))]
fig, axes = plt.subplots(1, 3, figsize=(5.4, 2.0))
for ax, shapes in zip(axes, pairs, strict=True):
    ndim = max(len(shape) for shape in shapes)
    padded = [(1,) * (ndim - len(shape)) + shape for shape in shapes]
    for left, sizes in enumerate(zip(*padded, strict=True)):
        fits = 1 in sizes or sizes[0] == sizes[1]
        for line, size in enumerate(sizes):
            missing = left < ndim - len(shapes[line])
            color = "C2" if size < max(sizes) else "C0"
            color = color if fits else "C1"
            corner = left + 0.05, line
            ax.add_patch(plt.Rectangle(corner, 0.9, 0.9, color=color, alpha=0.35))
            size = "(1)" if missing else size
            ax.text(left + 0.5, line + 0.6, size, ha="center")
        ax.text(left + 0.5, 2.5, max(sizes) if fits else "error", ha="center")
    ax.set(xlim=(ndim / 2 - 1.6, ndim / 2 + 1.6), ylim=(2.7, -0.1))
    ax.set_title("{} and {}".format(*shapes))
    ax.axis("off")
plt.show()
# --8<-- [end:alignment]


# --8<-- [start:shapes-align-right]
matrix = torch.ones(3, 4)
per_row = torch.tensor([1.0, 2.0, 3.0])
try:
    matrix * per_row
except RuntimeError as error:
    print("RuntimeError:", error)
print(matrix * per_row[:, None])
# --8<-- [end:shapes-align-right]


# --8<-- [start:in-place-cannot-grow]
small = torch.zeros(3, 1)
try:
    small += row
except RuntimeError as error:
    print("RuntimeError:", error)
print((small + row).shape)
# --8<-- [end:in-place-cannot-grow]


# --8<-- [start:all-pairs]
points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], device=device)
differences = points[:, None] - points[None]  # (3, 1, 2) - (1, 3, 2)
distances = differences.square().sum(dim=-1).sqrt()
print(differences.shape)
print(distances.cpu())
print(f"points {points.nbytes} bytes, differences {differences.nbytes} bytes")
# --8<-- [end:all-pairs]


# --8<-- [start:gradient-is-a-sum]
bias = torch.zeros(3, requires_grad=True)
batch = torch.ones(4, 3)
(batch + bias).sum().backward()
print(bias.grad)
# --8<-- [end:gradient-is-a-sum]


# --8<-- [start:keepdim]
square = torch.tensor([[1.0, 1.0, 2.0], [2.0, 1.0, 1.0], [4.0, 2.0, 2.0]])
wrong = square / square.sum(dim=1)  # (3, 3) / (3,): columns, not rows
right = square / square.sum(dim=1, keepdim=True)  # (3, 3) / (3, 1)
print("wrong:", wrong.sum(dim=1))
print("right:", right.sum(dim=1))
# --8<-- [end:keepdim]


# --8<-- [start:column-meets-row]
y_hat = torch.tensor([[1.0], [2.0], [3.0]], device=device)  # (3, 1), from a layer
y = torch.tensor([1.0, 2.0, 3.0], device=device)  # (3,)
errors = y_hat - y  # [!]
print("(3, 1) - (3,):", errors.shape, f"error {errors.square().mean().item():.3f}")
errors = y_hat.squeeze(1) - y
print("(3,) - (3,):  ", errors.shape, f"error {errors.square().mean().item():.3f}")
# --8<-- [end:column-meets-row]


# --8<-- [start:mse-loss-warns]
print(f"error {F.mse_loss(y_hat, y).item():.3f}")
# --8<-- [end:mse-loss-warns]


# --8<-- [start:damage-measured]
diabetes = load_diabetes()
X = torch.tensor(diabetes.data).float().to(device) * 21  # std near 1
y = torch.tensor(diabetes.target).float().to(device) / 77  # std near 1


def fit(target):
    torch.manual_seed(0)
    model = torch.nn.Linear(10, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(300):
        loss = (model(X) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    std = model(X).std().item()
    print(f"loss {losses[0]:.2f} to {losses[-1]:.2f}, predictions with std {std:.2f}")


fit(y[:, None])  # (442, 1) - (442, 1)
fit(y)  # (442, 1) - (442,)
# --8<-- [end:damage-measured]


# --8<-- [start:check-the-shapes]
def mean_square(y_hat, y):
    assert y_hat.shape == y.shape, (y_hat.shape, y.shape)
    return (y_hat - y).square().mean()


y_hat, y = torch.ones(3, 1), torch.ones(3)
try:
    mean_square(y_hat, y)
except AssertionError as error:
    print("AssertionError:", error)
print(mean_square(y_hat.squeeze(1), y))
# --8<-- [end:check-the-shapes]


# --8<-- [start:solution-predict-shapes]
pairs = [((5, 1), (1, 3)), ((2, 1, 4), (3, 1)), ((2, 3), (2,)), ((2, 3), (2, 1))]
for one, other in pairs:
    try:
        print(one, other, "->", tuple(torch.broadcast_shapes(one, other)))
    except RuntimeError:
        print(one, other, "do not fit")
# --8<-- [end:solution-predict-shapes]


# --8<-- [start:solution-normalize-channels]
torch.manual_seed(0)
images = torch.rand(8, 3, 4, 4).to(device)
mean = images.mean(dim=(0, 2, 3))  # (3,)
centered = images - mean[:, None, None]
print("before:", [f"{value:.3f}" for value in mean.tolist()])
after = centered.mean(dim=(0, 2, 3))
print("after: ", [f"{abs(value):.3f}" for value in after.tolist()])
# --8<-- [end:solution-normalize-channels]


# --8<-- [start:solution-causal-mask]
steps = torch.arange(4)
print(steps[:, None] >= steps)
# --8<-- [end:solution-causal-mask]


# --8<-- [start:broken-accuracy]
y = torch.tensor([0, 1, 2, 1])
classes = torch.tensor([[0], [1], [2], [1]])  # all four are right
print("accuracy:", (classes == y).float().mean().item())
# --8<-- [end:broken-accuracy]


# --8<-- [start:solution-accuracy]
print((classes == y).shape)
print("accuracy:", (classes.squeeze(1) == y).float().mean().item())
# --8<-- [end:solution-accuracy]
