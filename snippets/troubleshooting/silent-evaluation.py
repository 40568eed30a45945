"""Show eight bugs of evaluation that raise nothing, with damage and check."""

# --8<-- [start:setup]
from statistics import mean

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

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


def fit(X, y, epochs=15, augment=None, **loss_options):
    """Return a small network trained on X and y, in eval mode."""
    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)]
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(50):
            batch = augment(X[rows]) if augment else X[rows]
            optimizer.zero_grad()
            F.cross_entropy(model(batch), y[rows], **loss_options).backward()
            optimizer.step()
    return model.eval()


# --8<-- [end:digits-and-training]


# --8<-- [start:compare]
@torch.no_grad()
def accuracy(model, X, y):
    return (model(X).argmax(dim=1) == y).float().mean().item()


def compare(*measures):
    """Print what each measure says on five splits, each with its own seed."""
    for measure in measures:
        numbers = []
        for seed in range(5):
            torch.manual_seed(seed)
            numbers.append(measure(*split(seed)))
        low, high = min(numbers), max(numbers)
        print(
            f"{measure.__name__:21} {mean(numbers):.3f}, from {low:.3f} to {high:.3f}"
        )


# --8<-- [end:compare]


# --8<-- [start:mean-of-means]
@torch.no_grad()
def losses_of_batches(model, X, y, size=64):
    """Return the mean loss of each batch, and its size; images are sorted by class."""
    batches = [(X[rows], y[rows]) for rows in y.argsort(stable=True).split(size)]
    losses = [F.cross_entropy(model(batch), target) for batch, target in batches]
    return torch.stack(losses).cpu(), torch.tensor([len(batch) for batch, _ in batches])


def mean_of_means(X, y, X_test, y_test):
    losses, _ = losses_of_batches(fit(X, y), X_test[:197], y_test[:197])
    return losses.mean().item()


def mean_over_images(X, y, X_test, y_test):
    losses, sizes = losses_of_batches(fit(X, y), X_test[:197], y_test[:197])
    return ((losses * sizes).sum() / sizes.sum()).item()


compare(mean_of_means, mean_over_images)
# --8<-- [end:mean-of-means]


# --8<-- [start:mean-of-means-check]
X, y, X_test, y_test = split(seed=0)
model = fit(X, y)
for size in (32, 64, 197):
    losses, sizes = losses_of_batches(model, X_test[:197], y_test[:197], size)
    weighted = (losses * sizes).sum() / sizes.sum()
    print(f"batches of {size:3}: means {losses.mean():.3f}, weighted {weighted:.3f}")
# --8<-- [end:mean-of-means-check]


# --8<-- [start:never-evaluated]
@torch.no_grad()
def evaluate(model, X, y, drop_last):
    """Return accuracy and number of images, over test data sorted by class."""
    order = y.argsort()
    dataset = TensorDataset(X[order], y[order])
    right = seen = 0
    for batch, target in DataLoader(dataset, batch_size=256, drop_last=drop_last):
        right += (model(batch).argmax(dim=1) == target).sum().item()
        seen += len(batch)
    return right / seen, seen


def last_dropped(X, y, X_test, y_test):
    model = fit(X[y != 9], y[y != 9])  # it has never seen a nine
    return evaluate(model, X_test[:300], y_test[:300], drop_last=True)[0]


def all_evaluated(X, y, X_test, y_test):
    model = fit(X[y != 9], y[y != 9])
    return evaluate(model, X_test[:300], y_test[:300], drop_last=False)[0]


compare(last_dropped, all_evaluated)
# --8<-- [end:never-evaluated]


# --8<-- [start:never-evaluated-check]
X, y, X_test, y_test = split(seed=0)
model = fit(X, y)
for drop_last in (True, False):
    _, seen = evaluate(model, X_test[:300], y_test[:300], drop_last)
    print(f"drop_last={drop_last}: {seen} of 300 images")
missed = y_test[:300].sort().values[256:]
print("never seen:", {c: (missed == c).sum().item() for c in missed.unique().tolist()})
# --8<-- [end:never-evaluated-check]


# --8<-- [start:smoothed-validation]
@torch.no_grad()
def validation_loss(model, X, y, **options):
    return F.cross_entropy(model(X), y, **options).item()


def smoothed(X, y, X_test, y_test):
    model = fit(X, y, label_smoothing=0.2)
    return validation_loss(model, X_test, y_test, label_smoothing=0.2)


def not_smoothed(X, y, X_test, y_test):
    model = fit(X, y, label_smoothing=0.2)
    return validation_loss(model, X_test, y_test)


def baseline(X, y, X_test, y_test):
    return validation_loss(fit(X, y), X_test, y_test)


compare(smoothed, not_smoothed, baseline)
# --8<-- [end:smoothed-validation]


# --8<-- [start:smoothed-validation-check]
for smoothing in (0.0, 0.2):
    wanted = F.one_hot(labels, 10) * (1 - smoothing) + smoothing / 10
    loss = F.cross_entropy(
        wanted.log().clamp(min=-100), labels, label_smoothing=smoothing
    )
    print(f"label_smoothing={smoothing}: lowest possible loss {loss:.2f}")
# --8<-- [end:smoothed-validation-check]


# --8<-- [start:augmented-validation]
def noisy(X):
    return X + 0.4 * torch.randn(X.shape).to(device)


def augmented(X, y, X_test, y_test):
    return accuracy(fit(X, y, augment=noisy), noisy(X_test), y_test)


def not_augmented(X, y, X_test, y_test):
    return accuracy(fit(X, y, augment=noisy), X_test, y_test)


