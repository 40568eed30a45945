"""Show nine bugs in the data that raise nothing, with their damage and a check."""

# --8<-- [start:setup]
from itertools import cycle
from statistics import mean

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset, get_worker_info

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits-and-network]
digits = load_digits()
images = (torch.tensor(digits.data, dtype=torch.float32) / 16).to(device)
labels = torch.tensor(digits.target).to(device)


def train(X, y, epochs=20, augment=None):
    """Return a small network trained on X and y."""
    layers = [nn.Linear(X[0].numel(), 64), nn.ReLU(), nn.Linear(64, 10)]
    model = nn.Sequential(nn.Flatten(), *layers).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(50):
            batch = augment(X[rows]) if augment else X[rows]
            optimizer.zero_grad()
            F.cross_entropy(model(batch), y[rows]).backward()
            optimizer.step()
    return model


# --8<-- [end:digits-and-network]


# --8<-- [start:compare]
def split(seed, n=500):
    """Return n random images with their labels to train on, and the rest to test."""
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, test = rows[:n], rows[n:]
    return images[train], labels[train], images[test], labels[test]


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
        print(f"{run.__name__:20} {mean(scores):.3f}, from {low:.3f} to {high:.3f}")


# --8<-- [end:compare]


# --8<-- [start:view-for-transpose]
def rows_first(X):
    """Return the images as a camera sends them, row by row: (8, N, 8)."""
    return X.unflatten(1, (8, 8)).transpose(0, 1).contiguous()


def with_view(X, y, X_test, y_test):
    model = train(rows_first(X).view(-1, 8, 8), y)
    return accuracy(model, rows_first(X_test).view(-1, 8, 8), y_test)


def with_transpose(X, y, X_test, y_test):
    model = train(rows_first(X).transpose(0, 1), y)
    return accuracy(model, rows_first(X_test).transpose(0, 1), y_test)


compare(with_view, with_transpose)
# --8<-- [end:view-for-transpose]


# --8<-- [start:view-for-transpose-check]
sent = rows_first(images)
fig, axes = plt.subplots(1, 4, figsize=(5.2, 1.8))
for i, ax in enumerate(axes):
    batch = sent.view(-1, 8, 8) if i < 2 else sent.transpose(0, 1)
    ax.imshow(batch[i % 2].cpu().numpy(), cmap="gray")
    ax.set_title(f"{'view' if i < 2 else 'transpose'}\nlabel {labels[i % 2]}")
    ax.axis("off")
plt.show()
# --8<-- [end:view-for-transpose-check]


# --8<-- [start:shuffled-apart]
def two_orders(X, y, X_test, y_test):
    X, y = X[torch.randperm(len(X))], y[torch.randperm(len(y))]
    return accuracy(train(X, y), X_test, y_test)


def one_order(X, y, X_test, y_test):
    order = torch.randperm(len(X))
    return accuracy(train(X[order], y[order]), X_test, y_test)


compare(two_orders, one_order)
# --8<-- [end:shuffled-apart]


# --8<-- [start:shuffled-apart-check]
def nearest_mean(X, y):
    """Return the share of images that lie closest to the mean of their own class."""
    means = torch.stack([X[y == c].mean(dim=0) for c in range(10)])
    return (torch.cdist(X, means).argmin(dim=1) == y).float().mean().item()


torch.manual_seed(0)
apart = labels[torch.randperm(len(labels))]
print(f"in order {nearest_mean(images, labels):.2f}")
print(f"shuffled apart {nearest_mean(images, apart):.2f}")
# --8<-- [end:shuffled-apart-check]


# --8<-- [start:sorted-by-class]
def train_from_loader(X, y, shuffle):
    order = y.argsort()  # as read from one folder for each class
    loader = DataLoader(TensorDataset(X[order], y[order]), 50, shuffle=shuffle)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(20):
        for batch, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
    return model


def not_shuffled(X, y, X_test, y_test):
    return accuracy(train_from_loader(X, y, shuffle=False), X_test, y_test)


