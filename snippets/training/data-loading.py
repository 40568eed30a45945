"""Feed a model: datasets, batches, padding, streams and worker processes."""

# --8<-- [start:setup]
import time
from itertools import islice
from statistics import median

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
)

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:three-methods]
class Digits(Dataset):
    def __init__(self):
        data = load_digits()
        self.images = torch.tensor(data.images, dtype=torch.float32) / 16  # 0 to 1
        self.labels = torch.tensor(data.target)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


# --8<-- [end:three-methods]


if __name__ == "__main__":
    # --8<-- [start:one-item]
    dataset = Digits()
    image, label = dataset[0]
    print(
        len(dataset), "items; the first:", tuple(image.shape), "labeled", label.item()
    )
    # --8<-- [end:one-item]

    # --8<-- [start:loop-over-batches]
    loader = DataLoader(dataset, batch_size=64, shuffle=True)
    seen = torch.zeros(10, dtype=torch.long, device=device)  # images of each class
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        seen += y.bincount(minlength=10)
    print(len(loader), "batches, the last:", tuple(x.shape), x.dtype, tuple(y.shape))
    print("seen of each class:", seen.tolist())
    # --8<-- [end:loop-over-batches]

    # --8<-- [start:pipeline]
    figure = plt.figure(figsize=(6.4, 1.3))
    ax = figure.add_subplot(xlim=(-0.5, 4.5), ylim=(0, 1.4))
    stages = "sampler", "dataset", "collate_fn", ".to(device)", "model"
    passed = "an index", "an item", "a batch", "a batch on\nthe device"
    for i, stage in enumerate(stages):
        box = {"boxstyle": "round,pad=0.5", "fc": "none", "ec": "C0" if i < 3 else "C1"}
        ax.text(i, 1, stage, ha="center", va="center", bbox=box)
    for i, what in enumerate(passed):
        ax.text(i + 0.5, 1, "→", ha="center", va="center", size=14)
        ax.text(i + 0.5, 0.6, what, ha="center", va="top")
    ax.axis("off")
    plt.show()
    # --8<-- [end:pipeline]

    # --8<-- [start:last-batch-of-one]
    normalize = nn.BatchNorm1d(64).to(device)
    loader = DataLoader(dataset, batch_size=4)
    try:
        for x, _ in loader:
            normalize(x.flatten(1).to(device))
    except ValueError as error:
        print("ValueError:", error)
    shorter = DataLoader(dataset, batch_size=4, drop_last=True)
    print(len(loader), "batches, with drop_last", len(shorter))
    # --8<-- [end:last-batch-of-one]

    # --8<-- [start:own-order]
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(range(6), batch_size=4, shuffle=True, generator=generator)
    for _ in range(2):
        print([batch.tolist() for batch in loader])
    generator.manual_seed(0)
    print([batch.tolist() for batch in loader])
    # --8<-- [end:own-order]

    # --8<-- [start:rare-classes-more-often]
    rare = torch.tensor([0] * 90 + [1] * 10)  # one class is nine times as common
    weights = 1 / rare.bincount()[rare]  # one weight per item
    sampler = WeightedRandomSampler(weights, num_samples=1000)
    drawn = torch.cat(list(DataLoader(rare, batch_size=100, sampler=sampler)))
    print("of 1,000 draws, the rare class:", drawn.sum().item())
    # --8<-- [end:rare-classes-more-often]

    # --8<-- [start:pad-the-batch]
    def pad(items):
        lengths = torch.tensor([len(item) for item in items])
        return pad_sequence(items, batch_first=True), lengths

    phrases = [torch.tensor(codes) for codes in ([5, 2, 9], [7, 1], [4, 8, 6, 3, 2])]
    try:
        next(iter(DataLoader(phrases, batch_size=3)))
    except RuntimeError as error:
        print("RuntimeError:", error)
    padded, lengths = next(iter(DataLoader(phrases, batch_size=3, collate_fn=pad)))
    print(padded, lengths)
    # --8<-- [end:pad-the-batch]

    # --8<-- [start:measure-the-wait]
    def slow_collate(items):
        time.sleep(0.02)  # stands for slow files
        return default_collate(items)

    def time_an_epoch(loader):
        """Return the seconds spent on waiting for batches, and in all."""
        waiting, started = 0.0, time.perf_counter()
        asked = started
        for x, _ in loader:
            waiting += time.perf_counter() - asked
            x.to(device).square().mean().item()  # stands for the training step
            asked = time.perf_counter()
        return waiting, time.perf_counter() - started

    loader = DataLoader(dataset, batch_size=64, collate_fn=slow_collate)
    waiting, total = time_an_epoch(loader)
    print(f"waiting for data: {100 * waiting / total:.0f} percent of the time")
    # --8<-- [end:measure-the-wait]


