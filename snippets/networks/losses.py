"""Choose a loss, give it the target it expects, and notice when it is fed wrong."""

# --8<-- [start:setup]
import math
import os
import re
import subprocess
import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes, load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:cross-entropy-by-hand]
torch.manual_seed(0)
logits = torch.randn(4, 3).to(device)  # (batch, classes)
y = torch.tensor([0, 2, 1, 2], device=device)  # one class number per row
log_probabilities = logits.log_softmax(dim=1)
by_hand = -log_probabilities[torch.arange(4), y].mean()
loss = F.cross_entropy(logits, y)
print(f"by hand {by_hand:.3f}, F.cross_entropy {loss:.3f}")
# --8<-- [end:cross-entropy-by-hand]


# --8<-- [start:loss-of-ignorance]
for classes in (2, 10, 1000):
    undecided = torch.zeros(8, classes, device=device)
    start = F.cross_entropy(undecided, torch.zeros(8, dtype=torch.long, device=device))
    print(f"{classes} classes: loss {start:.3f}, ln {math.log(classes):.3f}")
# --8<-- [end:loss-of-ignorance]


# --8<-- [start:contract-table]
flags = torch.randint(0, 2, (4, 3)).float().to(device)  # three questions per row
numbers, measured = torch.randn(2, 4).to(device)
rows = [
    (nn.MSELoss(), numbers, measured),
    (nn.HuberLoss(), numbers, measured),
    (nn.BCEWithLogitsLoss(), logits, flags),
    (nn.CrossEntropyLoss(), logits, y),
    (nn.CrossEntropyLoss(), logits, logits.softmax(dim=1)),
    (nn.NLLLoss(), logits.log_softmax(dim=1), y),
]
for criterion, prediction, target in rows:
    print(f"{type(criterion).__name__:18} {criterion(prediction, target):.3f}")
    print(f"  prediction {tuple(prediction.shape)}", end=", ")
    print(f"target {tuple(target.shape)} {target.dtype}")
# --8<-- [end:contract-table]


# --8<-- [start:wrong-class-targets]
scores, right = logits.cpu(), y.cpu()  # where messages are clearest
bad_targets = {
    "float": right.float(),
    "int32": right.int(),
    "column": right[:, None],
    "short": right[:3],
    "from 1": right + 1,
}
for fault, target in bad_targets.items():
    try:
        F.cross_entropy(scores, target)
    except (IndexError, RuntimeError, ValueError) as error:
        print(f"{fault:7} {type(error).__name__}: {error}")
# --8<-- [end:wrong-class-targets]


# --8<-- [start:late-assert]
program = """\
import torch
import torch.nn.functional as F

logits = torch.randn(2, 3, device="cuda")
targets = torch.tensor([0, 3], device="cuda")
loss = F.cross_entropy(logits, targets)
print("queued")
print(loss.item())
"""
for blocking in ("0", "1"):
    setting = {"CUDA_LAUNCH_BLOCKING": blocking}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=os.environ | setting, capture_output=True, text=True
    )
    number = int(re.search(r'"<string>", line (\d+)', done.stderr)[1])
    message = re.search(r"^.*Error: (.*)$", done.stderr, re.MULTILINE)[1]
    print(setting, message)
    print(f"  line {number}: {program.splitlines()[number - 1]}")
# --8<-- [end:late-assert]


# --8<-- [start:softmax-twice]
target = torch.arange(10, device=device)  # each class once
sure = 20.0 * torch.eye(10, device=device)  # right, and certain of it
print(f"logits:  {F.cross_entropy(sure, target):.3f}")
print(f"softmax: {F.cross_entropy(sure.softmax(dim=1), target):.3f}")
print(f"ln(e + 9) - 1 = {math.log(math.e + 9) - 1:.3f}")
# --8<-- [end:softmax-twice]


# --8<-- [start:price-of-softmax]
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32).to(device) / 16
classes = torch.tensor(digits.target).to(device)


