"""Show nine bugs of the training loop that raise nothing, with damage and check."""

# --8<-- [start:setup]
import copy
from statistics import mean

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits-and-parts]
digits = load_digits()
images = (torch.tensor(digits.data, dtype=torch.float32) / 16).to(device)
labels = torch.tensor(digits.target).to(device)


def split(seed, n=500):
    """Return n random images with their labels to train on, and the rest to test."""
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, test = rows[:n], rows[n:]
    return images[train], labels[train], images[test], labels[test]


def network(hidden=64):
    layers = [nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10)]
    return nn.Sequential(*layers).to(device)


def sgd(model, lr=0.1, momentum=0.9):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)


# --8<-- [end:digits-and-parts]


# --8<-- [start:compare]
def batches(X, y, size=50):
    """Yield one epoch of batches in random order."""
    for rows in torch.randperm(len(X)).split(size):
        yield X[rows], y[rows]


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


# --8<-- [start:no-zero-grad]
def train(X, y, clear):
    """Return a model after 15 epochs."""
    model = network()
    optimizer = sgd(model)
    for _ in range(15):
        for batch, target in batches(X, y):
            if clear:
                optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
    return model


def never_cleared(X, y, X_test, y_test):
    return accuracy(train(X, y, clear=False), X_test, y_test)


def cleared(X, y, X_test, y_test):
    return accuracy(train(X, y, clear=True), X_test, y_test)


# --8<-- [end:no-zero-grad]


# --8<-- [start:no-zero-grad-compare]
compare(never_cleared, cleared)
model, X, y = network(), images[:50], labels[:50]
for call in range(1, 4):
    F.cross_entropy(model(X), y).backward()
    norm = model[0].weight.grad.norm()
    print(f"backward {call} on the same batch: norm of the gradient {norm:.2f}")
# --8<-- [end:no-zero-grad-compare]


# --8<-- [start:accumulated-sum]
def train_in_pieces(X, y, divide_by, make_optimizer):
    """Train on batches of 100, each in ten pieces of 10."""
    model = network()
    optimizer = make_optimizer(model)
    for _ in range(8):
        for batch, target in batches(X, y, size=100):
            optimizer.zero_grad()
            for piece, answer in batches(batch, target, size=10):
                loss = F.cross_entropy(model(piece), answer) / divide_by
                loss.backward()
            optimizer.step()
    return model


def sgd_sum(X, y, X_test, y_test):
    return accuracy(train_in_pieces(X, y, 1, sgd), X_test, y_test)


def sgd_mean(X, y, X_test, y_test):
    return accuracy(train_in_pieces(X, y, 10, sgd), X_test, y_test)


compare(sgd_sum, sgd_mean)
# --8<-- [end:accumulated-sum]


# --8<-- [start:accumulated-sum-adam]
def adam(model):
    return torch.optim.Adam(model.parameters(), lr=0.01)


def adam_sum(X, y, X_test, y_test):
    return accuracy(train_in_pieces(X, y, 1, adam), X_test, y_test)


def adam_mean(X, y, X_test, y_test):
    return accuracy(train_in_pieces(X, y, 10, adam), X_test, y_test)


compare(adam_sum, adam_mean)
# --8<-- [end:accumulated-sum-adam]


# --8<-- [start:accumulated-sum-check]
model, X, y = network(), images[:100], labels[:100]
F.cross_entropy(model(X), y).backward()
whole = model[0].weight.grad.norm().item()
for divide_by in (1, 10):
    model.zero_grad()
    for piece, answer in zip(X.split(10), y.split(10), strict=True):
        (F.cross_entropy(model(piece), answer) / divide_by).backward()
    ratio = model[0].weight.grad.norm().item() / whole
    print(f"pieces divided by {divide_by}: {ratio:.2f} times the gradient of the whole")
# --8<-- [end:accumulated-sum-check]


# --8<-- [start:optimizer-too-early]
def train_with(optimizer, model, X, y):
    for _ in range(15):
        for batch, target in batches(X, y):
            optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
    return model


def before_new_head(X, y, X_test, y_test):
    model = network()
    optimizer = sgd(model)
    model[2] = nn.Linear(64, 10).to(device)
    return accuracy(train_with(optimizer, model, X, y), X_test, y_test)


def after_new_head(X, y, X_test, y_test):
    model = network()
    model[2] = nn.Linear(64, 10).to(device)
    return accuracy(train_with(sgd(model), model, X, y), X_test, y_test)