if __name__ == "__main__":
    # --8<-- [start:clock-stops-early]
    A = torch.ones(4096, 4096, device=device)

    def seconds(wait):
        """Return the time of 20 products, with or without waiting for the GPU."""
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(20):
            A @ A
        if wait:
            torch.cuda.synchronize()
        return time.perf_counter() - started

    seconds(wait=True)  # the first call also loads the library
    early, right = seconds(wait=False), seconds(wait=True)
    print(f"stopped early {1000 * early:.1f} ms, after waiting {1000 * right:.1f} ms")
    # --8<-- [end:clock-stops-early]

    # --8<-- [start:price-of-the-loader]
    def epoch_with_loader():
        for x, y in DataLoader(dataset, batch_size=64):
            len(x), len(y)

    def epoch_by_index():
        for rows in torch.randperm(len(dataset)).split(64):
            dataset.images[rows], dataset.labels[rows]

    def seconds_for(epoch, repeat=5):
        """Return the median time of an epoch."""
        times = []
        for _ in range(repeat):
            started = time.perf_counter()
            epoch()
            times.append(time.perf_counter() - started)
        return median(times)

    ratio = seconds_for(epoch_with_loader) / seconds_for(epoch_by_index)
    print(f"the loader takes {ratio:.0f} times as long")
    # --8<-- [end:price-of-the-loader]


# --8<-- [start:batch-that-tells]
def tell(items):
    return items, get_worker_info().id, torch.rand(()).item()


if __name__ == "__main__":
    options = {"batch_size": 2, "collate_fn": tell, "num_workers": 2}
    for _ in range(2):
        generator = torch.Generator().manual_seed(0)
        for items, worker, draw in DataLoader(range(8), **options, generator=generator):
            print(items, "from worker", worker, f"which drew {draw:.3f}")
# --8<-- [end:batch-that-tells]


if __name__ == "__main__":
    # --8<-- [start:pinned-batches]
    def copy_times(batch, repeat=11):
        """Return milliseconds until the call returns and until the copy is there."""
        returned, arrived = [], []
        for _ in range(repeat):
            torch.cuda.synchronize()
            started = time.perf_counter()
            batch.to(device, non_blocking=True)
            returned.append(1000 * (time.perf_counter() - started))
            torch.cuda.synchronize()
            arrived.append(1000 * (time.perf_counter() - started))
        return median(returned), median(arrived)

    pictures = torch.zeros(64, 3, 224, 224)  # 36.75 MiB
    for held in (pictures, pictures.pin_memory()):
        returned, arrived = copy_times(held)
        print(f"pinned {held.is_pinned()}: returns after {returned:.2f} ms,", end=" ")
        print(f"copied after {arrived:.2f} ms")
    # --8<-- [end:pinned-batches]


# --8<-- [start:persistent-workers]
if __name__ == "__main__":

    def seconds_for_epochs(epochs=4, **options):
        started = time.perf_counter()
        loader = DataLoader(range(64), batch_size=8, num_workers=1, **options)
        for _ in range(epochs):
            for _ in loader:
                pass
        return time.perf_counter() - started

    anew = seconds_for_epochs()
    kept = seconds_for_epochs(persistent_workers=True)
    print(f"four epochs: {anew / kept:.1f} times as long with new workers each time")
# --8<-- [end:persistent-workers]


# --8<-- [start:error-in-a-worker]
if __name__ == "__main__":
    try:
        list(DataLoader(["a", "b"], sampler=[2], num_workers=1))
    except IndexError as error:
        lines = str(error).splitlines()
        print(lines[0], "...", lines[-1], sep="\n")
# --8<-- [end:error-in-a-worker]


# --8<-- [start:stream-in-two-workers]
class Stream(IterableDataset):
    def __iter__(self):
        yield from range(6)  # think of lines from a file or a socket


if __name__ == "__main__":
    print([batch.tolist() for batch in DataLoader(Stream(), batch_size=4)])
    print(sorted(DataLoader(Stream(), batch_size=None, num_workers=2)))
# --8<-- [end:stream-in-two-workers]


if __name__ == "__main__":
    # --8<-- [start:solution-count-batches]
    for n, batch_size in ((1797, 64), (128, 64), (5, 8)):
        whole = len(DataLoader(range(n), batch_size))
        dropped = len(DataLoader(range(n), batch_size, drop_last=True))
        print(
            f"{n} items in batches of {batch_size}: {whole}, {dropped} with drop_last"
        )
    # --8<-- [end:solution-count-batches]

    # --8<-- [start:solution-mask-padding]
    mask = torch.arange(padded.shape[1]) < lengths[:, None]  # (batch, longest)
    print(mask.int())
    means = (padded * mask).sum(dim=1) / lengths
    print("means of the phrases", [f"{mean:.2f}" for mean in means.tolist()])
    print("with the padding", [f"{mean:.2f}" for mean in padded.float().mean(dim=1)])
    # --8<-- [end:solution-mask-padding]


# --8<-- [start:solution-share-the-stream]
class SharedStream(Stream):
    def __iter__(self):
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        yield from islice(super().__iter__(), first, None, step)


if __name__ == "__main__":
    print(sorted(DataLoader(SharedStream(), batch_size=None, num_workers=2)))
    print(list(DataLoader(SharedStream(), batch_size=None)))
# --8<-- [end:solution-share-the-stream]


if __name__ == "__main__":
    # --8<-- [start:solution-one-class-only]
    for shuffle in (False, True):
        loader = DataLoader(dataset.labels.sort().values, 64, shuffle=shuffle)
        first = next(iter(loader))
        print(
            f"shuffle {shuffle}: classes in the first batch {first.unique().tolist()}"
        )
    # --8<-- [end:solution-one-class-only]
