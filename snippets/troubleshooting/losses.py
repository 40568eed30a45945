"""Make each message about losses, targets and metrics appear, and then go away."""

# --8<-- [start:setup]
import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score, f1_score
from torch import nn

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:float-classes]
logits = torch.zeros(4, 3)
targets = torch.tensor([0.0, 2.0, 1.0, 2.0])
F.cross_entropy(logits, targets)
# --8<-- [end:float-classes]


# --8<-- [start:float-classes-fixed]
print(f"{F.cross_entropy(logits, targets.long()):.3f}")
# --8<-- [end:float-classes-fixed]


# --8<-- [start:multi-target]
logits = torch.zeros(4, 3)
targets = torch.tensor([[0], [2], [1], [2]])
F.cross_entropy(logits, targets)
# --8<-- [end:multi-target]


# --8<-- [start:multi-target-fixed]
print(f"{F.cross_entropy(logits, targets.squeeze(1)):.3f}")
# --8<-- [end:multi-target-fixed]


# --8<-- [start:target-out-of-bounds]
logits = torch.zeros(4, 3)
targets = torch.tensor([1, 2, 3, 2])
F.cross_entropy(logits, targets)
# --8<-- [end:target-out-of-bounds]


# --8<-- [start:target-out-of-bounds-fixed]
print(f"{F.cross_entropy(logits, targets - 1):.3f}")
# --8<-- [end:target-out-of-bounds-fixed]


# --8<-- [start:batch-sizes]
features = torch.zeros(4, 2, 16)
logits = nn.Linear(16, 3)(features.view(-1, 16))
targets = torch.tensor([0, 2, 1, 2])
F.cross_entropy(logits, targets)
# --8<-- [end:batch-sizes]


# --8<-- [start:batch-sizes-fixed]
logits = nn.Linear(32, 3)(features.flatten(start_dim=1))
print(logits.shape, F.cross_entropy(logits, targets).shape)
# --8<-- [end:batch-sizes-fixed]


# --8<-- [start:class-axis]
logits = torch.zeros(2, 5, 10)  # (batch, time, classes)
targets = torch.zeros(2, 5, dtype=torch.long)
F.cross_entropy(logits, targets)
# --8<-- [end:class-axis]


# --8<-- [start:class-axis-fixed]
print(f"{F.cross_entropy(logits.mT, targets):.3f}")
print(f"{F.cross_entropy(logits.flatten(0, 1), targets.flatten()):.3f}")
# --8<-- [end:class-axis-fixed]


# --8<-- [start:spatial-targets]
logits = torch.zeros(2, 3, 8, 8)
masks = torch.zeros(2, 1, 8, 8, dtype=torch.long)
F.cross_entropy(logits, masks)
# --8<-- [end:spatial-targets]


# --8<-- [start:spatial-targets-fixed]
print(f"{F.cross_entropy(logits, masks.squeeze(1)):.3f}")
# --8<-- [end:spatial-targets-fixed]


# --8<-- [start:whole-probabilities]
logits = torch.zeros(4, 3)
one_hot = F.one_hot(torch.tensor([0, 2, 1, 2]), num_classes=3)
F.cross_entropy(logits, one_hot)
# --8<-- [end:whole-probabilities]


# --8<-- [start:whole-probabilities-fixed]
print(f"{F.cross_entropy(logits, one_hot.argmax(dim=1)):.3f}")
print(f"{F.cross_entropy(logits, one_hot.float()):.3f}")
# --8<-- [end:whole-probabilities-fixed]


# --8<-- [start:binary-shapes]
scores = torch.zeros(4, 1)  # as nn.Linear(8, 1) returns them
targets = torch.tensor([0.0, 1.0, 1.0, 0.0])
F.binary_cross_entropy_with_logits(scores, targets)
# --8<-- [end:binary-shapes]


# --8<-- [start:binary-shapes-fixed]
print(f"{F.binary_cross_entropy_with_logits(scores.squeeze(1), targets):.3f}")
# --8<-- [end:binary-shapes-fixed]


# --8<-- [start:no-probabilities]
scores = torch.tensor([2.0, -1.0])
targets = torch.tensor([1.0, 0.0])
F.binary_cross_entropy(scores, targets)
# --8<-- [end:no-probabilities]


# --8<-- [start:no-probabilities-fixed]
print(f"{F.binary_cross_entropy_with_logits(scores, targets):.3f}")
print(f"{F.binary_cross_entropy(scores.sigmoid(), targets):.3f}")
# --8<-- [end:no-probabilities-fixed]


