"""Save and load weights and whole training states, and resume a run bit for bit."""

# --8<-- [start:setup]
import os
import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:save-weights]
def make_model(classes=10):
    layers = nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, classes)
    return nn.Sequential(*layers).to(device)


folder = tempfile.TemporaryDirectory()  # deleted at the end
path = Path(folder.name, "model.pt")
model = make_model()
torch.save(model.state_dict(), path)
for name, value in torch.load(path, map_location="cpu").items():
    print(name, tuple(value.shape))
# --8<-- [end:save-weights]


# --8<-- [start:load-weights]
restored = make_model()
result = restored.load_state_dict(torch.load(path, map_location="cpu"))
restored.eval()  # a new module is in training mode
x = torch.randn(5, 64).to(device)
print(result, "training mode:", restored.training)
print(tuple(restored(x).shape), "the same:", torch.equal(restored(x), model(x)))
# --8<-- [end:load-weights]


# --8<-- [start:whole-model-refused]
torch.save(model, path)
try:
    torch.load(path)
except pickle.UnpicklingError as error:
    print("UnpicklingError:", str(error).split(".")[0])
for name in sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path)):
    print("asks for", name)
# --8<-- [end:whole-model-refused]


# --8<-- [start:a-training-run]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)


def start():
    torch.manual_seed(0)
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler}


def train(run, epochs):
    for _ in range(epochs):
        for batch in torch.randperm(len(X)).split(100):
            loss = nn.functional.cross_entropy(run["model"](X[batch]), y[batch])
            run["optimizer"].zero_grad()
            loss.backward()
            run["optimizer"].step()
        run["scheduler"].step()
    return loss.item()


# --8<-- [end:a-training-run]


# --8<-- [start:checkpoint-everything]
run = start()
loss = train(run, epochs=3)
checkpoint = {name: part.state_dict() for name, part in run.items()}
checkpoint |= {"epoch": 3, "loss": loss, "rng": torch.get_rng_state()}
path = Path(folder.name, "checkpoint.pt")
torch.save(checkpoint, path)
print(list(checkpoint))
print(f"loss {loss:.3f}, next learning rate {run['scheduler'].get_last_lr()[0]}")
# --8<-- [end:checkpoint-everything]


# --8<-- [start:exact-resume]
def resume(path, leave_out=None):
    checkpoint = torch.load(path, map_location="cpu")
    run = start()
    for name, part in run.items():
        if name != leave_out:
            part.load_state_dict(checkpoint[name])
    if leave_out != "rng":
        torch.set_rng_state(checkpoint["rng"])  # must be on the CPU
    train(run, epochs=6 - checkpoint["epoch"])
    return list(run["model"].parameters())


straight = start()
train(straight, epochs=6)
wanted = list(straight["model"].parameters())
print(all(map(torch.equal, resume(path), wanted)))
# --8<-- [end:exact-resume]


# --8<-- [start:leave-one-out]
for name in ("optimizer", "scheduler", "rng"):
    same = all(map(torch.equal, resume(path, leave_out=name), wanted))
    print(f"without {name}: the same result {same}")
# --8<-- [end:leave-one-out]


# --8<-- [start:interrupted-write]
half = Path(folder.name, "half.pt")
half.write_bytes(path.read_bytes()[:2000])
try:
    torch.load(half)
except RuntimeError as error:
    print("RuntimeError:", str(error).split(".")[0])
print("it has", half.stat().st_size, "bytes")

unfinished = path.with_suffix(".tmp")
torch.save(checkpoint, unfinished)
os.replace(unfinished, path)  # all or nothing
print(sorted(file.name for file in path.parent.iterdir()))
# --8<-- [end:interrupted-write]


# --8<-- [start:other-head-refused]
state = model.state_dict()
state["old.bias"] = state["0.bias"]  # a name that the other model lacks
other = make_model(classes=3)
for strict in (True, False):
    try:
        other.load_state_dict(state, strict=strict)
    except RuntimeError as error:
        complaints = [line.strip() for line in str(error).splitlines()[1:]]
        print(f"strict {strict}: RuntimeError, {len(complaints)} complaints")
print(complaints[0])
# --8<-- [end:other-head-refused]


# --8<-- [start:load-all-but-the-head]
body = {name: value for name, value in state.items() if not name.startswith("2.")}
print(other.load_state_dict(body, strict=False))
# --8<-- [end:load-all-but-the-head]


# --8<-- [start:solution-strip-the-prefix]
wrapped = {"module." + name: value for name, value in model.state_dict().items()}
plain = {name.removeprefix("module."): value for name, value in wrapped.items()}
print(make_model().load_state_dict(plain))
# --8<-- [end:solution-strip-the-prefix]


# --8<-- [start:solution-plain-values]
notes = {"best": np.float64(0.97), "data": Path("data/digits")}
torch.save({"best": float(notes["best"]), "data": str(notes["data"])}, path)
print(torch.load(path))
# --8<-- [end:solution-plain-values]


# --8<-- [start:solution-two-rows]
table = torch.zeros(10_000, 100)
for rows in (table[:2], table[:2].clone()):
    torch.save(rows, path)
    print(tuple(rows.shape), f"{path.stat().st_size / 1e6:.1f} MB")
# --8<-- [end:solution-two-rows]
