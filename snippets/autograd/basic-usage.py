"""Compute gradients with backward: one output, several outputs, more than once."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:two-inputs]
x = torch.tensor(2.0, device=device, requires_grad=True)
y = torch.tensor(3.0, device=device, requires_grad=True)
z = x**2 + y**3
z.backward()
print("z =", z.item())
print("dz/dx =", x.grad.item())  # 2x
print("dz/dy =", y.grad.item())  # 3y²
# --8<-- [end:two-inputs]


# --8<-- [start:draw-the-graph]
def draw(node, column, row):
    label, color = type(node).__name__, "C0"
    if label == "AccumulateGrad":  # the end of a path: a leaf
        name = "x" if node.variable is x else "y"
        label, color = f"{label}\n{name}.grad = {node.variable.grad.item():g}", "C1"
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": color}
    ax.text(column, row, label, ha="center", va="center", bbox=box)
    for side, (source, _) in enumerate(node.next_functions):
        to = column - 2, row or 1 - 2 * side
        arrow = {"arrowstyle": "->", "color": "C1"}
        ax.annotate("", (to[0] + 0.6, to[1]), (column - 0.6, row), arrowprops=arrow)
        draw(source, *to)


fig, ax = plt.subplots(figsize=(6.4, 2.2))
draw(z.grad_fn, 4, 0)
ax.set(xlim=(-0.7, 4.7), ylim=(-1.5, 1.5))
ax.axis("off")
plt.show()
# --8<-- [end:draw-the-graph]


# --8<-- [start:shape-of-a-gradient]
X = torch.randn(8, 3).to(device)
model = nn.Linear(3, 2).to(device)
model(X).square().mean().backward()
for name, parameter in model.named_parameters():
    slopes = parameter.grad
    print(name, tuple(parameter.shape), tuple(slopes.shape), f"{slopes.norm():.3f}")
print(X.grad)
# --8<-- [end:shape-of-a-gradient]


# --8<-- [start:gradients-accumulate]
w = torch.tensor(1.0, device=device, requires_grad=True)
(5 * w).backward()
(7 * w).backward()
print(w.grad.item())
# --8<-- [end:gradients-accumulate]


# --8<-- [start:reset-or-not]
X = torch.linspace(-1, 1, 20, device=device)[:, None]


def fit(reset):
    torch.manual_seed(0)
    line = nn.Linear(1, 1).to(device)
    optimizer = torch.optim.SGD(line.parameters(), lr=0.1)
    for step in range(31):
        if reset:
            optimizer.zero_grad()
        loss = (line(X) - (3 * X - 1)).square().mean()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"reset={reset} step {step}: loss {loss.item():.3f}")


fit(reset=True)
fit(reset=False)
# --8<-- [end:reset-or-not]


# --8<-- [start:several-outputs]
def neighbor_products(x):
    return torch.stack([x[0] * x[1], x[1] * x[2]])


x = torch.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
try:
    neighbor_products(x).backward()
except RuntimeError as error:
    print("RuntimeError:", error)
neighbor_products(x).backward(torch.tensor([1.0, 10.0], device=device))
print(x.grad.tolist())
# --8<-- [end:several-outputs]


# --8<-- [start:rebuilt-from-numbers]
a = torch.tensor(2.0, device=device, requires_grad=True)
rebuilt = torch.tensor([a.item(), 2 * a.item()], device=device)
joined = torch.stack([a, 2 * a])
print(rebuilt.tolist(), joined.tolist())
try:
    rebuilt.sum().backward()
except RuntimeError as error:
    print("RuntimeError:", error)
joined.sum().backward()
print(a.grad.item())
# --8<-- [end:rebuilt-from-numbers]


# --8<-- [start:ask-without-storing]
x = torch.tensor(3.0, device=device, requires_grad=True)
(slope,) = torch.autograd.grad(x**3, x, create_graph=True)
(bend,) = torch.autograd.grad(slope, x)
print(slope.item(), bend.item(), x.grad)  # 3x², 6x
# --8<-- [end:ask-without-storing]


# --8<-- [start:solution-logistic-by-hand]
torch.manual_seed(0)
X = torch.randn(6, 2).to(device)
y = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 0.0], device=device)
w = torch.zeros(2, device=device, requires_grad=True)
nn.functional.binary_cross_entropy_with_logits(X @ w, y).backward()
by_hand = X.T @ (torch.sigmoid(X @ w) - y) / len(y)
torch.testing.assert_close(w.grad, by_hand)
print([f"{g:.3f}" for g in by_hand.tolist()])
# --8<-- [end:solution-logistic-by-hand]


# --8<-- [start:solution-batch-in-parts]
def mean_error(rows):
    return (X[rows] @ w - y[rows]).square().mean()


w.grad = None
(mean_error(slice(0, 4)) * 4 / 6).backward()
(mean_error(slice(4, 6)) * 2 / 6).backward()
torch.testing.assert_close(w.grad, torch.autograd.grad(mean_error(slice(None)), w)[0])
print("parts and whole:", [f"{slope:.3f}" for slope in w.grad.tolist()])
# --8<-- [end:solution-batch-in-parts]


# --8<-- [start:solution-rows-of-the-jacobian]
x = torch.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
for one_hot in torch.eye(2, device=device):
    (row,) = torch.autograd.grad(neighbor_products(x), x, one_hot)
    print(row.tolist())
# --8<-- [end:solution-rows-of-the-jacobian]
