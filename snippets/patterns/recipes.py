"""Small recipes: freeze, tie, combine losses, balance classes, and more."""

# --8<-- [start:setup]
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:freeze-the-backbone]
torch.manual_seed(0)
backbone = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU()).to(device)
head = nn.Linear(16, 3).to(device)
model = nn.Sequential(backbone, head)
backbone.requires_grad_(False)
trainable = [w for w in model.parameters() if w.requires_grad]
optimizer = torch.optim.AdamW(trainable)
numbers = sum(w.numel() for w in trainable)
print(len(trainable), "tensors with", numbers, "numbers to train")
# --8<-- [end:freeze-the-backbone]


# --8<-- [start:frozen-but-moving]
x, y = torch.randn(32, 8).to(device) + 2, torch.randint(0, 3, (32,)).to(device)
for mode in ("train", "eval"):
    before = copy.deepcopy(model.state_dict())
    backbone.train(mode == "train")
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"backbone in {mode} mode, moved:")
    for name, value in model.state_dict().items():
        if not torch.equal(value, before[name]):
            print("  ", name)
# --8<-- [end:frozen-but-moving]


# --8<-- [start:two-losses]
torch.manual_seed(0)
body, classes, size = nn.Linear(8, 16), nn.Linear(16, 3), nn.Linear(16, 1)
model = nn.ModuleList([body, classes, size]).to(device)
sizes = torch.rand(32).to(device) * 100
features = body(x).relu()
losses = {
    "class": F.cross_entropy(classes(features), y),
    "size": F.mse_loss(size(features).squeeze(1), sizes),
}
for name, loss in losses.items():
    (gradient,) = torch.autograd.grad(loss, body.weight, retain_graph=True)
    print(f"{name:5} loss {loss:6.1f}, gradient norm {gradient.norm():5.1f}")
# --8<-- [end:two-losses]


# --8<-- [start:weigh-the-losses]
weights = {"class": 1.0, "size": 0.005}
total = sum(weights[name] * loss for name, loss in losses.items())
total.backward()  # once, for both
print(f"together: gradient norm {body.weight.grad.norm():.2f}")
# --8<-- [end:weigh-the-losses]


# --8<-- [start:balance-with-a-sampler]
torch.manual_seed(0)
labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
dataset = TensorDataset(torch.randn(1000, 8), labels)
per_class = 1 / labels.bincount()  # rare classes weigh more
sampler = WeightedRandomSampler(per_class[labels], num_samples=1000)
loader = DataLoader(dataset, batch_size=50, sampler=sampler)
drawn = torch.cat([y for _, y in loader])
print("in the data:", labels.bincount().tolist())
print("drawn in", len(loader), "batches:", drawn.bincount().tolist())
# --8<-- [end:balance-with-a-sampler]


# --8<-- [start:weights-of-classes-by-mistake]
sampler = WeightedRandomSampler(per_class, num_samples=1000)
print(len(sampler), "draws of the items", sorted(set(sampler)))
# --8<-- [end:weights-of-classes-by-mistake]


# --8<-- [start:tie-the-weights]
class TinyLanguageModel(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.unembed = nn.Linear(width, vocabulary, bias=False)
        self.unembed.weight = self.embed.weight  # the Parameter, not its values

    def forward(self, tokens):
        return self.unembed(self.embed(tokens))  # (batch, time, vocabulary)


torch.manual_seed(0)
model = TinyLanguageModel(vocabulary=50, width=8).to(device)
numbers = sum(w.numel() for w in model.parameters())
print(numbers, "numbers in", list(model.state_dict()))
# --8<-- [end:tie-the-weights]


# --8<-- [start:first-loss-of-tied-weights]
torch.manual_seed(0)
model = TinyLanguageModel(vocabulary=10_000, width=256)
tokens = torch.randint(0, 10_000, (4, 16))


def first_loss(model):
    logits = model(tokens[:, :-1].to(device))
    return F.cross_entropy(logits.mT, tokens[:, 1:].to(device))


print(f"started with N(0, 1): loss {first_loss(model.to(device)):.1f}")
with torch.no_grad():
    model.embed.weight *= 0.02
print(f"started with N(0, 0.02): loss {first_loss(model):.2f}")
print(f"a guess among 10,000: {math.log(10_000):.2f}")
# --8<-- [end:first-loss-of-tied-weights]


# --8<-- [start:decay-matrices-only]
model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 3)).to(device)
decay, no_decay = [], []
for name, parameter in model.named_parameters():
    group = decay if parameter.ndim >= 2 else no_decay
    group.append((name, parameter))
