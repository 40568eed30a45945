"""Old forms that warn or fail today, each beside the form that replaces it."""

# --8<-- [start:setup]
import pickle
import tempfile
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import attention
from torch.utils.checkpoint import checkpoint
from torchvision.models import get_model, get_model_weights, squeezenet1_1
from torchvision.transforms import v2

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:try-old-and-new]
def verdict(code, names):
    """Run a piece of code; return what it raises or warns of, or 'runs'."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            eval(code, {"torch": torch, "nn": nn, "F": F}, names)
        except Exception as error:
            return type(error).__name__
    return caught[0].category.__name__ if caught else "runs"


def compare(pairs, **names):
    for old, new in pairs.items():
        assert verdict(new, names) == "runs"
        print(f"{verdict(old, names):15} {old:33} {new}")


# --8<-- [end:try-old-and-new]


# --8<-- [start:device-of-the-build]
built_for = torch.accelerator.current_accelerator()  # what torch was compiled for
present = torch.accelerator.current_accelerator(check_available=True)
assert present is None or present == built_for
assert (present is not None) == torch.accelerator.is_available()
x = torch.randn(4, 3).to(device)  # instead of x.cuda()
assert x.device.type == device
# --8<-- [end:device-of-the-build]


# --8<-- [start:transposed-vector]
a, b = torch.randn(2, 3).to(device)
compare({"a @ b.T": "a @ b"}, a=a, b=b)
assert torch.empty(2, 3, 4, device=device).mT.shape == (2, 4, 3)  # for batches
# --8<-- [end:transposed-vector]


# --8<-- [start:pretrained-weights]
old = squeezenet1_1(pretrained=False)
new = get_model("squeezenet1_1", weights=None).to(device)
print(type(new) is type(old), get_model_weights("squeezenet1_1").DEFAULT.name)
# --8<-- [end:pretrained-weights]


# --8<-- [start:load-weights-only]
model = nn.Linear(3, 2).to(device)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.pt"
    torch.save(model, path)  # a whole module
    try:
        torch.load(path)
    except pickle.UnpicklingError as error:
        print("UnpicklingError:", str(error).split(".")[0])
    torch.save(model.state_dict(), path)  # tensors and plain values
    state = torch.load(path, map_location=device)
print(list(state))
# --8<-- [end:load-weights-only]


# --8<-- [start:one-amp-for-all-devices]
torch.cuda.amp.autocast(enabled=False)
torch.cuda.amp.GradScaler(enabled=False)
scaler = torch.amp.GradScaler(device, enabled=False)
with torch.autocast(device, dtype=torch.bfloat16):
    print(model(x).dtype, "scaler enabled:", scaler.is_enabled())
# --8<-- [end:one-amp-for-all-devices]


# --8<-- [start:gradients-become-none]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model(x).sum().backward()
print(model.bias.grad.tolist())
optimizer.zero_grad(set_to_none=False)  # the old way
print(model.weight.grad.tolist())
optimizer.zero_grad()
print(model.weight.grad)
# --8<-- [end:gradients-become-none]


# --8<-- [start:scheduler-with-a-metric]
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
try:
    torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, verbose=True)
except TypeError as error:
    print("TypeError:", error)
optimizer.step()
scheduler.step(0.37)  # a validation loss, taken for the epoch
print(scheduler.last_epoch, f"{scheduler.get_last_lr()[0]:.4f}")
# --8<-- [end:scheduler-with-a-metric]


# --8<-- [start:larger-pieces]
backend = attention.SDPBackend.MATH
pieces = {
    "v2.ToTensor()": "v2.ToImage(), v2.ToDtype(torch.float32, scale=True)",
    "checkpoint(model, x)": "checkpoint(model, x, use_reentrant=False)",
    "torch.backends.cuda.sdp_kernel()": "attention.sdpa_kernel(backend)",
    "torch.jit.script(model)": "torch.export.export(model, (x,)).module()",
}
names = {"v2": v2, "checkpoint": checkpoint, "attention": attention}
compare(pieces, model=model, x=x, backend=backend, **names)
# --8<-- [end:larger-pieces]


# --8<-- [start:small-renames]
s = torch.randn(2, 2).to(device)
renames = {
    "F.softmax(s)": "F.softmax(s, dim=1)",
    "F.upsample(s[None, None], 4)": "F.interpolate(s[None, None], 4)",
    "nn.MSELoss(size_average=False)": "nn.MSELoss(reduction='sum')",
    "nn.init.xavier_uniform(s)": "nn.init.xavier_uniform_(s)",
    "nn.utils.clip_grad_norm(s, 1)": "nn.utils.clip_grad_norm_(s, 1)",
    "torch.range(0, 3)": "torch.arange(4)",
    "torch.meshgrid(a, b)": "torch.meshgrid(a, b, indexing='ij')",
    "torch.tensor(s)": "s.detach().clone()",
    "s[(a[:2] > 0).byte()]": "s[a[:2] > 0]",
    "float(s.sum().requires_grad_())": "s.sum().item()",
}
compare(renames, s=s, a=a, b=b)
# --8<-- [end:small-renames]


# --8<-- [start:gone-for-good]
removed = {
    "torch.qr(s)": "torch.linalg.qr(s)",
    "torch.symeig(s)": "torch.linalg.eigh(s)",
    "torch.lstsq(s, s)": "torch.linalg.lstsq(s, s)",
    "torch.cholesky(s @ s.mT)": "torch.linalg.cholesky(s @ s.mT)",
    "torch.matrix_rank(s)": "torch.linalg.matrix_rank(s)",
    "torch.fft(s, 1)": "torch.fft.fft(s)",
    "s.sum().data[0]": "s.sum().item()",
    "s.masked_fill((s > 0).byte(), 0)": "s.masked_fill(s > 0, 0)",
}
compare(removed, s=s)
# --8<-- [end:gone-for-good]


# --8<-- [start:worth-knowing]
class Counted(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(8)
        self.steps = nn.Buffer(torch.tensor(0))  # saved and moved, not trained


state = Counted().to(device).state_dict()
print(list(state), "steps", state["steps"].item())
try:
    torch.optim.Muon(model.parameters())
except ValueError as error:
    print("ValueError:", error)
muon = torch.optim.Muon([model.weight])  # give biases and norms to AdamW
print("matrices in Muon:", [tuple(p.shape) for p in muon.param_groups[0]["params"]])
# --8<-- [end:worth-knowing]


# --8<-- [start:solution-strict-test]
def run_strictly(function):
    """Run it with every warning of an old form turned into an error."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning, UserWarning):
            warnings.simplefilter("error", category)
        return function()


rows = run_strictly(lambda: F.softmax(s, dim=1))
print(f"two rows, sum {rows.sum().item():.1f}")
with warnings.catch_warnings(action="ignore"):  # as in many an old script
    try:
        run_strictly(lambda: F.softmax(s))
    except UserWarning as warning:
        print("caught:", str(warning).split(".")[0])
# --8<-- [end:solution-strict-test]


# --8<-- [start:solution-step-of-today]
torch.manual_seed(0)
X, y = torch.randn(8, 3).to(device), torch.randint(0, 2, (8,)).to(device)
model = nn.Linear(3, 2).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
running_loss = 0.0
for _ in range(3):
    loss = F.cross_entropy(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.1)
    optimizer.step()
    running_loss += loss.item()
with torch.inference_mode():
    probabilities = F.softmax(model(X), dim=1)
print(f"loss {running_loss / 3:.4f}, first row {probabilities[0].sum().item():.1f}")
# --8<-- [end:solution-step-of-today]
