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
x = torch.zeros(3, 4, device=device)
row = torch.tensor([1.0, 2.0, 3.0, 4.0], device=device)  # (4,)
column = torch.tensor([[10.0], [20.0], [30.0]], device=device)  # (3, 1)
print((x + 5).tolist())
print((x + row).tolist())
print((row + column).tolist())
# --8<-- [end:number-row-column]


# --8<-- [start:resulting-shape]
print(tuple(torch.broadcast_shapes((3, 4), (4,))))
print(tuple(torch.broadcast_shapes((3, 1), (4,))))
print(tuple(torch.broadcast_shapes((8, 1, 6), (7, 1))))
# --8<-- [end:resulting-shape]


# --8<-- [start:alignment]
pairs = [((3, 4), (4,)), ((8, 1, 6), (7, 1)), ((3, 4), (3,))]
fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.2))
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
matrix = torch.ones(3, 4, device=device)
per_row = torch.tensor([1.0, 2.0, 3.0], device=device)
try:
    matrix * per_row
except RuntimeError as error:
    print("RuntimeError:", error)
print((matrix * per_row[:, None]).tolist())
# --8<-- [end:shapes-align-right]


# --8<-- [start:all-pairs]
points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], device=device)
differences = points[:, None] - points[None]  # (3, 1, 2) - (1, 3, 2)
distances = differences.square().sum(dim=-1).sqrt()
print(tuple(differences.shape), distances.tolist())
# --8<-- [end:all-pairs]


# --8<-- [start:keepdim]
square = torch.tensor([[1.0, 1.0, 2.0], [2.0, 1.0, 1.0], [4.0, 2.0, 2.0]])
square = square.to(device)
wrong = square / square.sum(dim=1)  # (3, 3) / (3,): columns, not rows
right = square / square.sum(dim=1, keepdim=True)  # (3, 3) / (3, 1)
print("wrong:", [f"{total:.2f}" for total in wrong.sum(dim=1).tolist()])
print("right:", [f"{total:.2f}" for total in right.sum(dim=1).tolist()])
# --8<-- [end:keepdim]


# --8<-- [start:column-meets-row]
y_hat = torch.tensor([[1.0], [2.0], [3.0]], device=device)  # (3, 1), from a layer
y = torch.tensor([1.0, 2.0, 3.0], device=device)  # (3,)
errors = y_hat - y
print(tuple(errors.shape), f"{errors.square().mean().item():.3f}")
print((y_hat.squeeze(1) - y).square().mean().item())
# --8<-- [end:column-meets-row]


# --8<-- [start:mse-loss-warns]
print(f"{F.mse_loss(y_hat, y).item():.3f}")
# --8<-- [end:mse-loss-warns]


# --8<-- [start:damage-measured]
diabetes = load_diabetes()
X = torch.tensor(diabetes.data).float().to(device) * 21  # std near 1
target = torch.tensor(diabetes.target).float().to(device) / 77


def fitted(target):
    torch.manual_seed(0)
    model = torch.nn.Linear(10, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        (model(X) - target).square().mean().backward()
        optimizer.step()
    return model(X)


print(f"inputs           std {X.std():.2f}")
right, wrong = fitted(target[:, None]), fitted(target)
results = {"measured": target, "(N, 1) - (N, 1)": right, "(N, 1) - (N,)": wrong}
for name, values in results.items():
    print(f"{name:15}  std {values.std():.2f}, mean {values.mean():.2f}")
# --8<-- [end:damage-measured]


# --8<-- [start:check-the-shapes]
def mean_square(y_hat, y):
    assert y_hat.shape == y.shape, (y_hat.shape, y.shape)
    return (y_hat - y).square().mean()


try:
    mean_square(y_hat, y)
except AssertionError as error:
    print("AssertionError:", error)
print(mean_square(y_hat.squeeze(1), y).item())
# --8<-- [end:check-the-shapes]


# --8<-- [start:solution-predict-shapes]
print(tuple((torch.ones(5, 1) + torch.ones(1, 3)).shape))
print(tuple((torch.ones(2, 1, 4) + torch.ones(3, 1)).shape))
print(tuple((torch.ones(1) + torch.ones(2, 3)).shape))
# --8<-- [end:solution-predict-shapes]


# --8<-- [start:solution-normalize-channels]
torch.manual_seed(0)
images = torch.rand(8, 3, 4, 4).to(device)
mean = images.mean(dim=(0, 2, 3))  # (3,)
centered = images - mean[:, None, None]
print([f"{value:.3f}" for value in mean.tolist()])
after = centered.mean(dim=(0, 2, 3))
torch.testing.assert_close(after, torch.zeros(3, device=device))
# --8<-- [end:solution-normalize-channels]


# --8<-- [start:solution-causal-mask]
steps = torch.arange(4, device=device)
visible = steps[:, None] >= steps
print(visible.int().tolist())
# --8<-- [end:solution-causal-mask]
