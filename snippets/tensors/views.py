"""Reshape without copying: storage, strides, views, and what has to copy."""

# --8<-- [start:setup]
import time

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_sample_image

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:reshape]
x = torch.arange(12.0, device=device)
y = x.view(3, 4)
z = x.reshape(2, 6)
print(y.cpu())
print("z:", z.shape, "view(2, -1):", x.view(2, -1).shape)
try:
    x.view(5, 3)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:reshape]


# --8<-- [start:views-share-memory]
y[0, 0] = 100
print("x[0]:", x[0].item(), "z[0, 0]:", z[0, 0].item())
x[0] = 0
print("y[0, 0]:", y[0, 0].item())
# --8<-- [end:views-share-memory]


# --8<-- [start:walk-the-strides]
row, column = 2, 1
place = row * y.stride(0) + column * y.stride(1)
print("strides:", y.stride(), "place in storage:", place)
print("y[2, 1]:", y[row, column].item(), "x[9]:", x[place].item())
# --8<-- [end:walk-the-strides]


# --8<-- [start:stride-grid]
views = {
    "y": y,
    "y.t()": y.t(),
    "y[1:, ::2]": y[1:, ::2],
    "y[:, :1].expand(3, 4)": y[:, :1].expand(3, 4),
}
names = list(views)
layout = [["storage", "storage"], names[:2], names[2:]]
fig, axes = plt.subplot_mosaic(layout, figsize=(4.8, 4.2), height_ratios=[1, 3, 3])
panels = {"storage": x.view(1, 12)} | views
for name, panel in panels.items():
    axes[name].imshow(panel.tolist(), vmin=0, vmax=11, alpha=0.4)
    for row, numbers in enumerate(panel.tolist()):
        for column, number in enumerate(numbers):
            axes[name].text(column, row, int(number), ha="center", va="center")
    axes[name].set(xticks=[], yticks=[], title=name)
    axes[name].set_xlabel(f"strides {panel.stride()}")
axes["storage"].set_xlabel("")
plt.show()
# --8<-- [end:stride-grid]


# --8<-- [start:view-against-copy]
def seconds(operation, repeats=5):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        operation()
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2]


large = torch.ones(2000, 2000)  # on the CPU, where a stopwatch is right
copying = seconds(lambda: large.t().contiguous())
viewing = seconds(lambda: large.t())
print(f"copied transpose / view: {copying / viewing:,.0f}")
assert copying > 100 * viewing
# --8<-- [end:view-against-copy]


# --8<-- [start:view-needs-fitting-strides]
try:
    y.t().view(12)
except RuntimeError as error:
    print("RuntimeError:", error)
print(y.t().reshape(12).cpu())
# --8<-- [end:view-needs-fitting-strides]


# --8<-- [start:contiguous]
turned = y.t()
packed = turned.contiguous()
print("turned:", turned.stride(), "contiguous:", turned.is_contiguous())
print("packed:", packed.stride(), "contiguous:", packed.is_contiguous())
print("elements that differ:", (turned != packed).sum().item())
# --8<-- [end:contiguous]


# --8<-- [start:rows-against-columns]
rows = seconds(lambda: [large[i].sum() for i in range(500)])
columns = seconds(lambda: [large[:, i].sum() for i in range(500)])
print(f"sums of columns take {columns / rows:.1f} times as long as sums of rows")
# --8<-- [end:rows-against-columns]


# --8<-- [start:channels-last]
images = torch.zeros(2, 3, 8, 8, device=device)
packed = images.to(memory_format=torch.channels_last)
print(images.shape, "strides", images.stride())
print(packed.shape, "strides", packed.stride())
# --8<-- [end:channels-last]


# --8<-- [start:view-or-copy]
def shares(one, other):
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


