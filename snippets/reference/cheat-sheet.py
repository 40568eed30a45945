"""The programs of the cheat sheet: a model, its data, a training loop, saving."""

# --8<-- [start:setup]
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:build-a-model]
class Net(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Linear(width, 2)
        self.register_buffer("scale", torch.tensor(2.0))  # saved, not trained

    def forward(self, x):
        return self.head(self.body(x * self.scale))  # logits


model = Net().to(device)
# --8<-- [end:build-a-model]


# --8<-- [start:load-the-data]
dataset = TensorDataset(torch.randn(100, 3), torch.randint(0, 2, (100,)))
generator = torch.Generator().manual_seed(0)
train_set, val_set = random_split(dataset, [80, 20], generator=generator)
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
val_loader = DataLoader(val_set, batch_size=32)
# --8<-- [end:load-the-data]


# --8<-- [start:train]
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
for _ in range(2):
    model.train()
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    scheduler.step()  # once an epoch
# --8<-- [end:train]


# --8<-- [start:evaluate]
model.eval()
right = 0
with torch.inference_mode():
    for x, y in val_loader:
        x, y = x.to(device), y.to(device)
        right += (model(x).argmax(dim=1) == y).sum().item()
print(f"right: {right} of {len(val_set)}")
# --8<-- [end:evaluate]


# --8<-- [start:save-and-load]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.pt"
    torch.save(model.state_dict(), path)
    state = torch.load(path, map_location=device)  # weights_only by default
fresh = Net().to(device)
print(fresh.load_state_dict(state))
# --8<-- [end:save-and-load]


# --8<-- [start:solution-rows-of-length-one]
vectors = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
print(vectors / vectors.norm(dim=1, keepdim=True))
print(F.normalize(vectors))
# --8<-- [end:solution-rows-of-length-one]


# --8<-- [start:solution-score-of-the-answer]
logits = torch.arange(12.0).reshape(4, 3)
y = torch.tensor([0, 2, 1, 1])
print(logits[torch.arange(4), y])
print(logits.gather(1, y[:, None]).squeeze(1))
# --8<-- [end:solution-score-of-the-answer]


# --8<-- [start:solution-squeeze-too-much]
for channels in (3, 1):
    image = torch.zeros(1, channels, 8, 8)
    print("squeeze():", tuple(image.squeeze().shape), end=", ")
    print("squeeze(0):", tuple(image.squeeze(0).shape))
# --8<-- [end:solution-squeeze-too-much]
