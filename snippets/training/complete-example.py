"""Train a classifier on real data: split, train, validate, keep the best, test once."""

# --8<-- [start:setup]
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:split-the-data]
data = load_digits()
X = torch.tensor(data.data, dtype=torch.float32)  # (1797, 64), pixels from 0 to 16
y = torch.tensor(data.target)
order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
train, val, test = order.split([1200, 297, 300])
print(f"{tuple(X.shape)} pixels, {tuple(y.shape)} labels:", end=" ")
print(len(train), "to train,", len(val), "to validate,", len(test), "to test")
# --8<-- [end:split-the-data]


# --8<-- [start:scale-and-batch]
X = (X - X[train].mean()) / X[train].std()
generator = torch.Generator().manual_seed(0)
train_set = TensorDataset(X[train], y[train])
train_loader = DataLoader(train_set, batch_size=64, shuffle=True, generator=generator)
val_loader = DataLoader(TensorDataset(X[val], y[val]), batch_size=256)
print(len(train_loader), "batches, the last of", len(train) % 64)
print("validation batches of", [len(target) for _, target in val_loader])
print(f"validation: mean {X[val].mean():.3f}, standard deviation {X[val].std():.3f}")
# --8<-- [end:scale-and-batch]


# --8<-- [start:model]
class SimpleNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))  # logits: no softmax


torch.manual_seed(0)
model = SimpleNN(64, 128, 10).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
loss = F.cross_entropy(model(X[train].to(device)), y[train].to(device))
print(f"loss before training {loss:.2f}, of a guess {math.log(10):.2f}")
# --8<-- [end:model]


# --8<-- [start:train-one-epoch]
def train_one_epoch(model, loader, optimizer):
    """Return the average loss and the accuracy over the samples of the epoch."""
    model.train()
    total_loss, correct, count = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)  # [!]
        loss = F.cross_entropy(logits, y)  # [!]
        optimizer.zero_grad()  # [!]
        loss.backward()  # [!]
        optimizer.step()  # [!]
        total_loss += loss.item() * len(y)  # the loss is a mean over the batch
        correct += (logits.argmax(dim=1) == y).sum().item()
        count += len(y)
    return total_loss / count, correct / count


# --8<-- [end:train-one-epoch]


# --8<-- [start:evaluate]
@torch.inference_mode()
def evaluate(model, loader):
    """Return the average loss and the accuracy, without learning anything."""
    model.eval()
    total_loss, correct, count = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)
        total_loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += (logits.argmax(dim=1) == y).sum().item()
        count += len(y)
    return total_loss / count, correct / count


print(f"validation before training: {evaluate(model, val_loader)[1]:.3f}")
# --8<-- [end:evaluate]


# --8<-- [start:fit]
history, best_loss, best_epoch = [], math.inf, 0
for epoch in range(1, 31):
    train_loss, train_accuracy = train_one_epoch(model, train_loader, optimizer)
    val_loss, val_accuracy = evaluate(model, val_loader)
    history.append((train_loss, val_loss))
    if val_loss < best_loss:
        best_loss, best_epoch = val_loss, epoch
        best_state = copy.deepcopy(model.state_dict())
    if epoch in (1, 2, 5, 10, 20, 30):
        print(f"epoch {epoch:2}: training loss {train_loss:.3f},", end=" ")
        print(f"validation loss {val_loss:.3f}, accuracy {val_accuracy:.3f}")
print("lowest validation loss after epoch", best_epoch)
# --8<-- [end:fit]


# --8<-- [start:curves]
plt.plot(range(1, 31), history, label=["training", "validation"])
plt.yscale("log")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
plt.show()
# --8<-- [end:curves]


# --8<-- [start:test-once]
model.load_state_dict(best_state)
test_loader = DataLoader(TensorDataset(X[test], y[test]), batch_size=len(test))
test_loss, test_accuracy = evaluate(model, test_loader)
spread = math.sqrt(test_accuracy * (1 - test_accuracy) / len(test))
print(f"test accuracy {test_accuracy:.3f}, give or take {spread:.3f}")
# --8<-- [end:test-once]


# --8<-- [start:solution-overfit-one-batch]
torch.manual_seed(0)
small = SimpleNN(64, 128, 10).to(device)
small_optimizer = torch.optim.AdamW(small.parameters(), lr=0.003)
one_batch = [(X[train[:64]], y[train[:64]])]  # a list of batches is a loader
for _ in range(100):
    batch_loss, batch_accuracy = train_one_epoch(small, one_batch, small_optimizer)
print(f"accuracy {batch_accuracy:.2f}, loss {batch_loss:.4f}")
# --8<-- [end:solution-overfit-one-batch]


# --8<-- [start:solution-forgot-to-shuffle]
def accuracies(loader):
    """Return the validation accuracies of a new model over five epochs."""
    torch.manual_seed(0)
    generator.manual_seed(0)
    model = SimpleNN(64, 128, 10).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    results = []
    for _ in range(5):
        train_one_epoch(model, loader, optimizer)
        results.append(f"{evaluate(model, val_loader)[1]:.2f}")
    return results


by_class = train[y[train].argsort(stable=True)]
sorted_loader = DataLoader(TensorDataset(X[by_class], y[by_class]), batch_size=64)
print("shuffled", accuracies(train_loader))
print("sorted  ", accuracies(sorted_loader))
# --8<-- [end:solution-forgot-to-shuffle]


# --8<-- [start:solution-resume]
torch.manual_seed(0)
again = SimpleNN(64, 128, 10).to(device)
adamw = torch.optim.AdamW(again.parameters(), lr=0.003)
for _ in range(5):
    train_one_epoch(again, train_loader, adamw)
saved = {"model": again.state_dict(), "optimizer": adamw.state_dict()}
saved = copy.deepcopy(saved | {"order": generator.get_state()})

for with_optimizer in (True, True, False):
    state = copy.deepcopy(saved)
    again.load_state_dict(state["model"])
    generator.set_state(state["order"])
    adamw = torch.optim.AdamW(again.parameters(), lr=0.003)
    if with_optimizer:
        adamw.load_state_dict(state["optimizer"])
    next_loss, _ = train_one_epoch(again, train_loader, adamw)
    print(f"optimizer restored {with_optimizer}: loss {next_loss:.3f}")
# --8<-- [end:solution-resume]


# --8<-- [start:solution-unscaled]
torch.manual_seed(0)
spoiled = SimpleNN(64, 128, 10).to(device)
adamw = torch.optim.AdamW(spoiled.parameters(), lr=0.003)
pixels = torch.tensor(data.data, dtype=torch.float32) * 255 / 16  # not scaled
pixel_loader = DataLoader(TensorDataset(pixels[train], y[train]), 64, shuffle=True)
before, _ = evaluate(spoiled, pixel_loader)
first, _ = train_one_epoch(spoiled, pixel_loader, adamw)
print(f"before training: loss {before:.0f}, in the first epoch: loss {first:.0f}")
# --8<-- [end:solution-unscaled]
