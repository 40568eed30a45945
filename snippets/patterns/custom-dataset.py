"""Read your own images and labels from disk, one item at a time."""

# --8<-- [start:setup]
import csv
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:write-a-folder]
folder = tempfile.TemporaryDirectory()  # deleted when the program ends
root = Path(folder.name)
digits = load_digits()
with open(root / "labels.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["name", "label"])
    for number in range(500):
        pixels = (digits.images[number] * 15).astype("uint8")  # 0 to 240
        Image.fromarray(pixels).save(root / f"{number}.png")
        writer.writerow([f"{number}.png", digits.target[number]])
names = sorted(path.name for path in root.iterdir())
print(len(names), "files, in order:", names[:3])
# --8<-- [end:write-a-folder]


# --8<-- [start:labelled-images]
class LabelledImages(Dataset):
    """Images in a folder, and their labels in a CSV file beside them."""

    def __init__(self, root, transform=None):
        self.root, self.transform = Path(root), transform
        with open(self.root / "labels.csv", newline="") as file:
            rows = csv.DictReader(file)
            self.rows = [(row["name"], int(row["label"])) for row in rows]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        name, label = self.rows[index]
        with Image.open(self.root / name) as file:
            image = file.convert("RGB")  # reads the pixels; gray becomes three channels
        if self.transform is not None:
            image = self.transform(image)
        return image, label


# --8<-- [end:labelled-images]


# --8<-- [start:one-item]
to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
dataset = LabelledImages(root, to_tensor)
x, y = dataset[7]
print(len(dataset), "items")
print(tuple(x.shape), x.dtype, f"from {x.min():.3f} to {x.max():.3f}, label {y}")
# --8<-- [end:one-item]


# --8<-- [start:cost-of-a-row]
rows = [(f"{number}.png", number % 10) for number in range(100_000)]
size = sys.getsizeof(rows) + sum(
    sys.getsizeof(row) + sys.getsizeof(row[0]) for row in rows
)
names_as_bytes = np.array([name for name, _ in rows], dtype="S")
labels_as_array = torch.tensor([label for _, label in rows], dtype=torch.uint8)
compact = names_as_bytes.nbytes + labels_as_array.nbytes
print(f"list {size / 1e5:.0f} bytes per row, arrays {compact / 1e5:.0f}")
# --8<-- [end:cost-of-a-row]


# --8<-- [start:mixed-channels]
gray, color = Image.new("L", (8, 8)), Image.new("RGB", (8, 8))
mixed = [to_tensor(gray), to_tensor(color)]
try:
    next(iter(DataLoader(mixed, batch_size=2)))
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:mixed-channels]


# --8<-- [start:sixteen-bits]
steps = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096  # 16 levels of gray
Image.fromarray(steps).save(root / "deep.png")
with Image.open(root / "deep.png") as file:
    clipped = np.array(file.convert("L"))
    levels = np.array(file)
print("mode", file.mode, "with", len(np.unique(levels)), "levels")
print("after convert('L'):", np.unique(clipped).tolist())
scaled = torch.from_numpy(levels.astype(np.float32)) / 65535
print(f"read as an array: {len(scaled.unique())} levels up to {scaled.max():.2f}")
(root / "deep.png").unlink()
# --8<-- [end:sixteen-bits]


# --8<-- [start:turned-and-transparent]
tall = Image.new("RGB", (4, 8))
exif = tall.getexif()
exif[0x0112] = 6  # a camera's note: turn by 90 degrees to view
tall.save(root / "turned.jpg", exif=exif)
with Image.open(root / "turned.jpg") as file:
    print("as stored", file.size, "upright", ImageOps.exif_transpose(file).size)
(root / "turned.jpg").unlink()

clear = Image.new("RGBA", (1, 1), (255, 0, 0, 0))  # red, and invisible
paper = Image.new("RGBA", clear.size, "white")
on_white = Image.alpha_composite(paper, clear).convert("RGB")
print("dropped alpha", clear.convert("RGB").getpixel((0, 0)))
print("put on white ", on_white.getpixel((0, 0)))
# --8<-- [end:turned-and-transparent]


# --8<-- [start:look-at-a-batch]
torch.manual_seed(0)
x, y = next(iter(DataLoader(dataset, batch_size=16, shuffle=True)))
x, y = x.to(device), y.to(device)
print("images", tuple(x.shape), x.dtype, "labels", tuple(y.shape), y.dtype)
fig, axes = plt.subplots(2, 8, figsize=(6.4, 2.2))
for ax, image, label in zip(axes.flat, x.cpu().numpy(), y.tolist(), strict=True):
    ax.imshow(image[0], cmap="viridis")
    ax.set_title(label)
    ax.axis("off")
plt.show()
# --8<-- [end:look-at-a-batch]


# --8<-- [start:labels-by-position]
by_position = LabelledImages(root, to_tensor)
names = sorted(path.name for path in root.glob("*.png"))
labels = [label for _, label in by_position.rows]
by_position.rows = list(zip(names, labels, strict=True))  # wrong
print("by position:", by_position.rows[:5])
print("by name:    ", dataset.rows[:5])
true_labels = dict(dataset.rows)
lucky = sum(true_labels[name] == label for name, label in by_position.rows)
print(lucky, "of", len(names), "labels are right by chance")
# --8<-- [end:labels-by-position]


