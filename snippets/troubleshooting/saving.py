"""Messages of saving and loading, raised and fixed."""

# --8<-- [start:setup]
import argparse
import importlib
import io
import sys
import threading
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 2)
# --8<-- [end:setup]


# --8<-- [start:missing-keys]
torch.save({"epoch": 3, "model": model.state_dict()}, "checkpoint.pt")
model.load_state_dict(torch.load("checkpoint.pt"))
# --8<-- [end:missing-keys]


# --8<-- [start:missing-keys-fixed]
checkpoint = torch.load("checkpoint.pt")
print(list(checkpoint), list(checkpoint["model"]))
print(model.load_state_dict(checkpoint["model"]))
# --8<-- [end:missing-keys-fixed]


# --8<-- [start:module-prefix]
wrapped = nn.DataParallel(model)  # DistributedDataParallel does the same
torch.save(wrapped.state_dict(), "wrapped.pt")
model.load_state_dict(torch.load("wrapped.pt"))
# --8<-- [end:module-prefix]


# --8<-- [start:module-prefix-fixed]
state = torch.load("wrapped.pt")
nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
print(list(state), model.load_state_dict(state))
# --8<-- [end:module-prefix-fixed]


# --8<-- [start:compiled-prefix]
compiled = torch.compile(model)
torch.save(compiled.state_dict(), "compiled.pt")
model.load_state_dict(torch.load("compiled.pt"))
# --8<-- [end:compiled-prefix]


# --8<-- [start:compiled-prefix-fixed]
state = torch.load("compiled.pt")
nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "_orig_mod.")
print(model.load_state_dict(state))
in_place = nn.Linear(4, 2)
in_place.compile()
print(list(in_place.state_dict()))
# --8<-- [end:compiled-prefix-fixed]


# --8<-- [start:size-mismatch]
trained = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1000))
mine = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 10))
mine.load_state_dict(trained.state_dict())
# --8<-- [end:size-mismatch]


# --8<-- [start:size-mismatch-fixed]
wanted = mine.state_dict()
state = {
    name: value
    for name, value in trained.state_dict().items()
    if value.shape == wanted[name].shape
}
print(mine.load_state_dict(state, strict=False))
# --8<-- [end:size-mismatch-fixed]


# --8<-- [start:weights-only]
settings = argparse.Namespace(lr=0.1, width=32)
torch.save({"model": model.state_dict(), "settings": settings}, "run.pt")
torch.load("run.pt")
# --8<-- [end:weights-only]


# --8<-- [start:weights-only-fixed]
with torch.serialization.safe_globals([argparse.Namespace]):
    run = torch.load("run.pt")
print(run["settings"])
torch.save({"model": model.state_dict(), "settings": vars(settings)}, "run.pt")
print(torch.load("run.pt")["settings"])
# --8<-- [end:weights-only-fixed]


# --8<-- [start:not-a-checkpoint]
Path("weights.pt").write_text("<!DOCTYPE html><title>Not found</title>")
torch.load("weights.pt")
# --8<-- [end:not-a-checkpoint]


# --8<-- [start:not-a-checkpoint-fixed]
print(Path("weights.pt").read_bytes()[:15])
# --8<-- [end:not-a-checkpoint-fixed]


