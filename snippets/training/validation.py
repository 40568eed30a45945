"""Measure a model on data it has not seen: averages, confusion, confidence."""

# --8<-- [start:setup]
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes, load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:few-training-images]
data = load_digits()
X = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)
order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
train, val = order.split([300, 1497])
train_set, val_set = (TensorDataset(X[part], y[part]) for part in (train, val))
print(len(train_set), "images to train on,", len(val_set), "to validate on")
# --8<-- [end:few-training-images]


# --8<-- [start:train-a-model]
def train_one_epoch(model, optimizer):
    model.train()
    for inputs, labels in DataLoader(train_set, batch_size=50, shuffle=True):
        loss = F.cross_entropy(model(inputs.to(device)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


torch.manual_seed(0)
hidden = nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.GELU()
model = nn.Sequential(*hidden, nn.Linear(64, 10)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
losses = [train_one_epoch(model, optimizer) for _ in range(10)]
print(f"training loss after 1 epoch {losses[0]:.2f}, after 10 {losses[-1]:.2f}")
# --8<-- [end:train-a-model]


# --8<-- [start:validate]
@torch.inference_mode()
def validate(model, val_loader, criterion, device):
    """Return the average loss and the accuracy over all samples."""
    model.eval()  # [!]
    total_loss, correct, count = 0.0, 0, 0
    for inputs, labels in val_loader:
        inputs, labels = inputs.to(device), labels.to(device)
        logits = model(inputs)
        total_loss += criterion(logits, labels).item() * len(labels)
        correct += (logits.argmax(dim=1) == labels).sum().item()
        count += len(labels)
    return total_loss / count, correct / count


criterion = nn.CrossEntropyLoss()
for batch_size in (64, 1496):
    val_loader = DataLoader(val_set, batch_size)
    val_loss, accuracy = validate(model, val_loader, criterion, device)
    print(f"{len(val_loader):2} batches: loss {val_loss:.3f}, accuracy {accuracy:.3f}")
# --8<-- [end:validate]


# --8<-- [start:mean-of-batch-means]
for batch_size in (64, 1496):
    loader = DataLoader(val_set, batch_size)
    losses = [validate(model, [batch], criterion, device)[0] for batch in loader]
    print(f"{len(losses):2} batches: loss {sum(losses) / len(losses):.3f}")
# --8<-- [end:mean-of-batch-means]


# --8<-- [start:forgot-eval]
careless = copy.deepcopy(model).train()
for batch_size in (499, 3):
    correct = 0
    with torch.no_grad():
        for inputs, labels in DataLoader(val_set, batch_size):
            y_hat = careless(inputs.to(device)).argmax(dim=1)
            correct += (y_hat == labels.to(device)).sum().item()
    print(f"batches of {batch_size:3}: accuracy {correct / len(val_set):.3f}")
after = validate(careless, val_loader, criterion, device)[1]
print(f"in eval mode: {accuracy:.3f} before, {after:.3f} after")
# --8<-- [end:forgot-eval]


# --8<-- [start:confusion-matrix]
with torch.inference_mode():
    logits = model(X[val].to(device))
labels, y_hat = y[val].to(device), logits.argmax(dim=1)
confusion = torch.bincount(labels * 10 + y_hat, minlength=100).reshape(10, 10)
errors = confusion - confusion.diag().diag()
print("right:", confusion.diag().sum().item(), "wrong:", errors.sum().item())
for cell in errors.flatten().topk(2).indices.tolist():
    print(f"true {cell // 10}, predicted {cell % 10}: {errors.flatten()[cell]} images")
# --8<-- [end:confusion-matrix]


# --8<-- [start:draw-the-errors]
fig, ax = plt.subplots(figsize=(4.6, 3.6))
image = ax.imshow(errors.cpu().numpy())
fig.colorbar(image, label="images")
ax.set(
    xlabel="predicted class", ylabel="true class", xticks=range(10), yticks=range(10)
)
plt.show()
# --8<-- [end:draw-the-errors]


# --8<-- [start:precision-and-recall]
recall = confusion.diag() / confusion.sum(dim=1)
precision = confusion.diag() / confusion.sum(dim=0)
for digit in (0, 3, 8):
    print(digit, f"recall {recall[digit]:.3f} precision {precision[digit]:.3f}")
# --8<-- [end:precision-and-recall]


# --8<-- [start:a-rare-class]
is_eight, score = labels == 8, logits.softmax(dim=1)[:, 8]
print(f"always no: accuracy {(~is_eight).float().mean():.3f}, recall 0")
for threshold in (0.05, 0.5, 0.95):
    called = score > threshold
    found = (called & is_eight).sum()
    accuracy = (called == is_eight).float().mean()
    print(f"score above {threshold}: accuracy {accuracy:.3f},", end=" ")
    print(f"recall {found / is_eight.sum():.3f}, precision {found / called.sum():.3f}")
# --8<-- [end:a-rare-class]


# --8<-- [start:confidence]
def reliability(logits, labels):
    confidence, y_hat = logits.softmax(dim=1).max(dim=1)
    right = (y_hat == labels).float()
    loss = F.cross_entropy(logits, labels)
    print(f"accuracy {right.mean():.3f}, loss {loss:.3f}")
    for low, high in ((0, 0.6), (0.6, 0.9), (0.9, 1)):
        part = (confidence > low) & (confidence <= high)
        sure, share = confidence[part].mean(), right[part].mean()
        print(f"  confidence {sure:.2f}, share right {share:.2f}")


reliability(logits, labels)
reliability(3 * logits, labels)
# --8<-- [end:confidence]


# --8<-- [start:stop-early]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
best_loss, best_epoch, patience = math.inf, 0, 5
for epoch in range(100):
    train_one_epoch(model, optimizer)
    val_loss, accuracy = validate(model, val_loader, criterion, device)
    if val_loss < best_loss:
        best_loss, best_epoch = val_loss, epoch
        best_state = copy.deepcopy(model.state_dict())
    if epoch - best_epoch == patience:
        break
print(f"stopped after epoch {epoch}, best was epoch {best_epoch}")
print(f"best loss {best_loss:.3f}, last loss {val_loss:.3f}")
# --8<-- [end:stop-early]


# --8<-- [start:train-far-too-long]
for _ in range(100):
    train_one_epoch(model, optimizer)
last = validate(model, val_loader, criterion, device)
model.load_state_dict(best_state)
best = validate(model, val_loader, criterion, device)
print(f"best weights: loss {best[0]:.3f}, accuracy {best[1]:.3f}")
print(f"100 epochs later: loss {last[0]:.3f}, accuracy {last[1]:.3f}")
# --8<-- [end:train-far-too-long]


# --8<-- [start:compare-two-models]
with torch.inference_mode():
    other = model(X[val].to(device)).argmax(dim=1)
first_right, other_right = y_hat == labels, other == labels
only_first = (first_right & ~other_right).sum().item()
only_other = (other_right & ~first_right).sum().item()
print(f"images that only one model gets right: {only_first} and {only_other}")
gap = (only_first - only_other) / len(labels)
spread = math.sqrt(only_first + only_other) / len(labels)
print(f"gap in accuracy {gap:.4f}, give or take {spread:.4f}")
# --8<-- [end:compare-two-models]


# --8<-- [start:regression]
def report(name, y_hat, y):
    error = y_hat - y
    mae, rmse = error.abs().mean(), error.square().mean().sqrt()
    r2 = 1 - error.square().sum() / (y - y.mean()).square().sum()
    print(f"{name}: MAE {mae:.1f}, RMSE {rmse:.1f}, R2 {r2:.2f}")


patients = load_diabetes()
inputs = torch.tensor(patients.data, dtype=torch.float32)
inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)  # for the bias
outcome = torch.tensor(patients.target, dtype=torch.float32)  # 25 to 346
rows = torch.randperm(442, generator=torch.Generator().manual_seed(0))
seen, unseen = rows[:342], rows[342:]
weights = torch.linalg.lstsq(inputs[seen], outcome[seen, None]).solution[:, 0]
report("mean of the training set", outcome[seen].mean(), outcome[unseen])
report("linear model", inputs[unseen] @ weights, outcome[unseen])
# --8<-- [end:regression]


# --8<-- [start:solution-macro-f1-score]
scores = 2 * precision * recall / (precision + recall)
print(f"{scores.mean():.3f}, the worst is {scores.argmin()} with {scores.min():.3f}")
# --8<-- [end:solution-macro-f1-score]


# --8<-- [start:solution-find-the-temperature]
too_sure, half = 3 * logits, len(labels) // 2
temperatures = [0.5 * n for n in range(1, 13)]
losses = [
    F.cross_entropy(too_sure[:half] / t, labels[:half]).item() for t in temperatures
]
best = temperatures[losses.index(min(losses))]
print("temperature:", best)
reliability(too_sure[half:] / best, labels[half:])
# --8<-- [end:solution-find-the-temperature]


# --8<-- [start:solution-batch-of-one]
alone = copy.deepcopy(careless).train()
whole = alone(X[val[:200]].to(device)).argmax(dim=1)
pairs = [alone(X[two].to(device)).argmax(dim=1) for two in val[:200].split(2)]
truth = y[val[:200]].to(device)
for name, guess in (("200 at once", whole), ("two at a time", torch.cat(pairs))):
    print(f"{name}: accuracy {(guess == truth).float().mean():.2f}")
# --8<-- [end:solution-batch-of-one]