# --8<-- [start:damage-of-wrong-labels]
def train_and_test(dataset):
    """Return the loss on 400 images, and the accuracy on the other 100."""
    torch.manual_seed(0)
    x, y = next(iter(DataLoader(dataset, batch_size=len(dataset))))
    x, y = x[:, 0].flatten(1).to(device), y.to(device)  # one channel is enough
    model = nn.Linear(64, 10).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(100):
        loss = F.cross_entropy(model(x[:400]), y[:400])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss, (model(x[400:]).argmax(dim=1) == y[400:]).float().mean()


for name, pairs in (("by name", dataset), ("by position", by_position)):
    loss, accuracy = train_and_test(pairs)
    print(f"{name:11} loss {loss:.3f}, accuracy {accuracy:.2f}")
# --8<-- [end:damage-of-wrong-labels]


# --8<-- [start:two-transforms]
torch.manual_seed(0)
augment = v2.Compose([v2.RandomAffine(degrees=20, translate=(0.2, 0.2)), to_tensor])
order = torch.randperm(500, generator=torch.Generator().manual_seed(0)).tolist()
train_set = Subset(LabelledImages(root, augment), order[:400])
test_set = Subset(LabelledImages(root, to_tensor), order[400:])
for name, part in (("training", train_set), ("test", test_set)):
    first, again = part[0][0], part[0][0]
    change = (first - again).abs().max()
    print(f"{name}: {len(part)} items, item 0 taken twice differs by {change:.2f}")
# --8<-- [end:two-transforms]


# --8<-- [start:split-by-group]
writers = torch.arange(500) // 10  # ten pictures by each of 50 people
people = torch.randperm(50, generator=torch.Generator().manual_seed(0))
held_out = torch.isin(writers, people[:10])
train_rows = (~held_out).nonzero().flatten().tolist()
test_rows = held_out.nonzero().flatten().tolist()
shared = set(writers[train_rows].tolist()) & set(writers[test_rows].tolist())
print(len(train_rows), "and", len(test_rows), "items,", len(shared), "people in both")
by_item = set(writers[order[:400]].tolist()) & set(writers[order[400:]].tolist())
print("split by item:", len(by_item), "people in both")
# --8<-- [end:split-by-group]


# --8<-- [start:one-folder-a-class]
by_class = root / "by-class"
for name, label in dataset.rows:
    (by_class / f"digit-{label}").mkdir(parents=True, exist_ok=True)
    shutil.copy(root / name, by_class / f"digit-{label}" / name)
folders = ImageFolder(by_class, to_tensor)
x, y = folders[0]
print(len(folders), "items, classes", folders.classes[:3])
print("first item", tuple(x.shape), "class", y)
# --8<-- [end:one-folder-a-class]


# --8<-- [start:read-once]
decoded = [dataset[i] for i in range(len(dataset))]  # opens each file once
megabytes = sum(x.nbytes for x, _ in decoded) / 1e6
x, y = next(iter(DataLoader(decoded, batch_size=100)))
print(len(decoded), f"items in {megabytes:.3f} MB, batches of {tuple(x.shape)}")
# --8<-- [end:read-once]


# --8<-- [start:solution-label-in-the-name]
class NamedImages(LabelledImages):
    def __init__(self, root, transform=None):
        self.root, self.transform = Path(root), transform
        names = sorted(path.name for path in self.root.glob("*_*.png"))
        self.rows = [(name, int(name.split("_")[0])) for name in names]


flat = root / "flat"
flat.mkdir()
(flat / "notes.txt").write_text("not an image")
for name, label in dataset.rows[:20]:
    shutil.copy(root / name, flat / f"{label}_{name}")
named = NamedImages(flat, to_tensor)
print(len(named), "items, labels", [label for _, label in named.rows][:6])
# --8<-- [end:solution-label-in-the-name]


# --8<-- [start:solution-count-classes]
counts = Counter(label for _, label in dataset.rows)
print(sorted(counts.items()))
# --8<-- [end:solution-count-classes]


# --8<-- [start:solution-broken-files]
(root / "half.png").write_bytes((root / "0.png").read_bytes()[:90])
(root / "text.png").write_text("not an image")
for path in sorted(root.glob("*.png")):
    try:
        with Image.open(path) as file:
            file.load()
    except (OSError, SyntaxError):
        print("cannot read", path.name)
# --8<-- [end:solution-broken-files]


# --8<-- [start:diagnosis-endless]
class Squares(Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return index**2


squares = Squares()
print(len(list(DataLoader(squares))), "batches from the loader")
print([item for item, _ in zip(squares, range(6), strict=False)])
# --8<-- [end:diagnosis-endless]


# --8<-- [start:solution-index-error]
class BoundedSquares(Squares):
    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(index)
        return index**2


print(list(BoundedSquares()))
# --8<-- [end:solution-index-error]