# --8<-- [start:half-a-file]
torch.save(model.state_dict(), "model.pt")
whole = Path("model.pt").read_bytes()
Path("model.pt").write_bytes(whole[: len(whole) // 2])
torch.load("model.pt")
# --8<-- [end:half-a-file]


# --8<-- [start:half-a-file-fixed]
draft = Path("model.pt.part")
torch.save(model.state_dict(), draft)
draft.replace("model.pt")
print(list(torch.load("model.pt")))
# --8<-- [end:half-a-file-fixed]


# --8<-- [start:empty-file]
buffer = io.BytesIO()
torch.save(model.state_dict(), buffer)
try:
    torch.load(buffer)
except EOFError as error:
    print(type(error).__name__)
# --8<-- [end:empty-file]


# --8<-- [start:empty-file-fixed]
buffer.seek(0)
print(list(torch.load(buffer)))
# --8<-- [end:empty-file-fixed]


# --8<-- [start:module-is-gone]
code = "from torch import nn\n\nclass Net(nn.Linear):\n    pass\n"
sys.path.insert(0, ".")
Path("nets.py").write_text(code)
nets = importlib.import_module("nets")
torch.save(nets.Net(4, 2), "whole.pt")
Path("nets.py").rename("networks.py")
del sys.modules["nets"]
torch.load("whole.pt", weights_only=False)
# --8<-- [end:module-is-gone]


# --8<-- [start:module-is-gone-fixed]
importlib.invalidate_caches()
sys.modules["nets"] = importlib.import_module("networks")
whole = torch.load("whole.pt", weights_only=False)
torch.save(whole.state_dict(), "weights.pt")
print(list(torch.load("weights.pt")))
# --8<-- [end:module-is-gone-fixed]


# --8<-- [start:state-dict-for-model]
torch.save(model.state_dict(), "model.pt")
restored = torch.load("model.pt")
restored.eval()
# --8<-- [end:state-dict-for-model]


# --8<-- [start:state-dict-for-model-fixed]
restored = nn.Linear(4, 2)
restored.load_state_dict(torch.load("model.pt"))
restored.eval()
print(restored(torch.ones(1, 4)).shape)
# --8<-- [end:state-dict-for-model-fixed]


# --8<-- [start:path-for-state-dict]
model.load_state_dict("model.pt")
# --8<-- [end:path-for-state-dict]


# --8<-- [start:path-for-state-dict-fixed]
print(model.load_state_dict(torch.load("model.pt")))
# --8<-- [end:path-for-state-dict-fixed]


# --8<-- [start:arrays-for-tensors]
arrays = {name: value.numpy(force=True) for name, value in model.state_dict().items()}
model.load_state_dict(arrays)
# --8<-- [end:arrays-for-tensors]


# --8<-- [start:arrays-for-tensors-fixed]
state = {name: torch.from_numpy(value) for name, value in arrays.items()}
print(model.load_state_dict(state))
# --8<-- [end:arrays-for-tensors-fixed]


# --8<-- [start:saved-on-a-gpu-fixed]
torch.save(model.state_dict(), "model.pt")
state = torch.load("model.pt", map_location="cpu")
print({value.device.type for value in state.values()})
# --8<-- [end:saved-on-a-gpu-fixed]


# --8<-- [start:no-such-folder]
torch.save(model.state_dict(), "runs/best.pt")
# --8<-- [end:no-such-folder]


# --8<-- [start:no-such-folder-fixed]
path = Path("runs/best.pt")
path.parent.mkdir(parents=True, exist_ok=True)
torch.save(model.state_dict(), path)
print([file.name for file in path.parent.iterdir()])
# --8<-- [end:no-such-folder-fixed]


# --8<-- [start:optimizer-group-size]
optimizer = torch.optim.Adam(model.parameters())
larger = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
other = torch.optim.Adam(larger.parameters())
other.load_state_dict(optimizer.state_dict())
# --8<-- [end:optimizer-group-size]


# --8<-- [start:optimizer-group-size-fixed]
same = torch.optim.Adam(nn.Linear(4, 2).parameters())
same.load_state_dict(optimizer.state_dict())
print(len(same.param_groups[0]["params"]), "tensors")
# --8<-- [end:optimizer-group-size-fixed]


# --8<-- [start:scheduler-last-epoch]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, last_epoch=5)
# --8<-- [end:scheduler-last-epoch]


# --8<-- [start:scheduler-last-epoch-fixed]
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)
states = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
optimizer.load_state_dict(states["optimizer"])
scheduler.load_state_dict(states["scheduler"])
print("epoch", scheduler.last_epoch, "rate", scheduler.get_last_lr())
# --8<-- [end:scheduler-last-epoch-fixed]


# --8<-- [start:lock-in-the-model]
model.lock = threading.Lock()
torch.save(model, "model.pt")
# --8<-- [end:lock-in-the-model]


# --8<-- [start:lock-in-the-model-fixed]
torch.save(model.state_dict(), "model.pt")
print(list(torch.load("model.pt")))
# --8<-- [end:lock-in-the-model-fixed]


# --8<-- [start:safetensors-shared]
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embedding.weight


tied = Tied()
try:
    safetensors.torch.save_file(tied.state_dict(), "tied.safetensors")
except RuntimeError as error:
    print("RuntimeError:", str(error).strip().split(": [")[0])
# --8<-- [end:safetensors-shared]


# --8<-- [start:safetensors-shared-fixed]
safetensors.torch.save_model(tied, "tied.safetensors")
print(list(safetensors.torch.load_file("tied.safetensors")))
print(safetensors.torch.load_model(Tied(), "tied.safetensors"))
# --8<-- [end:safetensors-shared-fixed]
