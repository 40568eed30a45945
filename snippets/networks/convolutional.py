"""Slide small filters over images: shapes, receptive field and a trained network."""

# --8<-- [start:setup]
import statistics

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits, load_sample_images
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:load-digits]
digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32)[:, None].to(device)
y = torch.tensor(digits.target).to(device)
print(tuple(X.shape), "with numbers from", X.min().item(), "to", X.max().item())
# --8<-- [end:load-digits]


# --8<-- [start:sliding-window]
edge = torch.tensor([[-1.0, 0.0, 1.0]] * 3, device=device)  # right minus left
output = F.conv2d(X[:1], edge[None, None])  # (batch, channels, height, width)
patch = X[0, 0, 2:5, 0:3]
print(f"by hand {(patch * edge).sum():.1f}, by conv2d {output[0, 0, 2, 0]:.1f}")
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.0))
for ax, image, size in zip(axes, (X[0, 0], output[0, 0]), (3, 1), strict=True):
    ax.imshow(image.cpu().numpy())
    ax.add_patch(plt.Rectangle((-0.5, 1.5), size, size, fill=False, ec="C1", lw=3))
    ax.set(title=tuple(image.shape), xticks=[], yticks=[])
plt.show()
# --8<-- [end:sliding-window]


# --8<-- [start:feature-maps]
filters = {
    "left edge": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "top edge": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "blur": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
}
weight = torch.tensor(list(filters.values()), dtype=torch.float32, device=device)
maps = F.conv2d(X[3:4], weight[:, None], padding=1)  # one map per filter
print("weight", tuple(weight[:, None].shape), "maps", tuple(maps.shape))
fig, axes = plt.subplots(1, 4, figsize=(6.4, 1.9))
shown = torch.cat([X[3], maps[0]]).cpu().numpy()
for ax, title, image in zip(axes, ["input", *filters], shown, strict=True):
    ax.imshow(image)
    ax.set_title(title)
    ax.axis("off")
plt.show()
# --8<-- [end:feature-maps]


# --8<-- [start:output-size]
def conv_size(size, kernel_size, stride, padding):
    return (size + 2 * padding - kernel_size) // stride + 1


images = torch.randn(2, 3, 32, 32).to(device)
for kernel_size, stride, padding in ((3, 1, 0), (3, 1, 1), (3, 2, 1), (7, 2, 3)):
    conv = nn.Conv2d(3, 8, kernel_size, stride, padding).to(device)
    expected = conv_size(32, kernel_size, stride, padding)
    setting = f"kernel {kernel_size}, stride {stride}, padding {padding}"
    print(f"{setting}: {tuple(conv(images).shape)}, formula {expected}")
# --8<-- [end:output-size]


# --8<-- [start:kinds-of-convolution]
h = torch.randn(2, 16, 32, 32).to(device)
layers = {
    "3x3": nn.Conv2d(16, 32, 3, padding="same"),
    "1x1": nn.Conv2d(16, 32, 1),
    "depthwise": nn.Conv2d(16, 16, 3, padding=1, groups=16),
    "transposed": nn.ConvTranspose2d(16, 8, 2, stride=2),
}
for name, layer in layers.items():
    numbers = sum(parameter.numel() for parameter in layer.parameters())
    output = layer.to(device)(h)
    print(f"{name:10} {numbers:5} parameters, output {tuple(output.shape)}")
signal = torch.randn(2, 6, 100).to(device)  # six sensors, 100 times
print("1d        ", tuple(nn.Conv1d(6, 12, 5).to(device)(signal).shape))
# --8<-- [end:kinds-of-convolution]


# --8<-- [start:receptive-field]
pixels = torch.empty(1, 1, 7, 7, device=device, requires_grad=True)
kernel = torch.ones(1, 1, 3, 3, device=device)
h = pixels
for depth in range(1, 4):
    h = F.conv2d(h, kernel)
    (grad,) = torch.autograd.grad(h[0, 0, 0, 0], pixels, retain_graph=True)
    rows, columns = (grad[0, 0] > 0.5).nonzero().amax(dim=0).add(1).tolist()
    print(f"depth {depth}: one pixel sees {rows} x {columns}, map {tuple(h.shape[2:])}")
# --8<-- [end:receptive-field]


# --8<-- [start:paste-on-a-photo]
torch.manual_seed(0)
photos = [torch.tensor(photo) / 255 for photo in load_sample_images().images]


