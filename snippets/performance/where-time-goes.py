"""Find out which part of a training step sets its pace, and make loading fast."""

# --8<-- [start:setup]
import io
import statistics
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2.functional import pil_to_tensor

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:jpeg-files]
def encode(pixels):
    """Return the bytes of a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(file, "JPEG")
    return file.getvalue()


def decode(data):
    return pil_to_tensor(Image.open(io.BytesIO(data)))


labels = torch.randint(0, 10, (128,))
noise = torch.randint(0, 60, (128, 3, 12, 12))
pictures = (noise + 20 * labels[:, None, None, None]).clamp(max=255).byte()
files = [encode(picture) for picture in F.interpolate(pictures, scale_factor=16)]
print(len(files), "files,", tuple(decode(files[0]).shape))
# --8<-- [end:jpeg-files]


# --8<-- [start:dataset]
class Files(Dataset):
    """Decode, shrink and augment one image at a time."""

    def __len__(self):
        return len(files)

    def __getitem__(self, i):
        return augment(shrink(decode(files[i]))), labels[i]


def shrink(image):
    """Return 32 x 32 pixels in float32: the same in each epoch."""
    return F.avg_pool2d(image.float(), 6)


def augment(image):
    """Flip at random and scale: another result in each epoch."""
    if torch.rand(()) < 0.5:
        image = image.flip(-1)
    return (image - 128) / 64


# --8<-- [end:dataset]


# --8<-- [start:clock-each-part]
class Clock:
    """Adds up the time since the lap before, under the name of what happened."""

    def __init__(self):
        self.spent = {}
        self.last = time.perf_counter()

    def lap(self, name):
        if accelerator:
            torch.accelerator.synchronize()
        now = time.perf_counter()
        self.spent[name] = self.spent.get(name, 0) + now - self.last
        self.last = now


# --8<-- [end:clock-each-part]


# --8<-- [start:train-by-the-clock]
def train(loader, model):
    """Train for an epoch; return the seconds of each part of its steps."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    clock = Clock()
    for x, y in loader:
        clock.lap("data")
        x, y = x.to(device), y.to(device)
        clock.lap("transfer")
        loss = F.cross_entropy(model(x), y)
        clock.lap("forward")
        loss.backward()
        clock.lap("backward")
        optimizer.step()
        optimizer.zero_grad()
        clock.lap("update")
    return clock.spent


# --8<-- [end:train-by-the-clock]


# --8<-- [start:where-it-goes]
layers = [nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()]
model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
model.to(device)
loader = DataLoader(Files(), batch_size=32, shuffle=True)
train(loader, model)  # warm up
spent = train(loader, model)
for name, part in spent.items():
    print(f"{name:9} {100 * part / sum(spent.values()):3.0f} %")
# --8<-- [end:where-it-goes]


# --8<-- [start:leave-one-out]
def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


ready = [next(iter(loader))] * len(loader)
whole = seconds(lambda: train(loader, model))
without_loading = seconds(lambda: train(ready, model))
without_training = seconds(lambda: list(loader))
print(f"without loading:  {100 * without_loading / whole:3.0f} % of the epoch")
print(f"without training: {100 * without_training / whole:3.0f} %")
# --8<-- [end:leave-one-out]


# --8<-- [start:limit-of-a-gain]
def gain_of_all(share, gain):
    """Return how much faster everything gets when a share of it gets faster."""
    return 1 / (1 - share + share / gain)


share = spent["data"] / sum(spent.values())
for gain in (2, 10, 1000):
    print(
        f"loading {gain:.0f} times as fast: epoch {gain_of_all(share, gain):.1f} times"
    )
# --8<-- [end:limit-of-a-gain]


# --8<-- [start:decode-once]
class DecodedOnce(Files):
    """Keep what is the same in each epoch, and augment anew."""

    def __init__(self):
        self.images = torch.stack([shrink(decode(data)) for data in files])

    def __getitem__(self, i):
        return augment(self.images[i]), labels[i]


once = DecodedOnce()
print(f"{len(once)} images: {once.images.nbytes / 2**20:.1f} MiB")
# --8<-- [end:decode-once]


# --8<-- [start:a-batch-at-once]
class WholeBatches(DecodedOnce):
    def __getitems__(self, rows):
        return augment_all(self.images[rows]), labels[rows]


def augment_all(images):
    """Flip each image or not, at random, and scale all of them."""
    flip = torch.rand(len(images), 1, 1, 1) < 0.5
    return (torch.where(flip, images.flip(-1), images) - 128) / 64


def as_it_is(batch):
    return batch


x, y = next(iter(DataLoader(WholeBatches(), 32, collate_fn=as_it_is)))
print(x.shape, y.shape)
# --8<-- [end:a-batch-at-once]


# --8<-- [start:no-loader]
def shuffled(images, batch_size=32):
    """Yield augmented batches in random order, straight from tensors."""
    for rows in torch.randperm(len(images)).split(batch_size):
        yield augment_all(images[rows]), labels[rows]


