"""Join, split, squeeze, flatten, reorder and repeat tensors, and see what copies."""

# --8<-- [start:setup]
import time

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:cat-and-stack]
a = torch.tensor([[1, 2, 3], [4, 5, 6]])
b = torch.tensor([[7, 8, 9], [10, 11, 12]])
print(torch.cat([a, b], dim=0))
print(torch.cat([a, b], dim=1))
print("stack:       ", torch.stack([a, b]).shape)
print("stack, dim=2:", torch.stack([a, b], dim=2).shape)
# --8<-- [end:cat-and-stack]


# --8<-- [start:joins-drawn]
def draw_cells(ax, table, corner=(0, 0)):
    for row, numbers in enumerate(table.tolist()):
        for column, number in enumerate(numbers):
            x, y = corner[0] + column, corner[1] + row
            color = "C0" if number <= 6 else "C1"
            cell = plt.Rectangle((x, y), 0.92, 0.92, color=color, alpha=0.35)
            ax.add_patch(cell)
            ax.text(x + 0.46, y + 0.6, number, ha="center")


fig, axes = plt.subplots(1, 3, figsize=(5.6, 1.7))
draw_cells(axes[0], torch.cat([a, b], dim=0))
draw_cells(axes[1], torch.cat([a, b], dim=1))
for layer, table in enumerate(torch.stack([a, b])):
    draw_cells(axes[2], table, corner=(layer * 3.4, layer * 1.4))
for ax, title in zip(axes, ["cat, dim=0", "cat, dim=1", "stack"], strict=True):
    ax.set(xlim=(-0.2, 6.5), ylim=(4.1, -0.2), aspect="equal", title=title)
    ax.axis("off")
plt.show()
# --8<-- [end:joins-drawn]


# --8<-- [start:sizes-must-agree]
try:
    torch.cat([a, torch.zeros(2, 4)], dim=0)
except RuntimeError as error:
    print("RuntimeError:", error)
try:
    torch.stack([a, torch.zeros(2, 4)])
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:sizes-must-agree]


# --8<-- [start:grow-or-collect]
def grow(rows):
    table = rows[0]
    for row in rows[1:]:
        table = torch.cat([table, row])  # copies all rows so far
    return table


rows = list(torch.zeros(2000, 1, 100))
seconds = {"grow": [], "cat": []}
for _ in range(5):  # in turns, so that a busy machine slows both
    for join in grow, torch.cat:
        start = time.perf_counter()
        join(rows)
        seconds[join.__name__].append(time.perf_counter() - start)
ratio = min(seconds["grow"]) / min(seconds["cat"])
print(f"growing takes {ratio:.0f} times as long")
assert ratio > 5
# --8<-- [end:grow-or-collect]


# --8<-- [start:take-apart]
x = torch.arange(7)
print("split(3):     ", [part.tolist() for part in x.split(3)])
print("split([2, 5]):", [part.tolist() for part in x.split([2, 5])])
print("tensor_split: ", [part.tolist() for part in x.tensor_split(3)])
first, second = a.unbind(dim=0)
print("unbind:       ", first.tolist(), second.tolist())
# --8<-- [end:take-apart]


# --8<-- [start:chunks]
for n in 2, 3, 4, 5:
    chunks = torch.arange(6).chunk(n)
    print(f"chunk({n}) gives {len(chunks)}:", [part.tolist() for part in chunks])
# --8<-- [end:chunks]


# --8<-- [start:sizes-of-one]
v = torch.tensor([1, 2, 3])
print("unsqueeze(0):", v.unsqueeze(0).shape)
print("unsqueeze(1):", v.unsqueeze(1).shape, "[:, None]:", v[:, None].shape)
batch = torch.zeros(1, 4, 1)
print("squeeze(2):", batch.squeeze(2).shape)
print("squeeze(): ", batch.squeeze().shape)
print("squeeze(1):", batch.squeeze(1).shape)  # not of size 1: left alone
# --8<-- [end:sizes-of-one]


