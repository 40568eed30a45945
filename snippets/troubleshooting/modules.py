"""Messages of modules, optimizers, schedulers and scalers, raised and fixed."""

# --8<-- [start:setup]
import copy

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
x = torch.randn(8, 4)
y = torch.randn(8, 2)
# --8<-- [end:setup]


# --8<-- [start:assign-before-init]
class Classifier(nn.Module):
    def __init__(self):
        self.head = nn.Linear(4, 2)


model = Classifier()
# --8<-- [end:assign-before-init]


# --8<-- [start:assign-before-init-fixed]
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 2)


model = Classifier()
print(sum(p.numel() for p in model.parameters()), "parameters")
# --8<-- [end:assign-before-init-fixed]


# --8<-- [start:empty-parameter-list]
class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 2)]


torch.optim.SGD(Layers().parameters(), lr=0.1)
# --8<-- [end:empty-parameter-list]


# --8<-- [start:empty-parameter-list-fixed]
class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 2)])


optimizer = torch.optim.SGD(Layers().parameters(), lr=0.1)
print(len(optimizer.param_groups[0]["params"]), "tensors to train")
# --8<-- [end:empty-parameter-list-fixed]


# --8<-- [start:forward-misspelled]
class Net(nn.Module):
    def forwards(self, x):
        return x * 2


Net()(x)
# --8<-- [end:forward-misspelled]


# --8<-- [start:forward-misspelled-fixed]
class Net(nn.Module):
    def forward(self, x):
        return x * 2


print(Net()(x).shape)
# --8<-- [end:forward-misspelled-fixed]


# --8<-- [start:forward-argument]
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Bilinear(4, 4, 2), nn.ReLU())

    def forward(self, x, context):
        return self.layers(x)


Decoder()(x, x)
# --8<-- [end:forward-argument]


# --8<-- [start:forward-argument-fixed]
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Bilinear(4, 4, 2)

    def forward(self, x, context):
        return F.relu(self.mix(x, context))


print(Decoder()(x, x).shape)
# --8<-- [end:forward-argument-fixed]


# --8<-- [start:tuple-in-sequential]
steps = torch.randn(8, 5, 4)  # (batch, time, features)
model = nn.Sequential(nn.LSTM(4, 16, batch_first=True), nn.Linear(16, 2))
model(steps)
# --8<-- [end:tuple-in-sequential]


# --8<-- [start:tuple-in-sequential-fixed]
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 16, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, steps):
        outputs, state = self.lstm(steps)
        return self.head(outputs)


print(Tagger()(steps).shape)
# --8<-- [end:tuple-in-sequential-fixed]


# --8<-- [start:gradient-is-none]
model = nn.Linear(4, 2)
model.weight.grad.zero_()
# --8<-- [end:gradient-is-none]


# --8<-- [start:gradient-is-none-fixed]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
F.mse_loss(model(x), y).backward()
optimizer.zero_grad()
print([p.grad for p in model.parameters()])
# --8<-- [end:gradient-is-none-fixed]


# --8<-- [start:backward-of-a-number]
torch.manual_seed(0)
model = nn.Linear(4, 2)
loss = F.mse_loss(model(x), y).item()
loss.backward()
# --8<-- [end:backward-of-a-number]


# --8<-- [start:backward-of-a-number-fixed]
loss = F.mse_loss(model(x), y)
loss.backward()
print(f"loss {loss.item():.3f}, gradient {tuple(model.weight.grad.shape)}")
# --8<-- [end:backward-of-a-number-fixed]


# --8<-- [start:optimize-non-leaf]
weight = torch.randn(4, 2, requires_grad=True) * 0.1
torch.optim.SGD([weight], lr=0.1)
# --8<-- [end:optimize-non-leaf]


# --8<-- [start:optimize-non-leaf-fixed]
weight = (torch.randn(4, 2) * 0.1).requires_grad_()
torch.optim.SGD([weight], lr=0.1)
print(f"{weight.is_leaf=} {weight.requires_grad=}")
# --8<-- [end:optimize-non-leaf-fixed]


