"""Switch gradient recording off and on, and tell those switches from eval."""

# --8<-- [start:setup]
import contextlib

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:no-grad]
x = torch.tensor(2.0, device=device, requires_grad=True)
with torch.no_grad():
    doubled = x * 2
print(doubled.item(), doubled.requires_grad, x.requires_grad)
# --8<-- [end:no-grad]


# --8<-- [start:four-questions]
X = torch.ones(8, 4, device=device)
weight = torch.full((4,), 3.0, device=device, requires_grad=True)


def answers(context, training=True):
    norm, dropout = nn.BatchNorm1d(4).to(device), nn.Dropout()
    for layer in norm, dropout:
        layer.train(training)
    with context:
        y_hat = norm(X)
        dropped = dropout(X) == 0
    try:
        (y_hat * weight).sum().backward()
        usable = True
    except RuntimeError:
        usable = False
    return y_hat.requires_grad, usable, dropped.any(), norm.running_mean.any()


print([bool(answer) for answer in answers(torch.no_grad())])
# --8<-- [end:four-questions]


# --8<-- [start:truth-table]
def table_row(name, cells):
    print("".join([f"{name:24}", *(f"{cell:10}" for cell in cells)]).rstrip())


nothing = contextlib.nullcontext()
table_row("", ["graph", "usable", "dropout", "statistics"])
for name, *case in [
    ("nothing", nothing),
    ("enable_grad", torch.enable_grad()),
    ("no_grad", torch.no_grad()),
    ("inference_mode", torch.inference_mode()),
    ("eval", nothing, False),
    ("eval + no_grad", torch.no_grad(), False),
    ("eval + inference_mode", torch.inference_mode(), False),
]:
    table_row(name, ["yes" if answer else "-" for answer in answers(*case)])
# --8<-- [end:truth-table]


# --8<-- [start:noisy-predictions]
torch.manual_seed(0)
layers = nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)
model = nn.Sequential(*layers).to(device)
for training in True, False:
    model.train(training)
    with torch.no_grad():
        repeats = model(X[:1].expand(50, 4))
    alike = torch.allclose(repeats, repeats.mean())
    graph = repeats.requires_grad
    print(f"training={training}: {len(repeats)} predictions, {alike=} {graph=}")
print(f"without dropout: {repeats.mean().item():.3f}")
# --8<-- [end:noisy-predictions]


# --8<-- [start:predict]
@torch.inference_mode()
def predict(model, X):
    model.eval()
    return model(X)


scores = predict(model, X)
print(scores.shape, scores.requires_grad, scores.is_inference())
model.train()
print("training before:", model.training)
print("twice the same:", torch.equal(scores, predict(model, X)))
print("training after:", model.training)
# --8<-- [end:predict]


# --8<-- [start:inference-tensors-are-stricter]
with torch.inference_mode():
    scale = torch.ones(4, device=device)  # a cache, say
for use in (lambda: weight * scale, lambda: scale.mul_(2), lambda: weight + scale):
    try:
        print("no error:", use().tolist())
    except RuntimeError as error:
        print("RuntimeError:", str(error).split(".")[0])
result = weight * scale.clone()
print(result.tolist(), result.requires_grad)
# --8<-- [end:inference-tensors-are-stricter]


# --8<-- [start:build-a-layer-inside]
for context in torch.no_grad(), torch.inference_mode():
    with context:
        layer = nn.Linear(4, 1, device=device)
    layer(X).sum().backward()
    grad = layer.weight.grad
    print(layer.weight.requires_grad, grad if grad is None else grad.tolist())
# --8<-- [end:build-a-layer-inside]


# --8<-- [start:enable-inside]
for outer in contextlib.nullcontext(), torch.no_grad(), torch.inference_mode():
    with outer, torch.enable_grad():
        print(type(outer).__name__, x.square().requires_grad)
# --8<-- [end:enable-inside]


# --8<-- [start:solution-slope-of-the-input]
@torch.no_grad()
def predict_and_explain(model, X):
    model.eval()
    with torch.enable_grad():
        X = X.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(model(X).sum(), X)
    return model(X), slopes


scores, slopes = predict_and_explain(model.train(), X)
print(scores.requires_grad, slopes.shape)
print([round(slope, 3) for slope in slopes.mean(dim=0).tolist()])
# --8<-- [end:solution-slope-of-the-input]


# --8<-- [start:solution-restore-the-mode]
@contextlib.contextmanager
def evaluating(model):
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield model
    finally:
        model.train(was_training)


model.train()
with evaluating(model):
    print(f"inside: training={model.training} graph={model(X).requires_grad}")
print(f"after: training={model.training} graph={model(X).requires_grad}")
# --8<-- [end:solution-restore-the-mode]
