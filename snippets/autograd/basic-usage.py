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
x = torch.tensor(2.0, requires_grad=True)
y = torch.tensor(3.0, requires_grad=True)
z = x**2 + y**3
print(z)
z.backward()
print("dz/dx:", x.grad)  # 2x
print("dz/dy:", y.grad)  # 3y²
# --8<-- [end:two-inputs]


# --8<-- [start:draw-the-graph]
def draw(node, column, row):
    label, color = type(node).__name__, "C0"
    if label == "AccumulateGrad":  # the end of a path: a leaf
        leaf = "x" if node.variable is x else "y"
        label, color = f"{label}\n{leaf}.grad = {node.variable.grad.item():g}", "C1"
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": color}
    ax.text(column, row, label, ha="center", va="center", bbox=box)
    sources = [source for source, _ in node.next_functions]
    rows = [1, -1] if len(sources) == 2 else [row]  # two inputs: up and down
    for source, to in zip(sources, rows, strict=False):
        arrow = {"arrowstyle": "->", "color": "C1"}
        ax.annotate("", (column - 1.4, to), (column - 0.6, row), arrowprops=arrow)
        draw(source, column - 2, to)


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
    gradient = parameter.grad
    print(f"{name:6} gradient of shape {tuple(gradient.shape)}", end=", ")
    print(f"norm {gradient.norm().item():.3f}")
print("gradient of the data:", X.grad)
# --8<-- [end:shape-of-a-gradient]


# --8<-- [start:gradients-accumulate]
w = torch.tensor(1.0, device=device, requires_grad=True)
(5 * w).backward()
print("after the first call: ", w.grad.item())
(7 * w).backward()
print("after the second call:", w.grad.item())
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
            print(f"reset {reset!s:5} step {step:2}: loss {loss.item():.3f}")


fit(reset=True)
fit(reset=False)
# --8<-- [end:reset-or-not]


# --8<-- [start:several-outputs]
def neighbor_products(x):
    return torch.stack([x[0] * x[1], x[1] * x[2]])


x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
try:
    neighbor_products(x).backward()
except RuntimeError as error:
    print("RuntimeError:", error)
neighbor_products(x).backward(torch.tensor([1.0, 10.0]))
print(x.grad)
# --8<-- [end:several-outputs]


# --8<-- [start:rebuilt-from-numbers]
a = torch.tensor(2.0, requires_grad=True)
rebuilt = torch.tensor([a.item(), 2 * a.item()])
joined = torch.stack([a, 2 * a])
print("rebuilt:", rebuilt)
print("joined: ", joined)
try:
    rebuilt.sum().backward()
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:rebuilt-from-numbers]


# --8<-- [start:ask-without-storing]
x = torch.tensor(3.0, device=device, requires_grad=True)
(slope,) = torch.autograd.grad(x**3, x, create_graph=True)
(curvature,) = torch.autograd.grad(slope, x)
print("first derivative", slope.item(), "second derivative", curvature.item())
print("stored:", x.grad)
# --8<-- [end:ask-without-storing]


# --8<-- [start:unused-input]
used = torch.tensor(2.0, requires_grad=True)
unused = torch.tensor(5.0, requires_grad=True)
try:
    torch.autograd.grad(used**2, [used, unused])
except RuntimeError as error:
    print("RuntimeError: ...", str(error).split(". ")[1])
gradients = torch.autograd.grad(used**2, [used, unused], allow_unused=True)
print("allow_unused:     ", *gradients)
gradients = torch.autograd.grad(used**2, [used, unused], materialize_grads=True)
print("materialize_grads:", *gradients)
# --8<-- [end:unused-input]


# --8<-- [start:only-these-inputs]
first = torch.tensor(2.0, requires_grad=True)
second = torch.tensor(3.0, requires_grad=True)
(first * second).backward(inputs=[first])
print("first:", first.grad, "second:", second.grad)
# --8<-- [end:only-these-inputs]


# --8<-- [start:solution-logistic-by-hand]
torch.manual_seed(0)
X = torch.randn(6, 2).to(device)
y = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 0.0], device=device)
w = torch.zeros(2, device=device, requires_grad=True)
nn.functional.binary_cross_entropy_with_logits(X @ w, y).backward()
by_hand = X.T @ (torch.sigmoid(X @ w) - y) / len(y)
print("by hand: ", [f"{slope:.3f}" for slope in by_hand.tolist()])
print("backward:", [f"{slope:.3f}" for slope in w.grad.tolist()])
# --8<-- [end:solution-logistic-by-hand]


# --8<-- [start:solution-batch-in-parts]
def mean_error(rows):
    return (X[rows] @ w - y[rows]).square().mean()


w.grad = None
(mean_error(slice(0, 4)) * 4 / 6).backward()
(mean_error(slice(4, 6)) * 2 / 6).backward()
(whole,) = torch.autograd.grad(mean_error(slice(0, 6)), w)
print("parts:", [f"{slope:.3f}" for slope in w.grad.tolist()])
print("whole:", [f"{slope:.3f}" for slope in whole.tolist()])
# --8<-- [end:solution-batch-in-parts]


# --8<-- [start:solution-rows-of-the-jacobian]
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
for one_hot in torch.eye(2):
    (row,) = torch.autograd.grad(neighbor_products(x), x, one_hot)
    print(row)
# --8<-- [end:solution-rows-of-the-jacobian]


# --8<-- [start:broken-request]
x = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (x * 2).square().sum()
hidden = x * 2
try:
    print(torch.autograd.grad(loss, hidden))
except RuntimeError as error:
    print("RuntimeError: ...", str(error).split(". ")[1])
# --8<-- [end:broken-request]


# --8<-- [start:solution-request]
hidden = x * 2
loss = hidden.square().sum()
print(torch.autograd.grad(loss, hidden))
# --8<-- [end:solution-request]
