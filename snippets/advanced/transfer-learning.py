"""Reuse a trained network: load weights, freeze, replace the head, fine-tune."""

# --8<-- [start:setup]
import copy
import time
from statistics import fmean

import torch
from sklearn.datasets import load_digits, load_sample_images
from torch import nn
from torchvision.models import ResNet18_Weights, resnet18

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:load-by-enum]
weights = ResNet18_Weights.DEFAULT
model = resnet18(weights=weights).to(device)
print(weights.name, f"{sum(p.numel() for p in model.parameters()):,} parameters")
print(len(weights.meta["categories"]), "classes, head:", model.fc)
# --8<-- [end:load-by-enum]


# --8<-- [start:preprocess-from-weights]
preprocess = weights.transforms(crop_size=64, resize_size=72)
photos = [torch.tensor(photo).permute(2, 0, 1) for photo in load_sample_images().images]
photos = torch.stack(photos * 4).to(device)  # two photos, four times each
X = preprocess(photos)
print(tuple(photos.shape), photos.dtype, "to", tuple(X.shape), X.dtype)
print("resize", preprocess.resize_size, "crop", preprocess.crop_size)
print("mean", preprocess.mean, "std", preprocess.std)
# --8<-- [end:preprocess-from-weights]


# --8<-- [start:freeze-and-replace]
model.requires_grad_(False)
torch.manual_seed(0)
model.fc = nn.Linear(model.fc.in_features, 5).to(device)  # after freezing  # [!]
trainable = [name for name, p in model.named_parameters() if p.requires_grad]
print(trainable, tuple(model(X).shape))
# --8<-- [end:freeze-and-replace]


# --8<-- [start:train-the-head]
y = torch.arange(8).remainder(5).to(device)
before = copy.deepcopy(model.state_dict())
optimizer = torch.optim.AdamW(model.fc.parameters())
model.train()
nn.functional.cross_entropy(model(X), y).backward()
optimizer.step()
changed = [k for k, v in model.state_dict().items() if not torch.equal(v, before[k])]
print(len(changed), "entries changed, such as", changed[:2], "and", changed[-2:])
# --8<-- [end:train-the-head]


# --8<-- [start:hold-the-statistics]
for mode in ("train", "eval"):
    model.train(mode == "train")
    before = model.bn1.running_mean.clone()
    nn.functional.cross_entropy(model(X), y).backward()
    moved = (model.bn1.running_mean - before).abs().max()
    size = model.fc.weight.grad.norm()
    print(f"{mode} mode: statistics moved by {moved:.3f}, gradient norm {size:.1f}")
# --8<-- [end:hold-the-statistics]


# --8<-- [start:cache-the-features]
model.eval()
body = copy.deepcopy(model)
body.fc = nn.Identity()
with torch.inference_mode():
    features = body(X)
print("features", tuple(features.shape))


def seconds(forward, repeat=5):
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        forward().sum().item()
        times.append(time.perf_counter() - started)
    return min(times)


with torch.no_grad():
    ratio = seconds(lambda: model(X)) / seconds(lambda: model.fc(features))
print(f"the whole network takes {ratio:.0f} times as long as its head")
# --8<-- [end:cache-the-features]


# --8<-- [start:two-learning-rates]
model.requires_grad_(True)
head = list(model.fc.parameters())
body = [p for name, p in model.named_parameters() if not name.startswith("fc.")]
optimizer = torch.optim.AdamW(
    [{"params": body, "lr": 1e-4}, {"params": head, "lr": 1e-3}]
)
for group in optimizer.param_groups:
    trained = sum(p.requires_grad for p in group["params"])
    print(trained, "trained tensors at", group["lr"])
# --8<-- [end:two-learning-rates]


# --8<-- [start:scattered-digits]
digits = load_digits()
images = torch.tensor(digits.images / 16, dtype=torch.float32)
labels = torch.tensor(digits.target)
low = labels < 5


def scatter(images, reach=9):
    canvas = torch.zeros(len(images), 1, 16, 16)
    for i, (top, left) in enumerate(torch.randint(reach, (len(images), 2)).tolist()):
        canvas[i, 0, top : top + 8, left : left + 8] = images[i]
    return canvas.to(device)


torch.manual_seed(0)
X_low, y_low = scatter(images[low].repeat(8, 1, 1)), labels[low].repeat(8).to(device)
X_high, y_high = scatter(images[~low]), (labels[~low] - 5).to(device)
print("pretraining", tuple(X_low.shape), "task", tuple(X_high.shape))
# --8<-- [end:scattered-digits]


