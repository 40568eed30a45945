"""Show broken programs with tensors, graphs and models; each solution runs."""

# --8<-- [start:setup]
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"

digits = load_digits()
order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
X = (torch.tensor(digits.images, dtype=torch.float32)[order] / 16).to(device)
y = torch.tensor(digits.target)[order].to(device)
# --8<-- [end:setup]


# --8<-- [start:flat-picture]
class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(6 * 4 * 4, 10)

    def forward(self, x):
        x = x.unsqueeze(1)
        x = self.pool(self.conv(x).relu())
        x = x.flatten()
        return self.head(x)


model = SmallCNN().to(device)
print(model(X[:50]).shape)
# --8<-- [end:flat-picture]


# --8<-- [start:solution-flat-picture]
class FixedCNN(SmallCNN):
    def forward(self, x):
        x = self.pool(self.conv(x.unsqueeze(1)).relu())
        return self.head(x.flatten(start_dim=1))


model = FixedCNN().to(device)
print(model(X[:50]).shape)
# --8<-- [end:solution-flat-picture]


# --8<-- [start:shifted-in-place]
class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        gate = torch.sigmoid(self.linear(x))
        gate *= 2  # from 0 to 2, around 1
        return gate


model = Gate()
out = model(torch.rand(50, 64))
loss = out.square().mean()
loss.backward()
# --8<-- [end:shifted-in-place]


# --8<-- [start:solution-shifted-in-place]
class FixedGate(Gate):
    def forward(self, x):
        return 2 * torch.sigmoid(self.linear(x))


torch.manual_seed(0)
model = FixedGate()
model(torch.rand(50, 64)).square().mean().backward()
print(f"norm of the gradient {model.linear.weight.grad.norm():.2f}")
# --8<-- [end:solution-shifted-in-place]


# --8<-- [start:endless-memory]
torch.manual_seed(0)
rnn, head = nn.GRUCell(8, 16).to(device), nn.Linear(16, 8).to(device)
optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()])
stream = X[:40].flatten(0, 1)  # 320 rows of pixels, one after the other
state = torch.zeros(1, 16, device=device)
for chunk in stream.split(32):
    loss = 0.0
    for row, following in zip(chunk[:-1], chunk[1:], strict=True):
        state = rnn(row[None], state)
        loss = loss + F.mse_loss(head(state)[0], following)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
# --8<-- [end:endless-memory]


# --8<-- [start:solution-endless-memory]
torch.manual_seed(0)
rnn, head = nn.GRUCell(8, 16).to(device), nn.Linear(16, 8).to(device)
optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
state = torch.zeros(1, 16, device=device)
for number, chunk in enumerate(stream.split(32)):
    state, loss = state.detach(), 0.0
    for row, following in zip(chunk[:-1], chunk[1:], strict=True):
        state = rnn(row[None], state)
        loss = loss + F.mse_loss(head(state)[0], following)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if number in (0, 9):
        print(f"chunk {number}: loss {loss.item() / 31:.2f}")
# --8<-- [end:solution-endless-memory]


# --8<-- [start:indented]
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.head = nn.Linear(32, 10)

        def forward(self, x):
            return self.head(self.hidden(x).relu())


Net()(torch.zeros(1, 64))
# --8<-- [end:indented]


# --8<-- [start:solution-indented]
class FixedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.hidden(x).relu())


print(FixedNet()(torch.zeros(1, 64)).shape)
# --8<-- [end:solution-indented]


