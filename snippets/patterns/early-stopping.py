"""Stop training when validation stops improving, and keep the best weights."""

# --8<-- [start:setup]
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:easy-to-overfit]
torch.manual_seed(0)
digits = load_digits()
order = torch.randperm(len(digits.target))
X = torch.tensor(digits.data, dtype=torch.float32)[order] / 16
y = torch.tensor(digits.target)[order]
spoiled = torch.rand(200) < 0.3  # these training images get a random label
y[:200][spoiled] = torch.randint(0, 10, (200,))[spoiled]
X_train, X_val, X_test = X.to(device).split([200, 300, 1297])
y_train, y_val, y_test = y.to(device).split([200, 300, 1297])
print(len(X_train), "to train,", len(X_val), "to validate,", len(X_test), "to test")
# --8<-- [end:easy-to-overfit]


# --8<-- [start:epoch-and-validation]
def new_model():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)).to(device)
    return model, torch.optim.SGD(model.parameters(), lr=0.3)


def train_epoch(model, optimizer, after_step=lambda: None):
    model.train()
    for rows in torch.randperm(200).split(10):
        loss = F.cross_entropy(model(X_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        after_step()


@torch.no_grad()
def loss_on(model, X, y):
    return F.cross_entropy(model.eval()(X), y).item()


# --8<-- [end:epoch-and-validation]


# --8<-- [start:train-too-long]
model, optimizer = new_model()
train_losses, val_losses = [], []
for _ in range(60):
    train_epoch(model, optimizer)
    train_losses.append(loss_on(model, X_train, y_train))
    val_losses.append(loss_on(model, X_val, y_val))
best = min(range(60), key=val_losses.__getitem__)
print(f"best {val_losses[best]:.3f} in epoch {best}, last {val_losses[-1]:.3f}")
fig, ax = plt.subplots()
ax.plot(train_losses, label="training")
ax.plot(val_losses, label="validation")
ax.plot(best, val_losses[best], "o", color="C1")
ax.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
ax.legend()
plt.show()
# --8<-- [end:train-too-long]


# --8<-- [start:early-stopping]
class EarlyStopping:
    """Keeps the best weights, and says when to stop looking for better ones."""

    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_weights = math.inf, None
        self.waited = 0  # epochs since the best one

    def step(self, val_loss, model=None):
        """Take the loss after one epoch; return whether to stop."""
        if val_loss < self.best_loss - self.min_delta:  # never true for nan
            self.best_loss, self.waited = val_loss, 0
            if model is not None:
                self.best_weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self, model):
        """Load the best weights, if there was a best epoch at all."""
        if self.best_weights is None:
            raise ValueError("no epoch had a finite validation loss")
        model.load_state_dict(self.best_weights)


# --8<-- [end:early-stopping]


# --8<-- [start:stop-and-restore]
def accuracy(model):
    return (model.eval()(X_test).argmax(dim=1) == y_test).float().mean().item()


model, optimizer = new_model()
stopper = EarlyStopping(patience=10)
for epoch in range(60):
    train_epoch(model, optimizer)
    if stopper.step(loss_on(model, X_val, y_val), model):
        print(f"stopped after epoch {epoch}, best loss {stopper.best_loss:.3f}")
        break
last = accuracy(model)
stopper.restore(model)
print(f"test accuracy: last {last:.3f}, best {accuracy(model):.3f}")
# --8<-- [end:stop-and-restore]


# --8<-- [start:how-much-patience]
def replay(losses, patience):
    """Return the epoch at which such a stopper stops, and its best loss."""
    stopper = EarlyStopping(patience)
    for epoch, loss in enumerate(losses):
        if stopper.step(loss):
            return epoch, stopper.best_loss
    return len(losses), stopper.best_loss


for patience in (1, 2, 5, 10):
    epoch, best_loss = replay(val_losses, patience)
    print(f"patience {patience:2}: stops at epoch {epoch:2}, best loss {best_loss:.3f}")
# --8<-- [end:how-much-patience]


# --8<-- [start:best-that-moves]
model, optimizer = new_model()
alias = model.state_dict()
copied = copy.deepcopy(model.state_dict())
before = alias["0.weight"].norm().item()
train_epoch(model, optimizer)
print(f"alias {before:.3f} -> {alias['0.weight'].norm():.3f}")
print(f"copy  {before:.3f} -> {copied['0.weight'].norm():.3f}")
# --8<-- [end:best-that-moves]


# --8<-- [start:not-worse-is-not-better]
def not_worse(losses):
    """Return what a stopper keeps that waits only while the loss is larger."""
    best, waited = losses[0], 0
    for loss in losses[1:]:
        if loss > best:
            waited += 1
        else:
            best, waited = loss, 0
    return best, waited


for losses in ([0.5, 0.6, 0.7], [0.5, math.nan, 9.0], [0.5, 0.5, 0.5]):
    stopper = EarlyStopping(patience=2)
    for loss in losses:
        stopper.step(loss)
    best, waited = not_worse(losses)
    print(losses)
    print(f"  better:    best {stopper.best_loss}, epochs waited {stopper.waited}")
    print(f"  not worse: best {best}, epochs waited {waited}")
# --8<-- [end:not-worse-is-not-better]


# --8<-- [start:average-the-weights]
model, optimizer = new_model()
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.99))
ema_losses = []
for _ in range(60):
    train_epoch(model, optimizer, lambda: ema.update_parameters(model))
    ema_losses.append(loss_on(ema, X_val, y_val))
