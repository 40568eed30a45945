"""Get the same numbers twice: seeds, generators, workers, deterministic algorithms."""

# --8<-- [start:setup]
import platform
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:seed-everything]
def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # the CPU and every accelerator


def three_draws():
    return random.random(), np.random.rand(), torch.rand(()).item()


seed_everything(0)
first = three_draws()
seed_everything(0)
print(first == three_draws(), first == three_draws())
print([f"{draw:.3f}" for draw in first])
# --8<-- [end:seed-everything]


# --8<-- [start:train-function]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)
print(tuple(X.shape), X.max().item())


def train(seed, surprise=False):
    seed_everything(seed)
    layers = nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    if surprise:
        torch.rand(())  # somebody's debugging line
    for batch in torch.randperm(len(X)).split(100):
        loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return nn.utils.parameters_to_vector(model.parameters())


# --8<-- [end:train-function]


# --8<-- [start:train-twice]
weights = train(0)
print("same seed:", torch.equal(weights, train(0)), "for", len(weights), "weights")
print("other seed:", torch.equal(weights, train(1)))
# --8<-- [end:train-twice]


# --8<-- [start:one-draw-more]
print("one draw more:", torch.equal(weights, train(0, surprise=True)))
# --8<-- [end:one-draw-more]


# --8<-- [start:generator-for-the-data]
def first_batch(draws_before):
    seed_everything(0)
    torch.rand(draws_before)
    generator = torch.Generator().manual_seed(42)
    loader = DataLoader(range(20), batch_size=5, shuffle=True, generator=generator)
    return next(iter(loader)).tolist()


for draws in (0, 7):
    batch = first_batch(draws)
    print(draws, "draws before:", batch, f"and the next draw {torch.rand(()):.3f}")
# --8<-- [end:generator-for-the-data]


# --8<-- [start:draw-on-the-cpu]
torch.manual_seed(0)
x = torch.randn(3).to(device)  # the same numbers on every device
print([f"{value:.3f}" for value in x.tolist()])
# --8<-- [end:draw-on-the-cpu]


# --8<-- [start:worker-seeds]
class Draws(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.tensor(three_draws())


if __name__ == "__main__":
    runs = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(0)
        loader = DataLoader(Draws(), num_workers=2, generator=generator)
        runs.append(torch.cat(list(loader)))
    print("same in both runs:", torch.equal(*runs))
    print("different draws:", len(runs[0].unique()), "of", runs[0].numel())
    print("those of PyTorch:", [f"{draw:.3f}" for draw in runs[0][:, 2].tolist()])
# --8<-- [end:worker-seeds]


# --8<-- [start:order-of-a-sum]
big, one = torch.tensor([1e8, 1.0], device=device)
print(((big + one) - big).item(), ((big - big) + one).item())
# --8<-- [end:order-of-a-sum]


# --8<-- [start:deterministic-or-error]
torch.use_deterministic_algorithms(True)
x = torch.arange(4.0)[None]
pooled, where = nn.functional.max_pool1d(x, 2, return_indices=True)
print("largest:", pooled.tolist(), "at", where.tolist())
try:
    nn.functional.max_unpool1d(pooled, where, 2)
except RuntimeError as error:
    print("RuntimeError:", str(error).split(",")[0])
torch.use_deterministic_algorithms(False)
print("still asked for:", torch.are_deterministic_algorithms_enabled())
# --8<-- [end:deterministic-or-error]


# --8<-- [start:record-the-run]
record = {
    "seed": torch.initial_seed(),
    "torch": torch.__version__,
    "python": platform.python_version(),
    "system": platform.platform(),
    "device": device,
    "threads": torch.get_num_threads(),
}
print(sorted(record))
# --8<-- [end:record-the-run]


# --8<-- [start:solution-three-leaks]
def split_and_noise(seed):
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    names = sorted({"cat", "dog", "bird", "fish"})  # sets have no fixed order
    rng.shuffle(names)
    return names, torch.rand(2, generator=generator).tolist()


assert split_and_noise(3) == split_and_noise(3)
assert split_and_noise(3) != split_and_noise(4)
names, noise = split_and_noise(3)
print(names, [f"{number:.3f}" for number in noise])
# --8<-- [end:solution-three-leaks]


# --8<-- [start:solution-spread]
def accuracy(weights):
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).to(device)
    nn.utils.vector_to_parameters(weights, model.parameters())
    return (model(X).argmax(dim=1) == y).float().mean().item()


scores = [accuracy(train(seed)) for seed in range(5)]
mean = np.mean(scores)
print([f"{score:.2f}" for score in scores])
print(f"{mean:.2f}, from {min(scores):.2f} to {max(scores):.2f}")
assert 0.7 < min(scores) < mean < 1  # a guess is right one time in ten
# --8<-- [end:solution-spread]
