"""Changes that need more than a new name, each with what it means for old code."""

# --8<-- [start:setup]
import argparse
import pickle
import tempfile
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.serialization import safe_globals

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:load-old-checkpoint]
model = nn.Linear(3, 2).to(device)
checkpoint = {"weights": model.state_dict(), "args": argparse.Namespace(lr=0.1)}
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "old.pt")
torch.save(checkpoint, path)
try:
    torch.load(path)
except pickle.UnpicklingError as error:
    print(str(error).split("Unsupported ")[1].split(" by default")[0])
# --8<-- [end:load-old-checkpoint]


# --8<-- [start:allow-one-class]
with safe_globals([argparse.Namespace]):
    loaded = torch.load(path, map_location=device)
print(list(loaded["weights"]), loaded["args"])
folder.cleanup()
# --8<-- [end:allow-one-class]


# --8<-- [start:gradients-become-none]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(4, 3).to(device)
model(x).sum().backward()
print("after backward:", model.bias.grad.tolist())
optimizer.zero_grad(set_to_none=False)  # the old way
print("the old way:", model.bias.grad.tolist())
optimizer.zero_grad()
print("today:", model.bias.grad)
# --8<-- [end:gradients-become-none]


# --8<-- [start:scheduler-with-a-metric]
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
optimizer.step()
scheduler.step(0.37)  # a validation loss
print(f"epoch {scheduler.last_epoch}, learning rate {scheduler.get_last_lr()[0]:.4f}")
# --8<-- [end:scheduler-with-a-metric]


# --8<-- [start:precision-settings]
products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn.conv


for precision in ("highest", "high", "highest"):  # the first is the default
    torch.set_float32_matmul_precision(precision)
    print(f"{precision:8} products {products.fp32_precision}", end=", ")
    print("convolutions", convolutions.fp32_precision)
# --8<-- [end:precision-settings]


# --8<-- [start:worth-knowing]
class Counted(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(8)
        self.steps = nn.Buffer(torch.tensor(0))  # saved and moved, not trained


print("state:", list(Counted().state_dict()))
for name, layer in (("linear", nn.Linear(3, 2)), ("embedding", nn.Embedding(9, 4))):
    try:
        torch.optim.Muon(layer.parameters())
        print(name, "accepted")
    except ValueError as error:
        print(name, "refused:", error)
# --8<-- [end:worth-knowing]


# --8<-- [start:solution-strict-test]
def run_strictly(function):
    """Run it with every warning of an old form turned into an error."""
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            for category in (DeprecationWarning, FutureWarning, UserWarning):
                warnings.simplefilter("error", category)
            return function()
    finally:
        torch.set_warn_always(False)


a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
print("today's form:", run_strictly(lambda: a @ b).item())
for attempt in (1, 2):
    try:
        run_strictly(lambda: a @ b.T)
    except UserWarning as warning:
        print(attempt, str(warning)[:60])
# --8<-- [end:solution-strict-test]


# --8<-- [start:solution-step-of-today]
torch.manual_seed(0)
X, y = torch.randn(8, 3).to(device), torch.randint(0, 2, (8,)).to(device)
model = nn.Linear(3, 2).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
running_loss = 0.0
for _ in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.1)
    optimizer.step()
    running_loss += loss.item()
with torch.inference_mode():
    probabilities = F.softmax(model(X), dim=1)
print(f"mean loss {running_loss / 3:.3f}")
print("probabilities", [round(p, 2) for p in probabilities[0].tolist()])
# --8<-- [end:solution-step-of-today]


# --8<-- [start:solution-norm-before-clearing]
optimizer.zero_grad()
F.cross_entropy(model(X), y).backward()
print(f"norm of the gradient {model.weight.grad.norm():.2f}")  # here
optimizer.step()
optimizer.zero_grad()
print("after zero_grad:", model.weight.grad)
# --8<-- [end:solution-norm-before-clearing]