compare(before_new_head, after_new_head)
# --8<-- [end:optimizer-too-early]


# --8<-- [start:optimizer-too-early-check]
model = network()
optimizer = sgd(model)
model[2] = nn.Linear(64, 10).to(device)
held = {id(p) for group in optimizer.param_groups for p in group["params"]}
for name, parameter in model.named_parameters():
    print(name, "is in the optimizer" if id(parameter) in held else "is NOT in it")
# --8<-- [end:optimizer-too-early-check]


# --8<-- [start:schedule-per-batch]
def train_scheduled(X, y, per_batch):
    """Return a model, and the rate at the end of each epoch."""
    model = network()
    optimizer = sgd(model)
    scheduler = StepLR(optimizer, step_size=10, gamma=0.1)  # a tenth after 10 epochs
    rates = []
    for _ in range(15):
        for batch, target in batches(X, y):
            optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
            if per_batch:
                scheduler.step()
        if not per_batch:
            scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    return model, rates


# --8<-- [end:schedule-per-batch]


# --8<-- [start:schedule-per-batch-compare]
def per_batch(X, y, X_test, y_test):
    return accuracy(train_scheduled(X, y, per_batch=True)[0], X_test, y_test)


def per_epoch(X, y, X_test, y_test):
    return accuracy(train_scheduled(X, y, per_batch=False)[0], X_test, y_test)


compare(per_batch, per_epoch)
X, y, _, _ = split(seed=0)
for unit in (True, False):
    rates = train_scheduled(X, y, per_batch=unit)[1]
    print(f"per_batch={unit}: rates {', '.join(f'{lr:.0e}' for lr in rates[::4])}")
# --8<-- [end:schedule-per-batch-compare]


# --8<-- [start:plateau-mode]
def train_until_plateau(X, y, **options):
    """Return the model and its last rate, lowered when the accuracy seems to stall."""
    model = network()
    optimizer = sgd(model, momentum=0)
    scheduler = ReduceLROnPlateau(optimizer, factor=0.1, patience=3, **options)
    for _ in range(30):
        for batch, target in batches(X[:400], y[:400]):
            optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
        scheduler.step(accuracy(model, X[400:], y[400:]))
    return model, scheduler.get_last_lr()[0]


def mode_min(X, y, X_test, y_test):
    return accuracy(train_until_plateau(X, y)[0], X_test, y_test)  # the default


def mode_max(X, y, X_test, y_test):
    return accuracy(train_until_plateau(X, y, mode="max")[0], X_test, y_test)


compare(mode_min, mode_max)
# --8<-- [end:plateau-mode]


# --8<-- [start:plateau-mode-check]
X, y, _, _ = split(seed=0)
print(f"last rate with min {train_until_plateau(X, y)[1]:.0e}")
print(f"last rate with max {train_until_plateau(X, y, mode='max')[1]:.0e}")
# --8<-- [end:plateau-mode-check]


# --8<-- [start:clipped-too-early]
def train_clipped(X, y, clip_first):
    """Train on data in which five images are a thousand times too bright."""
    X = torch.cat([X[:5] * 1000, X[5:]])
    model = network()
    optimizer = sgd(model)
    for _ in range(15):
        for batch, target in batches(X, y):
            optimizer.zero_grad()
            if clip_first:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            F.cross_entropy(model(batch), target).backward()
            if not clip_first:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    return model


def before_backward(X, y, X_test, y_test):
    return accuracy(train_clipped(X, y, clip_first=True), X_test, y_test)


def after_backward(X, y, X_test, y_test):
    return accuracy(train_clipped(X, y, clip_first=False), X_test, y_test)


# --8<-- [end:clipped-too-early]


# --8<-- [start:clipped-too-early-check]
compare(before_backward, after_backward)
model = network()
print(f"norm before backward {nn.utils.clip_grad_norm_(model.parameters(), 1.0):.2f}")
F.cross_entropy(model(images[:50] * 1000), labels[:50]).backward()
print(f"norm after backward {nn.utils.clip_grad_norm_(model.parameters(), 1.0):.0f}")
# --8<-- [end:clipped-too-early-check]


