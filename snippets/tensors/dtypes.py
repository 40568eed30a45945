"""Choose a dtype, predict the dtype of a result, see numbers wrap or round."""

# --8<-- [start:setup]
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:arithmetic]
a = torch.tensor([1, 2, 3])
b = torch.tensor([4, 5, 6])
for result in a + b, a * b, b // a, a / b:
    print(result, result.dtype)
# --8<-- [end:arithmetic]


# --8<-- [start:ranges-and-steps]
for dtype in torch.uint8, torch.int32, torch.int64:
    info = torch.iinfo(dtype)
    print(f"{dtype}: {info.bits} bits, {info.min} to {info.max}")
for dtype in torch.float16, torch.bfloat16, torch.float32, torch.float64:
    info = torch.finfo(dtype)
    print(f"{dtype}: {info.bits} bits, up to {info.max:.2e}, eps {info.eps:.2e}")
# --8<-- [end:ranges-and-steps]


# --8<-- [start:half-precision-range]
numbers = torch.tensor([70000.0, 257.0, 1e-8], device=device)
for dtype in torch.float16, torch.bfloat16:
    print(dtype, numbers.to(dtype).tolist())
# --8<-- [end:half-precision-range]


# --8<-- [start:small-steps-vanish]
for dtype in (torch.bfloat16, torch.float32):
    weight = torch.ones(1, dtype=dtype, device=device)
    for _ in range(1000):
        weight += 0.001
    print(dtype, f"{weight.item():.4f}")
# --8<-- [end:small-steps-vanish]


# --8<-- [start:promote-two-tensors]
flags = torch.tensor([True, False, True])
halves = torch.tensor([0.5, 0.5, 0.5])
print("bool + int64:      ", (flags + a).dtype)
print("int64 + float32:   ", (a + halves).dtype)
print("int64 + float16:   ", (a + halves.half()).dtype)
print("float16 + bfloat16:", (halves.half() + halves.bfloat16()).dtype)
# --8<-- [end:promote-two-tensors]


# --8<-- [start:lattice-is-right]
lattice = """
bool uint8 int16 int32 int64 float16 float32 float64 complex128
bool int8 int16
int64 bfloat16 float32 complex64 complex128
"""
paths = [line.split() for line in lattice.strip().splitlines()]
low, high = paths[0], ["bfloat16", "float32", "float64", "complex64", "complex128"]
order = [*low[:2], "int8", *low[2:6], *high]  # from narrow to wide
edges = [edge for path in paths for edge in pairwise(path)]


def upward(name):
    reached = {name}
    for start, end in edges:
        if start == name:
            reached |= upward(end)
    return reached


def meeting_point(one, other):
    common = upward(one) & upward(other)
    return next(name for name in order if name in common)


# --8<-- [end:lattice-is-right]


# --8<-- [start:compare-all-pairs]
agree = 0
for one in order:
    for other in order:
        promoted = torch.promote_types(getattr(torch, one), getattr(torch, other))
        agree += promoted == getattr(torch, meeting_point(one, other))
print(agree, "of", len(order) ** 2, "pairs agree with PyTorch")
print("int8 and uint8 meet in", meeting_point("int8", "uint8"))
# --8<-- [end:compare-all-pairs]


# --8<-- [start:promotion-lattice]
rows = {name: row for row, name in enumerate(paths[0])}
rows |= {"int8": 1, "bfloat16": 5, "complex64": 7}
columns = {"uint8": -1, "float16": -1, "float64": -1}
columns |= {"int8": 1, "bfloat16": 1, "complex64": 1}
places = {name: (columns.get(name, 0), rows[name]) for name in order}
arrow = {"arrowstyle": "->", "color": "C7", "shrinkA": 14, "shrinkB": 14}
fig, ax = plt.subplots(figsize=(4.0, 5.0))
for start, end in edges:
    ax.annotate("", places[end], places[start], arrowprops=arrow)
for name, place in places.items():
    color = "C0" if "float" in name else "C3" if "complex" in name else "C1"
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": color}
    ax.text(*place, name, ha="center", va="center", bbox=box)