def accuracy_after(epochs, softmax, lr):
    """Train on 1,300 digits; return the accuracy on the other 497."""
    torch.manual_seed(0)
    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)]
    model = nn.Sequential(*layers, nn.Softmax(dim=1) if softmax else nn.Identity())
    optimizer = torch.optim.SGD(model.to(device).parameters(), lr=lr, momentum=0.9)
    train, test = torch.randperm(1797).split([1300, 497])
    for _ in range(epochs):
        for rows in train[torch.randperm(1300)].split(64):
            loss = F.cross_entropy(model(images[rows]), classes[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return (model(images[test]).argmax(dim=1) == classes[test]).float().mean()


# --8<-- [end:price-of-softmax]


# --8<-- [start:softmax-in-training]
for softmax in (False, True):
    for epochs in (3, 10):
        accuracy = accuracy_after(epochs, softmax, lr=0.1)
        print(f"softmax {softmax}, {epochs} epochs: accuracy {accuracy:.3f}")
# --8<-- [end:softmax-in-training]


# --8<-- [start:yes-or-no-targets]
torch.manual_seed(0)
score, whole = torch.randn(4, 1), torch.tensor([0, 1, 1, 0])
for prediction, target in ((score, whole.float()), (score.squeeze(1), whole)):
    try:
        F.binary_cross_entropy_with_logits(prediction, target)
    except (RuntimeError, ValueError) as error:
        print(f"{type(error).__name__}: {error}")
loss = F.binary_cross_entropy_with_logits(score.squeeze(1), whole.float())
print(f"squeezed and float: {loss:.3f}")
# --8<-- [end:yes-or-no-targets]


# --8<-- [start:positive-weight]
torch.manual_seed(0)
rare = (torch.rand(4000) < 0.05).float()  # one in twenty
readings = torch.randn(4000, 2) + 1.5 * rare[:, None]
readings, rare = readings.to(device), rare.to(device)
for weight in (1.0, 19.0):  # 19 negatives for each positive
    detector = nn.Linear(2, 1).to(device)
    optimizer = torch.optim.Adam(detector.parameters(), lr=0.1)
    pos_weight = torch.tensor(weight, device=device)
    for _ in range(200):
        scores = detector(readings).squeeze(1)
        loss = F.binary_cross_entropy_with_logits(scores, rare, pos_weight=pos_weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    alarms = scores > 0
    found = rare[alarms].sum() / rare.sum()
    correct = rare[alarms].mean()
    print(f"weight {weight}: finds {found:.2f}, alarms right {correct:.2f}")
# --8<-- [end:positive-weight]


# --8<-- [start:mismatched-regression]
torch.manual_seed(0)
y_hat, y = torch.randn(4, 1).to(device), torch.randn(4).to(device)
square = (y_hat - y).square()
print("shape", tuple(square.shape), f"mean {square.mean():.3f}")
print(f"mse_loss {F.mse_loss(y_hat, y):.3f}")
# --8<-- [end:mismatched-regression]


# --8<-- [start:diabetes-data]
data, progress = load_diabetes(return_X_y=True)
X = torch.tensor(data, dtype=torch.float32)
X = (X / X.std(dim=0)).to(device)  # the columns are centered already
y = torch.tensor(progress, dtype=torch.float32)
y = ((y - y.mean()) / y.std()).to(device)
print(X.shape, y.shape, f"from {y.min():.3f} to {y.max():.3f}")
# --8<-- [end:diabetes-data]


# --8<-- [start:broadcast-damage]
def explained(squeeze):
    """Train, and return the share of the variance that the model explains."""
    torch.manual_seed(0)
    model = nn.Linear(10, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(200):
        y_hat = model(X).squeeze(1) if squeeze else model(X)
        loss = (y_hat - y).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return 1 - F.mse_loss(model(X).squeeze(1), y).item() / y.var().item()


print(f"(442, 1) against (442,): {explained(squeeze=False):.2f}")
print(f"(442,) against (442,):   {explained(squeeze=True):.2f}")
# --8<-- [end:broadcast-damage]


# --8<-- [start:class-axis-second]
torch.manual_seed(0)
B, T, C = 2, 5, 5  # as many classes as time steps
logits = torch.randn(B, T, C).to(device)
answers = torch.randint(0, C, (B, T)).to(device)
print(f"(B, T, C): {F.cross_entropy(logits, answers):.3f}")  # wrong, and no error
print(f"(B, C, T): {F.cross_entropy(logits.mT, answers):.3f}")
print(f"flattened: {F.cross_entropy(logits.flatten(0, 1), answers.flatten()):.3f}")
# --8<-- [end:class-axis-second]


# --8<-- [start:ignore-padding]
padded = answers.clone()
padded[1, 2:] = -100  # the second sequence has two real steps
each = F.cross_entropy(logits.mT, padded, reduction="none")
loss = F.cross_entropy(logits.mT, padded)
print(f"loss {loss:.3f}, mean of real tokens {each[padded != -100].mean():.3f}")
nothing = torch.full_like(padded, -100)
print("no real token:", F.cross_entropy(logits.mT, nothing).item())
# --8<-- [end:ignore-padding]


# --8<-- [start:solution-two-classes]
torch.manual_seed(0)
z = torch.randn(6).to(device)  # one score per row
flag = torch.tensor([0, 1, 1, 0, 1, 0], device=device)
pair = torch.stack([torch.zeros_like(z), z], dim=1)
print(f"two classes {F.cross_entropy(pair, flag):.3f}")
print(f"yes or no   {F.binary_cross_entropy_with_logits(z, flag.float()):.3f}")
# --8<-- [end:solution-two-classes]


# --8<-- [start:solution-class-weights]
torch.manual_seed(0)
weights = torch.tensor([1.0, 1.0, 5.0], device=device)
scores, labels = torch.randn(4, 3).to(device), torch.tensor([0, 2, 1, 2], device=device)
each = F.cross_entropy(scores, labels, reduction="none")
by_hand = (weights[labels] * each).sum() / weights[labels].sum()
weighted = F.cross_entropy(scores, labels, weight=weights)
print(f"unweighted {each.mean():.3f}")
print(f"weighted {weighted:.3f}, by hand {by_hand:.3f}")
# --8<-- [end:solution-class-weights]


# --8<-- [start:solution-label-smoothing]
soft = 0.9 * F.one_hot(labels, num_classes=3) + 0.1 / 3
print("target of class 0:", [f"{share:.3f}" for share in soft[0].tolist()])
smoothed = F.cross_entropy(scores, labels, label_smoothing=0.1)
print(f"label_smoothing {smoothed:.3f}, by hand {F.cross_entropy(scores, soft):.3f}")
# --8<-- [end:solution-label-smoothing]


# --8<-- [start:diagnosis-negative-loss]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 10), nn.Softmax(dim=1)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
criterion = nn.NLLLoss()
for step in range(61):
    loss = criterion(model(images), classes)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"step {step}: loss {loss:.2f}")
# --8<-- [end:diagnosis-negative-loss]


# --8<-- [start:solution-log-softmax]
torch.manual_seed(0)
model = nn.Linear(64, 10).to(device)  # logits
criterion = nn.CrossEntropyLoss()
print(f"first loss {criterion(model(images), classes):.2f}, ln 10 = {math.log(10):.2f}")
# --8<-- [end:solution-log-softmax]
