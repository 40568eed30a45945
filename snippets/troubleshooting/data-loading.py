"""Messages of datasets, loaders and their workers, raised and fixed."""

# --8<-- [start:setup]
import os
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from torchvision.datasets import MNIST, FakeData, ImageFolder
from torchvision.transforms import v2

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:error-in-a-worker]
class Prices(Dataset):
    prices = {0: 1.5, 2: 2.5}  # row 1 was filtered out

    def __len__(self):
        return len(self.prices)

    def __getitem__(self, index):
        return self.prices[index]


if __name__ == "__main__":
    try:
        list(DataLoader(Prices(), num_workers=1))
    except KeyError as error:
        lines = str(error.args[0]).strip().splitlines()
        print(f"KeyError: {lines[0]}", "...", lines[-1], sep="\n")
# --8<-- [end:error-in-a-worker]


if __name__ == "__main__":
    # --8<-- [start:error-in-a-worker-fixed]
    class PricesByPosition(Dataset):
        prices = list(Prices.prices.values())

        def __len__(self):
            return len(self.prices)

        def __getitem__(self, index):
            return self.prices[index]

    print(next(iter(DataLoader(PricesByPosition(), batch_size=2))))
    # --8<-- [end:error-in-a-worker-fixed]


if __name__ == "__main__":
    # --8<-- [start:none-in-a-batch]
    class Pictures(Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            picture = Image.new("L", (8, 8), color=10 * index)
            return picture, index

    next(iter(DataLoader(Pictures(), batch_size=2)))
    # --8<-- [end:none-in-a-batch]


if __name__ == "__main__":
    # --8<-- [start:none-in-a-batch-fixed]
    class PictureTensors(Pictures):
        transform = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

        def __getitem__(self, index):
            picture, label = super().__getitem__(index)
            return self.transform(picture), label

    images, labels = next(iter(DataLoader(PictureTensors(), batch_size=2)))
    print(images.shape, labels)
    # --8<-- [end:none-in-a-batch-fixed]


if __name__ == "__main__":
    # --8<-- [start:lists-of-unequal-length]
    phrases = [[4, 8], [1, 5, 9]]
    next(iter(DataLoader(phrases, batch_size=2)))
    # --8<-- [end:lists-of-unequal-length]


if __name__ == "__main__":
    # --8<-- [start:lists-of-unequal-length-fixed]
    def pad(phrases):
        tensors = [torch.tensor(phrase) for phrase in phrases]
        return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)

    print(next(iter(DataLoader(phrases, batch_size=2, collate_fn=pad))))
    # --8<-- [end:lists-of-unequal-length-fixed]


# --8<-- [start:collate-in-a-worker]
if __name__ == "__main__":
    signals = [torch.ones(4), torch.ones(3)]
    try:
        list(DataLoader(signals, batch_size=2, num_workers=1))
    except RuntimeError as error:
        lines = str(error).strip().splitlines()
        print(f"RuntimeError: {lines[0]}", "...", lines[-1], sep="\n")
# --8<-- [end:collate-in-a-worker]


# --8<-- [start:collate-in-a-worker-fixed]
if __name__ == "__main__":

    def pad_signals(items):
        return torch.nn.utils.rnn.pad_sequence(items, batch_first=True)

    batch = next(iter(DataLoader(signals, batch_size=2, collate_fn=pad_signals)))
    print(batch.tolist())
# --8<-- [end:collate-in-a-worker-fixed]


