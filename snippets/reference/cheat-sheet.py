"""The calls used every day, each with what it gives."""

# --8<-- [start:setup]
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:make-a-tensor]
assert torch.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
assert torch.tensor(1).dtype == torch.int64
assert torch.tensor(1.0).dtype == torch.float32
assert torch.zeros(2, 2, device=device).tolist() == [[0, 0], [0, 0]]
assert torch.full((2,), 7.0).tolist() == [7, 7]
assert torch.arange(3).tolist() == [0, 1, 2]
assert torch.linspace(0, 1, 3).tolist() == [0, 0.5, 1]
assert torch.eye(2).tolist() == [[1, 0], [0, 1]]
assert torch.rand(9).floor().tolist() == [0] * 9  # uniform, 0 to 1
assert torch.randn(4).shape == (4,)  # normal
assert torch.randint(7, 8, (3,)).tolist() == [7, 7, 7]  # below 8
assert torch.randperm(4).sum() == 6
assert torch.zeros_like(torch.eye(2)).tolist() == [[0, 0], [0, 0]]
shared = torch.from_numpy(np.ones(1))  # shares memory
assert str(shared) == "tensor([1.], dtype=torch.float64)"
# --8<-- [end:make-a-tensor]


# --8<-- [start:ask-a-tensor]
x = torch.arange(6.0).reshape(2, 3).to(device)
assert x.shape == (2, 3)
assert (x.shape[-1], x.ndim, x.numel(), len(x)) == (3, 2, 6, 2)
assert x.dtype == torch.float32
assert x.is_floating_point()
assert x.device.type == device
assert x.stride() == (3, 1)
assert x.is_contiguous()
assert x[1, 2].item() == 5.0  # a Python number
assert x.tolist() == [[0, 1, 2], [3, 4, 5]]
assert x.cpu().numpy().sum() == 15
assert x.long().dtype == torch.int64
assert x.to(torch.float16).element_size() == 2  # bytes
# --8<-- [end:ask-a-tensor]


# --8<-- [start:change-the-shape]
assert x.reshape(3, -1).shape == (3, 2)
assert x.view(6).data_ptr() == x.data_ptr()  # never copies
assert x.flatten().shape == (6,)
assert x.unsqueeze(0).shape == x[None].shape == (1, 2, 3)
assert x[None].squeeze(0).shape == (2, 3)
assert x.mT.shape == x.transpose(0, 1).shape == (3, 2)
assert x[None].permute(2, 0, 1).shape == (3, 1, 2)
assert x[None].expand(4, -1, -1).shape == (4, 2, 3)  # no copy
assert x.repeat(2, 1).shape == (4, 3)
assert torch.cat([x, x], dim=1).shape == (2, 6)
assert torch.stack([x, x]).shape == (2, 2, 3)
assert [part.shape[1] for part in x.split([2, 1], dim=1)] == [2, 1]
assert [part.shape[0] for part in x.chunk(2)] == [1, 1]
# --8<-- [end:change-the-shape]


# --8<-- [start:pick-elements]
assert x[0].tolist() == [0, 1, 2]  # a row
assert x[:, 1].tolist() == [1, 4]  # a column
assert x[..., -1].tolist() == [2, 5]
assert x[:, ::2].shape == (2, 2)
assert x[x > 3].tolist() == [4, 5]
assert x[:, [2, 0]].tolist() == [[2, 0], [5, 3]]
assert x[[0, 1], [2, 0]].tolist() == [2, 3]  # pairs
assert x.gather(1, torch.tensor([[2], [0]], device=device)).tolist() == [[2], [3]]
assert torch.where(x > 3, x, 0.0).sum() == 9
assert x.masked_fill(x > 3, -1.0).min() == -1
assert F.one_hot(torch.tensor([1]), num_classes=3).tolist() == [[0, 1, 0]]
# --8<-- [end:pick-elements]


# --8<-- [start:compute]
assert (x + x).equal(2 * x)  # element by element
assert (x * x).equal(x**2)
assert (x @ x.mT).shape == (2, 2)
assert (x[0] @ x[1]).item() == 14  # dot product
assert torch.einsum("ij,kj->ik", x, x).equal(x @ x.mT)
assert (x - x.mean(dim=0))[:, 1].tolist() == [-1.5, 1.5]  # broadcast over rows
assert x.sum(dim=1).tolist() == [3, 12]
assert x.mean(dim=1, keepdim=True).tolist() == [[1], [4]]
assert x.argmax(dim=1).tolist() == [2, 2]
values, indices = x.topk(2)  # of each row
assert values.tolist() == [[2, 1], [5, 4]]
assert indices.tolist() == [[2, 1], [2, 1]]
assert x[:, 0].std(correction=0) == 1.5  # the default divides by n - 1
assert x.clamp(1, 4).unique().tolist() == [1, 2, 3, 4]
assert x.cumsum(dim=1)[1].tolist() == [3, 7, 12]
torch.testing.assert_close(x.softmax(dim=1).sum(dim=1), torch.ones(2, device=device))
# --8<-- [end:compute]