results = {
    "y.view(12)": y.view(12),
    "y.reshape(12)": y.reshape(12),
    "y.t().reshape(12)": y.t().reshape(12),
    "y.permute(1, 0)": y.permute(1, 0),
    "y[:, 1:3]": y[:, 1:3],
    "y[:, [1, 2]]": y[:, [1, 2]],
    "y.clone()": y.clone(),
}
for name, result in results.items():
    print(f"{name:18}", "view" if shares(y, result) else "copy")
# --8<-- [end:view-or-copy]


# --8<-- [start:permute-not-view]
matrix = torch.arange(6).view(2, 3)
print(matrix)
print("transposed\n", matrix.t())
print("viewed\n", matrix.view(3, 2))
# --8<-- [end:permute-not-view]


# --8<-- [start:scrambled-photo]
photo = torch.tensor(load_sample_image("china.jpg")[::7, ::7]).to(device)
height, width, channels = photo.shape
right = photo.permute(2, 0, 1)  # (3, height, width)
wrong = photo.reshape(channels, height, width)
fig, axes = plt.subplots(1, 2, figsize=(6.4, 2.4))
for ax, image in zip(axes, (right, wrong), strict=True):
    first_channel = image[0].cpu().numpy()
    ax.imshow(first_channel, interpolation="none")
    title = "permute" if image is right else "reshape"
    ax.set(title=title, xticks=[], yticks=[])
print("permute:", right.shape, "reshape:", wrong.shape)
plt.show()
# --8<-- [end:scrambled-photo]


# --8<-- [start:expanded-rows-are-one]
bias = torch.zeros(3)
rows = bias.expand(2, 3)
rows[0] += 1
print(rows, "strides", rows.stride())
try:
    rows += 1
except RuntimeError as error:
    print("RuntimeError:", str(error).split(".")[0])
# --8<-- [end:expanded-rows-are-one]


# --8<-- [start:small-view-large-storage]
features = torch.zeros(1000, 1000, device=device)
first = features[0]
print("storage of the view: ", first.untyped_storage().nbytes(), "bytes")
print("storage of its clone:", first.clone().untyped_storage().nbytes(), "bytes")
# --8<-- [end:small-view-large-storage]


# --8<-- [start:solution-view-from-strides]
def view_by_hand(flat, *shape):
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return torch.as_strided(flat, shape, strides)


cube = view_by_hand(x, 2, 3, 2)
print("by hand:", cube.stride(), "by view:", x.view(2, 3, 2).stride())
print("elements that differ:", (cube != x.view(2, 3, 2)).sum().item())
# --8<-- [end:solution-view-from-strides]


# --8<-- [start:solution-predict-strides]
cube = torch.zeros(2, 3, 4, device=device)
for part in cube, cube.transpose(0, 2), cube[:, ::2], cube[:, 0], cube[0]:
    print(tuple(part.shape), part.stride(), "contiguous:", part.is_contiguous())
# --8<-- [end:solution-predict-strides]


# --8<-- [start:solution-split-heads]
B, T, H = 1, 3, 2  # batch, time, heads
tokens = torch.tensor([[0, 0, 10, 10], [1, 1, 11, 11], [2, 2, 12, 12]])
tokens = tokens.view(B, T, 4).to(device)
wrong = tokens.view(B, H, T, -1)
heads = tokens.view(B, T, H, -1).transpose(1, 2)
print("wrong head 0:", wrong[0, 0].tolist())
print("right head 0:", heads[0, 0].tolist())
# --8<-- [end:solution-split-heads]


# --8<-- [start:broken-clear]
def clear_first(table):
    table.reshape(-1)[0] = -1


for table in torch.ones(2, 3), torch.ones(3, 2).t():
    clear_first(table)
    print(table)
# --8<-- [end:broken-clear]


# --8<-- [start:solution-clear]
def clear_first(table):
    table[(0,) * table.ndim] = -1  # one index per dimension


for table in torch.ones(2, 3), torch.ones(3, 2).t():
    clear_first(table)
    print(table)
# --8<-- [end:solution-clear]
