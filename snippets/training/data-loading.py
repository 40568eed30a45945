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
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

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


assert Digits()[0][0].shape == (8, 8)
# --8<-- [end:three-methods]


if __name__ == "__main__":
    # --8<-- [start:loop-over-batches]
    dataset = Digits()
    loader = DataLoader(dataset, batch_size=64, shuffle=True)
    seen = torch.zeros(10, dtype=torch.long, device=device)  # images of each class
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        seen += y.bincount(minlength=10)
    print(len(dataset), "images in", len(loader), "batches, the last:", tuple(x.shape))
    print("its labels:", y.tolist(), "brightest:", dataset.images.max().item(), x.dtype)
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
    print(len(loader), len(DataLoader(dataset, batch_size=4, drop_last=True)))
    # --8<-- [end:last-batch-of-one]

    # --8<-- [start:own-order]
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(range(6), batch_size=4, shuffle=True, generator=generator)
    for _ in range(2):
        print([batch.tolist() for batch in loader])
    generator.manual_seed(0)
    print([batch.tolist() for batch in loader])
    # --8<-- [end:own-order]

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
    print(padded.tolist(), lengths.tolist())
    # --8<-- [end:pad-the-batch]

    # --8<-- [start:measure-the-wait]
    loader = DataLoader(dataset, batch_size=64, collate_fn=lambda _: time.sleep(0.02))
    clock, waiting = time.perf_counter, 0.0
    started = asked = clock()
    for _ in loader:
        waiting += clock() - asked
        seen.sum().item()  # stands for the training step
        asked = clock()
    print("mostly waiting:", waiting > 0.5 * (clock() - started))
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
        loader = DataLoader(range(n), batch_size, drop_last=True)
        print(n, batch_size, -(-n // batch_size), len(loader))
    # --8<-- [end:solution-count-batches]

    # --8<-- [start:solution-mask-padding]
    mask = torch.arange(padded.shape[1]) < lengths[:, None]  # (batch, longest)
    means = (padded * mask).sum(dim=1) / lengths
    assert means.allclose(torch.stack([phrase.float().mean() for phrase in phrases]))
    print(mask.int().tolist())
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
