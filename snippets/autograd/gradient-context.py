"""Switch gradient recording off and on, and tell those switches from eval."""

# --8<-- [start:setup]
import contextlib
import time

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:no-grad]
x = torch.tensor(2.0, requires_grad=True)
with torch.no_grad():
    silent = x * 2
recorded = x * 2
print("inside: ", silent)
print("outside:", recorded)
# --8<-- [end:no-grad]


# --8<-- [start:four-questions]
X = torch.ones(8, 4, device=device)
weight = torch.full((4,), 3.0, device=device, requires_grad=True)


def usable_in_training(y_hat):
    try:
        (y_hat * weight).sum().backward()
    except RuntimeError:
        return False
    return True


def ask(context, training=True):
    norm = nn.BatchNorm1d(4).to(device).train(training)
    dropout = nn.Dropout().train(training)
    with context:
        y_hat, dropped = norm(X), dropout(X)
    return {
        "graph": y_hat.requires_grad,
        "usable": usable_in_training(y_hat),
        "dropout": bool((dropped == 0).any()),
        "statistics": bool(norm.running_mean.any()),
    }


print(ask(torch.no_grad()))
# --8<-- [end:four-questions]


# --8<-- [start:truth-table]
def print_row(name, cells):
    print(f"{name:22}", "".join(f"{cell:11}" for cell in cells).rstrip())


nothing = contextlib.nullcontext()
print_row("", ["graph", "usable", "dropout", "statistics"])
for name, context, training in [
    ("nothing", nothing, True),
    ("enable_grad", torch.enable_grad(), True),
    ("no_grad", torch.no_grad(), True),
    ("inference_mode", torch.inference_mode(), True),
    ("eval", nothing, False),
    ("eval + no_grad", torch.no_grad(), False),
    ("eval + inference_mode", torch.inference_mode(), False),
]:
    answers = ask(context, training).values()
    print_row(name, ["yes" if answer else "-" for answer in answers])
# --8<-- [end:truth-table]


# --8<-- [start:noisy-predictions]
torch.manual_seed(0)
layers = nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)
model = nn.Sequential(*layers).to(device)
with torch.no_grad():
    for training in True, False:
        model.train(training)
        repeats = model(X[:1].expand(50, 4))
        mean, std = repeats.mean().item(), repeats.std().item()
        print(f"training {training!s:5} mean {mean:.2f}, standard deviation {std:.2f}")
# --8<-- [end:noisy-predictions]


# --8<-- [start:predict]
@torch.inference_mode()
def predict(model, X):
    model.eval()
    return model(X)


model.train()
scores = predict(model, X)
print("requires_grad", scores.requires_grad, "inference tensor", scores.is_inference())
print("training afterwards:", model.training)
# --8<-- [end:predict]


# --8<-- [start:what-it-saves]
small = nn.Sequential(*[nn.Linear(16, 16) for _ in range(100)])


def run_layers():
    small(torch.ones(1, 16))


def run_views():
    y = torch.ones(4, requires_grad=True)
    for _ in range(300):
        y = (y * 1.01).view(2, 2).view(4)


def fastest(work, context):
    times = []
    for _ in range(20):
        start = time.perf_counter()
        with context:
            work()
        times.append(time.perf_counter() - start)
    return min(times)


for work in run_layers, run_views:
    recording = fastest(work, contextlib.nullcontext())
    for context in torch.no_grad(), torch.inference_mode():
        share = fastest(work, context) / recording
        print(f"{work.__name__} {type(context).__name__}: {share:.2f} of the time")
# --8<-- [end:what-it-saves]


# --8<-- [start:inference-tensors-are-stricter]
with torch.inference_mode():
    scale = torch.ones(4, device=device)  # a cache, say
try:
    weight * scale
except RuntimeError as error:
    print("product: RuntimeError:", str(error).split(".")[0])
try:
    scale.mul_(2)
except RuntimeError as error:
    print("in place: RuntimeError:", str(error).split(".")[0])
print("sum:", (weight + scale).tolist())
print("product with a clone:", (weight * scale.clone()).tolist())
# --8<-- [end:inference-tensors-are-stricter]


# --8<-- [start:build-inside]
with torch.inference_mode():
    two_layers = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)).to(device)
    one_layer = nn.Linear(4, 1).to(device)
try:
    two_layers(X)
except RuntimeError as error:
    print("two layers: RuntimeError:", str(error).split(".")[0])
one_layer(X).sum().backward()
print("one layer: gradient of the weight:", one_layer.weight.grad)
# --8<-- [end:build-inside]


# --8<-- [start:convert-or-load-inside]
converted, loaded = nn.Linear(4, 1).to(device), nn.Linear(4, 1).to(device)
with torch.inference_mode():
    converted.half()
    loaded.load_state_dict(nn.Linear(4, 1).state_dict())
converted(X.half()).sum().backward()
loaded(X).sum().backward()
print("converted:", converted.weight.grad, "and", converted.bias.grad.tolist())
print("loaded:", loaded.weight.grad.tolist(), "and", loaded.bias.grad.tolist())
# --8<-- [end:convert-or-load-inside]


# --8<-- [start:enable-inside]
for outer in contextlib.nullcontext(), torch.no_grad(), torch.inference_mode():
    with outer, torch.enable_grad():
        print(f"{type(outer).__name__:14} recorded: {x.square().requires_grad}")
with torch.inference_mode(), torch.inference_mode(False):
    print("inference_mode(False) recorded:", x.square().requires_grad)
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
print("scores require gradients:", scores.requires_grad)
print("slopes of the first input:", [f"{slope:.3f}" for slope in slopes[0].tolist()])
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


# --8<-- [start:broken-training]
torch.manual_seed(0)
line = nn.Linear(1, 1).to(device)
optimizer = torch.optim.SGD(line.parameters(), lr=0.1)
inputs = torch.linspace(-1, 1, 20)[:, None].to(device)
try:
    for step in range(2):
        loss = (line(inputs) - 3 * inputs).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.set_grad_enabled(False)
        print(f"step {step}: loss {loss.item():.3f}")
except RuntimeError as error:
    print("RuntimeError:", error)
torch.set_grad_enabled(True)
# --8<-- [end:broken-training]


# --8<-- [start:solution-training]
for step in range(2):
    loss = (line(inputs) - 3 * inputs).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        error = (line(inputs) - 3 * inputs).abs().max().item()
    print(f"step {step}: loss {loss.item():.3f}, largest error {error:.3f}")
# --8<-- [end:solution-training]
