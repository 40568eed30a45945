"""Write models as modules: parameters, buffers, submodules and the state dict."""

# --8<-- [start:setup]
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:simple-nn]
class SimpleNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        x = self.fc1(x)
        x = self.relu(x)
        return self.fc2(x)


model = SimpleNN(input_size=784, hidden_size=128, num_classes=10).to(device)
print(model)
# --8<-- [end:simple-nn]


# --8<-- [start:call-the-model]
x = torch.randn(32, 784).to(device)
logits = model(x)
print("logits", tuple(logits.shape))

handle = model.register_forward_hook(lambda *args: print("hook called"))
model(x)
model.forward(x)  # the same numbers, and no hook
handle.remove()
# --8<-- [end:call-the-model]


# --8<-- [start:named-parameters]
def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


for name, parameter in model.named_parameters():
    print(f"{name:10} {tuple(parameter.shape)} requires_grad={parameter.requires_grad}")
print(f"{count(model):,} parameters")
# --8<-- [end:named-parameters]


# --8<-- [start:parameter-or-buffer]
class Standardize(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))  # learned
        self.mean = nn.Buffer(mean)  # kept, not learned
        self.std = nn.Buffer(std, persistent=False)  # moved, not saved
        self.note = torch.zeros(3)  # an ordinary attribute

    def forward(self, x):
        return self.scale * (x - self.mean) / self.std


data = torch.tensor([[1.0, 10.0, 100.0], [3.0, 30.0, 300.0]])
layer = Standardize(data.mean(dim=0), data.std(dim=0))
print(layer(data))
# --8<-- [end:parameter-or-buffer]


# --8<-- [start:moved-and-saved]
layer.double()  # as layer.to(device) would, on every machine
print("learned:", [name for name, _ in layer.named_parameters()])
print("saved:  ", list(layer.state_dict()))
for name in ("scale", "mean", "std", "note"):
    print(f"{name:6} {getattr(layer, name).dtype}")
# --8<-- [end:moved-and-saved]


# --8<-- [start:plain-list]
class Forgetful(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4) for _ in range(3)]  # not seen
        self.head = nn.Linear(4, 2)


forgetful = Forgetful()
print(forgetful)
kept = sum(map(count, forgetful.layers)) + count(forgetful.head)
print(count(forgetful), "parameters seen of", kept)
# --8<-- [end:plain-list]


# --8<-- [start:module-list]
class Remembering(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.head = nn.Linear(4, 2)


print(count(Remembering()), "parameters seen")
# --8<-- [end:module-list]


# --8<-- [start:super-first]
class Hasty(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(4, 2)  # too early
        super().__init__()


try:
    Hasty()
except AttributeError as error:
    print("AttributeError:", error)
# --8<-- [end:super-first]


# --8<-- [start:module-tree]
fig, ax = plt.subplots(figsize=(4.8, 2.4))
places = {}
for row, (name, module) in enumerate(Remembering().named_modules()):
    path = name.split(".") if name else []
    places[name] = (len(path), -row)
    if path:
        column, top = places[".".join(path[:-1])]
        ax.plot([column, column, column + 0.9], [top - 0.3, -row, -row], "C0")
    ax.text(len(path), -row, f"{name} ({type(module).__name__})".strip(), va="center")
ax.set(xlim=(-0.1, 3.2))
ax.axis("off")
plt.show()
# --8<-- [end:module-tree]


# --8<-- [start:state-dict]
torch.manual_seed(1)  # other weights than the model's
twin = SimpleNN(784, 128, 10).to(device)
print(f"before: outputs differ by {(model(x) - twin(x)).abs().max():.2f}")
print(twin.load_state_dict(model.state_dict()))
print(f"after:  outputs differ by {(model(x) - twin(x)).abs().max():.2f}")
# --8<-- [end:state-dict]


# --8<-- [start:solution-module-dict]
class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict({"age": nn.Linear(8, 1), "price": nn.Linear(8, 1)})


for name, parameter in TwoHeads().named_parameters():
    print(name, tuple(parameter.shape))
# --8<-- [end:solution-module-dict]


# --8<-- [start:solution-any-depth]
class DeepNN(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)


deep = DeepNN(784, 128, 64, 10).to(device)
print("logits", tuple(deep(x).shape), f"from {count(deep):,} parameters")
# --8<-- [end:solution-any-depth]


# --8<-- [start:solution-counting-buffer]
class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.batches = nn.Buffer(torch.tensor(0))

    def forward(self, x):
        self.batches += 1
        return x


counter = Counter().to(device)
for _ in range(3):
    counter(x)
print("batches seen:", counter.state_dict()["batches"].item())
print("parameters:", list(counter.parameters()))
# --8<-- [end:solution-counting-buffer]


# --8<-- [start:diagnosis-flat-loss]
class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 32)

    def forward(self, x):
        return nn.Linear(32, 1).to(x.device)(self.hidden(x).relu())


def losses_of(net):
    """Train for 300 steps; return the loss of every hundredth."""
    torch.manual_seed(0)
    X = torch.randn(64, 8).to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(301):
        loss = (net(X).squeeze(1) - X[:, 0]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [f"{loss:.2f}" for loss in losses[::100]]


# --8<-- [end:diagnosis-flat-loss]


# --8<-- [start:diagnosis-run]
torch.manual_seed(0)
print("losses:", *losses_of(Scorer().to(device)))
# --8<-- [end:diagnosis-run]


# --8<-- [start:solution-layer-in-init]
class FixedScorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return self.out(self.hidden(x).relu())


torch.manual_seed(0)
print(f"{count(Scorer())} parameters before, {count(FixedScorer())} now")
print("losses:", *losses_of(FixedScorer().to(device)))
# --8<-- [end:solution-layer-in-init]
