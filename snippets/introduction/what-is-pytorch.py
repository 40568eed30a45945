"""See what PyTorch does for you: derivatives, devices, and captured programs."""

# --8<-- [start:setup]
import statistics
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:data-to-predict]
X, y = load_diabetes(return_X_y=True, scaled=False)
print(f"{len(X)} people, mean age {X[:, 0].mean():.1f}")
X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
y = ((y - y.mean()) / y.std()).astype(np.float32)[:, None]
print(X.shape, y.shape)
# --8<-- [end:data-to-predict]


# --8<-- [start:train-with-pytorch]
def build_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, 8), nn.Tanh(), nn.Linear(8, 1))


model = build_model().to(device)
inputs, targets = torch.from_numpy(X).to(device), torch.from_numpy(y).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(100):
    loss = nn.functional.mse_loss(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.3f}")
# --8<-- [end:train-with-pytorch]


# --8<-- [start:same-in-numpy]
W, b, V, c = (p.detach().numpy().copy() for p in build_model().parameters())
for _ in range(100):
    hidden = np.tanh(X @ W.T + b)
    error = hidden @ V.T + c - y
    loss_by_hand = (error**2).mean()
    d_output = 2 * error / len(X)  # the derivatives, worked out on paper
    d_hidden = (d_output @ V) * (1 - hidden**2)
    V -= 0.1 * d_output.T @ hidden
    c -= 0.1 * d_output.sum(axis=0)
    W -= 0.1 * d_hidden.T @ X
    b -= 0.1 * d_hidden.sum(axis=0)
pairs = zip((W, b, V, c), model.parameters(), strict=True)
differences = [abs(ours - p.numpy(force=True)).max() for ours, p in pairs]
print(f"loss {loss_by_hand:.3f}, largest difference {max(differences):.3f}")
# --8<-- [end:same-in-numpy]


# --8<-- [start:time-a-product]
def milliseconds(size, device):
    a = torch.ones(size, size, device=device)
    a @ a  # warm up
    times = []
    for _ in range(5):
        torch.accelerator.synchronize()
        start = time.perf_counter()
        a @ a
        torch.accelerator.synchronize()  # wait until the GPU is done
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


# --8<-- [end:time-a-product]


# --8<-- [start:cpu-against-gpu]
for size in (100, 1000, 4000):
    cpu, gpu = milliseconds(size, "cpu"), milliseconds(size, device)
    print(f"{size:4} x {size:4}: CPU {cpu:6.2f} ms, GPU {gpu:6.2f} ms")
# --8<-- [end:cpu-against-gpu]


# --8<-- [start:capture-the-operations]
def show_operations(graph, inputs):
    called = [node.target for node in graph.graph.nodes if node.op.startswith("call")]
    print([getattr(target, "__name__", target) for target in called])
    return graph.forward  # a real compiler would return faster code


def score(x):
    y = x.sin()
    return (y * y + x).relu().sum()


x = torch.ones(3, device=device)
compiled = torch.compile(score, backend=show_operations)
for inputs in x, x + 1:
    eager, captured = score(inputs).item(), compiled(inputs).item()
    print(f"eager {eager:.3f}, compiled {captured:.3f}")
# --8<-- [end:capture-the-operations]


# --8<-- [start:stack-diagram]
layers = [
    ("your program", "models, training loop, experiments"),
    ("torch.nn, torch.optim, torch.utils.data", "building blocks, in Python"),
    ("tensors, autograd, torch.compile", "what the building blocks are made of"),
    ("dispatcher", "picks the code for this operation and device"),
    ("kernels: CPU, CUDA, ROCm, XPU, MPS", "the code that runs on each device"),
]
fig, ax = plt.subplots(figsize=(6.4, 3.4))
for number, (name, role) in enumerate(layers):
    box = plt.Rectangle((0, -number), 1, 0.9, color=f"C{number}", alpha=0.25)
    ax.add_patch(box)
    ax.text(0.5, 0.58 - number, name, ha="center", va="center", weight="bold")
    ax.text(0.5, 0.25 - number, role, ha="center", va="center")
ax.set(xlim=(0, 1), ylim=(-4.05, 0.95))
ax.axis("off")
plt.show()
# --8<-- [end:stack-diagram]


# --8<-- [start:solution-another-activation]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))
nn.functional.mse_loss(model(torch.from_numpy(X)), torch.from_numpy(y)).backward()

W, b, V, c = (p.detach().numpy() for p in model.parameters())
hidden = np.maximum(X @ W.T + b, 0)
d_output = 2 * (hidden @ V.T + c - y) / len(X)
d_hidden = (d_output @ V) * (hidden > 0)  # was (1 - hidden**2)
difference = abs(d_hidden.T @ X - model[0].weight.grad.numpy()).max()
print(f"largest difference of the gradients: {difference:.4f}")
# --8<-- [end:solution-another-activation]


# --8<-- [start:solution-broken-shape]
layer = nn.Linear(10, 8)
try:
    layer(torch.randn(5, 9))
except RuntimeError as error:
    print("RuntimeError:", str(error).split(": ")[-1])
# --8<-- [end:solution-broken-shape]


# --8<-- [start:solution-wrong-derivative]
def train_by_hand(derivative, steps):
    W, b, V, c = (p.detach().numpy().copy() for p in build_model().parameters())
    for _ in range(steps):
        hidden = np.maximum(X @ W.T + b, 0)  # ReLU
        error = hidden @ V.T + c - y
        d_output = 2 * error / len(X)
        d_hidden = (d_output @ V) * derivative(hidden)
        V -= 0.1 * d_output.T @ hidden
        c -= 0.1 * d_output.sum(axis=0)
        W -= 0.1 * d_hidden.T @ X
        b -= 0.1 * d_hidden.sum(axis=0)
    return (error**2).mean()


for steps in (10, 100):
    wrong = train_by_hand(lambda h: 1 - h**2, steps)  # still that of tanh
    right = train_by_hand(lambda h: h > 0, steps)
    print(f"after {steps} steps: wrong {wrong:.2f}, right {right:.2f}")
# --8<-- [end:solution-wrong-derivative]