def shuffled(X, y, X_test, y_test):
    return accuracy(train_from_loader(X, y, shuffle=True), X_test, y_test)


# --8<-- [end:sorted-by-class]


# --8<-- [start:sorted-by-class-compare]
compare(not_shuffled, shuffled)
dataset = TensorDataset(labels.sort().values)
for shuffle in (False, True):
    batches = [batch.unique().numel() for (batch,) in DataLoader(dataset, 50, shuffle)]
    print(f"shuffle={shuffle}: classes in the first batches {batches[:5]}")
# --8<-- [end:sorted-by-class-compare]


# --8<-- [start:selected-before-the-split]
def strongest(X, y, k=20):
    """Return the columns that go with y most closely."""
    products = (X - X.mean(dim=0)) * (y - y.float().mean())[:, None]
    return products.sum(dim=0).abs().topk(k).indices


def noise_score(columns_from):
    """Return the test accuracy on 100 rows of noise, the first 50 to train on."""
    X = torch.randn(100, 2000).to(device)
    y = torch.randint(2, (100,)).to(device)  # a coin for each row: nothing to learn
    columns = strongest(X[:columns_from], y[:columns_from])
    model = train(X[:50, columns], y[:50])
    return accuracy(model, X[50:, columns], y[50:])


def before_the_split(*_):
    return noise_score(columns_from=100)


def after_the_split(*_):
    return noise_score(columns_from=50)


compare(before_the_split, after_the_split)
# --8<-- [end:selected-before-the-split]


# --8<-- [start:copies-across-the-split]
def noisy_copies(X, y, copies=5):
    X, y = X.repeat(copies, 1), y.repeat(copies)
    return X + 0.1 * torch.randn(X.shape).to(device), y


def score_reported(X, y, *_):
    X, y = noisy_copies(X[:200], y[:200])
    order = torch.randperm(1000)
    kept, held_out = order[:800], order[800:]
    return accuracy(train(X[kept], y[kept]), X[held_out], y[held_out])


def score_on_new_images(X, y, X_test, y_test):
    X, y = noisy_copies(X[:200], y[:200])
    kept = torch.randperm(1000)[:800]
    return accuracy(train(X[kept], y[kept]), X_test, y_test)


def split_first(X, y, *_):
    X_train, y_train = noisy_copies(X[:160], y[:160])
    return accuracy(train(X_train, y_train), X[160:200], y[160:200])


compare(score_reported, score_on_new_images, split_first)
# --8<-- [end:copies-across-the-split]


# --8<-- [start:copies-across-the-split-check]
def distance_to(X_train, X_held_out):
    """Return the median distance of held-out images to the closest training image."""
    return torch.cdist(X_held_out, X_train).min(dim=1).values.median().item()


torch.manual_seed(0)
X, y, X_test, y_test = split(seed=0, n=200)
copies = noisy_copies(X, y)[0][torch.randperm(1000)]
print(f"copied, then split {distance_to(copies[:800], copies[800:]):.2f}")
print(f"split, then copied {distance_to(noisy_copies(X, y)[0], X_test):.2f}")
# --8<-- [end:copies-across-the-split-check]


# --8<-- [start:same-augmentation]
def canvas(X):
    return F.pad(X.unflatten(1, (8, 8)), (2, 2, 2, 2))  # room to move: (N, 12, 12)


def shift(X, seed=None):
    """Return each image moved by up to two pixels."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    moves = torch.randint(-2, 3, (len(X), 2), generator=generator).tolist()
    return torch.stack(
        [image.roll(move, (0, 1)) for image, move in zip(X, moves, strict=True)]
    )


def not_augmented(X, y, X_test, y_test):
    return accuracy(train(canvas(X), y), shift(canvas(X_test)), y_test)


def one_for_each_image(X, y, X_test, y_test):
    model = train(shift(canvas(X)), y)
    return accuracy(model, shift(canvas(X_test)), y_test)


def a_new_one_each_time(X, y, X_test, y_test):
    model = train(canvas(X), y, augment=shift)
    return accuracy(model, shift(canvas(X_test)), y_test)


# --8<-- [end:same-augmentation]


# --8<-- [start:same-augmentation-compare]
def same_in_both_workers(X, y, X_test, y_test):
    """Train on ten batches an epoch: two workers draw alike, each epoch anew."""
    seeds = cycle([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    model = train(canvas(X), y, augment=lambda batch: shift(batch, next(seeds)))
    return accuracy(model, shift(canvas(X_test)), y_test)


compare(not_augmented, one_for_each_image, same_in_both_workers, a_new_one_each_time)
# --8<-- [end:same-augmentation-compare]


# --8<-- [start:same-augmentation-check]
class Draws(Dataset):
    """What a data set draws for its items, from a generator of its own."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.tensor([get_worker_info().id, self.rng.integers(100)])


