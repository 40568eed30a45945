"""Follow one broken program from its symptom to the line, step by step."""

# --8<-- [start:setup]
import math
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:the-model]
def unit_length(x):
    """Return the rows of x, each divided by its length."""
    return x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-6)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Linear(64, 64, bias=False), nn.ReLU()]
        self.encoder = nn.Sequential(*layers, nn.Linear(64, 64, bias=False))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        features = unit_length(self.encoder(x).data)
        return self.head(features)


# --8<-- [end:the-model]


# --8<-- [start:the-program]
digits = load_digits()
order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
X = (torch.tensor(digits.data, dtype=torch.float32)[order] / 16).to(device)
y = torch.tensor(digits.target)[order].to(device)
X[7] = 0.0  # one scan has failed
X_train, y_train, X_val, y_val = X[:500], y[:500], X[500:1000], y[500:1000]


def train(model, epochs=30):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for epoch in range(epochs):
        for rows in torch.randperm(len(X_train)).split(50):
            loss = F.cross_entropy(model(X_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 10 == 9:
            right = (model(X_val).argmax(dim=1) == y_val).float().mean()
            print(f"epoch {epoch + 1}: loss {loss:.2f}, accuracy {right:.2f}")


# --8<-- [end:the-program]


# --8<-- [start:symptom]
torch.manual_seed(0)
train(Classifier().to(device))
# --8<-- [end:symptom]


# --8<-- [start:baselines]
most_common = y_train.bincount().argmax()
means = torch.stack([X_train[y_train == c].mean(dim=0) for c in range(10)])
nearest_mean = torch.cdist(X_val, means).argmin(dim=1)
nearest_image = y_train[torch.cdist(X_val, X_train).argmin(dim=1)]
print(f"always the same: accuracy {(y_val == most_common).float().mean():.2f}")
print(f"nearest class mean: accuracy {(nearest_mean == y_val).float().mean():.2f}")
print(f"nearest image: accuracy {(nearest_image == y_val).float().mean():.2f}")
# --8<-- [end:baselines]


# --8<-- [start:look-at-the-batch]
batch, target = X_train[:50], y_train[:50]
print(tuple(batch.shape), batch.dtype, tuple(target.shape), target.dtype)
print(f"from {batch.min():.2f} to {batch.max():.2f}, mean {batch.mean():.2f}")
print(f"not finite: {(~batch.isfinite()).sum().item()}")
print("labels", target.bincount(minlength=10).tolist())
blank = (batch.amax(dim=1) == 0).nonzero().flatten().tolist()
print("rows without any ink", blank)
# --8<-- [end:look-at-the-batch]


# --8<-- [start:see-the-batch]
fig, axes = plt.subplots(1, 8, figsize=(6.4, 1.3))
for ax, image, label in zip(axes, batch[:8].tolist(), target.tolist(), strict=False):
    ax.imshow(torch.tensor(image).reshape(8, 8).numpy(), cmap="gray", vmin=0, vmax=1)
    ax.set_title(label)
    ax.axis("off")
plt.show()
# --8<-- [end:see-the-batch]


# --8<-- [start:loss-at-the-start]
torch.manual_seed(0)
model = Classifier().to(device)
with torch.no_grad():
    start = F.cross_entropy(model(X_train), y_train).item()
print(f"loss at the start {start:.2f}, ln(10) is {math.log(10):.2f}")
# --8<-- [end:loss-at-the-start]


# --8<-- [start:overfit-one-batch]
def overfit(model, steps=300):
    """Return the losses while the model learns 49 images by heart."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(X_train[8:57]), y_train[8:57])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


torch.manual_seed(0)
broken = overfit(Classifier().to(device))
for step in (0, 50, 100, 200, 299):
    print(f"step {step}: loss {broken[step]:.2f}")
# --8<-- [end:overfit-one-batch]


# --8<-- [start:gradients-per-layer]
def show_gradients(model):
    """Print the norm of each parameter's gradient after one backward."""
    model.zero_grad()
    F.cross_entropy(model(X_train[8:57]), y_train[8:57]).backward()
    for name, parameter in model.named_parameters():
        grad = parameter.grad
        print(f"{name:17} {'None' if grad is None else f'{grad.norm():.3f}'}")


torch.manual_seed(0)
show_gradients(Classifier().to(device))
# --8<-- [end:gradients-per-layer]


# --8<-- [start:follow-the-graph]
model = Classifier().to(device)
hidden = model.encoder(X_train[8:57])
features = unit_length(hidden.data)
logits = model.head(features)
for name, tensor in (("hidden", hidden), ("features", features), ("logits", logits)):
    node = type(tensor.grad_fn).__name__ if tensor.grad_fn else "no grad_fn"
    print(f"{name}: requires_grad {tensor.requires_grad}, {node}")
# --8<-- [end:follow-the-graph]


# --8<-- [start:one-change]
class Connected(Classifier):
    def forward(self, x):
        features = unit_length(self.encoder(x))  # .data is gone
        return self.head(features)


torch.manual_seed(0)
show_gradients(Connected().to(device))
train(Connected().to(device))
# --8<-- [end:one-change]


# --8<-- [start:anomaly-mode]
model = Connected().to(device)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with torch.autograd.set_detect_anomaly(True):
        try:
            F.cross_entropy(model(X_train[:50]), y_train[:50]).backward()
        except RuntimeError as error:
            print("RuntimeError:", error)
trace = "".join(str(warning.message) for warning in caught).splitlines()
print(*[line.strip() for line in trace if "sqrt" in line], sep="\n")
# --8<-- [end:anomaly-mode]


# --8<-- [start:shrink-the-data]
rows = list(range(50))
while len(rows) > 1:
    half = rows[: len(rows) // 2]
    model.zero_grad()
    F.cross_entropy(model(X_train[half]), y_train[half]).backward()
    finite = all(p.grad.isfinite().all() for p in model.parameters())
    rows = rows[len(rows) // 2 :] if finite else half
    print(f"rows {rows[0]} to {rows[-1]} cause the nan")
# --8<-- [end:shrink-the-data]


# --8<-- [start:make-it-small]
x = torch.zeros(1, 2, requires_grad=True)
y_hat = x / (x.square().sum().sqrt() + 1e-6)
y_hat.sum().backward()
print("output", y_hat.tolist(), "gradient", x.grad.tolist())
# --8<-- [end:make-it-small]


# --8<-- [start:second-change]
class Repaired(Classifier):
    def forward(self, x):
        features = F.normalize(self.encoder(x), dim=1)
        return self.head(features)


torch.manual_seed(0)
train(Repaired().to(device))
# --8<-- [end:second-change]


# --8<-- [start:before-and-after]
torch.manual_seed(0)
repaired = overfit(Repaired().to(device))
fig, ax = plt.subplots(figsize=(6.4, 2.6))
ax.plot(broken, label="broken")
ax.plot(repaired, label="repaired")
ax.axhline(math.log(10), color="C7", linestyle=":", label="ln(10)")
ax.set_xlabel("step on one batch")
ax.set_ylabel("loss")
ax.legend()
plt.show()
# --8<-- [end:before-and-after]


# --8<-- [start:solution-other-starts]
torch.manual_seed(0)
zeros = torch.zeros(10_000)  # what a network with small outputs begins with
coins = torch.randint(2, (10_000,)).float()
standardized = torch.randn(10_000)
rare = (torch.rand(10_000) < 0.01).float()
print(f"two classes {F.binary_cross_entropy_with_logits(zeros, coins):.3f}")
print(f"standardized targets {F.mse_loss(zeros, standardized):.2f}")
print(f"one in a hundred {F.binary_cross_entropy_with_logits(zeros, rare):.3f}")
prior = torch.full((10_000,), math.log(0.01 / 0.99))  # as a bias of the last layer
print(f"with that bias {F.binary_cross_entropy_with_logits(prior, rare):.3f}")
# --8<-- [end:solution-other-starts]


# --8<-- [start:solution-too-deep]
torch.manual_seed(0)
layers = [layer for _ in range(8) for layer in (nn.Linear(64, 64), nn.Sigmoid())]
model = nn.Sequential(*layers, nn.Linear(64, 10)).to(device)
F.cross_entropy(model(X_train[8:57]), y_train[8:57]).backward()
for i in (0, 4, 8, 12, 16):
    print(f"layer {i:2}: gradient {model[i].weight.grad.norm():.0e}")
# --8<-- [end:solution-too-deep]


# --8<-- [start:solution-smallest-program]
scores = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
mask = torch.tensor([[True, True, False], [False, False, False]])
weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=1)
print(weights)
# --8<-- [end:solution-smallest-program]
