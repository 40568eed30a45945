"""Show six bugs in a model or its loss that raise nothing, with damage and check."""

# --8<-- [start:setup]
from statistics import mean

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes, load_digits
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


def fit(model, X, y):
    """Train the model on X and y, and return it."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(15):
        for rows in torch.randperm(len(X)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
    return model


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


def network(*last):
    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(*layers, *last).to(device)


# --8<-- [end:compare]


# --8<-- [start:broadcast-loss]
diabetes = load_diabetes(scaled=False)
patients = torch.tensor(diabetes.data, dtype=torch.float32).to(device)
patients = (patients - patients.mean(dim=0)) / patients.std(dim=0)
progress = torch.tensor(diabetes.target, dtype=torch.float32).to(device)
progress = (progress - progress.mean()) / progress.std()


def r2_after(loss_of, *last):
    """Return R2 on 142 patients after training on the other 300."""
    order = torch.randperm(442)
    train, test = order[:300], order[300:]
    layers = [nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1)]
    model = nn.Sequential(*layers, *last).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(20):
        for rows in train[torch.randperm(300)].split(50):
            optimizer.zero_grad()
            loss_of(model(patients[rows]), progress[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        error = (model(patients[test]).squeeze(1) - progress[test]).square().mean()
    return 1 - (error / progress[test].var(correction=0)).item()


# --8<-- [end:broadcast-loss]


# --8<-- [start:broadcast-loss-compare]
def mean_square(y_hat, y):
    return (y_hat - y).square().mean()


def broadcast(*_):
    return r2_after(mean_square)  # (50, 1) minus (50,) is (50, 50)


def same_shape(*_):
    return r2_after(lambda y_hat, y: mean_square(y_hat.squeeze(1), y))


compare(broadcast, same_shape)
# --8<-- [end:broadcast-loss-compare]


# --8<-- [start:broadcast-loss-check]
y_hat, y = torch.zeros(50, 1, device=device), progress[:50]
print("difference", tuple((y_hat - y).shape))
loss = F.mse_loss(y_hat, y)
# --8<-- [end:broadcast-loss-check]


# --8<-- [start:softmax-twice]
def softmax_twice(X, y, X_test, y_test):
    return accuracy(fit(network(nn.Softmax(dim=1)), X, y), X_test, y_test)


def softmax_in_loss(X, y, X_test, y_test):
    return accuracy(fit(network(), X, y), X_test, y_test)


compare(softmax_twice, softmax_in_loss)
# --8<-- [end:softmax-twice]


# --8<-- [start:softmax-twice-check]
torch.manual_seed(0)
X, y, _, _ = split(seed=0)
for name, model in (
    ("softmax twice", network(nn.Softmax(dim=1))),
    ("softmax in loss", network()),
):
    outputs = fit(model, X, y)(X).detach()
    total, loss = outputs[0].sum(), F.cross_entropy(outputs, y)
    print(f"{name}: first row adds up to {total:.2f}, training loss {loss:.2f}")
sure = F.one_hot(torch.tensor([3]), 10).float()  # all right, with full certainty
print(f"lowest possible after a softmax {F.cross_entropy(sure, torch.tensor([3])):.2f}")
# --8<-- [end:softmax-twice-check]


# --8<-- [start:relu-at-the-end]
def relu_at_the_end(X, y, X_test, y_test):
    return accuracy(fit(network(nn.ReLU()), X, y), X_test, y_test)


compare(relu_at_the_end, softmax_in_loss)
X, y, _, _ = split(seed=0)
outputs = fit(network(nn.ReLU()), X, y)(X)
never = (outputs.amax(dim=0) == 0).sum().item()
print(f"classes whose output is zero for every training image: {never} of 10")
# --8<-- [end:relu-at-the-end]


# --8<-- [start:relu-at-the-end-regression]
def relu_on_progress(*_):
    return r2_after(
        lambda y_hat, y: mean_square(y_hat.squeeze(1), y),
        nn.ReLU(),
    )


compare(relu_on_progress, same_shape)
print(f"targets below zero {(progress < 0).float().mean():.2f}")
# --8<-- [end:relu-at-the-end-regression]


# --8<-- [start:layers-in-a-list]
class Deep(nn.Module):
    def __init__(self, container):
        super().__init__()
        layers = [nn.Linear(64, 16), nn.Linear(16, 16), nn.Linear(16, 16)]
        self.hidden = container(layers)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.head(x)


def plain_list(X, y, X_test, y_test):
    model = fit(Deep(list), X.cpu(), y.cpu())  # .to(device) would not move the layers
    return accuracy(model, X_test.cpu(), y_test.cpu())


def module_list(X, y, X_test, y_test):
    return accuracy(fit(Deep(nn.ModuleList).to(device), X, y), X_test, y_test)


# --8<-- [end:layers-in-a-list]


# --8<-- [start:layers-in-a-list-compare]
compare(plain_list, module_list)
for container in (list, nn.ModuleList):
    model = Deep(container)
    names = [name for name, _ in model.named_parameters()]
    print(f"{container.__name__}: {len(names)} tensors, {', '.join(names[:2])}, ...")
# --8<-- [end:layers-in-a-list-compare]


# --8<-- [start:detached-encoder]
class Classifier(nn.Module):
    def __init__(self, detach):
        super().__init__()
        self.encoder = nn.Linear(64, 16)
        self.head = nn.Linear(16, 10)
        self.detach = detach

    def forward(self, x):
        features = self.encoder(x).relu()
        if self.detach:
            features = features.detach()  # "to save memory"
        return self.head(features)


def detached(X, y, X_test, y_test):
    return accuracy(fit(Classifier(detach=True).to(device), X, y), X_test, y_test)


def connected(X, y, X_test, y_test):
    return accuracy(fit(Classifier(detach=False).to(device), X, y), X_test, y_test)


compare(detached, connected)
# --8<-- [end:detached-encoder]


# --8<-- [start:detached-encoder-check]
X, y, _, _ = split(seed=0)
for detach in (True, False):
    model = Classifier(detach).to(device)
    F.cross_entropy(model(X), y).backward()
    missing = [name for name, p in model.named_parameters() if p.grad is None]
    print(f"detach={detach}: without a gradient {missing}")
# --8<-- [end:detached-encoder-check]


# --8<-- [start:nothing-loaded]
def saved_by_a_wrapper(X, y):
    """Return the weights of a trained network, as `DataParallel` names them."""
    weights = fit(network(), X, y).state_dict()
    return {f"module.{name}": tensor for name, tensor in weights.items()}


def not_strict(X, y, X_test, y_test):
    model = network()
    model.load_state_dict(saved_by_a_wrapper(X, y), strict=False)
    return accuracy(model, X_test, y_test)


def renamed(X, y, X_test, y_test):
    model = network()
    weights = saved_by_a_wrapper(X, y)
    model.load_state_dict({k.removeprefix("module."): v for k, v in weights.items()})
    return accuracy(model, X_test, y_test)


compare(not_strict, renamed)
# --8<-- [end:nothing-loaded]


# --8<-- [start:nothing-loaded-check]
X, y, _, _ = split(seed=0)
outcome = network().load_state_dict(saved_by_a_wrapper(X, y), strict=False)
print("missing", outcome.missing_keys)
print("unexpected", outcome.unexpected_keys)
# --8<-- [end:nothing-loaded-check]