def paste(digit, photo, size=24):
    """Put a digit on a random crop of a photo, at a random place in a random color."""
    top, left = torch.randint(400, (2,)).tolist()
    crop = photo[top : top + size, left : left + size].permute(2, 0, 1)
    picture = 0.4 * crop  # darker, and a tensor of its own
    row, column = torch.randint(size - 7, (2,)).tolist()
    color = 0.5 + 0.5 * torch.rand(3, 1, 1)
    window = picture[:, row : row + 8, column : column + 8]
    window.copy_((1 - digit) * window + digit * color)
    return picture


scaled = (X / 16).cpu()
pictures = [paste(digit, photos[i % 2]) for i, digit in enumerate(scaled)]
pictures = torch.stack(pictures).to(device)
print(tuple(pictures.shape), f"from {pictures.min():.2f} to {pictures.max():.2f}")
# --8<-- [end:paste-on-a-photo]


# --8<-- [start:look-at-pictures]
fig, axes = plt.subplots(1, 5, figsize=(4.0, 1.1))
for ax, picture, label in zip(axes, pictures.cpu(), y.tolist(), strict=False):
    ax.imshow(picture.permute(1, 2, 0).numpy())
    ax.set_title(label)
    ax.axis("off")
plt.show()
# --8<-- [end:look-at-pictures]


# --8<-- [start:cnn]
def stage(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel_size=3, padding=1),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class CNN(nn.Module):
    def __init__(self, num_classes=10, image_size=24):
        super().__init__()
        self.features = nn.Sequential(stage(3, 12), stage(12, 24), stage(24, 48))
        side = image_size // 8  # three poolings halve it
        self.head = nn.Linear(48 * side * side, num_classes)

    def forward(self, x):
        return self.head(self.features(x).flatten(start_dim=1))


model = CNN().to(device)
print("features", tuple(model.features(pictures[:5]).shape))
print("logits", tuple(model(pictures[:5]).shape))
# --8<-- [end:cnn]


# --8<-- [start:wrong-images]
wrong_images = {
    "larger": torch.zeros(2, 3, 32, 32),
    "gray": torch.zeros(2, 1, 24, 24),
    "bytes": torch.zeros(2, 3, 24, 24, dtype=torch.uint8),
    "a little larger": torch.zeros(2, 3, 31, 31),
}
for name, wrong in wrong_images.items():
    try:
        print(f"{name}: {tuple(CNN()(wrong).shape)}")
    except RuntimeError as error:
        print(f"{name}: RuntimeError: {error}")
# --8<-- [end:wrong-images]


# --8<-- [start:train-on-digits]
def fit(classifier, images, epochs=6, lr=0.005):
    """Train on 1,300 images; return the accuracy on these and on the other 497."""
    torch.manual_seed(0)
    train, test = torch.randperm(len(y)).split([1300, 497])
    optimizer = torch.optim.AdamW(classifier.to(device).parameters(), lr=lr)
    for _ in range(epochs):
        classifier.train()
        for rows in train[torch.randperm(len(train))].split(64):
            loss = F.cross_entropy(classifier(images[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    classifier.eval()
    with torch.no_grad():
        correct = (classifier(images).argmax(dim=1) == y).float()
    return correct[train].mean(), correct[test].mean()


# --8<-- [end:train-on-digits]


# --8<-- [start:plain-digits]
def linear_net(inputs):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 10)
    )


torch.manual_seed(0)
small = nn.Sequential(
    stage(1, 16), stage(16, 32), nn.Flatten(), nn.Linear(32 * 2 * 2, 10)
)
for name, classifier in (("linear", linear_net(64)), ("convolutional", small)):
    train_accuracy, test_accuracy = fit(classifier, X / 16)
    print(f"{name}: training {train_accuracy:.2f}, test {test_accuracy:.2f}")
# --8<-- [end:plain-digits]


# --8<-- [start:digits-anywhere]
torch.manual_seed(0)
pooled = nn.Sequential(
    stage(3, 12),
    stage(12, 24),
    stage(24, 48),
    nn.AdaptiveMaxPool2d(1),  # the largest value of each map, wherever it is
    nn.Flatten(),
    nn.Linear(48, 10),
)
classifiers = {
    "linear": linear_net(3 * 24 * 24),
    "conv, flattened": CNN(),
    "conv, pooled": pooled,
}
for name, classifier in classifiers.items():
    train_accuracy, test_accuracy = fit(classifier, pictures)
    numbers = sum(parameter.numel() for parameter in classifier.parameters())
    result = f"training {train_accuracy:.2f}, test {test_accuracy:.2f}"
    print(f"{name:15} {numbers:6,} parameters, {result}")
# --8<-- [end:digits-anywhere]


# --8<-- [start:channels-last]
stored = images.to(memory_format=torch.channels_last)
print("shape  ", tuple(images.shape), "and", tuple(stored.shape))
print("strides", images.stride(), "and", stored.stride())
# --8<-- [end:channels-last]


# --8<-- [start:channels-last-time]
def training_time(net, batch):
    """Return the median time of a forward and a backward pass, in ms."""
    times = []
    for _ in range(25):
        start, end = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        start.record()
        net(batch).square().mean().backward()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times[5:])


