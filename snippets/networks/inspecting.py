"""Look inside a model: parameters, shapes, cost, activations and gradients."""

# --8<-- [start:setup]
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
print("logits", tuple(model(x).shape))
# --8<-- [end:model-to-inspect]


# --8<-- [start:count-parameters]
def count(module):
    """Return how many numbers are learned, how many are frozen, and their bytes."""
    learned = sum(p.numel() for p in module.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in module.parameters())
    return learned, everything - learned, sum(p.nbytes for p in module.parameters())


model[0].requires_grad_(False)
rows = [*model.named_children(), ("all", model)]
for name, module in rows:
    learned, frozen, size = count(module)
    kind = type(module).__name__
    print(f"{name:3} {kind:10} learned {learned:6,} frozen {frozen:4,} bytes {size:7,}")
# --8<-- [end:count-parameters]


# --8<-- [start:summary-by-hook]
def summarize(model, x):
    """Return the class and the output shape of each layer that has no children."""
    rows = []

    def note(module, inputs, output):
        if isinstance(output, tuple):  # an LSTM
            output = output[0]
        rows.append((type(module).__name__, tuple(output.shape)))

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [leaf.register_forward_hook(note) for leaf in leaves]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return rows


for name, shape in summarize(model, x):
    print(f"{name:10} {shape}")
# --8<-- [end:summary-by-hook]


# --8<-- [start:forgotten-hook]
calls, handles = [], []
for _ in range(3):  # as when a notebook cell runs three times
    handle = model[3].register_forward_hook(lambda *args: calls.append("called"))
    handles.append(handle)
model(x)
print(len(calls), "calls in one forward pass")
for handle in handles:
    handle.remove()
model(x)
print(len(calls), "after one more, with the hooks removed")
# --8<-- [end:forgotten-hook]


# --8<-- [start:shapes-without-memory]
with torch.device("meta"):
    giant = nn.Sequential(nn.Linear(100_000, 200_000), nn.Linear(200_000, 10))
    batch = torch.empty(64, 100_000)
shape, size = tuple(giant(batch).shape), count(giant)[2]
print(f"output {shape}, weights {size / 1e9:.1f} GB")
try:
    nn.Linear(2, 2, device="meta").to("cpu")
except NotImplementedError as error:
    print("NotImplementedError:", error)
# --8<-- [end:shapes-without-memory]


# --8<-- [start:count-operations]
with FlopCounterMode(display=False) as counter, torch.no_grad():
    model(x)
by_hand = {
    "0": 2 * 4 * (16 * 32 * 32) * (3 * 9),  # batch, outputs, inputs of each
    "1": 2 * 4 * (32 * 16 * 16) * (16 * 9),
    "3": 2 * 4 * 10 * 2048,
}
for name, expected in by_hand.items():
    counted = sum(counter.get_flop_counts()[f"Sequential.{name}"].values())
    print(f"layer {name}: counted {counted:9,}, by hand {expected:9,}")
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


# --8<-- [start:dead-for-how-long]
torch.manual_seed(0)
deep = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
).to(device)
with torch.no_grad():
    deep[0].bias[:16] -= 10.0
    deep[2].bias -= 0.3


def dead_units():
    """Return which units of the two hidden layers are zero for each input."""
    first = deep[:2](inputs)
    second = deep[2:4](first)
    return (first == 0).all(dim=0), (second == 0).all(dim=0)


# --8<-- [end:dead-for-how-long]


# --8<-- [start:count-the-revived]
dead_before = dead_units()
optimizer = torch.optim.SGD(deep.parameters(), lr=0.05)
for _ in range(500):
    loss = (deep(inputs) - 3 * inputs[:, :1]).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
dead_now = dead_units()
for layer in (0, 1):
    came_back = dead_before[layer] & ~dead_now[layer]
    print(f"hidden layer {layer}: {dead_before[layer].sum()} dead", end=", ")
    print(f"{came_back.sum()} came back")
# --8<-- [end:count-the-revived]


# --8<-- [start:first-not-finite]
def refuse_not_finite(name):
    def check(module, inputs, output):
        if not output.isfinite().all():
            raise FloatingPointError(f"{name} ({type(module).__name__}) is not finite")

    return check


handles = []
for name, module in network.named_modules():
    handles.append(module.register_forward_hook(refuse_not_finite(name or "model")))
with torch.no_grad():
    network[2].weight[0, 0] = torch.inf
try:
    network(inputs)
except FloatingPointError as error:
    print("FloatingPointError:", error)
for handle in handles:
    handle.remove()
# --8<-- [end:first-not-finite]


# --8<-- [start:gradient-report]
torch.manual_seed(0)
names = ("used", "skipped", "head")
parts = nn.ModuleDict({name: nn.Linear(8, 8) for name in names}).to(device)
hidden = parts["used"](torch.randn(4, 8).to(device)).relu()  # skipped is not called
parts["head"](hidden).square().mean().backward()
for name, parameter in parts.named_parameters():
    size = "none" if parameter.grad is None else f"{parameter.grad.norm():.3f}"
    print(f"{name:14} {size}")
# --8<-- [end:gradient-report]


# --8<-- [start:update-ratio]
optimizer = torch.optim.SGD(parts.parameters(), lr=0.1)
before = {name: p.detach().clone() for name, p in parts.named_parameters()}
optimizer.step()
for name, parameter in parts.named_parameters():
    change = (parameter.detach() - before[name]).norm() / before[name].norm()
    print(f"{name:14} moved by {change:.4f} of its norm")
# --8<-- [end:update-ratio]


# --8<-- [start:solution-no-gradient]
def without_gradient(module):
    return [name for name, p in module.named_parameters() if p.grad is None]


model[0].requires_grad_(False)
F.cross_entropy(model(x), y).backward()
print("model:", without_gradient(model))
print("parts:", without_gradient(parts))
# --8<-- [end:solution-no-gradient]


# --8<-- [start:solution-activation-memory]
def saved_bytes(batch_size):
    """Return the bytes of what autograd keeps for backward, without parameters."""
    kept = {}
    parameters = {p.data_ptr() for p in model.parameters()}

    def pack(tensor):
        if tensor.data_ptr() not in parameters:
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor.detach()  # not the tensor itself, which would be a cycle

    images = torch.randn(batch_size, 3, 32, 32).to(device)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = model(images).square().mean()
    total = sum(kept.values())
    loss.backward()  # until here the graph lives, and all it keeps
    return total


for batch_size in (4, 64):
    print(f"batch {batch_size}: {saved_bytes(batch_size):,} bytes for backward")
print(f"parameters: {count(model)[2]:,} bytes")
# --8<-- [end:solution-activation-memory]


# --8<-- [start:diagnosis-inputs]
def report(mean, std):
    """Return the share of dead units and the largest gradient of the first layer."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1)).to(device)
    rows = (torch.randn(512, 20) * std + mean).to(device)
    (net(rows) - 1).square().mean().backward()
    dead = (net[:2](rows) == 0).all(dim=0).float().mean()
    return f"dead {dead:.2f}, largest gradient {net[0].weight.grad.abs().max():.2f}"


print("raw pixels:", report(mean=128.0, std=30.0))
# --8<-- [end:diagnosis-inputs]


# --8<-- [start:solution-scale-inputs]
print("scaled:    ", report(mean=0.0, std=1.0))
# --8<-- [end:solution-scale-inputs]
