"""Show six bugs of modes, sequences and masks that raise nothing, with a check."""

# --8<-- [start:setup]
from statistics import mean

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits-and-training]
digits = load_digits()
images = (torch.tensor(digits.data, dtype=torch.float32) / 16).to(device)
labels = torch.tensor(digits.target).to(device)


def split(seed, n=500):
    """Return n random images with their labels to train on, and the rest to test."""
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, test = rows[:n], rows[n:]
    return images[train], labels[train], images[test], labels[test]


def fit(model, X, y, lr=0.1, in_eval=None):
    """Train, with one part in eval mode if given; leave all of it in eval mode."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    model.train()
    if in_eval:
        in_eval.eval()
    for _ in range(15):
        for rows in torch.randperm(len(X)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
    return model.eval()


# --8<-- [end:digits-and-training]


# --8<-- [start:compare]
def accuracy(model, X, y):
    with torch.no_grad():
        return (model(X).argmax(dim=1) == y).float().mean().item()


def compare(*runs):
    """Print what each run scores on five splits, each with its own seed."""
    for run in runs:
        scores = []
        for seed in range(5):
            torch.manual_seed(seed)
            scores.append(run(*split(seed)))
        low, high = min(scores), max(scores)
        print(f"{run.__name__:18} {mean(scores):.3f}, from {low:.3f} to {high:.3f}")


# --8<-- [end:compare]


# --8<-- [start:dropout-always-on]
class WithDropout(nn.Module):
    def __init__(self, always):
        super().__init__()
        self.hidden, self.head = nn.Linear(64, 64), nn.Linear(64, 10)
        self.always = always

    def forward(self, x):
        x = self.hidden(x).relu()
        if self.always:
            x = F.dropout(x, 0.5)  # its training=True is the default
        else:
            x = F.dropout(x, 0.5, training=self.training)
        return self.head(x)


def always_on(X, y, X_test, y_test):
    return accuracy(fit(WithDropout(True).to(device), X, y), X_test, y_test)


def follows_the_mode(X, y, X_test, y_test):
    return accuracy(fit(WithDropout(False).to(device), X, y), X_test, y_test)


compare(always_on, follows_the_mode)
# --8<-- [end:dropout-always-on]


# --8<-- [start:dropout-always-on-check]
for always in (True, False):
    model = WithDropout(always).to(device).eval()
    with torch.no_grad():
        apart = (model(images) - model(images)).abs().max()
    print(f"always={always}: same images twice, outputs apart by {apart:.2f}")
# --8<-- [end:dropout-always-on-check]


# --8<-- [start:eval-forgotten]
def with_batch_norm():
    layers = [nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(64, 10)).to(device)


def accuracy_in_batches(model, X, y, size=8):
    with torch.no_grad():
        right = [
            (model(X[i : i + size]).argmax(dim=1) == y[i : i + size]).sum()
            for i in range(0, len(X), size)
        ]
    return (sum(right) / len(X)).item()


def left_in_train_mode(X, y, X_test, y_test):
    model = fit(with_batch_norm(), X, y).train()
    return accuracy_in_batches(model, X_test[:1200], y_test[:1200])


def in_eval_mode(X, y, X_test, y_test):
    model = fit(with_batch_norm(), X, y).eval()
    return accuracy_in_batches(model, X_test[:1200], y_test[:1200])


compare(left_in_train_mode, in_eval_mode)
# --8<-- [end:eval-forgotten]


# --8<-- [start:eval-forgotten-check]
X, y, _, _ = split(seed=0)
model = fit(with_batch_norm(), X, y)
for mode in (model.train, model.eval):
    mode()
    with torch.no_grad():
        apart = (model(X[:8]) - model(X[:64])[:8]).abs().mean()
    print(f"{mode.__name__}: eight images in two batches, apart by {apart:.2f}")
# --8<-- [end:eval-forgotten-check]


# --8<-- [start:frozen-batch-norm]
def old_task_after(X, y, X_test, y_test, body_in_eval):
    """Return the accuracy on digits after a second head has learned negatives."""
    body = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU())
    old_task = nn.Sequential(body, nn.Linear(64, 10)).to(device)
    new_task = nn.Sequential(body, nn.Linear(64, 10)).to(device)
    fit(old_task, X, y)
    body.requires_grad_(False)
    fit(new_task, 1 - X, y, in_eval=body if body_in_eval else None)
    return accuracy(old_task.eval(), X_test, y_test)


def weights_frozen(*data):
    return old_task_after(*data, body_in_eval=False)


def frozen_and_eval(*data):
    return old_task_after(*data, body_in_eval=True)


compare(weights_frozen, frozen_and_eval)
# --8<-- [end:frozen-batch-norm]


# --8<-- [start:frozen-batch-norm-check]
model = with_batch_norm().requires_grad_(False)
before = {name: value.clone() for name, value in model.state_dict().items()}
model(images[:50])
for name, value in model.state_dict().items():
    if not torch.equal(value, before[name]):
        print("changed by a forward pass:", name)
# --8<-- [end:frozen-batch-norm-check]


# --8<-- [start:batch-first]
class Reader(nn.Module):
    """Read a digit row by row, (N, 8, 8), and answer after the last row."""

    def __init__(self, batch_first):
        super().__init__()
        self.rnn = nn.RNN(8, 32, batch_first=batch_first)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        outputs, _ = self.rnn(x.unflatten(1, (8, 8)))
        return self.head(outputs[:, -1])


def batch_first_forgotten(X, y, X_test, y_test):
    model = fit(Reader(batch_first=False).to(device), X, y, lr=0.1)
    return accuracy(model, X_test[:200], y_test[:200])


def batch_first(X, y, X_test, y_test):
    model = fit(Reader(batch_first=True).to(device), X, y, lr=0.1)
    return accuracy(model, X_test[:200], y_test[:200])


compare(batch_first_forgotten, batch_first)
# --8<-- [end:batch-first]


# --8<-- [start:batch-first-check]
others = images[:8].clone()
others[0] = 0  # another first image
for first in (False, True):
    model = Reader(batch_first=first).to(device)
    with torch.no_grad():
        apart = (model(images[:8]) - model(others)).abs().amax(dim=1)
    changed = [i for i in range(8) if apart[i] > 1e-6]
    print(f"batch_first={first}: first image changed, other answers at {changed}")
# --8<-- [end:batch-first-check]


# --8<-- [start:padding-in-the-mean]
def ratings(n=600, longest=20):
    """Return padded ratings (n, 20), which are real, and the quality behind them."""
    quality = 1 + 4 * torch.rand(n, 1)
    real = torch.arange(longest) < torch.randint(2, longest + 1, (n, 1))
    x = (quality + torch.randn(n, longest)) * real
    return x.to(device), real.to(device), quality.squeeze(1).to(device)


class Pooled(nn.Module):
    def __init__(self, counted):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(1, 16), nn.ReLU())
        self.head = nn.Linear(16, 1)
        self.counted = counted

    def forward(self, x, real):
        weight = self.counted(real).float().unsqueeze(2)  # (batch, time, 1)
        embedded = self.embed(x.unsqueeze(2))
        pooled = (embedded * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        return self.head(pooled).squeeze(1)


# --8<-- [end:padding-in-the-mean]


# --8<-- [start:padding-in-the-mean-compare]
def r2_on_ratings(counted):
    x, real, quality = ratings()
    model = Pooled(counted).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(20):
        for rows in torch.randperm(400).split(50):
            optimizer.zero_grad()
            F.mse_loss(model(x[rows], real[rows]), quality[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        error = F.mse_loss(model(x[400:], real[400:]), quality[400:])
    return 1 - (error / quality[400:].var(correction=0)).item()


def padding_counted(*_):
    return r2_on_ratings(torch.ones_like)


def mask_inverted(*_):
    return r2_on_ratings(torch.logical_not)


def padding_left_out(*_):
    return r2_on_ratings(lambda real: real)


compare(padding_counted, mask_inverted, padding_left_out)
# --8<-- [end:padding-in-the-mean-compare]


# --8<-- [start:padding-in-the-mean-check]
x, real, _ = ratings(4)
longer, none = F.pad(x, (0, 10)), F.pad(real, (0, 10))  # ten more columns of padding
for name, counted in (("ones", torch.ones_like), ("mask", lambda real: real)):
    model = Pooled(counted).to(device)
    with torch.no_grad():
        apart = (model(x, real) - model(longer, none)).abs().max()
    print(f"{name}: more padding, outputs apart by {apart:.2f}")
# --8<-- [end:padding-in-the-mean-check]


# --8<-- [start:mask-polarity]
x = torch.randn(1, 3, 4).to(device)  # the third position is padding
real = torch.tensor([[True, True, False]], device=device)
changed = x.clone()
changed[:, 2] = 9.0
layer = nn.MultiheadAttention(4, 1, batch_first=True).to(device).eval()


def by_function(x, mask):
    return F.scaled_dot_product_attention(x, x, x, attn_mask=mask.unsqueeze(1))


def by_module(x, mask):
    return layer(x, x, x, key_padding_mask=mask)[0]


for name, mask in (("real", real), ("not real", ~real)):
    for attend in (by_function, by_module):
        apart = (attend(x, mask) - attend(changed, mask))[:, :2].abs().max()
        answer = "used" if apart > 1e-6 else "hidden"
        print(f"True means {name}, {attend.__name__}: padding is {answer}")
# --8<-- [end:mask-polarity]