compare(augmented, not_augmented)
# --8<-- [end:augmented-validation]


# --8<-- [start:augmented-validation-check]
class Images(TensorDataset):
    """Images with a transform, if one is given."""

    def __init__(self, X, y, transform=None):
        super().__init__(X, y)
        self.transform = transform

    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (self.transform(image) if self.transform else image), label


train_part, val_part = torch.utils.data.random_split(
    Images(images, labels, transform=noisy), [1500, 297]
)
apart = (val_part[0][0] - val_part[0][0]).abs().max()
print(f"the first validation image read twice, pixels apart by {apart:.1f}")
clean = torch.utils.data.Subset(Images(images, labels), val_part.indices)
apart = (clean[0][0] - clean[0][0]).abs().max()
print(f"without the transform, pixels apart by {apart:.1f}")
# --8<-- [end:augmented-validation-check]


# --8<-- [start:chosen-on-test]
def best_epoch(X, y, X_test, y_test):
    """Return the best test score of 40 epochs, and that model's score on new images."""
    test, new = (X_test[:50], y_test[:50]), (X_test[50:], y_test[50:])
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    best_score, its_score_on_new = 0.0, 0.0
    for _ in range(40):
        for rows in torch.randperm(150).split(25):
            optimizer.zero_grad()
            F.cross_entropy(model(noisy(X[rows])), y[rows]).backward()
            optimizer.step()
        score = accuracy(model, *test)
        if score > best_score:
            best_score, its_score_on_new = score, accuracy(model, *new)
    return best_score, its_score_on_new


def reported(*data):
    return best_epoch(*data)[0]


def on_new_images(*data):
    return best_epoch(*data)[1]


compare(reported, on_new_images)
# --8<-- [end:chosen-on-test]


# --8<-- [start:half-counter]
def accuracy_counted_in(dtype, X, y, X_test, y_test):
    """Count the right answers one by one, as batches of one would."""
    model = fit(X, y)
    right = torch.zeros((), dtype=dtype)
    with torch.no_grad():
        for answer in (model(X_test).argmax(dim=1) == y_test).cpu():
            right += answer
    return right.item() / len(X_test)


def in_bfloat16(*data):
    return accuracy_counted_in(torch.bfloat16, *data)


def in_float32(*data):
    return accuracy_counted_in(torch.float32, *data)


compare(in_bfloat16, in_float32)
# --8<-- [end:half-counter]


# --8<-- [start:half-counter-check]
for dtype in (torch.bfloat16, torch.float16, torch.float32):
    count = torch.zeros((), dtype=dtype)
    for _ in range(5000):
        count += 1
    print(f"{dtype}: counted to {count.item():.0f} of 5000")
# --8<-- [end:half-counter-check]


# --8<-- [start:nan-gets-a-class]
def with_gaps(X, share=0.3):
    """Return a copy in which some images have a pixel that is not a number."""
    X = X.clone()
    X[torch.rand(len(X)).to(device) < share, 20] = float("nan")
    return X


def nan_counted_as_zero(X, y, X_test, y_test):
    """Return the accuracy, which takes a row of nan for the class with index 0."""
    return accuracy(fit(X, y), with_gaps(X_test), y_test)


def where_answered(X, y, X_test, y_test):
    logits = fit(X, y)(with_gaps(X_test)).detach()
    answered = logits.isfinite().all(dim=1)
    right = logits.argmax(dim=1)[answered] == y_test[answered]
    return right.float().mean().item()


compare(nan_counted_as_zero, where_answered)
# --8<-- [end:nan-gets-a-class]


# --8<-- [start:nan-gets-a-class-check]
X, y, X_test, y_test = split(seed=0)
logits = fit(X, y)(with_gaps(X_test)).detach()
without = (~logits.isfinite().all(dim=1)).sum().item()
zeros = (logits.argmax(dim=1) == 0).sum().item()
print(f"rows of logits that are not finite: {without} of {len(logits)}")
print(f"predicted as zero {zeros}, in truth {(y_test == 0).sum().item()}")
print("nan < 0.5 is", (torch.tensor(float("nan")) < 0.5).item())
# --8<-- [end:nan-gets-a-class-check]


# --8<-- [start:rare-class]
def rare_eights(X, y):
    """Return the images with one eight in six kept, and which of them are eights."""
    kept = (y != 8) | (torch.rand(len(y)).to(device) < 1 / 6)
    return X[kept], (y[kept] == 8).long()


def detector(X, y, weight):
    torch.manual_seed(0)
    model = nn.Linear(64, 2).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    balance = torch.tensor([1.0, weight], device=device)
    for _ in range(15):
        for rows in torch.randperm(len(X)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows], weight=balance).backward()
            optimizer.step()
    return model


# --8<-- [end:rare-class]


# --8<-- [start:rare-class-compare]
def recall(model, X, y):
    return accuracy(model, X[y == 1], y[y == 1])


for name, weight in (("plain", 1.0), ("weighted", 20.0)):
    right, found, constant = [], [], []
    for seed in range(5):
        torch.manual_seed(seed)
        X, y, X_test, y_test = split(seed)
        model = detector(*rare_eights(X, y), weight)
        X_test, y_test = rare_eights(X_test, y_test)
        right.append(accuracy(model, X_test, y_test))
        found.append(recall(model, X_test, y_test))
        constant.append((y_test == 0).float().mean().item())
    print(f"{name:9} accuracy {mean(right):.3f}, recall {mean(found):.3f}")
print(f"never an eight: accuracy {mean(constant):.3f}, recall 0.000")
# --8<-- [end:rare-class-compare]