print(f"best loss: {min(val_losses):.3f} plain, {min(ema_losses):.3f} averaged")
fig, ax = plt.subplots()
ax.plot(val_losses, color="C1", label="plain")
ax.plot(ema_losses, color="C2", label="averaged")
ax.set(xlabel="epoch", ylabel="validation loss", ylim=(0, None))
ax.legend()
plt.show()
# --8<-- [end:average-the-weights]


# --8<-- [start:solution-watch-accuracy]
class StopOnScore(EarlyStopping):
    def step(self, score, model=None):
        return super().step(-score, model)


stopper = StopOnScore(patience=2, min_delta=0.05)
for score in (0.7, 0.9, 0.92, 0.8):
    stop = stopper.step(score)
    print(f"accuracy {score}: waited {stopper.waited}, stop {stop}")
# --8<-- [end:solution-watch-accuracy]


# --8<-- [start:solution-average-by-hand]
model, _ = new_model()
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
ema.update_parameters(model)  # the first call copies
by_hand = [parameter.detach().clone() for parameter in model.parameters()]
for _ in range(5):
    with torch.no_grad():
        for parameter, average in zip(model.parameters(), by_hand, strict=True):
            parameter += 0.1  # stands for training
            average.copy_(0.9 * average + 0.1 * parameter)
    ema.update_parameters(model)
print(f"bias: model {model[-1].bias.mean():.3f}", end=", ")
print(f"by hand {by_hand[-1].mean():.3f}", end=", ")
print(f"AveragedModel {ema.module[-1].bias.mean():.3f}")
# --8<-- [end:solution-average-by-hand]


# --8<-- [start:diagnosis-no-gain]
model, optimizer = new_model()
best_loss, best_weights = math.inf, None
for _ in range(60):
    train_epoch(model, optimizer)
    val_loss = loss_on(model, X_val, y_val)
    if val_loss < best_loss:
        best_loss, best_weights = val_loss, model.state_dict()
last = accuracy(model)
model.load_state_dict(best_weights)
print(f"test accuracy: last {last:.3f}, best {accuracy(model):.3f}")
# --8<-- [end:diagnosis-no-gain]


# --8<-- [start:solution-copy-the-weights]
model, optimizer = new_model()
best_loss, best_weights = math.inf, None
for _ in range(60):
    train_epoch(model, optimizer)
    val_loss = loss_on(model, X_val, y_val)
    if val_loss < best_loss:
        best_loss, best_weights = val_loss, copy.deepcopy(model.state_dict())
last = accuracy(model)
model.load_state_dict(best_weights)
print(f"test accuracy: last {last:.3f}, best {accuracy(model):.3f}")
# --8<-- [end:solution-copy-the-weights]
