"""Meet the tensor: what it holds, how to make one, compute with it and move it."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits-as-a-tensor]
digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32)
print(x.shape)
print(x[0, 2])  # image 0, row 2
# --8<-- [end:digits-as-a-tensor]


# --8<-- [start:picture-and-numbers]
fig, (left, right) = plt.subplots(1, 2, sharex=True, sharey=True)
left.imshow(x[0].numpy())
right.set_aspect("equal")
for row, numbers in enumerate(x[0].tolist()):
    for column, number in enumerate(numbers):
        right.text(column, row, int(number), ha="center", va="center")
left.set(title="as a picture", xlabel="dimension 1", ylabel="dimension 0")
right.set_title("as numbers")
right.axis("off")
plt.show()
# --8<-- [end:picture-and-numbers]


# --8<-- [start:four-facts]
print("shape:", x.shape)
print("dtype:", x.dtype)
print("device:", x.device)
print("requires_grad:", x.requires_grad)
print(x.ndim, "dimensions,", x.numel(), "elements")
# --8<-- [end:four-facts]


# --8<-- [start:tensor-anatomy]
small = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
fig, ax = plt.subplots(figsize=(6.4, 2.0))
for row, numbers in enumerate(small.tolist()):
    for column, number in enumerate(numbers):
        place = row * small.stride(0) + column * small.stride(1)
        for left, top in [(column, -row), (4 + place, -0.5)]:
            cell = plt.Rectangle((left, top), 0.95, 0.95, color=f"C{row}", alpha=0.3)
            ax.add_patch(cell)
            ax.text(left + 0.47, top + 0.47, number, ha="center", va="center")
ax.annotate("", (3, 1.2), (0, 1.2), arrowprops={"arrowstyle": "->"})
ax.annotate("", (-0.2, -1), (-0.2, 1), arrowprops={"arrowstyle": "->"})
ax.text(1.5, 1.35, "dim 1: size 3", ha="center")
ax.text(-0.7, 0, "dim 0: size 2", rotation=90, va="center")
ax.text(7, 0.7, "in memory", ha="center")
ax.text(7, -1.0, f"strides {small.stride()}", ha="center")
ax.set(xlim=(-1, 10.2), ylim=(-1.2, 1.8), aspect="equal")
ax.axis("off")
plt.show()
# --8<-- [end:tensor-anatomy]


# --8<-- [start:make-tensors]
print(torch.tensor([1, 2, 3]))
print(torch.zeros(2, 3))
print(torch.arange(0, 10, 2))
print(torch.randn(2, 3))  # normal distribution, mean 0
# --8<-- [end:make-tensors]


# --8<-- [start:what-print-adds]
counts = torch.tensor([1, 2, 3])
print(counts.to(torch.float64))
print(counts > 1)
print(torch.ones(2, requires_grad=True) * 3)
# --8<-- [end:what-print-adds]


# --8<-- [start:compute]
scaled = x / 16  # each element, now between 0 and 1
brightness = scaled.mean(dim=(1, 2))  # one number per image
flat = scaled.reshape(len(x), 64)  # (1797, 8, 8) -> (1797, 64)
weight = torch.ones(64, 10)
scores = flat @ weight  # (1797, 64) @ (64, 10)
print("largest element:", scaled.max())
print("first brightnesses:", brightness[:4])
print("shapes:", brightness.shape, flat.shape, scores.shape)
# --8<-- [end:compute]


# --8<-- [start:change-in-place]
small[0, 0] = 9
small += 10
print(small)
# --8<-- [end:change-in-place]


# --8<-- [start:join]
three = [x[0], x[1], x[2]]  # each (8, 8)
print("stack:", torch.stack(three).shape)  # a new dimension in front
print("cat:", torch.cat(three, dim=1).shape)  # side by side
# --8<-- [end:join]


# --8<-- [start:shapes-must-agree]
try:
    x[0] + counts  # (8, 8) + (3,)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:shapes-must-agree]


# --8<-- [start:to-returns-a-tensor]
counts.to(torch.float32)  # the result is dropped
print("dropped: ", counts.dtype)
counts = counts.to(torch.float32)
print("assigned:", counts.dtype)
x = x.to(device)  # from here on, wherever the setup found a place
# --8<-- [end:to-returns-a-tensor]


# --8<-- [start:back-to-python]
darkest = x.mean(dim=(1, 2)).argmin().item()
print("image", darkest, "is a handwritten", digits.target[darkest])
print(x[darkest, 3].tolist())
print(x[darkest, 3].cpu().numpy())
# --8<-- [end:back-to-python]


# --8<-- [start:solution-average-digit]
labels = torch.tensor(digits.target).to(device)
averages = torch.stack([x[labels == digit].mean(dim=0) for digit in range(10)])
print(averages.shape)
plt.figure(figsize=(6.4, 1.2))
plt.imshow(torch.cat(list(averages), dim=1).cpu().numpy())
plt.axis("off")
plt.show()
# --8<-- [end:solution-average-digit]


# --8<-- [start:solution-predict-shapes]
results = {
    "x[0]": x[0],
    "x[:, 0]": x[:, 0],
    "x[0, 2, 2]": x[0, 2, 2],
    "x.sum(dim=0)": x.sum(dim=0),
    "x + ones": x + torch.ones(8, device=device),
}
for name, result in results.items():
    print(f"{name:12}", result.shape)
# --8<-- [end:solution-predict-shapes]


# --8<-- [start:broken-normalization]
try:
    total = x.sum(dim=(1, 2))
    shares = x / total
    print(shares[0].sum())
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:broken-normalization]


# --8<-- [start:solution-normalization]
total = x.sum(dim=(1, 2), keepdim=True)  # (1797, 1, 1)
shares = x / total
print(total.shape, f"first image sums to {shares[0].sum().item():.3f}")
# --8<-- [end:solution-normalization]
