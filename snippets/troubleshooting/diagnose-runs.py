"""Show broken programs that load, train, resume and evaluate; each solution runs."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes, load_digits
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"

digits = load_digits()
order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
X = (torch.tensor(digits.data, dtype=torch.float32)[order] / 16).to(device)
y = torch.tensor(digits.target)[order].to(device)


def network():
    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(*layers).to(device)


# --8<-- [end:setup]


# --8<-- [start:never-falls]
class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(x).argmax(dim=1).float()


def train(model, loss_of, epochs=3):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for epoch in range(epochs):
        for rows in torch.arange(1500).split(50):
            loss = loss_of(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.3f}")


def squared_error(y_hat, y):
    loss = F.mse_loss(y_hat, y.float())
    return loss.clone().requires_grad_()  # without this, backward raises


torch.manual_seed(0)
train(Scorer().to(device), squared_error)
# --8<-- [end:never-falls]


# --8<-- [start:solution-never-falls]
torch.manual_seed(0)
train(nn.Linear(64, 10).to(device), F.cross_entropy)
# --8<-- [end:solution-never-falls]


# --8<-- [start:more-than-all]
def fit(model, X, y, epochs=10):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
    return model


def evaluate(model, loader):
    right = 0
    for batch, target in loader:
        y_hat = model(batch).argmax(dim=1, keepdim=True)
        right += (y_hat == target).sum().item()
    return right / len(loader.dataset)


torch.manual_seed(0)
model = fit(network(), X[:1000], y[:1000])
loader = DataLoader(TensorDataset(X[1000:], y[1000:]), batch_size=100)
print(f"accuracy {evaluate(model, loader):.2f}")
# --8<-- [end:more-than-all]


# --8<-- [start:solution-more-than-all]
def evaluate_fixed(model, loader):
    right = 0
    for batch, target in loader:
        right += (model(batch).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(f"accuracy {evaluate_fixed(model, loader):.2f}")
# --8<-- [end:solution-more-than-all]


# --8<-- [start:one-step-too-many]
model = network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
epochs, loader = 4, DataLoader(TensorDataset(X[:600], y[:600]), batch_size=100)
scheduler = OneCycleLR(optimizer, max_lr=0.5, total_steps=epochs)
for epoch in range(epochs):
    for batch, target in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(batch), target).backward()
        optimizer.step()
        scheduler.step()
    print(f"epoch {epoch}: rate {scheduler.get_last_lr()[0]:.3f}")
# --8<-- [end:one-step-too-many]


# --8<-- [start:solution-one-step-too-many]
model = network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = OneCycleLR(optimizer, max_lr=0.5, total_steps=epochs * len(loader))
for epoch in range(epochs):
    for batch, target in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(batch), target).backward()
        optimizer.step()
        scheduler.step()
    print(f"epoch {epoch}: rate {scheduler.get_last_lr()[0]:.3f}")
# --8<-- [end:solution-one-step-too-many]


# --8<-- [start:better-after-the-break]
def accuracy(model, rows):
    return (model(X[rows]).argmax(dim=1) == y[rows]).float().mean().item()


def run(model):
    train_part, val_part = random_split(range(800), [600, 200])
    train_rows, val_rows = train_part.indices, val_part.indices
    fit(model, X[train_rows], y[train_rows], epochs=20)
    print(f"validation accuracy {accuracy(model, val_rows):.3f}")


torch.manual_seed(0)
model = network()
run(model)
run(model)  # the next day, from the saved weights
# --8<-- [end:better-after-the-break]


# --8<-- [start:solution-better-after-the-break]
def run_fixed(model):
    generator = torch.Generator().manual_seed(0)
    train_part, val_part = random_split(range(800), [600, 200], generator=generator)
    train_rows, val_rows = train_part.indices, val_part.indices
    fit(model, X[train_rows], y[train_rows], epochs=20)
    print(f"validation accuracy {accuracy(model, val_rows):.3f}")
    print(f"never used so far: accuracy {accuracy(model, slice(800, None)):.3f}")


torch.manual_seed(0)
model = network()
run_fixed(model)
run_fixed(model)
# --8<-- [end:solution-better-after-the-break]


# --8<-- [start:dropout-that-stopped]
new = slice(800, None)  # images to test on


def train_with_dropout(epochs=40):
    layers = [nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)]
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    labels = y[:300].clone()
    labels[:90] = labels[:90].roll(1)  # nearly three in ten labels are wrong
    model.train()
    for epoch in range(epochs):
        for rows in torch.randperm(300).split(50):
            loss = F.cross_entropy(model(X[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        if epoch % 13 == 0:
            loss, right = F.cross_entropy(model(X[:300]), labels), accuracy(model, new)
            print(f"epoch {epoch}: loss {loss.item():.2f}, accuracy {right:.2f}")
    return model


# --8<-- [end:dropout-that-stopped]


# --8<-- [start:dropout-that-stopped-run]
torch.manual_seed(0)
model = train_with_dropout()
# --8<-- [end:dropout-that-stopped-run]


# --8<-- [start:solution-dropout-that-stopped]
def train_fixed(epochs=40):
    layers = [nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)]
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    labels = y[:300].clone()
    labels[:90] = labels[:90].roll(1)
    for epoch in range(epochs):
        model.train()  # in every epoch
        for rows in torch.randperm(300).split(50):
            loss = F.cross_entropy(model(X[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        if epoch % 13 == 0:
            loss, right = F.cross_entropy(model(X[:300]), labels), accuracy(model, new)
            print(f"epoch {epoch}: loss {loss.item():.2f}, accuracy {right:.2f}")


torch.manual_seed(0)
train_fixed()
# --8<-- [end:solution-dropout-that-stopped]


# --8<-- [start:spikes]
def loss_curve(dataset, **options):
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(4):
        for batch, target in DataLoader(dataset, batch_size=25, **options):
            loss = F.cross_entropy(model(batch), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


by_name = y[:1000].argsort()  # files in the order of a listing: 0_0001.png, ...
files = TensorDataset(X[by_name], y[by_name])
fig, ax = plt.subplots(figsize=(6.4, 2.4))
ax.plot(loss_curve(files))
ax.set_xlabel("step")
ax.set_ylabel("training loss")
plt.show()
# --8<-- [end:spikes]


# --8<-- [start:solution-spikes]
for shuffle in (False, True):
    losses = loss_curve(files, shuffle=shuffle)
    rises = sum(b > a + 1 for a, b in zip(losses, losses[1:], strict=False))
    print(f"shuffle={shuffle}: the loss rises by more than 1 at {rises} steps")
# --8<-- [end:solution-spikes]


# --8<-- [start:off-by-the-mean]
diabetes = load_diabetes(scaled=False)
raw = torch.tensor(diabetes.data, dtype=torch.float32).to(device)
patients = (raw - raw[:300].mean(dim=0)) / raw[:300].std(dim=0)
target = torch.tensor(diabetes.target, dtype=torch.float32).to(device)
centre, spread = target[:300].mean(), target[:300].std()

torch.manual_seed(0)
model = nn.Linear(10, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for _ in range(200):
    y_hat = model(patients[:300]).squeeze(1)
    loss = F.mse_loss(y_hat, (target[:300] - centre) / spread)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
y_hat = model(patients[300:]).squeeze(1)
print(f"training loss {loss:.2f}, mean error {(y_hat - target[300:]).abs().mean():.0f}")
print(f"mean error of guessing {(target[300:] - centre).abs().mean():.0f}")
# --8<-- [end:off-by-the-mean]


# --8<-- [start:solution-off-by-the-mean]
y_hat = model(patients[300:]).squeeze(1) * spread + centre
print(f"mean error {(y_hat - target[300:]).abs().mean():.0f}")
# --8<-- [end:solution-off-by-the-mean]
