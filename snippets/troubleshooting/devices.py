"""Messages about devices, raised and fixed."""

# --8<-- [start:setup]
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:two-devices]
x = torch.randn(4, 3, device="cuda")
positions = torch.arange(3.0)
x + positions
# --8<-- [end:two-devices]


# --8<-- [start:two-devices-fixed]
x = torch.randn(4, 3).to(device)
positions = torch.arange(3.0, device=x.device)
print((x + positions).shape)
# --8<-- [end:two-devices-fixed]


# --8<-- [start:batch-not-moved]
model = nn.Linear(3, 2).to("cuda")
model(torch.randn(4, 3))
# --8<-- [end:batch-not-moved]


# --8<-- [start:batch-not-moved-fixed]
model = nn.Linear(3, 2).to(device)
batch = torch.randn(4, 3)
print(model(batch.to(device)).shape)
# --8<-- [end:batch-not-moved-fixed]


# --8<-- [start:meta-in-the-model]
with torch.device("meta"):
    model = nn.Linear(3, 2)
model(torch.randn(4, 3))
# --8<-- [end:meta-in-the-model]


# --8<-- [start:meta-in-the-model-fixed]
model.to_empty(device=device)
model.load_state_dict(nn.Linear(3, 2).state_dict())
print(model(torch.randn(4, 3).to(device)).shape)
# --8<-- [end:meta-in-the-model-fixed]


# --8<-- [start:convolution-on-two-devices]
model = nn.Conv2d(3, 8, 3)
model(torch.randn(1, 3, 16, 16, device="cuda"))
# --8<-- [end:convolution-on-two-devices]


# --8<-- [start:convolution-on-two-devices-fixed]
model = nn.Conv2d(3, 8, 3).to(device)
print(model(torch.randn(1, 3, 16, 16).to(device)).shape)
# --8<-- [end:convolution-on-two-devices-fixed]


# --8<-- [start:recurrent-on-two-devices]
lstm = nn.LSTM(3, 8, batch_first=True, device="meta")  # another device
lstm(torch.randn(2, 5, 3))
# --8<-- [end:recurrent-on-two-devices]


# --8<-- [start:recurrent-on-two-devices-fixed]
lstm = nn.LSTM(3, 8, batch_first=True).to(device)
outputs, state = lstm(torch.randn(2, 5, 3).to(device))
print(outputs.shape, len(state))
# --8<-- [end:recurrent-on-two-devices-fixed]


# --8<-- [start:lengths-on-the-cpu]
steps = torch.randn(2, 5, 3)
lengths = torch.tensor([5, 3], device="meta")  # another device
nn.utils.rnn.pack_padded_sequence(steps, lengths, batch_first=True)
# --8<-- [end:lengths-on-the-cpu]


# --8<-- [start:lengths-on-the-cpu-fixed]
lengths = torch.tensor([5, 3])
packed = nn.utils.rnn.pack_padded_sequence(
    steps.to(device), lengths.cpu(), batch_first=True
)
print(packed.data.shape, packed.batch_sizes.tolist())
# --8<-- [end:lengths-on-the-cpu-fixed]


# --8<-- [start:numpy-from-a-device]
predictions = torch.ones(3, device="meta")  # "cuda:0" in the same place for a GPU
np.asarray(predictions)
# --8<-- [end:numpy-from-a-device]


# --8<-- [start:numpy-from-a-device-fixed]
predictions = torch.ones(3, requires_grad=True).to(device)
print(predictions.detach().cpu().numpy())
# --8<-- [end:numpy-from-a-device-fixed]


# --8<-- [start:index-on-a-gpu]
names = torch.arange(10)
names[torch.tensor([1, 3], device="cuda")]
# --8<-- [end:index-on-a-gpu]


# --8<-- [start:index-on-a-gpu-fixed]
names = torch.arange(10)
order = torch.tensor([1, 3]).to(device)
print(names[order.to(names.device)].tolist())
# --8<-- [end:index-on-a-gpu-fixed]


# --8<-- [start:device-side-assert]
logits = torch.randn(2, 3, device="cuda")
targets = torch.tensor([0, 3], device="cuda")
loss = F.cross_entropy(logits, targets)
print(loss.item())
# --8<-- [end:device-side-assert]


# --8<-- [start:device-side-assert-fixed]
logits, targets = torch.randn(2, 3), torch.tensor([0, 3])
try:
    F.cross_entropy(logits, targets)
except IndexError as error:
    print("IndexError:", error)
print("targets", targets.aminmax().min.item(), "to", targets.aminmax().max.item())
# --8<-- [end:device-side-assert-fixed]


# --8<-- [start:device-number]
torch.ones(1, device=f"cuda:{torch.cuda.device_count()}")
# --8<-- [end:device-number]