groups = [
    {"params": [parameter for _, parameter in decay], "weight_decay": 0.1},
    {"params": [parameter for _, parameter in no_decay], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=0.002)
print("decay:   ", [name for name, _ in decay])
print("no decay:", [name for name, _ in no_decay])
odd = nn.LayerNorm((8, 8)).weight
print("but the scale of LayerNorm((8, 8)) has", odd.ndim, "axes")
# --8<-- [end:decay-matrices-only]


# --8<-- [start:take-features-out]
kept = {}


def keep(module, inputs, output):
    kept["norm"] = output.detach()


handle = model[1].register_forward_hook(keep)
model(x)
handle.remove()
model(x[:2])  # not kept any more
print("kept", tuple(kept["norm"].shape), "from the first call")
# --8<-- [end:take-features-out]


# --8<-- [start:solution-unfreeze-slowly]
optimizer = torch.optim.AdamW(head.parameters(), lr=0.01)
F.cross_entropy(head(backbone(x)), y).backward()
optimizer.step()
backbone.requires_grad_(True)
optimizer.add_param_group({"params": backbone.parameters(), "lr": 0.001})
for group in optimizer.param_groups:
    known = sum(w in optimizer.state for w in group["params"])
    print(len(group["params"]), "tensors at", group["lr"], "with averages:", known)
# --8<-- [end:solution-unfreeze-slowly]


# --8<-- [start:solution-weigh-the-loss]
torch.manual_seed(0)
inputs, labels = dataset.tensors
logits = nn.Linear(8, 3)(inputs)
weighted = F.cross_entropy(logits, labels, weight=per_class)
one_by_one = []
for number in range(3):
    mine = labels == number
    one_by_one.append(F.cross_entropy(logits[mine], labels[mine]))
print("per class:", [f"{loss:.3f}" for loss in one_by_one])
print(f"their mean {torch.stack(one_by_one).mean():.3f}, weighted loss {weighted:.3f}")
# --8<-- [end:solution-weigh-the-loss]


# --8<-- [start:solution-tie-survives]
def count(model):
    return sum(w.numel() for w in model.parameters())  # a shared one counts once


torch.manual_seed(0)
trained = TinyLanguageModel(50, 8)
loaded = TinyLanguageModel(50, 8)
loaded.load_state_dict(trained.state_dict())
assigned = TinyLanguageModel(50, 8)
assigned.load_state_dict(trained.state_dict(), assign=True)
print("loaded  ", count(loaded))
print("deepcopy", count(copy.deepcopy(trained)))
print("assign  ", count(assigned))
assigned.unembed.weight = assigned.embed.weight
print("tied again", count(assigned))
# --8<-- [end:solution-tie-survives]


# --8<-- [start:diagnosis-part-that-stays]
def train_both(combine):
    """Train body and heads for 200 steps; return the two losses."""
    torch.manual_seed(0)
    body, classes, size = nn.Linear(8, 16), nn.Linear(16, 3), nn.Linear(16, 1)
    net = nn.ModuleList([body, classes, size]).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(200):
        features = body(x).relu()
        class_loss = F.cross_entropy(classes(features), y)
        size_loss = F.mse_loss(size(features).squeeze(1), sizes / 100)
        optimizer.zero_grad()
        combine(class_loss, size_loss).backward()
        optimizer.step()
    return f"class {class_loss:.2f}, size {size_loss:.2f}"


def total_loss(class_loss, size_loss):
    return class_loss + 0.5 * size_loss.item()


print(train_both(total_loss))
# --8<-- [end:diagnosis-part-that-stays]


# --8<-- [start:solution-keep-the-tensor]
def whole_loss(class_loss, size_loss):
    return class_loss + 0.5 * size_loss


print(train_both(whole_loss))
# --8<-- [end:solution-keep-the-tensor]