# --8<-- [start:model-for-parameters]
model = nn.Linear(4, 2)
torch.optim.SGD(model, lr=0.1)
# --8<-- [end:model-for-parameters]


# --8<-- [start:model-for-parameters-fixed]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
print([tuple(p.shape) for p in optimizer.param_groups[0]["params"]])
# --8<-- [end:model-for-parameters-fixed]


# --8<-- [start:parameter-in-two-groups]
model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
head = model[1]
groups = [{"params": model.parameters(), "lr": 0.01}, {"params": head.parameters()}]
torch.optim.SGD(groups, lr=0.1)
# --8<-- [end:parameter-in-two-groups]


# --8<-- [start:parameter-in-two-groups-fixed]
own = {id(p) for p in head.parameters()}
body = [p for p in model.parameters() if id(p) not in own]
groups = [{"params": body, "lr": 0.01}, {"params": head.parameters()}]
optimizer = torch.optim.SGD(groups, lr=0.1)
print([(group["lr"], len(group["params"])) for group in optimizer.param_groups])
# --8<-- [end:parameter-in-two-groups-fixed]


# --8<-- [start:tensor-for-parameter]
model = nn.Linear(4, 2)
model.weight = torch.zeros(2, 4)
# --8<-- [end:tensor-for-parameter]


# --8<-- [start:tensor-for-parameter-fixed]
with torch.no_grad():
    model.weight.zero_()
print(model.weight.abs().sum().item())
# --8<-- [end:tensor-for-parameter-fixed]


# --8<-- [start:number-for-buffer]
layer = nn.Module()
layer.register_buffer("scale", torch.ones(1))
layer.scale = 0.5
# --8<-- [end:number-for-buffer]


# --8<-- [start:number-for-buffer-fixed]
layer.scale.fill_(0.5)
print(layer.scale, list(layer.state_dict()))
# --8<-- [end:number-for-buffer-fixed]


# --8<-- [start:function-in-sequential]
nn.Sequential(nn.Linear(4, 4), F.relu, nn.Linear(4, 2))
# --8<-- [end:function-in-sequential]


# --8<-- [start:function-in-sequential-fixed]
model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
print(model(x).shape)
# --8<-- [end:function-in-sequential-fixed]


# --8<-- [start:wrapped-attribute]
wrapped = nn.DataParallel(nn.Linear(4, 2))
print(wrapped.in_features)
# --8<-- [end:wrapped-attribute]


# --8<-- [start:wrapped-attribute-fixed]
inner = wrapped.module if hasattr(wrapped, "module") else wrapped
print(inner.in_features)
# --8<-- [end:wrapped-attribute-fixed]


# --8<-- [start:batch-norm-one-value]
model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Linear(16, 2))
model(x[:1])
# --8<-- [end:batch-norm-one-value]


# --8<-- [start:batch-norm-one-value-fixed]
model.eval()
print(model(x[:1]).shape)
# --8<-- [end:batch-norm-one-value-fixed]


# --8<-- [start:scheduler-first]
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)
scheduler.step()
optimizer.step()
# --8<-- [end:scheduler-first]


# --8<-- [start:scheduler-first-fixed]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)
for epoch in range(2):
    print(f"epoch {epoch} with rate {optimizer.param_groups[0]['lr']:.3f}")
    F.mse_loss(model(x), y).backward()
    optimizer.step()
    optimizer.zero_grad()
    scheduler.step()
# --8<-- [end:scheduler-first-fixed]


# --8<-- [start:plateau-metric]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
plateau.step()
# --8<-- [end:plateau-metric]


# --8<-- [start:plateau-metric-fixed]
for val_loss in [0.9, 0.9, 0.9]:
    plateau.step(val_loss)
    print(f"rate {plateau.get_last_lr()[0]:.4f}")
# --8<-- [end:plateau-metric-fixed]


# --8<-- [start:loss-for-epoch]
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)
optimizer.step()
scheduler.step(0.37)
# --8<-- [end:loss-for-epoch]