# --8<-- [start:pretrain]
def make_model():
    first = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    rest = [nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), nn.Linear(32, 5)]
    return nn.Sequential(*first, *second, *rest).to(device)


def fit(model, X, y, lr=5e-3, steps=300):
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=lr)
    for _ in range(steps):
        batch = torch.randint(len(X), (50,))
        loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(model, X, y):
    with torch.inference_mode():
        return (model(X).argmax(dim=1) == y).float().mean().item()


# --8<-- [end:pretrain]


# --8<-- [start:train-the-base]
torch.manual_seed(0)
base = make_model()
fit(base, X_low, y_low)
print(f"accuracy on its own training images: {accuracy(base, X_low, y_low):.3f}")
# --8<-- [end:train-the-base]


# --8<-- [start:adapt]
sizes = [100, 300, len(X_high) - 400]
print("to train, validate and test:", sizes)


def adapt(how, lr, seed, X, base):
    """Return the accuracy on the validation and on the test images."""
    torch.manual_seed(seed)
    train, val, test = torch.randperm(len(X)).split(sizes)
    model = make_model()
    if how != "from scratch":
        model.load_state_dict(base.state_dict())
        model[-1] = nn.Linear(32, 5).to(device)
    if how == "frozen":
        model[:-1].requires_grad_(False)
    fit(model, X[train], y_high[train], lr, steps=60)
    return accuracy(model, X[val], y_high[val]), accuracy(model, X[test], y_high[test])


# --8<-- [end:adapt]


# --8<-- [start:compare]
def tuned(how, seed, X, base):
    """Return the test accuracy at the rate that is best on the validation images."""
    tries = [adapt(how, lr, seed, X, base) for lr in (3e-3, 1e-2, 3e-2)]
    _, test_accuracy = max(tries, key=lambda scores: scores[0])
    return test_accuracy


for how in ("from scratch", "frozen", "fine-tuned"):
    scores = [tuned(how, seed, X_high, base) for seed in range(4)]
    parts = ", ".join(f"{score:.2f}" for score in scores)
    print(f"{how}: accuracy {fmean(scores):.2f}, the mean of {parts}")
# --8<-- [end:compare]


# --8<-- [start:solution-last-stage]
model.requires_grad_(False)
model.layer4.requires_grad_(True)
model.fc.requires_grad_(True)
trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
total = sum(p.numel() for p in model.parameters())
print(f"{trainable:,} of {total:,} parameters, {trainable / total:.0%}")
# --8<-- [end:solution-last-stage]


# --8<-- [start:solution-same-place]
torch.manual_seed(0)
fixed = scatter(images, reach=1)
fixed_base = make_model()
fit(fixed_base, fixed[low], labels[low].to(device))
for how in ("from scratch", "frozen", "fine-tuned"):
    scores = [tuned(how, seed, fixed[~low], fixed_base) for seed in range(2)]
    print(f"{how}: accuracy {fmean(scores):.2f}")
# --8<-- [end:solution-same-place]


# --8<-- [start:solution-low-rank]
class LowRank(nn.Module):
    def __init__(self, linear, rank=4):
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.down = nn.Linear(linear.in_features, rank, bias=False)
        self.up = nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.up.weight)  # starts as the old layer

    def forward(self, x):
        return self.linear(x) + self.up(self.down(x))


linear = nn.Linear(512, 512)
layer = LowRank(linear).to(device)
x = torch.randn(3, 512).to(device)
print(f"difference at the start: {(layer(x) - linear(x)).abs().max():.3f}")
trainable = sum(p.numel() for p in layer.parameters() if p.requires_grad)
print(f"trained: {trainable:,} instead of {512 * 512 + 512:,}")
# --8<-- [end:solution-low-rank]


# --8<-- [start:solution-head-then-freeze]
torch.manual_seed(0)
wrong = resnet18(weights=weights)
wrong.fc = nn.Linear(wrong.fc.in_features, 5)
wrong.requires_grad_(False)
for attempt in ("as written", "repaired"):
    trainable = sum(p.numel() for p in wrong.parameters() if p.requires_grad)
    print(f"{attempt}: {trainable:,} trainable parameters")
    wrong.fc.requires_grad_(True)
# --8<-- [end:solution-head-then-freeze]