# --8<-- [start:broadcast-loss]
y_hat = torch.tensor([[1.0], [2.0], [3.0]])
y = torch.tensor([1.0, 2.0, 3.0])
print(f"{F.mse_loss(y_hat, y):.3f}")
# --8<-- [end:broadcast-loss]


# --8<-- [start:broadcast-loss-fixed]
y_hat = y_hat.squeeze(1)
assert y_hat.shape == y.shape
print(f"{F.mse_loss(y_hat, y):.3f}")
# --8<-- [end:broadcast-loss-fixed]


# --8<-- [start:binary-target-dtype]
probabilities = torch.tensor([0.5, 0.5])
targets = torch.tensor([0, 1])
F.binary_cross_entropy(probabilities, targets)
# --8<-- [end:binary-target-dtype]


# --8<-- [start:binary-target-dtype-fixed]
print(f"{F.binary_cross_entropy(probabilities, targets.float()):.3f}")
# --8<-- [end:binary-target-dtype-fixed]


# --8<-- [start:class-weights]
logits = torch.zeros(4, 3)
targets = torch.tensor([0, 1, 1, 0])
counts = torch.bincount(targets)
F.cross_entropy(logits, targets, weight=1 / counts)
# --8<-- [end:class-weights]


# --8<-- [start:class-weights-fixed]
counts = torch.bincount(targets, minlength=3).clamp(min=1)
print((1 / counts).tolist(), F.cross_entropy(logits, targets, weight=1 / counts).shape)
# --8<-- [end:class-weights-fixed]


# --8<-- [start:pos-weight-number]
scores, flags = torch.zeros(4, 3), torch.ones(4, 3)
F.binary_cross_entropy_with_logits(scores, flags, pos_weight=3.0)
# --8<-- [end:pos-weight-number]


# --8<-- [start:pos-weight-number-fixed]
for weights in (torch.tensor(3.0), torch.tensor([1.0, 3.0, 8.0])):
    loss = F.binary_cross_entropy_with_logits(scores, flags, pos_weight=weights)
    print(f"{loss:.3f}")
# --8<-- [end:pos-weight-number-fixed]


# --8<-- [start:kl-reduction]
log_p = torch.tensor([[0.5, 0.5], [0.9, 0.1]]).log()
q = torch.tensor([[0.8, 0.2], [0.6, 0.4]])
print(f"{F.kl_div(log_p, q):.3f}")
# --8<-- [end:kl-reduction]


# --8<-- [start:kl-reduction-fixed]
print(f"{F.kl_div(log_p, q, reduction='batchmean'):.3f}")
# --8<-- [end:kl-reduction-fixed]


# --8<-- [start:implicit-dimension]
batch = torch.zeros(2, 3, 4)  # (batch, time, classes)
print(F.softmax(batch).sum(dim=0).tolist())
# --8<-- [end:implicit-dimension]


# --8<-- [start:implicit-dimension-fixed]
print(F.softmax(batch, dim=-1).sum(dim=-1).tolist())
# --8<-- [end:implicit-dimension-fixed]


# --8<-- [start:tuple-output]
outputs = (torch.zeros(4, 3), torch.zeros(4, 8))  # as a model with two outputs
targets = torch.tensor([0, 2, 1, 2])
F.cross_entropy(outputs, targets)
# --8<-- [end:tuple-output]


# --8<-- [start:tuple-output-fixed]
logits, features = outputs
print(f"{F.cross_entropy(logits, targets):.3f}")
# --8<-- [end:tuple-output-fixed]


# --8<-- [start:unknown-reduction]
y_hat, y = torch.zeros(4), torch.ones(4)
F.mse_loss(y_hat, y, reduction="average")
# --8<-- [end:unknown-reduction]


# --8<-- [start:unknown-reduction-fixed]
for reduction in ("mean", "sum", "none"):
    print(reduction, F.mse_loss(y_hat, y, reduction=reduction).tolist())
# --8<-- [end:unknown-reduction-fixed]


# --8<-- [start:ignore-with-probabilities]
logits = torch.zeros(3, 2)
soft = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.0, 0.0]])  # the last is padding
F.cross_entropy(logits, soft, ignore_index=1)
# --8<-- [end:ignore-with-probabilities]


