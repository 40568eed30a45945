"""Small recipes: freeze, tie, combine losses, balance classes, and more."""

# --8<-- [start:setup]
import copy

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
print(len(trainable), "tensors,", sum(w.numel() for w in trainable), "numbers to train")
# --8<-- [end:freeze-the-backbone]


# --8<-- [start:frozen-but-moving]
x, y = torch.randn(32, 8).to(device) + 2, torch.randint(0, 3, (32,)).to(device)
before = copy.deepcopy(model.state_dict())
for mode in (True, False):
    backbone.train(mode)
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    now = model.state_dict()
    moved = [name for name in now if not torch.equal(now[name], before[name])]
    print("train" if mode else "eval ", "moved:", moved)
    before = copy.deepcopy(now)
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
    (pull,) = torch.autograd.grad(loss, body.weight, retain_graph=True)
    print(f"{name:5} loss {loss:6.1f}, pulls the body with {pull.norm():5.1f}")
weights = {"class": 1.0, "size": 0.005}
total = sum(weights[name] * loss for name, loss in losses.items())
total.backward()  # once, for all
print(f"together they pull with {body.weight.grad.norm():.2f}")
# --8<-- [end:two-losses]


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
print(sum(w.numel() for w in model.parameters()), list(model.state_dict()))
tokens = torch.arange(10, device=device).reshape(2, 5)  # (batch, time)
print(tuple(model(tokens).shape), "from", model.unembed)
assert model.unembed.weight is model.embed.weight  # also after .to(device)
# --8<-- [end:tie-the-weights]


# --8<-- [start:decay-matrices-only]
model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 3)).to(device)
matrices = [w for w in model.parameters() if w.ndim >= 2]
vectors = [w for w in model.parameters() if w.ndim < 2]  # biases and norms
groups = [
    {"params": matrices, "weight_decay": 0.1},
    {"params": vectors, "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=0.002)
for group in optimizer.param_groups:
    lr, decay = group["lr"], group["weight_decay"]
    print(len(group["params"]), "tensors, decay", decay, "lr", lr)
# --8<-- [end:decay-matrices-only]


# --8<-- [start:take-features-out]
kept = {}


def keep(module, inputs, output):
    kept["norm"] = output.detach()


handle = model[1].register_forward_hook(keep)
model(x)
handle.remove()
model(x[:2])  # not kept any more
print(tuple(kept["norm"].shape), kept["norm"].requires_grad)
# --8<-- [end:take-features-out]


# --8<-- [start:solution-unfreeze-slowly]
backbone.requires_grad_(True)
optimizer = torch.optim.AdamW(
    [{"params": backbone.parameters(), "lr": 0.001}, {"params": head.parameters()}],
    lr=0.01,
)
for group in optimizer.param_groups:
    trained = sum(w.requires_grad for w in group["params"])
    print(trained, "trained tensors at", group["lr"])
# --8<-- [end:solution-unfreeze-slowly]


# --8<-- [start:solution-weigh-the-loss]
torch.manual_seed(0)
x, y = dataset.tensors
logits = nn.Linear(8, 3)(x)
weighted = F.cross_entropy(logits, y, weight=per_class)
one_by_one = [F.cross_entropy(logits[y == c], y[y == c]) for c in range(3)]
torch.testing.assert_close(weighted, torch.stack(one_by_one).mean())
# --8<-- [end:solution-weigh-the-loss]


# --8<-- [start:solution-tie-survives]
torch.manual_seed(0)
trained = TinyLanguageModel(50, 8)
loaded = TinyLanguageModel(50, 8)
loaded.load_state_dict(trained.state_dict())
assert loaded.unembed.weight is loaded.embed.weight
assert torch.equal(loaded.embed.weight, trained.embed.weight)
twin = copy.deepcopy(trained)
assert twin.unembed.weight is twin.embed.weight
assert twin.embed.weight is not trained.embed.weight
# --8<-- [end:solution-tie-survives]
