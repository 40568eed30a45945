"""Look inside a model: parameters, shapes, cost, activations and gradients."""

# --8<-- [start:setup]
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:model-to-inspect]
def build():
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        nn.Linear(32 * 8 * 8, 10),
    )


torch.manual_seed(0)
model = build().to(device)
x, y = torch.randn(4, 3, 32, 32).to(device), torch.arange(4, device=device)
print(tuple(model(x).shape))
# --8<-- [end:model-to-inspect]


# --8<-- [start:count-parameters]
def count(module):
    learned = sum(p.numel() for p in module.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in module.parameters())
    size = sum(p.numel() * p.element_size() for p in module.parameters())
    return learned, everything - learned, size


model[0].requires_grad_(False)
for name, child in model.named_children():
    print(f"{name} {type(child).__name__:10}", count(child))
print("total       ", count(model))
# --8<-- [end:count-parameters]


# --8<-- [start:summary-by-hook]
def summarize(model, x):
    rows = []

    def note(module, args, output):
        rows.append((type(module).__name__, tuple(output.shape)))

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [leaf.register_forward_hook(note) for leaf in leaves]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return rows


for name, shape in summarize(model, x):
    print(f"{name:10} {shape}")
# --8<-- [end:summary-by-hook]


# --8<-- [start:forgotten-hook]
calls = []
for _ in range(3):  # as when a notebook cell runs three times
    model[3].register_forward_hook(lambda *args: calls.append(1))
model(x)
print(len(calls))
# --8<-- [end:forgotten-hook]


# --8<-- [start:shapes-without-memory]
with torch.device("meta"):
    giant = nn.Sequential(nn.Linear(100_000, 200_000), nn.Linear(200_000, 10))
    batch = torch.empty(64, 100_000)
print(tuple(giant(batch).shape), f"{count(giant)[2] / 1e9:.1f} GB")
try:
    nn.Linear(2, 2, device="meta").to("cpu")
except NotImplementedError as error:
    print("NotImplementedError:", str(error).split("! ")[0])
# --8<-- [end:shapes-without-memory]


# --8<-- [start:count-operations]
with FlopCounterMode(display=False) as counter, torch.no_grad():
    model(x)
by_hand = {"0": 2 * 4 * (16 * 32 * 32) * (3 * 9), "3": 2 * 4 * 10 * 2048}
for name, operations in by_hand.items():
    print(sum(counter.get_flop_counts()[f"Sequential.{name}"].values()), operations)
print(f"in all {counter.get_total_flops():,}")
# --8<-- [end:count-operations]


# --8<-- [start:dead-units]
torch.manual_seed(0)
network = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2)).to(device)
inputs = torch.randn(512, 20).to(device)
for shift in (0.0, -2.0):
    nn.init.constant_(network[0].bias, shift)
    dead = (network[:2](inputs) == 0).all(dim=0)
    print(f"bias {shift:4}: {dead.sum().item()} of 64 units never fire")
# --8<-- [end:dead-units]


# --8<-- [start:first-not-finite]
def refuse_not_finite(name):
    def check(module, args, output):
        if not output.isfinite().all():
            raise FloatingPointError(f"{name} ({type(module).__name__}) is not finite")

    return check


for name, module in network.named_modules():
    module.register_forward_hook(refuse_not_finite(name or "model"))
with torch.no_grad():
    network[2].weight[0, 0] = torch.inf
try:
    network(inputs)
except FloatingPointError as error:
    print("FloatingPointError:", error)
# --8<-- [end:first-not-finite]


# --8<-- [start:gradient-report]
torch.manual_seed(0)
names = ("used", "skipped", "head")
parts = nn.ModuleDict({name: nn.Linear(8, 8) for name in names}).to(device)
hidden = parts["used"](torch.randn(4, 8).to(device)).relu()  # skipped is not called
parts["head"](hidden).sum().backward()
for name, parameter in parts.named_parameters():
    size = "none" if parameter.grad is None else f"{parameter.grad.norm():.3f}"
    print(f"{name:14} {size}")
# --8<-- [end:gradient-report]


# --8<-- [start:solution-no-gradient]
def without_gradient(module):
    return [name for name, p in module.named_parameters() if p.grad is None]


model[0].requires_grad_(False)
F.cross_entropy(model(x), y).backward()
print(without_gradient(model), without_gradient(parts))
# --8<-- [end:solution-no-gradient]


# --8<-- [start:solution-activation-memory]
for batch_size in (4, 64):
    images = torch.randn(batch_size, 3, 32, 32).to(device)
    numbers = sum(math.prod(shape) for _, shape in summarize(model, images))
    print(batch_size, 4 * numbers, "bytes, parameters:", count(model)[2])
# --8<-- [end:solution-activation-memory]