# --8<-- [end:no-loader]


# --8<-- [start:gains]
whole_batches = WholeBatches()
versions = {
    "file by file": lambda: loader,
    "decoded once": lambda: DataLoader(once, 32, True),
    "whole batches": lambda: DataLoader(whole_batches, 32, True, collate_fn=as_it_is),
    "no loader": lambda: shuffled(once.images),
}
times = {name: [] for name in versions}
for _ in range(3):  # in turn
    for name, batches in versions.items():
        times[name].append(seconds(lambda batches=batches: list(batches())))
slowest = statistics.median(times["file by file"])
for name, values in times.items():
    print(f"{name:14} {slowest / statistics.median(values):6.1f} times as fast")
# --8<-- [end:gains]


# --8<-- [start:time-the-epochs]
def usual_parts(runs):
    """Return the median of each part over several epochs."""
    return {part: statistics.median(run[part] for run in runs) for part in runs[0]}


runs = {name: [] for name in versions}
for _ in range(5):
    for name, batches in versions.items():
        runs[name].append(train(batches(), model))
epochs = {name: usual_parts(parts) for name, parts in runs.items()}
# --8<-- [end:time-the-epochs]


# --8<-- [start:draw-the-epochs]
fig, ax = plt.subplots(figsize=(6.4, 2.4))
left = [0.0] * len(epochs)
for phase in ("data", "transfer", "forward", "backward", "update"):
    widths = [parts[phase] for parts in epochs.values()]
    ax.barh(range(len(epochs)), widths, left=left, label=phase)
    left = [a + b for a, b in zip(left, widths, strict=True)]
ax.set_yticks(range(len(epochs)), epochs)
ax.set_xticks([])
ax.set_xlabel("time of an epoch")
ax.invert_yaxis()
ax.legend()
plt.show()
# --8<-- [end:draw-the-epochs]


# --8<-- [start:check-the-prediction]
before, after = epochs["file by file"], epochs["no loader"]
share = before["data"] / sum(before.values())
gain = before["data"] / after["data"]
print(f"loading: {100 * share:.0f} % of the epoch, now {gain:.0f} times as fast")
measured = sum(before.values()) / sum(after.values())
print(f"epoch: {gain_of_all(share, gain):.1f} predicted, {measured:.1f} measured")
# --8<-- [end:check-the-prediction]


# --8<-- [start:a-step-on-a-gpu]
def gpu_step(width):
    """Return a function that trains a convolutional network for one step."""
    layers = [nn.Conv2d(3, width, 3, 2, 1), nn.ReLU()]
    for _ in range(6):
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*layers).to("cuda")
    optimizer = torch.optim.AdamW(net.parameters())

    def step(x):
        net(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


# --8<-- [end:a-step-on-a-gpu]


# --8<-- [start:move-launch-work]
def move_launch_work(step, on_cpu):
    """Return the times at which a batch was moved, a step launched, and all done."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    x = on_cpu.to("cuda")
    torch.cuda.synchronize()
    moved = time.perf_counter()
    step(x)
    launched = time.perf_counter()
    torch.cuda.synchronize()
    return moved - start, launched - moved, time.perf_counter() - moved


for width, batch_size in ((32, 16), (32, 1024), (128, 1024)):
    step, on_cpu = gpu_step(width), torch.randn(batch_size, 3, 64, 64)
    runs = [move_launch_work(step, on_cpu) for _ in range(15)]
    usual = [1000 * statistics.median(run[i] for run in runs[5:]) for i in range(3)]
    print(f"{width:3} channels, batch {batch_size:4}:", end=" ")
    print("moved in {:.2f} ms, launched in {:.2f}, done in {:.2f}".format(*usual))
# --8<-- [end:move-launch-work]


# --8<-- [start:solution-frozen-augmentation]
class Remembers(Files):
    def __init__(self):
        self.items = {}

    def __getitem__(self, i):
        if i not in self.items:
            self.items[i] = super().__getitem__(i)
        return self.items[i]


for dataset in (Remembers(), once):
    versions_of_first = {dataset[0][0].sum(0)[0, 0].item() for _ in range(20)}
    print(f"{type(dataset).__name__}: {len(versions_of_first)} versions in 20 epochs")
# --8<-- [end:solution-frozen-augmentation]


# --8<-- [start:solution-largest-gain]
for share in (0.1, 0.6, 0.9):
    print(f"{share:.0%} of the time: at most {1 / (1 - share):.1f} times as fast")
# --8<-- [end:solution-largest-gain]


# --8<-- [start:solution-bytes]
rounded = once.images.round().byte()
error = (rounded.float() - once.images).abs().max().item()
print(f"float32 {once.images.nbytes:,} bytes, uint8 {rounded.nbytes:,} bytes")
print(f"largest error: {error:.2f} of 255")
# --8<-- [end:solution-bytes]
