"""Get the same numbers twice: seeds, generators, workers, deterministic algorithms."""

# --8<-- [start:setup]
import json
import os
import platform
import random
import statistics
import subprocess
from importlib.metadata import version

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, get_worker_info

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:seed-everything]
def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # the CPU and every accelerator


def show_draws(name):
    draws = random.random(), np.random.rand(), torch.rand(()).item()
    print(
        f"{name:14} Python {draws[0]:.3f}, NumPy {draws[1]:.3f}, torch {draws[2]:.3f}"
    )


seed_everything(0)
show_draws("after seed 0")
show_draws("the next ones")
seed_everything(0)
show_draws("seed 0 again")
# --8<-- [end:seed-everything]


# --8<-- [start:train-function]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)


def train(seed, surprise=False):
    seed_everything(seed)
    layers = nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    if surprise:
        torch.rand(())  # somebody's debugging line  # [!]
    for batch in torch.randperm(len(X)).split(100):
        optimizer.zero_grad()
        F.cross_entropy(model(X[batch]), y[batch]).backward()
        optimizer.step()
    return model.eval()


# --8<-- [end:train-function]


# --8<-- [start:train-twice]
def difference(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


model = train(0)
print(f"same seed:  {difference(model, train(0))}")
print(f"other seed: {difference(model, train(1)):.2f}")
# --8<-- [end:train-twice]


# --8<-- [start:one-draw-more]
print(f"one draw more: {difference(model, train(0, surprise=True)):.2f}")
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
print(x.cpu())
# --8<-- [end:draw-on-the-cpu]


# --8<-- [start:draw-on-the-gpu]
generator = torch.Generator(device).manual_seed(0)
print(torch.randn(3, device=device, generator=generator))
# --8<-- [end:draw-on-the-gpu]


# --8<-- [start:draws-in-workers]
class Draws(Dataset):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.tensor(
            [np.random.rand(), torch.rand(()).item(), self.rng.random()]
        )


def show_two_epochs(**options):
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(Draws(), num_workers=2, generator=generator, **options)
    for epoch in (1, 2):
        draws = torch.cat(list(loader)).T
        for name, row in zip(("np.random", "torch", "own rng"), draws, strict=True):
            print(epoch, f"{name:10}", *(f"{value:.3f}" for value in row))


if __name__ == "__main__":
    show_two_epochs()
# --8<-- [end:draws-in-workers]


# --8<-- [start:generator-per-worker]
def renew_generator(worker):
    info = get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)


if __name__ == "__main__":
    show_two_epochs(worker_init_fn=renew_generator)
# --8<-- [end:generator-per-worker]


# --8<-- [start:order-of-a-sum]
big, one = torch.tensor([1e8, 1.0], device=device)
print(((big + one) - big).item(), ((big - big) + one).item())
# --8<-- [end:order-of-a-sum]


# --8<-- [start:median-time]
def milliseconds(function):
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    times = []
    for _ in range(10):
        start.record()
        function()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


# --8<-- [end:median-time]


# --8<-- [start:sum-by-rows]
def count_results(deterministic):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(10, (1_000_000,), generator=generator).to(device)
    values = torch.randn(1_000_000, generator=generator).to(device)

    def sums():
        return torch.zeros(10, device=device).index_add(0, rows, values)

    torch.use_deterministic_algorithms(deterministic)
    results = {tuple(sums().tolist()) for _ in range(10)}
    time = milliseconds(sums)
    torch.use_deterministic_algorithms(False)
    print(f"deterministic={deterministic}: {len(results)} results, {time:.2f} ms")


count_results(deterministic=False)
count_results(deterministic=True)
# --8<-- [end:sum-by-rows]


# --8<-- [start:attempt]
def attempt(name, function):
    torch.use_deterministic_algorithms(True)
    try:
        function()
        print(f"{name:24} runs")
    except RuntimeError as error:
        print(f"{name:24} {str(error).split(',')[0]}")
    finally:
        torch.use_deterministic_algorithms(False)


def upsample():
    result = F.interpolate(image, scale_factor=2, mode="bilinear")
    result.square().mean().backward()


def pool():
    F.adaptive_avg_pool2d(image, 3).square().mean().backward()


# --8<-- [end:attempt]


# --8<-- [start:raise-without-a-way]
image = torch.ones(1, 3, 8, 8, device=device, requires_grad=True)
labels = torch.zeros(1, 8, 8, dtype=torch.int64, device=device)
numbers = torch.arange(8, device=device)
attempt("matrix product", lambda: image @ image)
attempt("cumulative sum", lambda: image.cumsum(0))
attempt("gradient of upsampling", upsample)
attempt("gradient of pooling", pool)
attempt("cross-entropy of pixels", lambda: F.cross_entropy(image, labels))
attempt("weighted bincount", lambda: torch.bincount(numbers, numbers.float()))
# --8<-- [end:raise-without-a-way]


# --8<-- [start:products-without-a-variable]
def different_products():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(1000, 1000, generator=generator).to(device)
    return len({(a @ a).sum().item() for _ in range(10)})


print("CUBLAS_WORKSPACE_CONFIG:", os.environ.get("CUBLAS_WORKSPACE_CONFIG"))
print("different results of a product in ten runs:", different_products())
# --8<-- [end:products-without-a-variable]


# --8<-- [start:uninitialized-memory]
torch.use_deterministic_algorithms(True)
print(torch.empty(3), torch.empty(2, dtype=torch.int32))
torch.use_deterministic_algorithms(False)
# --8<-- [end:uninitialized-memory]


# --8<-- [start:record-the-run]
def run_record():
    git = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True)
    return {
        "commit": commit.stdout.strip() or None,
        "packages": {name: version(name) for name in ("torch", "numpy")},
        "python": platform.python_version(),
        "system": platform.platform(),
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


text = json.dumps({"seed": 0, **run_record()}, indent=2)
# --8<-- [end:record-the-run]


# --8<-- [start:solution-three-leaks]
def split_and_noise(seed):
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    names = sorted({"cat", "dog", "bird", "fish"})  # sets have no fixed order
    rng.shuffle(names)
    return names, torch.rand(2, generator=generator)


for seed in (3, 3, 4):
    print(seed, *split_and_noise(seed))
# --8<-- [end:solution-three-leaks]


# --8<-- [start:solution-spread]
def accuracy(model):
    return (model(X).argmax(dim=1) == y).float().mean().item()


scores = [accuracy(train(seed)) for seed in range(5)]
print("accuracy", *(f"{score:.2f}" for score in scores))
print(f"mean {np.mean(scores):.2f}, from {min(scores):.2f} to {max(scores):.2f}")
# --8<-- [end:solution-spread]


# --8<-- [start:solution-every-epoch-alike]
def first_batches(renew):
    generator = torch.Generator()
    generator.manual_seed(0)
    loader = DataLoader(range(20), batch_size=5, shuffle=True, generator=generator)
    for epoch in range(3):
        if renew:
            generator.manual_seed(0)
        print(f"epoch {epoch}: {next(iter(loader)).tolist()}")


first_batches(renew=True)
print("seeded once:")
first_batches(renew=False)
# --8<-- [end:solution-every-epoch-alike]
