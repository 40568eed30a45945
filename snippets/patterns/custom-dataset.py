"""Read your own images and labels from disk, one item at a time."""

# --8<-- [start:setup]
import csv
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from PIL import Image
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
print(len(list(root.iterdir())), sorted(path.name for path in root.iterdir())[:3])
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
        return self.transform(image) if self.transform else image, label


# --8<-- [end:labelled-images]


# --8<-- [start:one-item]
to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
dataset = LabelledImages(root, to_tensor)
x, y = dataset[7]
print(len(dataset), tuple(x.shape), x.dtype, f"{x.min():.3f} {x.max():.3f}", y)
# --8<-- [end:one-item]


# --8<-- [start:mixed-channels]
gray, color = Image.new("L", (8, 8)), Image.new("RGB", (8, 8))
mixed = [to_tensor(gray), to_tensor(color)]
try:
    next(iter(DataLoader(mixed, batch_size=2)))
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:mixed-channels]


# --8<-- [start:look-at-a-batch]
torch.manual_seed(0)
x, y = next(iter(DataLoader(dataset, batch_size=16, shuffle=True)))
x, y = x.to(device), y.to(device)
print(tuple(x.shape), x.dtype, tuple(y.shape), y.dtype)
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
print(by_position.rows[:5], dataset.rows[:5], sep="\n")
# --8<-- [end:labels-by-position]


# --8<-- [start:damage-of-wrong-labels]
def train_and_test(dataset):
    """Return the loss on 400 images, and the share of the other 100 that is right."""
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
    loss, right = train_and_test(pairs)
    print(f"{name:11} loss {loss:.3f}, right {right:.2f}")
# --8<-- [end:damage-of-wrong-labels]


# --8<-- [start:two-transforms]
torch.manual_seed(0)
augment = v2.Compose([v2.RandomAffine(degrees=20, translate=(0.2, 0.2)), to_tensor])
order = torch.randperm(500, generator=torch.Generator().manual_seed(0)).tolist()
train_set = Subset(LabelledImages(root, augment), order[:400])
test_set = Subset(LabelledImages(root, to_tensor), order[400:])
for part in (train_set, test_set):
    first, again = part[0][0], part[0][0]
    print(len(part), part.indices[:3], f"means {first.mean():.3f} {again.mean():.3f}")
# --8<-- [end:two-transforms]


# --8<-- [start:one-folder-a-class]
by_class = root / "by-class"
for name, label in dataset.rows:
    (by_class / f"digit-{label}").mkdir(parents=True, exist_ok=True)
    shutil.copy(root / name, by_class / f"digit-{label}" / name)
folders = ImageFolder(by_class, to_tensor)
x, y = folders[0]
print(len(folders), folders.classes[:3], tuple(x.shape), y)
# --8<-- [end:one-folder-a-class]


# --8<-- [start:read-once]
decoded = list(dataset)  # opens every file, once
megabytes = sum(x.nbytes for x, _ in decoded) / 1e6
x, y = next(iter(DataLoader(decoded, batch_size=100)))
print(len(decoded), "items", f"{megabytes:.3f} MB", tuple(x.shape), y.dtype)
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
print(len(named), tuple(named[0][0].shape), [label for _, label in named][:6])
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
