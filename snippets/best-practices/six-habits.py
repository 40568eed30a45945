"""Six habits of correct PyTorch code, each against what happens without it."""

# --8<-- [start:setup]
from contextlib import contextmanager
from copy import deepcopy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits-by-class]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
test, train = order[:500], order[500:]
train = train[y[train].argsort()]  # sorted by class, as files often are
X_test, y_test = X[test].to(device), y[test].to(device)
train_set = TensorDataset(X[train], y[train])
print(len(train_set), "images to train on,", len(X_test), "to test on")
print("first labels", y[train][:5].tolist(), "last labels", y[train][-5:].tolist())
# --8<-- [end:digits-by-class]


# --8<-- [start:fit-and-measure]
def step(model, optimizer, x, y):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def fit(loader, step=step):
    torch.manual_seed(0)
    hidden = nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)
    model = nn.Sequential(*hidden, nn.Linear(64, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(10):
        for x, y in loader:
            step(model, optimizer, x.to(device), y.to(device))
    return model


def accuracy(model):
    y_hat = torch.cat([model(x).argmax(dim=1) for x in X_test.split(10)])
    return (y_hat == y_test).float().mean().item()


# --8<-- [end:fit-and-measure]


# --8<-- [start:evaluate-in-train-mode]
loader = DataLoader(train_set, batch_size=100, shuffle=True)
model = fit(loader)
careless = deepcopy(model)  # still in training mode
print(f"accuracy {accuracy(careless):.2f}")
change = (careless(X_test) - careless(X_test)).abs().max()
print(f"the same images twice: logits differ by up to {change:.1f}")
# --8<-- [end:evaluate-in-train-mode]


# --8<-- [start:evaluate-in-eval-mode]
model.eval()
print(f"accuracy {accuracy(model):.2f}")
change = (model(X_test) - model(X_test)).abs().max()
print(f"the same images twice: logits differ by up to {change:.1f}")
# --8<-- [end:evaluate-in-eval-mode]


# --8<-- [start:statistics-of-the-test-set]
careless.eval()
print("batches learned from:", model[1].num_batches_tracked.item())
print("with the evaluation: ", careless[1].num_batches_tracked.item())
change = (careless(X_test) - model(X_test)).abs().max()
print(f"both in eval mode: logits differ by up to {change:.1f}")
# --8<-- [end:statistics-of-the-test-set]


# --8<-- [start:graph-for-nothing]
y_hat = model(X_test)
print("eval mode only:", y_hat.requires_grad, type(y_hat.grad_fn).__name__)
# --8<-- [end:graph-for-nothing]


# --8<-- [start:inference-without-graph]
with torch.inference_mode():
    y_hat = model(X_test)
print("inference mode:", y_hat.requires_grad, y_hat.grad_fn)
# --8<-- [end:inference-without-graph]


# --8<-- [start:gradients-pile-up]
def step_without_clearing(model, optimizer, x, y):
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


piled_up = fit(loader, step_without_clearing).eval()
print(f"accuracy {accuracy(piled_up):.2f}")
# --8<-- [end:gradients-pile-up]


# --8<-- [start:gradients-cleared]
cleared = fit(loader).eval()
print(f"accuracy {accuracy(cleared):.2f}")
# --8<-- [end:gradients-cleared]


# --8<-- [start:result-thrown-away]
x = torch.tensor([1.0, 2.0, 3.0])
x.to(torch.float64)
print("tensor:", x.dtype)
layer = nn.Linear(3, 2)
layer.to(torch.float64)
print("layer:", layer.weight.dtype)
print("nothing to change, the same tensor:", x.to(torch.float32) is x)
# --8<-- [end:result-thrown-away]


# --8<-- [start:assign-what-to-returns]
layer = nn.Linear(3, 2)
layer.to(device, torch.bfloat16)  # a module changes itself
x = x.to(device, torch.bfloat16)  # a tensor does not: assign the result
print(layer(x).dtype, tuple(layer(x).shape))
# --8<-- [end:assign-what-to-returns]


# --8<-- [start:sorted-batches]
in_file_order = fit(DataLoader(train_set, batch_size=100)).eval()
print(f"accuracy {accuracy(in_file_order):.2f}")
# --8<-- [end:sorted-batches]


# --8<-- [start:shuffled-batches]
loader = DataLoader(train_set, batch_size=100, shuffle=True)
shuffled = fit(loader).eval()
print(f"accuracy {accuracy(shuffled):.2f}")
print("batches of", [len(y) for _, y in loader])
# --8<-- [end:shuffled-batches]


# --8<-- [start:cache-emptied]
def show_memory(when):
    allocated = torch.accelerator.memory_allocated() / 2**20
    reserved = torch.accelerator.memory_reserved() / 2**20
    print(f"{when:18} allocated {allocated:4.0f} MiB, reserved {reserved:4.0f} MiB")


torch.accelerator.empty_cache()
show_memory("at first")
activations = torch.zeros(2**26, device=device)  # 256 MiB
show_memory("with activations")
torch.accelerator.empty_cache()
show_memory("after empty_cache")
# --8<-- [end:cache-emptied]


# --8<-- [start:reference-dropped]
del activations
show_memory("after del")
torch.accelerator.empty_cache()
show_memory("after empty_cache")
# --8<-- [end:reference-dropped]


# --8<-- [start:solution-mode-restored]
@contextmanager
def evaluating(model):
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(was_training)


model.train()
with evaluating(model):
    print(f"training mode {model.training}, accuracy {accuracy(model):.2f}")
print("afterwards: training mode", model.training)
print("batches learned from:", model[1].num_batches_tracked.item())
# --8<-- [end:solution-mode-restored]


# --8<-- [start:solution-batch-of-one]
odd = TensorDataset(X[:101], y[:101])
loader = DataLoader(odd, batch_size=100)
print("batches of", [len(y) for _, y in loader])
try:
    fit(loader)
except ValueError as error:
    print("ValueError:", error)
loader = DataLoader(odd, batch_size=100, drop_last=True)
fit(loader)
print("with drop_last:", [len(y) for _, y in loader])
# --8<-- [end:solution-batch-of-one]


# --8<-- [start:solution-growing-total]
def kept(train, as_number):
    layers = nn.Linear(1024, 4096), nn.ReLU(), nn.Linear(4096, 10)
    net = nn.Sequential(*layers).to(device)
    x = torch.zeros(1024, 1024, device=device)
    net(x).square().mean().backward()  # gradients and workspaces exist from here on
    before = torch.accelerator.memory_allocated()
    total = 0
    for _ in range(20):
        loss = net(x).square().mean()
        if train:
            loss.backward()
        total += loss.item() if as_number else loss
    del loss
    return (torch.accelerator.memory_allocated() - before) / 2**20


print(f"validation, total += loss:        {kept(False, False):.0f} MiB kept")
print(f"validation, total += loss.item(): {kept(False, True):.0f} MiB kept")
print(f"training,   total += loss:        {kept(True, False):.0f} MiB kept")
# --8<-- [end:solution-growing-total]