# --8<-- [start:worker-that-dies]
class Dies(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        os._exit(1)  # stands for a crash, or for the system ending the process


if __name__ == "__main__":
    try:
        list(DataLoader(Dies(), num_workers=1))
    except RuntimeError as error:
        print("RuntimeError:", error)
# --8<-- [end:worker-that-dies]


# --8<-- [start:worker-that-dies-fixed]
class Lives(Dies):
    def __getitem__(self, index):
        return index


if __name__ == "__main__":
    print(list(DataLoader(Lives(), batch_size=4, num_workers=1)))
# --8<-- [end:worker-that-dies-fixed]


# --8<-- [start:no-main-guard]
program = """
from torch.utils.data import DataLoader

for batch in DataLoader(range(4), 4, num_workers=1, multiprocessing_context="spawn"):
    print(batch)
"""


def run(program):
    Path("train.py").write_text(program)
    command = [sys.executable, "train.py"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    errors = run(program).stderr
    begin = errors.index("RuntimeError: ")
    print(" ".join(errors[begin:].partition(".")[0].split()))
# --8<-- [end:no-main-guard]


# --8<-- [start:no-main-guard-fixed]
if __name__ == "__main__":
    loader = DataLoader(range(4), 4, num_workers=1, multiprocessing_context="spawn")
    for batch in loader:
        print(batch)
# --8<-- [end:no-main-guard-fixed]


# --8<-- [start:lambda-for-a-worker]
if __name__ == "__main__":
    options = {"num_workers": 1, "multiprocessing_context": "spawn"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says the same in advance
        try:
            iter(DataLoader(range(4), collate_fn=lambda items: items, **options))
        except pickle.PicklingError as error:
            message = str(error).partition(" at 0x")[0]
            print(f"PicklingError: {message}")
# --8<-- [end:lambda-for-a-worker]


# --8<-- [start:lambda-for-a-worker-fixed]
def as_list(items):
    return items


if __name__ == "__main__":
    print(list(DataLoader(range(4), batch_size=4, collate_fn=as_list)))
    print(len(pickle.dumps(as_list)), "bytes, mostly its name")
# --8<-- [end:lambda-for-a-worker-fixed]


# --8<-- [start:too-many-open-files]
if __name__ == "__main__":
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))  # as ulimit -n 128
    try:
        kept = [batch for batch in DataLoader(range(500), num_workers=1)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
# --8<-- [end:too-many-open-files]


# --8<-- [start:too-many-open-files-fixed]
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        kept = [batch.clone() for batch in DataLoader(range(500), num_workers=1)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print("kept", len(kept))
# --8<-- [end:too-many-open-files-fixed]


if __name__ == "__main__":
    # --8<-- [start:empty-dataset]
    files = sorted(Path("pictures").glob("*.png"))
    DataLoader(files, shuffle=True)
    # --8<-- [end:empty-dataset]


if __name__ == "__main__":
    # --8<-- [start:empty-dataset-fixed]
    Path("pictures").mkdir()
    Image.new("L", (8, 8)).save("pictures/first.png")
    files = sorted(Path("pictures").glob("*.png"))
    if not files:
        raise FileNotFoundError(f"no .png in {Path('pictures').resolve()}")
    print(len(DataLoader(files, shuffle=True)), "batch")
    # --8<-- [end:empty-dataset-fixed]


if __name__ == "__main__":
    # --8<-- [start:no-class-folder]
    Path("photos").mkdir()
    Image.new("RGB", (8, 8)).save("photos/first.png")
    ImageFolder("photos")
    # --8<-- [end:no-class-folder]


if __name__ == "__main__":
    # --8<-- [start:no-class-folder-fixed]
    for animal in ["cat", "dog"]:
        Path("animals", animal).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(Path("animals", animal, "first.png"))
    print(ImageFolder("animals").class_to_idx)
    # --8<-- [end:no-class-folder-fixed]


if __name__ == "__main__":
    # --8<-- [start:dataset-not-found]
    MNIST("data")
    # --8<-- [end:dataset-not-found]


if __name__ == "__main__":
    # --8<-- [start:dataset-not-found-fixed]
    pictures = FakeData(size=8, image_size=(1, 28, 28), num_classes=10)
    print(len(pictures), pictures[0][0].size)
    # --8<-- [end:dataset-not-found-fixed]


if __name__ == "__main__":
    # --8<-- [start:not-a-picture]
    Path("broken.png").write_text("<html>404</html>")
    Image.open("broken.png")
    # --8<-- [end:not-a-picture]


if __name__ == "__main__":
    # --8<-- [start:not-a-picture-fixed]
    def is_picture(path):
        try:
            with Image.open(path) as picture:
                picture.verify()
            return True
        except (Image.UnidentifiedImageError, OSError):
            return False

    print([path.name for path in Path().glob("*.png") if not is_picture(path)])
    # --8<-- [end:not-a-picture-fixed]


if __name__ == "__main__":
    # --8<-- [start:normalize-a-picture]
    picture = Image.new("L", (8, 8), color=128)
    v2.Normalize([0.5], [0.5])(picture)
    # --8<-- [end:normalize-a-picture]


if __name__ == "__main__":
    # --8<-- [start:normalize-a-picture-fixed]
    to_input = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5], [0.5]),
        ]
    )
    print(to_input(picture).unique())
    # --8<-- [end:normalize-a-picture-fixed]


