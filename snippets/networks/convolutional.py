"""Slide small filters over images: shapes, receptive field and a trained network."""

# --8<-- [start:setup]
import statistics

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:load-digits]
digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32)[:, None].to(device)
y = torch.tensor(digits.target).to(device)
print(X.shape, y.shape, X.min().item(), X.max().item())
# --8<-- [end:load-digits]


# --8<-- [start:sliding-window]
edge = torch.tensor([[-1.0, 0.0, 1.0]] * 3, device=device)  # right minus left
output = F.conv2d(X[:1], edge[None, None])  # (batch, channels, height, width)
patch = X[0, 0, 2:5, 0:3]
print(f"{(patch * edge).sum():.1f} {output[0, 0, 2, 0]:.1f}", tuple(output.shape))
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
maps = F.conv2d(X[3:4], weight[:, None], padding=1)  # one map a filter
print(tuple(weight[:, None].shape), tuple(maps.shape))
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
for settings in ((3, 1, 0), (3, 1, 1), (3, 2, 1), (7, 2, 3)):
    conv = nn.Conv2d(3, 8, *settings).to(device)  # kernel size, stride, padding
    print(settings, tuple(conv(images).shape), conv_size(32, *settings))
# --8<-- [end:output-size]


# --8<-- [start:receptive-field]
pixels = torch.empty(1, 1, 7, 7, device=device, requires_grad=True)
kernel = torch.ones(1, 1, 3, 3, device=device)
h = pixels
for depth in range(1, 4):
    h = F.conv2d(h, kernel)
    (grad,) = torch.autograd.grad(h[0, 0, 0, 0], pixels, retain_graph=True)
    seen = int((grad > 0.5).sum() ** 0.5)
    print(depth, "layers see", seen, "pixels each way, map", tuple(h.shape[2:]))
# --8<-- [end:receptive-field]


# --8<-- [start:cnn]
class CNN(nn.Module):
    def __init__(self, num_classes=10, image_size=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        side = image_size // 8  # three poolings halve it
        self.fc1 = nn.Linear(128 * side * side, 512)
        self.fc2 = nn.Linear(512, num_classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = self.pool(F.relu(conv(x)))
        x = F.relu(self.fc1(x.flatten(start_dim=1)))
        return self.fc2(self.dropout(x))


print(CNN().to(device)(images).shape)
# --8<-- [end:cnn]


# --8<-- [start:wrong-images]
# only shapes and dtypes matter here
smaller, gray = torch.empty(2, 3, 28, 28), torch.empty(2, 1, 32, 32)
raw = torch.empty_like(images, dtype=torch.uint8, device="cpu")
for wrong in (smaller, gray, raw):
    try:
        CNN()(wrong)
    except RuntimeError as error:
        print("RuntimeError:", error)
print(CNN(image_size=28)(smaller).shape)
# --8<-- [end:wrong-images]


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


# --8<-- [start:small-cnn]
def stage(n_in, n_out):
    conv = nn.Conv2d(n_in, n_out, kernel_size=3, padding=1)
    return nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2))


torch.manual_seed(0)
model = nn.Sequential(
    stage(1, 16), stage(16, 32), nn.Flatten(), nn.Linear(32 * 2 * 2, 10)
).to(device)
print(model[0])
print(sum(parameter.numel() for parameter in model.parameters()))
# --8<-- [end:small-cnn]


# --8<-- [start:train-on-digits]
torch.manual_seed(0)
scaled = X / 16
train, test = torch.randperm(len(X)).split([1300, 497])
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
losses = []
for _ in range(6):
    for batch in train[torch.randperm(len(train))].split(64):
        loss = F.cross_entropy(model(scaled[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
with torch.no_grad():
    correct = model(scaled[test]).argmax(dim=1) == y[test]
print(f"largest input {scaled.max():.1f}, first loss {losses[0]:.2f}")
print(len(losses), "steps with", len(train), "digits")
print("more than 93 in 100 right:", correct.float().mean().item() > 0.93)
# --8<-- [end:train-on-digits]


# --8<-- [start:solution-first-layer]
stem = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3).to(device)
photos = torch.randn(1, 3, 224, 224).to(device)
print(conv_size(224, 7, 2, 3), tuple(stem(photos).shape))
# --8<-- [end:solution-first-layer]


# --8<-- [start:solution-count-weights]
dense = nn.Linear(3 * 32 * 32, 8 * 32 * 32, device="meta")  # shapes, no memory
for layer in (nn.Conv2d(3, 8, 3), dense):
    print(f"{sum(p.numel() for p in layer.parameters()):,}")
# --8<-- [end:solution-count-weights]


# --8<-- [start:solution-any-size]
any_size = nn.Sequential(
    nn.Conv2d(3, 16, 3),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(16, 10),
).to(device)
for height, width in ((32, 32), (40, 56)):
    x = torch.randn(2, 3, height, width).to(device)
    print(tuple(x.shape), "to", tuple(any_size(x).shape))
# --8<-- [end:solution-any-size]