ax.set(xlim=(-1.6, 1.6), ylim=(-0.4, 8.4))
ax.axis("off")
plt.show()
# --8<-- [end:promotion-lattice]


# --8<-- [start:zero-dim-rule]
x = torch.tensor([1.0, 2.0])  # on the CPU: some GPUs have no float64
vector = torch.tensor([0.5, 0.25], dtype=torch.float64)
print("float32 + 1-d float64:", (x + vector).dtype)
print("float32 + 0-d float64:", (x + vector[0]).dtype)
print("int64 + Python float: ", (a + 0.5).dtype)
print("float16 * Python float:", (x.half() * 0.5).dtype)
# --8<-- [end:zero-dim-rule]


# --8<-- [start:in-place-keeps-dtype]
try:
    a += halves
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
# --8<-- [end:in-place-keeps-dtype]


# --8<-- [start:in-place-within-a-kind]
small = torch.tensor([100], dtype=torch.int8)
small += torch.tensor([1000])  # int64
print(small)
half = torch.tensor([1.0], dtype=torch.float16)
half += torch.tensor([0.0004])  # float32
print(half)
# --8<-- [end:in-place-within-a-kind]


# --8<-- [start:uint-wraps]
pixels = torch.tensor([5, 100, 250], dtype=torch.uint8, device=device)
print("brighter:", (pixels + 10).tolist())
print("darker:  ", (pixels - 10).tolist())
print("constant:", (pixels + 300).tolist())  # 300 itself wraps to 44
safe = (pixels.to(torch.int16) + 10).clamp(max=255).to(torch.uint8)
print("safe:    ", safe.tolist())
# --8<-- [end:uint-wraps]


# --8<-- [start:sums-are-wider]
for result in pixels.sum(), pixels.prod(), pixels.cumsum(0), pixels * 2.0:
    print(result.tolist(), result.dtype)
print("cut off, not rounded:", torch.tensor([1.9, -1.9]).to(torch.int64))
# --8<-- [end:sums-are-wider]


# --8<-- [start:no-promotion-in-products]
X = torch.ones(4, 3, dtype=torch.float64)  # what NumPy hands over
model = torch.nn.Linear(3, 2)  # float32, like every new layer
try:
    model(X)
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
print(model(X.float()).dtype)
# --8<-- [end:no-promotion-in-products]


# --8<-- [start:mean-of-integers]
try:
    a.mean()
except RuntimeError as error:
    print(f"{type(error).__name__}:", str(error).splitlines()[0])
print("after float():", a.float().mean().item())
print("with a dtype: ", a.mean(dtype=torch.float32).item())
# --8<-- [end:mean-of-integers]


# --8<-- [start:solution-predict-dtypes]
counts = torch.tensor([1, 2, 3])
ratio = torch.tensor(0.5)
above = counts > 1
for result in counts * True, counts / 1, counts * ratio, above, above.sum():
    print(result, result.dtype)
# --8<-- [end:solution-predict-dtypes]


# --8<-- [start:solution-average-images]
images = torch.tensor([[200, 200], [100, 100]], dtype=torch.uint8, device=device)
wrong = (images[0] + images[1]) // 2
average = images.float().mean(dim=0)
print("wrong:", wrong.tolist(), "right:", average.tolist())
# --8<-- [end:solution-average-images]


# --8<-- [start:solution-counter-stops]
counter = torch.tensor(2.0**24, device=device)
print("plus 1:", int(counter + 1), "plus 2:", int(counter + 2))
print("in int64, plus 1:", int(counter.long() + 1))
# --8<-- [end:solution-counter-stops]


# --8<-- [start:broken-scaling]
measured = np.array([[1.0, 200.0], [3.0, 400.0]])
X = torch.tensor(measured, dtype=torch.float32)
scale = torch.tensor(measured.max(axis=0))
X = X / scale
model = torch.nn.Linear(2, 1)
try:
    model(X)
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
# --8<-- [end:broken-scaling]


# --8<-- [start:solution-scaling]
X = torch.tensor(measured, dtype=torch.float32)
scale = torch.tensor(measured.max(axis=0), dtype=torch.float32)
print((X / scale).dtype, model(X / scale).shape)
# --8<-- [end:solution-scaling]