# --8<-- [start:loss-for-epoch-fixed]
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)
optimizer.step()
scheduler.step()
print("epoch", scheduler.last_epoch)
# --8<-- [end:loss-for-epoch-fixed]


# --8<-- [start:scheduler-verbose]
torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, verbose=True)
# --8<-- [end:scheduler-verbose]


# --8<-- [start:scheduler-verbose-fixed]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
plateau.step(0.5)
print("rate", plateau.get_last_lr())
# --8<-- [end:scheduler-verbose-fixed]


# --8<-- [start:one-cycle-too-long]
epochs, batches = 2, 5
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=epochs)
for _ in range(epochs * batches):
    optimizer.step()
    scheduler.step()
# --8<-- [end:one-cycle-too-long]


# --8<-- [start:one-cycle-too-long-fixed]
total = epochs * batches
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=total)
for _ in range(total):
    optimizer.step()
    scheduler.step()
print(f"last rate {scheduler.get_last_lr()[0]:.7f}")
# --8<-- [end:one-cycle-too-long-fixed]


# --8<-- [start:lbfgs-closure]
optimizer = torch.optim.LBFGS(model.parameters())
F.mse_loss(model(x), y).backward()
optimizer.step()
# --8<-- [end:lbfgs-closure]


# --8<-- [start:lbfgs-closure-fixed]
torch.manual_seed(0)
model = nn.Linear(4, 2)
optimizer = torch.optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    return loss


before = optimizer.step(closure)
print(f"loss {before.item():.3f}, after one step {closure().item():.3f}")
# --8<-- [end:lbfgs-closure-fixed]


# --8<-- [start:scaler-without-gradients]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
loss = scaler.scale(F.mse_loss(model(x), y))
optimizer.zero_grad()
scaler.step(optimizer)
# --8<-- [end:scaler-without-gradients]


# --8<-- [start:scaler-without-gradients-fixed]
scaler = torch.amp.GradScaler("cpu")
optimizer.zero_grad()
scaler.scale(F.mse_loss(model(x), y)).backward()
scaler.step(optimizer)
scaler.update()
print("scale", scaler.get_scale())
# --8<-- [end:scaler-without-gradients-fixed]


# --8<-- [start:unscale-twice]
optimizer.zero_grad()
scaler = torch.amp.GradScaler("cpu")
for _ in range(2):  # two pieces of one large batch
    scaler.scale(F.mse_loss(model(x), y)).backward()
    scaler.unscale_(optimizer)
# --8<-- [end:unscale-twice]


# --8<-- [start:unscale-twice-fixed]
optimizer.zero_grad()
scaler = torch.amp.GradScaler("cpu")
for _ in range(2):
    scaler.scale(F.mse_loss(model(x), y)).backward()
scaler.unscale_(optimizer)
nn.utils.clip_grad_norm_(model.parameters(), 1.0)
scaler.step(optimizer)
scaler.update()
print("scale", scaler.get_scale())
# --8<-- [end:unscale-twice-fixed]


# --8<-- [start:half-weights-with-scaler]
model = nn.Linear(4, 2).half()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
scaler.scale(model(x.half()).square().mean()).backward()
scaler.step(optimizer)
# --8<-- [end:half-weights-with-scaler]


# --8<-- [start:half-weights-with-scaler-fixed]
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
with torch.autocast("cpu", dtype=torch.float16):
    loss = model(x).square().mean()
scaler.scale(loss).backward()
scaler.step(optimizer)
print(model.weight.dtype, model.weight.grad.dtype)
# --8<-- [end:half-weights-with-scaler-fixed]


# --8<-- [start:autocast-into-buffer]
results = torch.zeros(8, 2)
rows = torch.tensor([0, 3])
with torch.autocast("cpu", dtype=torch.bfloat16):
    results[rows] = model(x[rows])
# --8<-- [end:autocast-into-buffer]


