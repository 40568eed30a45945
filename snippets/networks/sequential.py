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
print(classifier(x).shape)
# --8<-- [end:layers-in-order]


# --8<-- [start:index-and-slice]
features = classifier[:-1]  # everything but the last layer
print(len(classifier), classifier[0])
print(features(x).shape, features[0] is classifier[0])
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
classifier.train()
print("train mode repeats:", torch.equal(classifier(x), classifier(x)))
classifier.eval()
print("eval mode repeats:", torch.equal(classifier(x), classifier(x)))
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
for stack in (shared, separate):
    print(len(stack), sum(parameter.numel() for parameter in stack.parameters()))
# --8<-- [end:one-layer-three-times]


# --8<-- [start:residual]
class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


block = Residual(nn.Sequential(nn.Linear(784, 784), nn.ReLU())).to(device)
print(block(x).shape, torch.equal(block(x), x + block.inner(x)))
# --8<-- [end:residual]


# --8<-- [start:gradient-through-depth]
def first_gradient(residual, depth=30):
    """Return the size of the gradient that reaches the first weight."""
    torch.manual_seed(0)
    blocks = [nn.Sequential(nn.Linear(32, 32), nn.Tanh()) for _ in range(depth)]
    chain = map(Residual, blocks) if residual else blocks
    model = nn.Sequential(*chain).to(device)
    model(torch.randn(16, 32).to(device)).pow(2).mean().backward()
    return blocks[0][0].weight.grad.norm().item()


print(f"plain:    {first_gradient(residual=False):.2e}")
print(f"residual: {first_gradient(residual=True):.2e}")
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
print(tagger(sequence).shape)
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
print(even(narrowing(x)).shape, even.skip, narrowing.skip)
# --8<-- [end:solution-residual-projection]
