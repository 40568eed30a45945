"""Augment images, boxes, masks and batches with torchvision's transforms.v2."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits, load_sample_image
from torchvision import tv_tensors
from torchvision.transforms import v2

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:load-a-photo]
photo = load_sample_image("flower.jpg").copy()  # (height, width, channel), NumPy
image = v2.ToImage()(photo).to(device)
image = v2.Resize(32)(v2.CenterCrop(400)(image))
print(photo.shape, photo.dtype)
print(type(image).__name__, tuple(image.shape), image.dtype)
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
        v2.Resize(32),
        v2.CenterCrop(32),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(mean, std),
    ]
)
for name, transform in (("train", train_transform), ("eval", eval_transform)):
    print(name, "twice the same:", torch.equal(transform(image), transform(image)))
print("channel means:", [f"{channel.mean():.2f}" for channel in eval_transform(image)])
# --8<-- [end:eval-pipeline]


# --8<-- [start:contact-sheet]
torch.manual_seed(0)
transforms = [
    v2.Identity(),
    v2.RandomResizedCrop(32, scale=(0.2, 0.5)),
    v2.RandomHorizontalFlip(p=1),
    v2.RandomRotation(30),
    v2.RandomPerspective(0.5, p=1),
    v2.ColorJitter(0.5, 0.5, 0.5, 0.2),
    v2.RandomGrayscale(p=1),
    v2.GaussianBlur(5, sigma=2.0),
    v2.RandomErasing(p=1),
    v2.TrivialAugmentWide(),
]
fig, axes = plt.subplots(2, 5)
for ax, transform in zip(axes.flat, transforms, strict=True):
    pixels = transform(image).permute(1, 2, 0).cpu().numpy()
    ax.imshow(pixels, interpolation="none")
    ax.set_title(type(transform).__name__, fontsize=7)
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
print("image changed:", not torch.equal(flip(image), image))
print("array changed:", flip(photo) is not photo)
# --8<-- [end:array-slips-through]


# --8<-- [start:boxes-move-along]
box = [[2, 5, 10, 25]]  # left, top, right, bottom
boxes = tv_tensors.BoundingBoxes(box, format="XYXY", canvas_size=(32, 32))
mask = tv_tensors.Mask(torch.zeros(32, 32, dtype=torch.uint8))
mask[5:25, 2:10] = 1
_, moved_boxes, moved_mask, label = flip(image, boxes, mask, "flower")
print(moved_boxes.tolist(), moved_boxes.canvas_size, label)
print(tuple(moved_mask.shape), moved_mask.dtype)
print(moved_mask.any(dim=0).nonzero().flatten().tolist())
# --8<-- [end:boxes-move-along]


# --8<-- [start:one-call-for-all]
torch.manual_seed(0)
crop = v2.RandomCrop(16)
together = crop(mask, mask)
separate = crop(mask), crop(mask)
print("one call:", torch.equal(*together), tuple(together[0].shape))
print("two calls:", torch.equal(*separate))
# --8<-- [end:one-call-for-all]


# --8<-- [start:mix-a-batch]
torch.manual_seed(0)
X = torch.rand(4, 3, 32, 32).to(device)
y = torch.tensor([3, 1, 4, 5]).to(device)
mix = v2.RandomChoice([v2.MixUp(num_classes=10), v2.CutMix(num_classes=10)])
mixed, soft_labels = mix(X, y)
print(tuple(mixed.shape), tuple(soft_labels.shape))
print([f"{share:.3f}" for share in soft_labels[0].tolist()])
logits = torch.zeros(4, 10, device=device)
print(f"{torch.nn.functional.cross_entropy(logits, soft_labels):.3f}")
# --8<-- [end:mix-a-batch]


# --8<-- [start:solution-own-statistics]
own = v2.ToDtype(torch.float32, scale=True)(image)
own_mean, own_std = own.mean(dim=(1, 2)).tolist(), own.std(dim=(1, 2)).tolist()
x = v2.Normalize(own_mean, own_std)(own)
torch.testing.assert_close(x.mean(dim=(1, 2)), torch.zeros(3, device=device))
torch.testing.assert_close(x.std(dim=(1, 2)), torch.ones(3, device=device))
print(own_mean != mean)
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