# --8<-- [start:flatten-and-unflatten]
images = torch.zeros(32, 3, 8, 8, device=device)
print("flatten(1):", images.flatten(1).shape)  # from dimension 1 on
print("flatten():", images.flatten().shape)
tokens = torch.zeros(32, 10, 64, device=device)
heads = tokens.unflatten(2, (4, -1))  # -1: whatever remains
print("unflatten:", heads.shape)
# --8<-- [end:flatten-and-unflatten]


# --8<-- [start:reorder]
photos = torch.zeros(32, 8, 9, 3)  # (batch, height, width, channels)
print("permute:  ", photos.permute(0, 3, 1, 2).shape)
print("movedim:  ", photos.movedim(-1, 1).shape)
print("transpose:", photos.transpose(1, 3).shape)  # swaps two, so not the same
# --8<-- [end:reorder]


# --8<-- [start:repeat-or-expand]
row = torch.tensor([[1.0, 2.0, 3.0]], device=device)  # (1, 3)
repeated = row.repeat(1000, 1)  # how often along each dimension
expanded = row.expand(1000, 3)  # the size to reach; -1 keeps one
for name, rows in ("repeat", repeated), ("expand", expanded):
    memory = rows.untyped_storage().nbytes()
    print(name, rows.shape, "strides", rows.stride(), "bytes", memory)
# --8<-- [end:repeat-or-expand]


# --8<-- [start:interleave]
print("repeat:           ", v.repeat(2).tolist())
print("repeat_interleave:", v.repeat_interleave(2).tolist())
counts = torch.tensor([3, 0, 1])
print("with counts:      ", v.repeat_interleave(counts).tolist())
# --8<-- [end:interleave]


# --8<-- [start:what-copies]
def shares(one, other):
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


x = torch.zeros(1, 4, 6)
results = {
    "cat": torch.cat([x, x]),
    "stack": torch.stack([x, x]),
    "split": x.split(2, dim=1)[1],
    "unbind": x.unbind(1)[3],
    "squeeze": x.squeeze(0),
    "unsqueeze": x.unsqueeze(0),
    "flatten": x.flatten(),
    "flatten of movedim": x.movedim(2, 1).flatten(),
    "unflatten": x.unflatten(2, (2, 3)),
    "movedim": x.movedim(2, 0),
    "expand": x.expand(5, 4, 6),
    "repeat": x.repeat(5, 1, 1),
}
for name, result in results.items():
    print(f"{name:18}", "view" if shares(x, result) else "copy")
# --8<-- [end:what-copies]


# --8<-- [start:solution-interleave]
left, right = torch.tensor([1, 3, 5]), torch.tensor([2, 4, 6])
print(torch.stack([left, right], dim=1))
print(torch.stack([left, right], dim=1).flatten())
# --8<-- [end:solution-interleave]


# --8<-- [start:solution-patches]
image = torch.tensor(load_digits().images[0])  # (8, 8)
cut = image.unflatten(0, (2, 4)).unflatten(2, (2, 4))  # (2, 4, 2, 4)
patches = cut.movedim(2, 1).flatten(0, 1)  # (4, 4, 4)
fig, axes = plt.subplots(1, 5, figsize=(6.4, 1.5))
for ax, part in zip(axes, [image, *patches], strict=True):
    ax.imshow(part.numpy(), vmin=0, vmax=16)
    ax.axis("off")
print("cut:", cut.shape, "patches:", patches.shape)
plt.show()
# --8<-- [end:solution-patches]


# --8<-- [start:broken-collection]
outputs = torch.zeros(5, 1)  # five samples, one prediction each
collected = []
try:
    for batch in outputs.split(2):
        collected.append(batch.squeeze())
    print(torch.cat(collected).shape)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:broken-collection]


# --8<-- [start:solution-collection]
collected = []
for batch in outputs.split(2):
    collected.append(batch.squeeze(1))
print("parts:", [tuple(part.shape) for part in collected])
print("cat:  ", tuple(torch.cat(collected).shape))
# --8<-- [end:solution-collection]
