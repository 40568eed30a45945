"""Choose a loss, give it the target it expects, and notice when it is fed wrong."""

# --8<-- [start:setup]
import math
import os
import re
import subprocess
import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:cross-entropy-by-hand]
torch.manual_seed(0)
logits = torch.randn(4, 3).to(device)  # (batch, classes)
y = torch.tensor([0, 2, 1, 2], device=device)  # one class number a row
by_hand = -logits.log_softmax(dim=1)[torch.arange(4), y].mean()
loss = F.cross_entropy(logits, y)
torch.testing.assert_close(loss, by_hand)
print(f"{loss:.3f}")
# --8<-- [end:cross-entropy-by-hand]


# --8<-- [start:loss-of-ignorance]
for classes in (2, 10, 1000):
    undecided = torch.zeros(8, classes, device=device)
    start = F.cross_entropy(undecided, torch.zeros(8, dtype=torch.long, device=device))
    print(f"{classes:4} {start:.3f} {math.log(classes):.3f}")
# --8<-- [end:loss-of-ignorance]


# --8<-- [start:contract-table]
flags = torch.randint(0, 2, (4, 3)).float().to(device)  # yes or no, three times a row
numbers, measured = torch.randn(2, 4).to(device)
rows = [
    (nn.MSELoss(), numbers, measured),
    (nn.HuberLoss(), numbers, measured),
    (nn.BCEWithLogitsLoss(), logits, flags),
    (nn.CrossEntropyLoss(), logits, y),
    (nn.CrossEntropyLoss(), logits, logits.softmax(dim=1)),
    (nn.NLLLoss(), logits.log_softmax(dim=1), y),
]
for criterion, given, target in rows:
    shapes = f"{tuple(given.shape)!s:7} {tuple(target.shape)!s:7} {target.dtype!s:13}"
    print(f"{type(criterion).__name__:18} {shapes} {criterion(given, target):.3f}")
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
# --8<-- [end:softmax-twice]


# --8<-- [start:yes-or-no-targets]
torch.manual_seed(0)
score, whole = torch.randn(4, 1), torch.tensor([0, 1, 1, 0])
for given, target in ((score, whole.float()), (score.squeeze(1), whole)):
    try:
        F.binary_cross_entropy_with_logits(given, target)
    except (RuntimeError, ValueError) as error:
        print(f"{type(error).__name__}: {error}")
mended = F.binary_cross_entropy_with_logits(score.squeeze(1), whole.float())
print(f"mended: {mended:.3f}")
# --8<-- [end:yes-or-no-targets]


# --8<-- [start:mismatched-regression]
y_hat, y = torch.randn(4, 1).to(device), torch.randn(4).to(device)
square = (y_hat - y).pow(2)
print(tuple(square.shape))
torch.testing.assert_close(F.mse_loss(y_hat, y), square.mean())
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
print(f"{F.cross_entropy(logits.mT, padded):.3f} {each[padded != -100].mean():.3f}")
print(F.cross_entropy(logits.mT, torch.full_like(padded, -100)).item())
# --8<-- [end:ignore-padding]


# --8<-- [start:solution-two-classes]
torch.manual_seed(0)
z = torch.randn(6).to(device)  # one score a row
flag = torch.tensor([0, 1, 1, 0, 1, 0], device=device)
pair = torch.stack([torch.zeros_like(z), z], dim=1)
one_score = F.binary_cross_entropy_with_logits(z, flag.float())
torch.testing.assert_close(F.cross_entropy(pair, flag), one_score)
print(tuple(pair.shape), f"{one_score:.3f}")
# --8<-- [end:solution-two-classes]


# --8<-- [start:solution-class-weights]
torch.manual_seed(0)
rare = torch.tensor([1.0, 1.0, 5.0], device=device)
scores, labels = torch.randn(4, 3).to(device), torch.tensor([0, 2, 1, 2], device=device)
each = F.cross_entropy(scores, labels, reduction="none")
by_hand = (rare[labels] * each).sum() / rare[labels].sum()
torch.testing.assert_close(F.cross_entropy(scores, labels, weight=rare), by_hand)
print(f"{each.mean():.3f} unweighted, {by_hand:.3f} weighted")
# --8<-- [end:solution-class-weights]


# --8<-- [start:solution-label-smoothing]
soft = 0.9 * F.one_hot(labels, num_classes=3) + 0.1 / 3
smoothed = F.cross_entropy(scores, labels, label_smoothing=0.1)
torch.testing.assert_close(F.cross_entropy(scores, soft), smoothed)
print([f"{share:.3f}" for share in soft[0].tolist()], f"{smoothed:.3f}")
# --8<-- [end:solution-label-smoothing]