if __name__ == "__main__":
    # --8<-- [start:unpack-a-tensor]
    samples = torch.randn(8, 3)
    for x, y in DataLoader(samples, batch_size=4):
        print(x.shape, y.shape)
    # --8<-- [end:unpack-a-tensor]


if __name__ == "__main__":
    # --8<-- [start:unpack-a-tensor-fixed]
    targets = torch.arange(8)
    for x, y in DataLoader(TensorDataset(samples, targets), batch_size=4):
        print(x.shape, y.tolist())
    # --8<-- [end:unpack-a-tensor-fixed]


if __name__ == "__main__":
    # --8<-- [start:list-to-device]
    batch = next(iter(DataLoader(TensorDataset(samples, targets), batch_size=4)))
    batch.to("cpu")
    # --8<-- [end:list-to-device]


if __name__ == "__main__":
    # --8<-- [start:list-to-device-fixed]
    x, y = (part.to("cpu") for part in batch)
    print(x.shape, y.shape)
    # --8<-- [end:list-to-device-fixed]


if __name__ == "__main__":
    # --8<-- [start:shuffle-a-stream]
    class Lines(IterableDataset):
        def __iter__(self):
            yield from range(6)

    DataLoader(Lines(), shuffle=True)
    # --8<-- [end:shuffle-a-stream]


if __name__ == "__main__":
    # --8<-- [start:shuffle-a-stream-fixed]
    class ShuffledLines(IterableDataset):
        def __init__(self, source, size):
            super().__init__()
            self.source, self.size = source, size

        def __iter__(self):
            buffer = []
            for item in self.source:
                buffer.append(item)
                if len(buffer) > self.size:
                    yield buffer.pop(torch.randint(len(buffer), ()).item())
            yield from (buffer[i] for i in torch.randperm(len(buffer)).tolist())

    print(sorted(DataLoader(ShuffledLines(Lines(), size=3), batch_size=None)))
    # --8<-- [end:shuffle-a-stream-fixed]


if __name__ == "__main__":
    # --8<-- [start:length-of-a-stream]
    loader = DataLoader(Lines(), batch_size=4)
    print(len(loader))
    # --8<-- [end:length-of-a-stream]


if __name__ == "__main__":
    # --8<-- [start:length-of-a-stream-fixed]
    batches = 0
    for _ in loader:
        batches += 1
    print(batches, "batches")
    # --8<-- [end:length-of-a-stream-fixed]


if __name__ == "__main__":
    # --8<-- [start:no-getitem]
    class Squares(Dataset):
        def __len__(self):
            return 4

        def getitem(self, index):
            return index**2

    next(iter(DataLoader(Squares())))
    # --8<-- [end:no-getitem]


