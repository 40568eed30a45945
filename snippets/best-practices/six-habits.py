"""Six habits of correct PyTorch code, each against what happens without it."""

# --8<-- [start:setup]
from contextlib import contextmanager

import torch
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
print(len(train_set), len(X_test), f"pixels {X.min():.0f} to {X.max():.0f}")
print(y[train].unique_consecutive().tolist())
# --8<-- [end:digits-by-class]


# --8<-- [start:fit-and-measure]
def fit(loader, clear=True, epochs=10):
    torch.manual_seed(0)
    first = nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5)
    model = nn.Sequential(*first, nn.Linear(64, 10)).to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(epochs):
        for x, target in loader:
            logits = model(x.to(device))
            loss = nn.functional.cross_entropy(logits, target.to(device))
            if clear:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def accuracy(model):
    y_hat = torch.cat([model(x).argmax(dim=1) for x in X_test.split(10)])
    return (y_hat == y_test).float().mean().item()


# --8<-- [end:fit-and-measure]


# --8<-- [start:evaluate-in-train-mode]
loader = DataLoader(train_set, batch_size=100, shuffle=True)
model = fit(loader)
model.train()
poor = accuracy(model)
print(f"accuracy {poor:.2f}")
print("twice the same:", torch.equal(model(X_test), model(X_test)))
# --8<-- [end:evaluate-in-train-mode]


# --8<-- [start:evaluate-in-eval-mode]
model.eval()
good = accuracy(model)
print(f"accuracy {good:.2f}")
assert poor < 0.92 and good > 0.95
print("twice the same:", torch.equal(model(X_test), model(X_test)))
# --8<-- [end:evaluate-in-eval-mode]


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
piled_up = fit(loader, clear=False)
print(f"accuracy {accuracy(piled_up):.2f}")
assert accuracy(piled_up) < 0.5
# --8<-- [end:gradients-pile-up]


# --8<-- [start:gradients-cleared]
cleared = fit(loader)
print(f"accuracy {accuracy(cleared):.2f}")
assert accuracy(cleared) > 0.95
# --8<-- [end:gradients-cleared]


# --8<-- [start:result-thrown-away]
x = torch.tensor([1.0, 2.0, 3.0])
x.to(torch.float64)
print(x.dtype, x.tolist())
layer = nn.Linear(3, 2)
layer.to(torch.float64)
print(layer.weight.dtype, tuple(layer.weight.shape))
# --8<-- [end:result-thrown-away]


# --8<-- [start:assign-what-to-returns]
layer = nn.Linear(3, 2)
layer.to(device, torch.bfloat16)  # a module moves itself
x = x.to(device, torch.bfloat16)  # a tensor returns a copy
assert x.device == layer.weight.device
print(layer(x).dtype, tuple(layer(x).shape))
# --8<-- [end:assign-what-to-returns]


# --8<-- [start:sorted-batches]
in_file_order = fit(DataLoader(train_set, batch_size=100))
print(f"accuracy {accuracy(in_file_order):.2f}")
assert accuracy(in_file_order) < 0.92
# --8<-- [end:sorted-batches]


# --8<-- [start:shuffled-batches]
loader = DataLoader(train_set, batch_size=100, shuffle=True)
shuffled = fit(loader)
print(f"accuracy {accuracy(shuffled):.2f}")
assert accuracy(shuffled) > 0.95
print([len(target) for _, target in loader])
# --8<-- [end:shuffled-batches]


# --8<-- [start:cache-emptied]
def memory():  # bytes in tensors, bytes taken from the device
    if not torch.accelerator.is_available():
        return 0, 0
    return torch.accelerator.memory_allocated(), torch.accelerator.memory_reserved()


activations = torch.zeros(1024, 1024, device=device)
before, _ = memory()
if torch.accelerator.is_available():
    torch.accelerator.empty_cache()
print(f"{activations.nbytes:,} bytes in use, {before - memory()[0]} freed")
# --8<-- [end:cache-emptied]


# --8<-- [start:reference-dropped]
needed = activations.nbytes
del activations
allocated, reserved = memory()
assert before - allocated >= (needed if before else 0)
print(f"allocated {allocated:,} bytes, reserved {reserved:,} bytes")
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
    print(model.training, accuracy(model) > 0.95)
print(model.training, model[1].num_batches_tracked.item(), "batches counted")
# --8<-- [end:solution-mode-restored]


# --8<-- [start:solution-growing-total]
loss = nn.functional.cross_entropy(model(X_test), y_test)
leaking, clean = 0, 0
for _ in range(3):
    leaking += loss
    clean += loss.item()
print(f"{leaking / loss:.1f} losses, graph:", leaking.grad_fn is not None)
print(f"{clean / loss:.1f} losses,", type(clean).__name__)
# --8<-- [end:solution-growing-total]


# --8<-- [start:solution-batch-of-one]
odd = TensorDataset(X[:101], y[:101])
try:
    fit(DataLoader(odd, batch_size=100))
except ValueError as error:
    print("ValueError:", error)
loader = DataLoader(odd, batch_size=100, drop_last=True)
fit(loader)
print([len(target) for _, target in loader])
# --8<-- [end:solution-batch-of-one]