# --8<-- [start:better-than-possible]
class Predictor(nn.Module):
    """Predict the next of 16 tokens at each of 12 places."""

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(16, 32), nn.Embedding(12, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.head = nn.Linear(32, 16)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.token(tokens) + self.place(places)
        attended, _ = self.attention(x, x, x)
        return self.head(x + attended)


# --8<-- [end:better-than-possible]


# --8<-- [start:better-than-possible-train]
def loss_after(model, steps=150):
    """Train on tokens drawn at random; return the loss on new ones."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        tokens = torch.randint(16, (32, 13)).to(device)
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


torch.manual_seed(0)
print(f"loss on new random tokens {loss_after(Predictor().to(device)):.2f}")
# --8<-- [end:better-than-possible-train]


# --8<-- [start:solution-better-than-possible]
class Causal(Predictor):
    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.token(tokens) + self.place(places)
        future = torch.ones(len(places), len(places), device=x.device).triu(1).bool()
        attended, _ = self.attention(x, x, x, attn_mask=future)  # True: may not look
        return self.head(x + attended)


torch.manual_seed(0)
print(f"loss on new random tokens {loss_after(Causal().to(device)):.2f}")
# --8<-- [end:solution-better-than-possible]


# --8<-- [start:eight-by-eight]
class RowReader(nn.Module):
    """Read an image row by row, and answer after the last one."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(8, 64, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        outputs, _ = self.rnn(x)
        return self.head(outputs[-1])


def train_reader(model, batch_size):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(3):
        for rows in torch.randperm(800).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
    return model


# --8<-- [end:eight-by-eight]


# --8<-- [start:eight-by-eight-run]
def accuracy_by_eights(model):
    with torch.no_grad():
        right = [
            (model(X[i : i + 8]).argmax(dim=1) == y[i : i + 8]).float().mean().item()
            for i in range(800, 1600, 8)
        ]
    return sum(right) / len(right)


torch.manual_seed(0)
model = train_reader(RowReader().to(device), batch_size=8)
print(f"batches of 8: accuracy {accuracy_by_eights(model):.2f}")
train_reader(RowReader().to(device), batch_size=32)
# --8<-- [end:eight-by-eight-run]


# --8<-- [start:solution-eight-by-eight]
class FixedReader(RowReader):
    def forward(self, x):
        outputs, _ = self.rnn(x)
        return self.head(outputs[:, -1])  # all images, last row


torch.manual_seed(0)
for batch_size in (8, 32):
    model = train_reader(FixedReader().to(device), batch_size)
    print(f"batches of {batch_size}: accuracy {accuracy_by_eights(model):.2f}")
# --8<-- [end:solution-eight-by-eight]


# --8<-- [start:forgotten-tensor]
class Projected(nn.Module):
    """A fixed random projection, then a layer that learns."""

    def __init__(self):
        super().__init__()
        self.projection = torch.randn(64, 128) / 8
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        return self.head((x @ self.projection).relu())


def train_head(model):
    images, target = X[:1000].flatten(1).cpu(), y[:1000].cpu()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(model(images), target).backward()
        optimizer.step()
    return model


# --8<-- [end:forgotten-tensor]


# --8<-- [start:forgotten-tensor-run]
def accuracy(model):
    answers = model(X[1000:].flatten(1).cpu()).argmax(dim=1)
    return (answers == y[1000:].cpu()).float().mean().item()


torch.manual_seed(0)
trained = train_head(Projected())
torch.save(trained.state_dict(), "projected.pt")
loaded = Projected()
print(loaded.load_state_dict(torch.load("projected.pt")))
print(f"trained: accuracy {accuracy(trained):.2f}")
print(f"loaded: accuracy {accuracy(loaded):.2f}")
# --8<-- [end:forgotten-tensor-run]


# --8<-- [start:solution-forgotten-tensor]
class FixedProjected(Projected):
    def __init__(self):
        super().__init__()
        projection = self.projection
        del self.projection
        self.register_buffer("projection", projection)


torch.manual_seed(0)
trained = train_head(FixedProjected())
torch.save(trained.state_dict(), "projected.pt")
loaded = FixedProjected()
loaded.load_state_dict(torch.load("projected.pt"))
print(list(loaded.state_dict()))
print(f"loaded: accuracy {accuracy(loaded):.2f}")
# --8<-- [end:solution-forgotten-tensor]
