"""Compose models from parts: Sequential, nesting, skip connections, lazy layers."""

# --8<-- [start:setup]
from collections import OrderedDict

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:layers-in-order]
classifier = nn.Sequential(
    nn.Linear(784, 256),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(256, 128),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(128, 10),
).to(device)
x = torch.randn(32, 784).to(device)
print("scores", tuple(classifier(x).shape))
# --8<-- [end:layers-in-order]


# --8<-- [start:index-and-slice]
features = classifier[:-1]  # everything but the last layer
print(len(classifier), "layers, the first:", classifier[0])
print(len(features), "layers give", tuple(features(x).shape))
with torch.no_grad():
    features[0].bias.fill_(0.5)
print("first bias of the whole model:", classifier[0].bias[0].item())
# --8<-- [end:index-and-slice]


# --8<-- [start:name-the-layers]
named = nn.Sequential(
    OrderedDict(hidden=nn.Linear(784, 64), act=nn.ReLU(), out=nn.Linear(64, 10))
).to(device)
print(named.out, named.act, named(x).shape)
print(list(named.state_dict()))
print(list(classifier.state_dict()))
# --8<-- [end:name-the-layers]


# --8<-- [start:dropout-listens-to-mode]
for mode in ("train", "eval"):
    classifier.train(mode == "train")
    difference = (classifier(x) - classifier(x)).abs().max()
    print(f"{mode:5} mode: two passes differ by {difference:.2f}")
# --8<-- [end:dropout-listens-to-mode]


# --8<-- [start:nest-blocks]
def dense(n_in, n_out, p=0.3):
    return nn.Sequential(nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(p))


nested = nn.Sequential(dense(784, 256), dense(256, 128), nn.Linear(128, 10)).to(device)
print(list(nested.state_dict()))
print(nested(x).shape)
# --8<-- [end:nest-blocks]


# --8<-- [start:one-layer-three-times]
torch.manual_seed(0)
shared = nn.Sequential(*[nn.Linear(8, 8)] * 3)
separate = nn.Sequential(*[nn.Linear(8, 8) for _ in range(3)])
for name, stack in (("shared", shared), ("separate", separate)):
    numbers = sum(parameter.numel() for parameter in stack.parameters())
    print(f"{name}: {len(stack)} layers, {numbers} parameters")
# --8<-- [end:one-layer-three-times]


# --8<-- [start:residual]
class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


block = Residual(nn.Sequential(nn.Linear(784, 784), nn.ReLU())).to(device)
print("block", tuple(block(x).shape), "inner", tuple(block.inner(x).shape))
# --8<-- [end:residual]


# --8<-- [start:gradient-through-depth]
def gradient_norms(residual, depth=30):
    """Return gradient norms at the blocks' inputs, and the spread of the output."""
    torch.manual_seed(0)
    h = torch.randn(16, 32).to(device).requires_grad_()
    inputs = []
    for _ in range(depth):
        block = nn.Sequential(nn.Linear(32, 32), nn.Tanh()).to(device)
        h.retain_grad()
        inputs.append(h)
        h = h + block(h) if residual else block(h)
    h.square().mean().backward()
    last = inputs[-1].grad.norm()
    return [(x.grad.norm() / last).item() for x in inputs], h.std().item()


for residual in (False, True):
    ratios, spread = gradient_norms(residual)
    shown = [f"{ratios[block - 1]:.2e}" for block in (30, 20, 10, 1)]
    print("residual" if residual else "plain   ", *shown, f"output {spread:.2f}")
# --8<-- [end:gradient-through-depth]


# --8<-- [start:lazy-width]
images = torch.randn(1, 3, 32, 32).to(device)
lazy = nn.Sequential(
    nn.Conv2d(3, 8, kernel_size=3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10)
).to(device)
print(lazy[-1])
print(lazy(images).shape)  # one dry run fixes the width
print(lazy[-1])
# --8<-- [end:lazy-width]


# --8<-- [start:tuple-in-the-middle]
lstm, scores = nn.LSTM(8, 16).to(device), nn.Linear(16, 2).to(device)
sequence = torch.randn(5, 4, 8).to(device)  # (time, batch, width)
print(len(lstm(sequence)), "things, the first", lstm(sequence)[0].shape)
try:
    nn.Sequential(lstm, scores)(sequence)
except TypeError as error:
    print("TypeError:", error)
# --8<-- [end:tuple-in-the-middle]


# --8<-- [start:solution-take-the-output]
class FirstOutput(nn.Module):
    def forward(self, outputs):
        return outputs[0]


tagger = nn.Sequential(lstm, FirstOutput(), scores)
print("scores", tuple(tagger(sequence).shape))
# --8<-- [end:solution-take-the-output]


# --8<-- [start:solution-residual-projection]
class Project(nn.Module):
    def __init__(self, inner, n_in, n_out):
        super().__init__()
        self.inner = inner
        self.skip = nn.Identity() if n_in == n_out else nn.Linear(n_in, n_out)

    def forward(self, x):
        return self.skip(x) + self.inner(x)


narrowing = Project(dense(784, 64), 784, 64).to(device)
even = Project(dense(64, 64), 64, 64).to(device)
print("output", tuple(even(narrowing(x)).shape))
print("skips", even.skip, narrowing.skip)
# --8<-- [end:solution-residual-projection]


# --8<-- [start:diagnosis-flat-loss]
def fit(net):
    """Train on classes that depend on two inputs; return loss and accuracy."""
    torch.manual_seed(0)
    X = torch.randn(256, 16).to(device)
    y = (X[:, 0] * X[:, 1] > 0).long()
    net.to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(300):
        loss = nn.functional.cross_entropy(net(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    accuracy = (net(X).argmax(dim=1) == y).float().mean()
    return f"loss {loss:.2f}, accuracy {accuracy:.2f}"


# --8<-- [end:diagnosis-flat-loss]


# --8<-- [start:diagnosis-run]
torch.manual_seed(0)
net = nn.Sequential(
    nn.Linear(16, 32),
    nn.Linear(32, 32),
    nn.Linear(32, 2),
    nn.ReLU(),
)
print(fit(net))
# --8<-- [end:diagnosis-run]


# --8<-- [start:solution-order-of-layers]
torch.manual_seed(0)
net = nn.Sequential(
    nn.Linear(16, 32),
    nn.ReLU(),
    nn.Linear(32, 32),
    nn.ReLU(),
    nn.Linear(32, 2),
)
print(fit(net))
# --8<-- [end:solution-order-of-layers]