# --8<-- [start:device-number-fixed]
x = torch.ones(1, device=device)
print(x.tolist(), "devices:", torch.accelerator.device_count())
# --8<-- [end:device-number-fixed]


# --8<-- [start:no-such-device-type]
torch.ones(1, device="gpu")
# --8<-- [end:no-such-device-type]


# --8<-- [start:no-such-device-type-fixed]
accelerator = torch.accelerator.current_accelerator(check_available=True)
name = accelerator.type if accelerator else "cpu"
print(torch.ones(1, device=name).tolist())
# --8<-- [end:no-such-device-type-fixed]


# --8<-- [start:no-data-on-meta]
with torch.device("meta"):
    model = nn.Linear(3, 2)
model.to("cpu")
# --8<-- [end:no-data-on-meta]


# --8<-- [start:no-data-on-meta-fixed]
model.to_empty(device=device)
model.reset_parameters()
print(model.weight.shape, "all finite:", model.weight.isfinite().all().item())
# --8<-- [end:no-data-on-meta-fixed]


# --8<-- [start:data-on-another-device]
weight = nn.Parameter(torch.ones(3))
weight.data = weight.data.to("meta")
# --8<-- [end:data-on-another-device]


# --8<-- [start:data-on-another-device-fixed]
weight = nn.Parameter(torch.ones(3, device=device))
print(f"{weight.is_leaf=} {weight.requires_grad=}")
# --8<-- [end:data-on-another-device-fixed]


# --8<-- [start:generator-of-the-cpu]
generator = torch.Generator().manual_seed(0)
torch.randn(3, device="cuda", generator=generator)
# --8<-- [end:generator-of-the-cpu]


# --8<-- [start:generator-of-the-cpu-fixed]
generator = torch.Generator().manual_seed(0)
print(torch.randn(3, generator=generator).to(device).shape)
# --8<-- [end:generator-of-the-cpu-fixed]


# --8<-- [start:cuda-in-a-worker]
class OnTheGPU(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.tensor(index, device="cuda")


torch.ones(1, device="cuda")
try:
    list(DataLoader(OnTheGPU(), num_workers=1, multiprocessing_context="fork"))
except RuntimeError as error:
    print(str(error).strip().splitlines()[-1])
# --8<-- [end:cuda-in-a-worker]


# --8<-- [start:cuda-in-a-worker-fixed]
for batch in DataLoader(torch.arange(4), batch_size=4):
    print(batch.to(device).sum().item())
# --8<-- [end:cuda-in-a-worker-fixed]


# --8<-- [start:pinned-without-accelerator]
loader = DataLoader(torch.arange(4), batch_size=4, pin_memory=True)
print(next(iter(loader)).tolist())
# --8<-- [end:pinned-without-accelerator]


# --8<-- [start:pinned-without-accelerator-fixed]
pin = torch.accelerator.is_available()
loader = DataLoader(torch.arange(4), batch_size=4, pin_memory=pin)
print(next(iter(loader)).tolist())
# --8<-- [end:pinned-without-accelerator-fixed]


# --8<-- [start:autocast-without-cuda]
model = nn.Linear(3, 2)
with torch.autocast("cuda"):
    print(model(torch.randn(4, 3)).dtype)
# --8<-- [end:autocast-without-cuda]


# --8<-- [start:autocast-without-cuda-fixed]
model = nn.Linear(3, 2).to(device)
with torch.autocast(device, dtype=torch.bfloat16):
    print(model(torch.randn(4, 3).to(device)).dtype)
# --8<-- [end:autocast-without-cuda-fixed]


# --8<-- [start:old-autocast]
with torch.cuda.amp.autocast(enabled=device == "cuda"):
    pass
# --8<-- [end:old-autocast]


# --8<-- [start:old-autocast-fixed]
with torch.autocast(device, dtype=torch.bfloat16):
    x = torch.ones(2, 2, device=device)
    print((x @ x).dtype)
# --8<-- [end:old-autocast-fixed]


# --8<-- [start:no-deterministic-way]
pooled, places = F.max_pool2d(torch.randn(1, 1, 4, 4), 2, return_indices=True)
torch.use_deterministic_algorithms(True)
try:
    F.max_unpool2d(pooled, places, 2)
finally:
    torch.use_deterministic_algorithms(False)
# --8<-- [end:no-deterministic-way]


# --8<-- [start:no-deterministic-way-fixed]
torch.use_deterministic_algorithms(True)
try:
    print(F.interpolate(pooled, scale_factor=2).shape)
finally:
    torch.use_deterministic_algorithms(False)
# --8<-- [end:no-deterministic-way-fixed]