# --8<-- [start:ignore-with-probabilities-fixed]
real = soft.sum(dim=1) > 0
print(f"{F.cross_entropy(logits[real], soft[real]):.3f}")
# --8<-- [end:ignore-with-probabilities-fixed]


# --8<-- [start:all-ignored]
logits = torch.zeros(2, 3)
padding = torch.tensor([-100, -100])
print("loss:", F.cross_entropy(logits, padding).item())
# --8<-- [end:all-ignored]


# --8<-- [start:all-ignored-fixed]
total = F.cross_entropy(logits, padding, reduction="sum")
print((total / (padding != -100).sum().clamp(min=1)).item())
# --8<-- [end:all-ignored-fixed]


# --8<-- [start:std-of-one]
rewards = torch.tensor([1.5])
print((rewards - rewards.mean()) / rewards.std())
# --8<-- [end:std-of-one]


# --8<-- [start:std-of-one-fixed]
print(((rewards - rewards.mean()) / (rewards.std(correction=0) + 1e-8)).tolist())
# --8<-- [end:std-of-one-fixed]


# --8<-- [start:ctc-lengths]
log_probabilities = torch.zeros(50, 2, 20).log_softmax(dim=2)  # (time, batch, classes)
targets = torch.ones(2, 10, dtype=torch.long)
frames = torch.tensor([100, 80])  # before a convolution with stride 2
F.ctc_loss(log_probabilities, targets, frames, torch.tensor([10, 10]))
# --8<-- [end:ctc-lengths]


# --8<-- [start:ctc-lengths-fixed]
loss = F.ctc_loss(log_probabilities, targets, frames // 2, torch.tensor([10, 10]))
print(f"{loss:.3f}")
# --8<-- [end:ctc-lengths-fixed]


# --8<-- [start:ranking-shapes]
better, worse = torch.tensor([2.0, 1.0]), torch.tensor([1.0, 1.5])
order = torch.tensor([[1.0], [1.0]])
try:
    F.margin_ranking_loss(better, worse, order)
except RuntimeError as error:
    print(f"RuntimeError: {error}".strip())
# --8<-- [end:ranking-shapes]


# --8<-- [start:ranking-shapes-fixed]
print(f"{F.margin_ranking_loss(better, worse, order.squeeze(1)):.3f}")
# --8<-- [end:ranking-shapes-fixed]


# --8<-- [start:broadcast-accuracy]
scores = torch.tensor([[2.0], [-1.0], [3.0]])  # a column, as the model returns it
y = torch.tensor([1, 0, 1])
right = (scores > 0) == y
print(
    f"accuracy {right.float().mean():.2f} of a comparison of shape {tuple(right.shape)}"
)
# --8<-- [end:broadcast-accuracy]


# --8<-- [start:broadcast-accuracy-fixed]
right = (scores.squeeze(1) > 0) == y
print(tuple(right.shape), f"{right.float().mean():.2f}")
# --8<-- [end:broadcast-accuracy-fixed]


# --8<-- [start:metric-of-scores]
y = torch.tensor([0, 1, 1, 0])
probabilities = torch.tensor([0.1, 0.9, 0.4, 0.3])
accuracy_score(y, probabilities)
# --8<-- [end:metric-of-scores]


# --8<-- [start:metric-of-scores-fixed]
print(f"{accuracy_score(y, probabilities > 0.5):.2f}")
# --8<-- [end:metric-of-scores-fixed]


# --8<-- [start:multiclass-average]
y = torch.tensor([0, 1, 2, 1])
predicted = torch.tensor([0, 1, 1, 1])
f1_score(y, predicted)
# --8<-- [end:multiclass-average]


# --8<-- [start:multiclass-average-fixed]
print(f"{f1_score(y, predicted, average='macro'):.2f}")
print([round(float(score), 2) for score in f1_score(y, predicted, average=None)])
# --8<-- [end:multiclass-average-fixed]


# --8<-- [start:metric-lengths]
batches = [torch.tensor([0, 1]), torch.tensor([1, 0]), torch.tensor([1])]
y = torch.tensor([0, 1, 1, 0, 1])
predicted = batches[-1]  # the variable of the loop, after it
accuracy_score(y, predicted)
# --8<-- [end:metric-lengths]


# --8<-- [start:metric-lengths-fixed]
print(f"{accuracy_score(y, torch.cat(batches)):.2f}")
# --8<-- [end:metric-lengths-fixed]