if __name__ == "__main__":
    # --8<-- [start:no-getitem-fixed]
    class Squares(Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return index**2

    print(next(iter(DataLoader(Squares(), batch_size=4))))
    # --8<-- [end:no-getitem-fixed]


if __name__ == "__main__":
    # --8<-- [start:sampler-and-shuffle]
    sampler = torch.utils.data.RandomSampler(samples)
    DataLoader(samples, sampler=sampler, shuffle=True)
    # --8<-- [end:sampler-and-shuffle]


if __name__ == "__main__":
    # --8<-- [start:sampler-and-shuffle-fixed]
    print(len(DataLoader(samples, sampler=sampler)), "batches")
    # --8<-- [end:sampler-and-shuffle-fixed]


if __name__ == "__main__":
    # --8<-- [start:batch-sampler-and-size]
    batches = torch.utils.data.BatchSampler(sampler, batch_size=4, drop_last=False)
    DataLoader(samples, batch_sampler=batches, batch_size=4)
    # --8<-- [end:batch-sampler-and-size]


if __name__ == "__main__":
    # --8<-- [start:batch-sampler-and-size-fixed]
    print([tuple(batch.shape) for batch in DataLoader(samples, batch_sampler=batches)])
    # --8<-- [end:batch-sampler-and-size-fixed]


if __name__ == "__main__":
    # --8<-- [start:options-without-workers]
    DataLoader(samples, persistent_workers=True)
    # --8<-- [end:options-without-workers]


if __name__ == "__main__":
    # --8<-- [start:options-without-workers-fixed]
    num_workers = 0  # 0 while debugging
    options = {"persistent_workers": True, "prefetch_factor": 4} if num_workers else {}
    print(len(DataLoader(samples, num_workers=num_workers, **options)), "batches")
    # --8<-- [end:options-without-workers-fixed]


if __name__ == "__main__":
    # --8<-- [start:tensor-dataset-lengths]
    TensorDataset(torch.randn(8, 3), torch.arange(7))
    # --8<-- [end:tensor-dataset-lengths]


if __name__ == "__main__":
    # --8<-- [start:tensor-dataset-lengths-fixed]
    samples, targets = torch.randn(8, 3), torch.arange(8)
    print(len(samples), len(targets), len(TensorDataset(samples, targets)))
    # --8<-- [end:tensor-dataset-lengths-fixed]


if __name__ == "__main__":
    # --8<-- [start:split-lengths]
    n = len(samples)
    torch.utils.data.random_split(samples, [int(0.7 * n), int(0.3 * n)])
    # --8<-- [end:split-lengths]


if __name__ == "__main__":
    # --8<-- [start:split-lengths-fixed]
    parts = torch.utils.data.random_split(samples, [0.7, 0.3])
    print([len(part) for part in parts])
    # --8<-- [end:split-lengths-fixed]


# --8<-- [start:loader-timeout]
class Slow(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        time.sleep(0.6)  # stands for a file server that does not answer
        return index


if __name__ == "__main__":
    try:
        list(DataLoader(Slow(), num_workers=1, timeout=0.3))
    except RuntimeError as error:
        print("RuntimeError:", error)
# --8<-- [end:loader-timeout]


# --8<-- [start:loader-timeout-fixed]
if __name__ == "__main__":
    started = time.perf_counter()
    Slow()[0]
    seconds = time.perf_counter() - started
    print(len(list(DataLoader(Slow(), num_workers=1, timeout=60))), "batches")
    print(f"an item takes {seconds:.1f} s")
# --8<-- [end:loader-timeout-fixed]


if __name__ == "__main__":
    # --8<-- [start:more-workers-than-cores]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        DataLoader(samples, num_workers=2 * os.cpu_count())
    print("UserWarning:", caught[0].message)
    # --8<-- [end:more-workers-than-cores]


if __name__ == "__main__":
    # --8<-- [start:more-workers-than-cores-fixed]
    workers = min(4, os.cpu_count())
    print("a loader of", len(DataLoader(samples, num_workers=workers)), "batches")
    # --8<-- [end:more-workers-than-cores-fixed]


if __name__ == "__main__":
    # --8<-- [start:index-a-loader]
    loader = DataLoader(samples, batch_size=4)
    first = loader[0]
    # --8<-- [end:index-a-loader]


if __name__ == "__main__":
    # --8<-- [start:index-a-loader-fixed]
    first = next(iter(loader))
    print(first.shape, loader.dataset[0].shape)
    # --8<-- [end:index-a-loader-fixed]


if __name__ == "__main__":
    # --8<-- [start:no-batch-left]
    loader = DataLoader(samples, batch_size=16, drop_last=True)
    total = sum(batch.mean().item() for batch in loader)
    print(total / len(loader))
    # --8<-- [end:no-batch-left]


if __name__ == "__main__":
    # --8<-- [start:no-batch-left-fixed]
    loader = DataLoader(samples, batch_size=16)
    print(len(loader), "batch of", len(next(iter(loader))))
    # --8<-- [end:no-batch-left-fixed]