# --8<-- [start:best-that-moves]
def train_and_keep_best(X, y, keep):
    """Train with many wrong labels; return the model with its best weights."""
    y = y.clone()
    wrong = torch.rand(300).to(device) < 0.4
    y[:300][wrong] = torch.randint(10, (int(wrong.sum()),)).to(device)
    model = network(hidden=256)
    optimizer = sgd(model)
    best, best_score = None, 0.0
    for _ in range(25):
        for batch, target in batches(X[:300], y[:300]):
            optimizer.zero_grad()
            F.cross_entropy(model(batch), target).backward()
            optimizer.step()
        score = accuracy(model, X[300:], y[300:])
        if score > best_score:
            best, best_score = keep(model.state_dict()), score
    model.load_state_dict(best)
    return model, best_score


# --8<-- [end:best-that-moves]


# --8<-- [start:best-that-moves-compare]
def a_reference(X, y, X_test, y_test):
    model, _ = train_and_keep_best(X, y, keep=lambda weights: weights)
    return accuracy(model, X_test, y_test)


def a_deep_copy(X, y, X_test, y_test):
    model, _ = train_and_keep_best(X, y, keep=copy.deepcopy)
    return accuracy(model, X_test, y_test)


compare(a_reference, a_deep_copy)
# --8<-- [end:best-that-moves-compare]


# --8<-- [start:best-that-moves-check]
X, y, _, _ = split(seed=0)
for name, keep in (("reference", lambda weights: weights), ("copy", copy.deepcopy)):
    torch.manual_seed(0)
    model, best_score = train_and_keep_best(X, y, keep)
    again = accuracy(model, X[300:], y[300:])
    print(f"{name}: best score {best_score:.2f}, after loading it {again:.2f}")
# --8<-- [end:best-that-moves-check]


# --8<-- [start:seed-in-the-loop]
def train_with_noise(X, y, seed_in_loop):
    """Train on 200 noisy images with dropout; return the model and its last loss."""
    layers = [nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.7), nn.Linear(256, 10)]
    model = nn.Sequential(*layers).to(device)
    optimizer = sgd(model)
    for _ in range(30):
        if seed_in_loop:
            torch.manual_seed(0)  # "for reproducibility"
        for batch, target in batches(X[:200], y[:200]):
            noise = 0.5 * torch.randn(batch.shape).to(device)
            loss = F.cross_entropy(model(batch + noise), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval(), loss.item()


def seeded_each_epoch(X, y, X_test, y_test):
    return accuracy(train_with_noise(X, y, seed_in_loop=True)[0], X_test, y_test)


def seeded_once(X, y, X_test, y_test):
    return accuracy(train_with_noise(X, y, seed_in_loop=False)[0], X_test, y_test)


# --8<-- [end:seed-in-the-loop]


# --8<-- [start:seed-in-the-loop-compare]
compare(seeded_each_epoch, seeded_once)
X, y, _, _ = split(seed=0)
for seed_in_loop in (True, False):
    loss = train_with_noise(X, y, seed_in_loop)[1]
    print(f"in loop {seed_in_loop}: last training loss {loss:.2f}")
for seed_in_loop in (True, False):
    torch.manual_seed(0)
    for epoch in range(2):
        if seed_in_loop:
            torch.manual_seed(0)
        order, noise = torch.randperm(200)[:4].tolist(), torch.randn(1).item()
        print(f"in loop {seed_in_loop}, epoch {epoch}: {order}, noise {noise:.2f}")
# --8<-- [end:seed-in-the-loop-compare]


# --8<-- [start:no-log]
def distill(X, y, student_of):
    """Return a small student that has learned the answers of a trained teacher."""
    teacher = network()
    train_with(sgd(teacher), teacher, X, y)
    probabilities = teacher(X).softmax(dim=1).detach()
    student = network(hidden=16)
    optimizer = sgd(student)
    for _ in range(15):
        for batch, target in batches(X, probabilities):
            answers = student_of(student(batch), dim=1)
            loss = F.kl_div(answers, target, reduction="batchmean")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return student, loss.item()


def probabilities_in(X, y, X_test, y_test):
    return accuracy(distill(X, y, F.softmax)[0], X_test, y_test)


def logarithms_in(X, y, X_test, y_test):
    return accuracy(distill(X, y, F.log_softmax)[0], X_test, y_test)


compare(probabilities_in, logarithms_in)
# --8<-- [end:no-log]


# --8<-- [start:no-log-check]
X, y, X_test, y_test = split(seed=0)
for function in (F.softmax, F.log_softmax):
    student, loss = distill(X, y, function)
    with torch.no_grad():
        test_loss = F.cross_entropy(student(X_test), y_test)
    print(f"{function.__name__}: divergence {loss:.2f}, test loss {test_loss:.2f}")
# --8<-- [end:no-log-check]
