"""Count where the memory of a training step goes, and what frees it."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:bytes-of-a-tensor]
x = torch.empty(1024, 1024, device=device)  # not filled: only its size counts
print(f"{x.numel():,} elements of {x.element_size()} bytes: {x.nbytes:,} bytes")
for dtype in (torch.float64, torch.bfloat16, torch.int8):
    print(dtype, f"{x.to(dtype).nbytes:,}")
# --8<-- [end:bytes-of-a-tensor]


# --8<-- [start:slice-keeps-everything]
row = x[0]
print(f"{row.nbytes:,} bytes in use, {row.untyped_storage().nbytes():,} kept")
row = row.clone()
print(f"{row.nbytes:,} bytes in use, {row.untyped_storage().nbytes():,} kept")
# --8<-- [end:slice-keeps-everything]


# --8<-- [start:state-of-a-model]
model = nn.Sequential(
    *[nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(8)]
).to(device)
optimizer = torch.optim.AdamW(model.parameters())
model(torch.randn(256).to(device)).norm().backward()  # any loss will do
optimizer.step()  # the averages are created here

parameters = list(model.parameters())
averages = [v for state in optimizer.state.values() for v in state.values() if v.ndim]
print(f"parameters {sum(p.nbytes for p in parameters):,}")
print(f"gradients  {sum(p.grad.nbytes for p in parameters):,}")
print(f"averages   {sum(v.nbytes for v in averages):,}")
# --8<-- [end:state-of-a-model]


# --8<-- [start:saved-activations]
def saved_bytes(function, x):
    own = {p.data_ptr() for p in model.parameters()}
    sizes = {}

    def count(tensor):
        if tensor.data_ptr() not in own:
            sizes[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        function(x)
    return sum(sizes.values())


for batch_size in (32, 64, 128):
    x = torch.empty(batch_size, 256, device=device)
    print(batch_size, f"{saved_bytes(model, x):,}")
with torch.inference_mode():
    print("inference", saved_bytes(model, x))
# --8<-- [end:saved-activations]


# --8<-- [start:draw-the-budget]
state = sum(p.nbytes for p in model.parameters()) / 2**20
sizes = [64, 256, 1024, 4096]
activations = [
    saved_bytes(model, torch.empty(n, 256, device=device)) / 2**20 for n in sizes
]
fig, ax = plt.subplots()
bottom = 0
for name, height in (("parameters", 1), ("gradients", 1), ("AdamW averages", 2)):
    ax.bar(range(4), height * state, bottom=bottom, label=name)
    bottom += height * state
ax.bar(range(4), activations, bottom=bottom, label="activations")
ax.set_xticks(range(4), sizes)
ax.set(xlabel="batch size", ylabel="MiB")
ax.legend()
plt.show()
# --8<-- [end:draw-the-budget]


# --8<-- [start:recompute-instead]
def in_segments(x):
    for i in range(0, 8, 2):
        x = checkpoint(model[i : i + 2], x, use_reentrant=False)
    return x


x = torch.randn(128, 256).to(device)
print(f"{saved_bytes(model, x):,} {saved_bytes(in_segments, x):,}")
assert torch.equal(model(x), in_segments(x))
# --8<-- [end:recompute-instead]


# --8<-- [start:ask-the-allocator]
def on_accelerator(call):
    return call() if torch.accelerator.is_available() else 0


def memory():  # bytes in tensors, bytes taken from the device
    allocated = on_accelerator(torch.accelerator.memory_allocated)
    return allocated, on_accelerator(torch.accelerator.memory_reserved)


big = torch.empty(1024, 1024, device=device)
needed = big.nbytes
allocated, reserved = memory()
del big
allocated_after, reserved_after = memory()
print(f"{needed:,} bytes needed")
print("never more allocated than reserved:", allocated <= reserved)
print("reserved after del, the same:", reserved_after == reserved)
assert allocated - allocated_after >= (needed if reserved else 0)
# --8<-- [end:ask-the-allocator]


# --8<-- [start:peak-of-a-step]
def step(x):
    model(x).sum().backward()


def peak_of_step(batch_size):
    x = torch.empty(batch_size, 256, device=device)
    on_accelerator(torch.accelerator.reset_peak_memory_stats)
    print(f"{batch_size} rows, {saved_bytes(step, x):,} bytes saved for backward")
    return on_accelerator(torch.accelerator.max_memory_allocated)


small, large = peak_of_step(64), peak_of_step(4096)
after, _ = memory()
print("a larger batch never has a lower peak:", small <= large)
print("the peak never shows afterwards:", after < large or large == 0)
# --8<-- [end:peak-of-a-step]


# --8<-- [start:empty-the-cache]
in_tensors, in_all = memory()
on_accelerator(torch.accelerator.empty_cache)
allocated, reserved = memory()
print("as much in tensors as before:", allocated == in_tensors)
print("no more reserved than before:", reserved <= in_all)
# --8<-- [end:empty-the-cache]


# --8<-- [start:recover-from-out-of-memory]
def fits(step, batch_size):
    try:
        step(batch_size)
    except torch.OutOfMemoryError:
        return False
    return True  # after the except block the failed step's tensors are free


def pretend_step(batch_size):
    if batch_size >= 128:
        raise torch.OutOfMemoryError


batch_size = 1024
while not fits(pretend_step, batch_size):
    print(batch_size, "is too large")
    batch_size //= 2
print(batch_size, "fits")
# --8<-- [end:recover-from-out-of-memory]


# --8<-- [start:solution-seven-billion]
n = 7e9
for name, bytes_each in (("float32 AdamW", 4 + 4 + 8), ("bfloat16 inference", 2)):
    print(f"{name}: {n * bytes_each / 1e9:.0f} GB")
# --8<-- [end:solution-seven-billion]


# --8<-- [start:solution-keep-one-row]
def best_rows(copy):
    rows = []
    for _ in range(3):
        batch = torch.empty(512, 256, device=device)
        row = batch[:1]
        rows.append(row.clone() if copy else row)
    return sum(row.untyped_storage().nbytes() for row in rows)


print(f"{best_rows(copy=False):,} {best_rows(copy=True):,}")
# --8<-- [end:solution-keep-one-row]
