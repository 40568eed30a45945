"""Save and load weights and whole training states, and resume a run bit for bit."""

# --8<-- [start:setup]
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass
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
x = torch.randn(5, 64).to(device)
print(f"before: outputs differ by {(restored(x) - model(x)).abs().max():.2f}")
result = restored.load_state_dict(torch.load(path, map_location="cpu"))  # [!]
restored.eval()  # a new module is in training mode
print(result)
print(f"after: outputs differ by {(restored(x) - model(x)).abs().max():.2f}")
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


# --8<-- [start:allow-a-class]
@dataclass
class Settings:
    lr: float
    width: int


settings_path = Path(folder.name, "settings.pt")
torch.save({"settings": Settings(0.01, 32)}, settings_path)
try:
    torch.load(settings_path)
except pickle.UnpicklingError:
    print(
        "asks for", torch.serialization.get_unsafe_globals_in_checkpoint(settings_path)
    )
with torch.serialization.safe_globals([Settings]):
    print(torch.load(settings_path))
# --8<-- [end:allow-a-class]


# --8<-- [start:read-without-copying]
weights_path = Path(folder.name, "weights.pt")
torch.save(model.state_dict(), weights_path)
state = torch.load(weights_path, map_location="cpu", mmap=True)
with torch.device("meta"):
    skeleton = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
print("before:", skeleton[0].weight.device)
skeleton.load_state_dict(state, assign=True)
print("after:", skeleton[0].weight.device)
apart = skeleton[0].weight.data_ptr() - state["0.weight"].data_ptr()
print("the model's numbers begin", apart, "bytes after those of the file")
# --8<-- [end:read-without-copying]


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
    return run["model"]


def largest_difference(model, other):
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


straight = start()
train(straight, epochs=6)
difference = largest_difference(resume(path), straight["model"])
print("largest difference of a weight:", difference)
# --8<-- [end:exact-resume]


# --8<-- [start:leave-one-out]
for name in ("optimizer", "scheduler", "rng"):
    difference = largest_difference(resume(path, leave_out=name), straight["model"])
    print(f"without {name}: {difference:.3f}")
# --8<-- [end:leave-one-out]


# --8<-- [start:run-with-dropout]
gpu_folder = tempfile.TemporaryDirectory()
noisy_path = Path(gpu_folder.name, "noisy.pt")


def start_with_dropout():
    run = start()
    run["model"].insert(2, nn.Dropout(0.5))
    return run


def train_and_save_halfway():
    run = start_with_dropout()
    train(run, epochs=3)
    saved = {name: part.state_dict() for name, part in run.items()}
    saved |= {"rng": torch.get_rng_state(), "gpu": torch.cuda.get_rng_state_all()}
    torch.save(saved, noisy_path)
    train(run, epochs=3)
    return run


# --8<-- [end:run-with-dropout]


# --8<-- [start:dropout-on-a-gpu]
def resume_with_dropout(restore_gpu):
    saved = torch.load(noisy_path, map_location="cpu")
    run = start_with_dropout()
    for name, part in run.items():
        part.load_state_dict(saved[name])
    torch.set_rng_state(saved["rng"])
    if restore_gpu:
        torch.cuda.set_rng_state_all(saved["gpu"])
    train(run, epochs=3)
    return run


unbroken = train_and_save_halfway()["model"][0].weight
for restore_gpu in (False, True):
    resumed = resume_with_dropout(restore_gpu)["model"][0].weight
    apart = (resumed - unbroken).abs().max()
    print(f"GPU state restored {restore_gpu}: weights differ by up to {apart:.4f}")
# --8<-- [end:dropout-on-a-gpu]


# --8<-- [start:file-from-another-gpu]
gpu_path = Path(gpu_folder.name, "gpu.pt")
torch.save(torch.ones(3, device="cuda"), gpu_path)
try:
    torch.load(gpu_path, map_location="cuda:5")
except RuntimeError as error:
    print("RuntimeError:", str(error).split(". ")[0])


def load_without_gpu(arguments):
    """Load the file in a new process that sees no GPU, and print what it says."""
    program = f"import torch; print(torch.load({str(gpu_path)!r}{arguments}))"
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=hidden, capture_output=True, text=True)
    last_line = (done.stdout or done.stderr).strip().splitlines()[-1]
    print(last_line.split(". ")[0])


load_without_gpu("")
load_without_gpu(", map_location='cpu'")
# --8<-- [end:file-from-another-gpu]


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
print([file.name for file in path.parent.glob("checkpoint*")])
# --8<-- [end:interrupted-write]


# --8<-- [start:other-head-refused]
torch.manual_seed(0)
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
    print(tuple(rows.shape), f"{path.stat().st_size / 1000:.0f} kB")
# --8<-- [end:solution-two-rows]


# --8<-- [start:solution-wrong-prefix]
torch.manual_seed(0)
target = make_model()
misnamed = {"net." + name: value for name, value in model.state_dict().items()}
before = target[0].weight.clone()
result = target.load_state_dict(misnamed, strict=False)
moved = (target[0].weight - before).abs().max()
print(f"missing {len(result.missing_keys)}, unexpected {len(result.unexpected_keys)}")
print(f"weights changed by {moved:.2f}")
# --8<-- [end:solution-wrong-prefix]