# --8<-- [end:channels-last-time]


# --8<-- [start:channels-last-ratio]
for dtype in (torch.float32, torch.bfloat16):
    net = nn.Sequential(
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.Conv2d(128, 128, 3, padding=1)
    ).to(device, dtype)
    batch = torch.randn(64, 64, 56, 56, device=device, dtype=dtype)
    before = training_time(net, batch)
    net = net.to(memory_format=torch.channels_last)
    batch = batch.to(memory_format=torch.channels_last)
    after = training_time(net, batch)
    print(f"{dtype}: {before / after:.2f} times as fast with channels_last")
# --8<-- [end:channels-last-ratio]


# --8<-- [start:tf32-convolution]
def rounding_error(precision):
    """Return the relative error of a float32 convolution under this setting."""
    pictures = torch.randn(8, 64, 32, 32, device=device)
    filters = torch.randn(64, 64, 3, 3, device=device)
    exact = F.conv2d(pictures.double(), filters.double())
    before = torch.backends.cudnn.conv.fp32_precision
    torch.backends.cudnn.conv.fp32_precision = precision
    rounded = F.conv2d(pictures, filters)
    torch.backends.cudnn.conv.fp32_precision = before
    return ((rounded - exact).abs().max() / exact.abs().max()).item()


print("default:", torch.backends.cudnn.conv.fp32_precision)
for precision in ("tf32", "ieee"):
    print(f"{precision}: relative error {rounding_error(precision):.0e}")
# --8<-- [end:tf32-convolution]


# --8<-- [start:solution-first-layer]
torch.manual_seed(0)
stem = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3).to(device)
photo = torch.randn(1, 3, 224, 224).to(device)
print("formula", conv_size(224, 7, 2, 3), "layer", tuple(stem(photo).shape))
# --8<-- [end:solution-first-layer]


# --8<-- [start:solution-count-weights]
dense = nn.Linear(3 * 32 * 32, 8 * 32 * 32, device="meta")  # shapes, no memory
for layer in (nn.Conv2d(3, 8, 3), dense):
    numbers = sum(parameter.numel() for parameter in layer.parameters())
    print(f"{type(layer).__name__}: {numbers:,} parameters")
# --8<-- [end:solution-count-weights]


# --8<-- [start:solution-any-size]
for height, width in ((24, 24), (30, 30), (36, 42)):
    larger = F.interpolate(pictures, size=(height, width), mode="nearest")
    with torch.no_grad():
        correct = (pooled.eval()(larger).argmax(dim=1) == y).float().mean()
    print(f"{height} x {width}: accuracy {correct:.2f}")
# --8<-- [end:solution-any-size]


# --8<-- [start:diagnosis-shapes]
broken = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Linear(24, 10))
logits = broken(torch.zeros(64, 3, 24, 24))
print("logits", tuple(logits.shape))
try:
    F.cross_entropy(logits, torch.zeros(64, dtype=torch.long))
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:diagnosis-shapes]


# --8<-- [start:solution-flatten]
torch.manual_seed(0)
whole = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(9216, 10)
)
logits = whole(torch.zeros(64, 3, 24, 24))
loss = F.cross_entropy(logits, torch.zeros(64, dtype=torch.long))
print("logits", tuple(logits.shape), f"loss {loss:.2f}, 16 * 24 * 24 = {16 * 24 * 24}")
# --8<-- [end:solution-flatten]