# --8<-- [start:differentiate]
w = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
loss = (w**2).sum()
loss.backward()  # adds to w.grad
assert w.grad.tolist() == [2, 4]
w.grad = None
(slope,) = torch.autograd.grad((w**3).sum(), w)  # leaves w.grad alone
assert slope.tolist() == [3, 12]
assert w.grad is None
with torch.no_grad():
    assert not w.square().requires_grad
with torch.inference_mode():
    assert w.square().is_inference()
assert not w.detach().requires_grad  # shares memory
# --8<-- [end:differentiate]


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
assert model(x).shape == (2, 2)
assert model.scale == 2
assert sum(p.numel() for p in model.parameters()) == 98
assert [name for name, _ in model.named_children()] == ["body", "head"]
assert not model.eval().training
assert model.train().training
assert next(model.parameters()).device.type == device
frozen = Net().requires_grad_(False)
assert [p.requires_grad for p in frozen.parameters()] == [False] * 4
# --8<-- [end:build-a-model]


# --8<-- [start:layers-and-their-shapes]
with torch.device(device):  # what is made below lies there
    images = torch.zeros(2, 3, 8, 8)  # (batch, channels, height, width)
    assert nn.Conv2d(3, 6, 3, padding=1)(images).shape == (2, 6, 8, 8)
    assert nn.MaxPool2d(2)(images).shape == (2, 3, 4, 4)
    assert nn.AdaptiveAvgPool2d(1)(images).shape == (2, 3, 1, 1)
    assert nn.BatchNorm2d(3)(images).shape == images.shape
    assert nn.Flatten()(images).shape == (2, 192)
    words = nn.Embedding(10, 4)(torch.arange(3)[None])
    assert words.shape == (1, 3, 4)  # (batch, time, width)
    assert nn.LayerNorm(4)(words).shape == words.shape
    out, (h, c) = nn.LSTM(4, 7, batch_first=True)(words)
    assert out.shape == (1, 3, 7)
    assert h.shape == c.shape == (1, 1, 7)
    q = words[:, None]  # (batch, heads, time, width)
    mixed = F.scaled_dot_product_attention(q, q, q, is_causal=True)
    assert mixed.shape == q.shape
    torch.testing.assert_close(mixed[0, 0, 0], q[0, 0, 0])  # the first sees itself
# --8<-- [end:layers-and-their-shapes]


# --8<-- [start:load-the-data]
dataset = TensorDataset(torch.randn(100, 3), torch.randint(0, 2, (100,)))
generator = torch.Generator().manual_seed(0)
train_set, val_set = random_split(dataset, [80, 20], generator=generator)
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
val_loader = DataLoader(val_set, batch_size=16)
assert [len(y) for X, y in train_loader] == [32, 32, 16]
assert [len(y) for X, y in val_loader] == [16, 4]
# --8<-- [end:load-the-data]


# --8<-- [start:train]
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
for _ in range(2):
    model.train()
    for X, y in train_loader:
        X, y = X.to(device), y.to(device)
        loss = F.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    scheduler.step()  # once an epoch
assert (scheduler.base_lrs, scheduler.get_last_lr()) == ([0.003], [0.0])
# --8<-- [end:train]


# --8<-- [start:evaluate]
model.eval()
hits, total = 0, 0
with torch.inference_mode():
    for X, y in val_loader:
        X, y = X.to(device), y.to(device)
        hits += (model(X).argmax(dim=1) == y).sum().item()
        total += len(y)
assert hits <= total == 20

with torch.inference_mode(), torch.autocast(device, dtype=torch.bfloat16):
    assert model(x).dtype == torch.bfloat16  # half the bytes, often faster
# --8<-- [end:evaluate]


# --8<-- [start:save-and-load]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.pt"
    torch.save(model.state_dict(), path)
    state = torch.load(path, map_location=device)  # weights_only by default
fresh = Net().to(device)
assert str(fresh.load_state_dict(state)) == "<All keys matched successfully>"
assert torch.equal(fresh.eval()(x), model(x))
# --8<-- [end:save-and-load]


# --8<-- [start:solution-rows-of-length-one]
vectors = torch.tensor([[3.0, 4.0], [0.0, 2.0]], device=device)
units = vectors / vectors.norm(dim=1, keepdim=True)
expected = torch.tensor([[0.6, 0.8], [0.0, 1.0]], device=device)
torch.testing.assert_close(units, expected)
torch.testing.assert_close(units, F.normalize(vectors))
# --8<-- [end:solution-rows-of-length-one]


# --8<-- [start:solution-score-of-the-answer]
logits = torch.arange(12.0).reshape(4, 3).to(device)
y = torch.tensor([0, 2, 1, 1], device=device)
picked = logits[torch.arange(4), y]
assert picked.tolist() == [0, 5, 7, 10]
assert torch.equal(logits.gather(1, y[:, None]).squeeze(1), picked)
assert torch.equal((logits * F.one_hot(y, 3)).sum(dim=1), picked)
# --8<-- [end:solution-score-of-the-answer]