# --8<-- [start:autocast-into-buffer-fixed]
with torch.autocast("cpu", dtype=torch.bfloat16):
    results[rows] = model(x[rows]).to(results.dtype)
print(results.dtype, results.count_nonzero().item())
# --8<-- [end:autocast-into-buffer-fixed]


# --8<-- [start:output-kept-on-model]
model = nn.Linear(4, 2)
model.last_output = model(x)
best = copy.deepcopy(model)
# --8<-- [end:output-kept-on-model]


# --8<-- [start:output-kept-on-model-fixed]
model.last_output = model(x).detach()
best = copy.deepcopy(model)
print(best.last_output.shape)
# --8<-- [end:output-kept-on-model-fixed]


# --8<-- [start:clip-non-finite]
torch.manual_seed(0)
model = nn.Linear(4, 2)
model(x * 1e30).square().mean().backward()
nn.utils.clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=True)
# --8<-- [end:clip-non-finite]


# --8<-- [start:clip-non-finite-fixed]
model.zero_grad()
model(x).square().mean().backward()
norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=True)
print(f"norm {norm.item():.3f}")
# --8<-- [end:clip-non-finite-fixed]


# --8<-- [start:old-weight-norm]
layer = nn.utils.weight_norm(nn.Linear(4, 2))
# --8<-- [end:old-weight-norm]


# --8<-- [start:old-weight-norm-fixed]
old = layer.state_dict()
layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 2))
print(layer.load_state_dict(old))
print(list(old), list(layer.state_dict()), sep="\n")
# --8<-- [end:old-weight-norm-fixed]


# --8<-- [start:heads-divide-width]
nn.MultiheadAttention(embed_dim=10, num_heads=3)
# --8<-- [end:heads-divide-width]


# --8<-- [start:heads-divide-width-fixed]
attention = nn.MultiheadAttention(embed_dim=12, num_heads=3)
print(attention.head_dim, "numbers for each of", attention.num_heads, "heads")
# --8<-- [end:heads-divide-width-fixed]


# --8<-- [start:lazy-parameter]
model = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))
print(sum(p.numel() for p in model.parameters()))
# --8<-- [end:lazy-parameter]


# --8<-- [start:lazy-parameter-fixed]
model(x)
print(sum(p.numel() for p in model.parameters()))
# --8<-- [end:lazy-parameter-fixed]


# --8<-- [start:hook-before-inplace]
model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU(inplace=True))
model[1].register_full_backward_hook(lambda module, grads_in, grads_out: None)
model(x).square().mean().backward()
# --8<-- [end:hook-before-inplace]


# --8<-- [start:hook-before-inplace-fixed]
for layer in model:
    if isinstance(layer, nn.ReLU):
        layer.inplace = False
model(x).square().mean().backward()
print(model[1].weight.grad.shape)
# --8<-- [end:hook-before-inplace-fixed]


# --8<-- [start:sparse-with-adam]
table = nn.Embedding(100, 4, sparse=True)
optimizer = torch.optim.Adam(table.parameters())
table(torch.tensor([1, 7])).square().mean().backward()
optimizer.step()
# --8<-- [end:sparse-with-adam]


# --8<-- [start:sparse-with-adam-fixed]
optimizer = torch.optim.SparseAdam(table.parameters())
optimizer.step()
print(table.weight.grad.is_sparse, tuple(table.weight.grad.shape))
# --8<-- [end:sparse-with-adam-fixed]


# --8<-- [start:muon-with-bias]
model = nn.Linear(4, 2)
torch.optim.Muon(model.parameters(), lr=0.02)
# --8<-- [end:muon-with-bias]


# --8<-- [start:muon-with-bias-fixed]
matrices = [p for p in model.parameters() if p.ndim == 2]
others = [p for p in model.parameters() if p.ndim != 2]
optimizers = [torch.optim.Muon(matrices, lr=0.02), torch.optim.AdamW(others)]
print(len(matrices), "matrix,", len(others), "other")
# --8<-- [end:muon-with-bias-fixed]
