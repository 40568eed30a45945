"""What is in a model file, what it may do to you, and which files to prefer."""

# --8<-- [start:setup]
import hashlib
import json
import pickle
import struct
import tempfile
import warnings
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import nn

torch.manual_seed(0)
folder = tempfile.TemporaryDirectory()  # deleted at the end
trace = Path(folder.name, "i-was-here.txt")
# --8<-- [end:setup]


# --8<-- [start:a-file-that-acts]
class Weights:
    """Looks like data, and asks the loader to call a function."""

    def __reduce__(self):
        code = f"import pathlib; pathlib.Path({str(trace)!r}).write_text('by a file')"
        return exec, (code,)


data = pickle.dumps({"layer.weight": Weights()})
print("before:", trace.exists())
pickle.loads(data)
print("after:", trace.exists(), "-", "written", trace.read_text())
# --8<-- [end:a-file-that-acts]


# --8<-- [start:in-a-checkpoint]
trace.unlink()
path = Path(folder.name, "model.pt")
torch.save({"layer.weight": Weights()}, path)
try:
    torch.load(path)
except pickle.UnpicklingError as error:
    print("UnpicklingError:", str(error).split(".")[0])
print("the file acted:", trace.exists())
torch.load(path, weights_only=False)
print("with weights_only=False:", trace.exists())
# --8<-- [end:in-a-checkpoint]


# --8<-- [start:ask-before-loading]
for name in torch.serialization.get_unsafe_globals_in_checkpoint(path):
    print("asks for", name)
# --8<-- [end:ask-before-loading]


# --8<-- [start:safetensors]
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
path = Path(folder.name, "model.safetensors")
card = {"task": "digits", "pixels": "0 to 16", "trained_on": "load_digits, rows 0-1199"}
save_file(model.state_dict(), path, metadata=card)
state = load_file(path)
print(model.load_state_dict(state))
print(sorted(state))
# --8<-- [end:safetensors]


# --8<-- [start:read-it-by-hand]
raw = path.read_bytes()
(length,) = struct.unpack("<Q", raw[:8])  # the first eight bytes
header = json.loads(raw[8 : 8 + length])
print(header["__metadata__"]["task"])
print(header["0.bias"])
start, end = header["0.bias"]["data_offsets"]
values = torch.frombuffer(
    bytearray(raw[8 + length + start : 8 + length + end]), dtype=torch.float32
)
print("largest difference", (values - model[0].bias).abs().max().item())
# --8<-- [end:read-it-by-hand]


# --8<-- [start:lazy-slices]
big = Path(folder.name, "big.safetensors")
save_file({"embedding": torch.randn(20_000, 64), "head": torch.randn(64, 64)}, big)
with safetensors.safe_open(big, framework="pt") as file:
    rows = file.get_slice("embedding")
    print(rows.get_shape(), rows.get_dtype())
    print("read", tuple(rows[100:103].shape), "of", sorted(file.keys()))
# --8<-- [end:lazy-slices]


# --8<-- [start:tied-weights]
class Tied(nn.Module):
    """One matrix reads tokens in and writes them out."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.head = nn.Linear(16, 100, bias=False)
        self.head.weight = self.embed.weight


tied = Tied()
path = Path(folder.name, "tied.safetensors")
try:
    save_file(tied.state_dict(), path)
except RuntimeError as error:
    print("RuntimeError:", str(error).strip().split(",")[0])
save_model(tied, path)
print("stored:", list(load_file(path)))
restored = Tied()
print("missing and unexpected:", load_model(restored, path))
print("still tied:", restored.head.weight is restored.embed.weight)
# --8<-- [end:tied-weights]


# --8<-- [start:flipped-bit]
def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


path = Path(folder.name, "model.safetensors")
right = sha256(path)
raw = bytearray(path.read_bytes())
raw[-1] ^= 0b0100_0000  # one bit of the last number
path.write_bytes(raw)
damaged = load_file(path)["2.weight"]
print(f"last weight {model[2].weight[-1, -1]:.3f}, from the file {damaged[-1, -1]:.3g}")
print("same checksum:", sha256(path) == right)
# --8<-- [end:flipped-bit]


# --8<-- [start:torchscript-today]
def double_positive(x):
    return x * 2 if bool(x.sum() > 0) else x


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    torch.jit.trace(double_positive, torch.ones(2))
messages = [str(warning.message) for warning in caught]
for beginning, sentence in (("`torch.jit.trace`", 1), ("Converting", 0)):
    message = next(text for text in messages if text.startswith(beginning))
    print(message.split(". ")[sentence])
# --8<-- [end:torchscript-today]


# --8<-- [start:solution-list-a-file]
def contents(path):
    """Return name, dtype and shape of each tensor, without reading a single one."""
    with safetensors.safe_open(path, framework="pt") as file:
        for name in sorted(file.keys()):
            part = file.get_slice(name)
            yield name, part.get_dtype(), part.get_shape()


for line in contents(big):
    print(*line)
# --8<-- [end:solution-list-a-file]


# --8<-- [start:solution-load-verified]
def load_verified(path, expected):
    """Load the tensors of a file if it is the one that was published."""
    found = sha256(path)
    if found != expected:
        raise ValueError(
            f"{path.name} is another file: {found[:8]}, not {expected[:8]}"
        )
    return load_file(path)


print(len(load_verified(big, sha256(big))), "tensors")
try:
    load_verified(path, right)
except ValueError as error:
    print("ValueError:", str(error).split(":")[0])
# --8<-- [end:solution-load-verified]


# --8<-- [start:untied]
state = {name: value.clone() for name, value in tied.state_dict().items()}
save_file(state, Path(folder.name, "clones.safetensors"))
model = Tied()
model.load_state_dict(load_file(Path(folder.name, "clones.safetensors")), assign=True)

optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
tokens = torch.arange(100)
loss = nn.functional.cross_entropy(model.head(model.embed(tokens)), tokens)
loss.backward()
optimizer.step()
apart = (model.head.weight - model.embed.weight).abs().max()
print(f"parameters {sum(p.numel() for p in model.parameters())}, apart by {apart:.4f}")
# --8<-- [end:untied]


# --8<-- [start:solution-untied]
model = Tied()
model.load_state_dict(load_file(Path(folder.name, "clones.safetensors")))
print("tied:", model.head.weight is model.embed.weight)
print("parameters", sum(p.numel() for p in model.parameters()))
# --8<-- [end:solution-untied]