if __name__ == "__main__":
    for epoch in range(2):
        for batch in DataLoader(Draws(), batch_size=4, num_workers=2):
            worker, drawn = batch[0, 0].item(), batch[:, 1].tolist()
            print(f"epoch {epoch}, worker {worker}: draws {drawn}")
# --8<-- [end:same-augmentation-check]


# --8<-- [start:changed-in-place]
def train_with_noise(X, y, add_noise):
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(20):
        for batch, target in zip(X.split(50), y.split(50), strict=True):
            batch = add_noise(batch, 0.3 * torch.randn(batch.shape).to(device))
            optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
    return model


# --8<-- [end:changed-in-place]


# --8<-- [start:changed-in-place-compare]
def add_in_place(batch, noise):
    batch += noise
    return batch


def in_place(X, y, X_test, y_test):
    return accuracy(train_with_noise(X, y, add_in_place), X_test, y_test)


def in_a_copy(X, y, X_test, y_test):
    return accuracy(train_with_noise(X, y, torch.add), X_test, y_test)


compare(in_place, in_a_copy)
# --8<-- [end:changed-in-place-compare]


# --8<-- [start:changed-in-place-check]
for add_noise in (add_in_place, torch.add):
    X, y, _, _ = split(seed=0)
    before = X.std().item()
    train_with_noise(X, y, add_noise)
    print(f"{add_noise.__name__}: std of the data {before:.2f}, then {X.std():.2f}")
# --8<-- [end:changed-in-place-check]


# --8<-- [start:another-scale]
def standardized(X, like):
    return (X - like.mean()) / like.std()


def another_scale(X, y, X_test, y_test):
    model = train(standardized(X, like=X), y)
    return accuracy(model, X_test, y_test)  # from 0 to 1, as they were read


def the_same_scale(X, y, X_test, y_test):
    model = train(standardized(X, like=X), y)
    return accuracy(model, standardized(X_test, like=X), y_test)


compare(another_scale, the_same_scale)
# --8<-- [end:another-scale]


# --8<-- [start:another-scale-check]
def describe(name, X):
    low, high = X.min().item(), X.max().item()
    print(f"{name:9} {low:.2f} to {high:.2f}, mean {X.mean():.2f}, std {X.std():.2f}")


X, y, X_test, y_test = split(seed=0)
describe("training", standardized(X, like=X))
describe("serving", X_test)
# --8<-- [end:another-scale-check]


# --8<-- [start:wraps-around]
def in_uint8(X, y, X_test, y_test):
    pixels = (X_test * 255).to(torch.uint8)
    brighter = pixels + 40
    return accuracy(train(X, y), brighter / 255, y_test)


def clamped(X, y, X_test, y_test):
    pixels = (X_test * 255).to(torch.uint8)
    brighter = (pixels.int() + 40).clamp(max=255)
    return accuracy(train(X, y), brighter / 255, y_test)


compare(in_uint8, clamped)
# --8<-- [end:wraps-around]


# --8<-- [start:wraps-around-check]
pixels = torch.tensor([0, 100, 200, 250], dtype=torch.uint8, device=device)
for name, lighter in (("uint8", pixels + 40), ("int32", pixels.int() + 40)):
    print(f"{name}: {lighter.tolist()}, mean {lighter.float().mean():.1f}")
# --8<-- [end:wraps-around-check]
