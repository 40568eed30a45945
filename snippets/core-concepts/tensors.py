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
x = torch.tensor(digits.images, dtype=torch.float32).to(device)
print(x.shape)
print(x[0, 2].tolist())  # image 0, row 2
# --8<-- [end:digits-as-a-tensor]


# --8<-- [start:picture-and-numbers]
fig, (left, right) = plt.subplots(1, 2, sharex=True, sharey=True)
left.imshow(x[0].cpu().numpy())
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
print("shape:", tuple(x.shape), "dimensions:", x.ndim, "numbers:", x.numel())
print("dtype:", x.dtype)
print("on device:", x.device.type == device)
print("requires_grad:", x.requires_grad)
# --8<-- [end:four-facts]


# --8<-- [start:tensor-anatomy]
small = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device=device)
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
counts = torch.tensor([1, 2, 3], device=device)
zeros = torch.zeros(3, 4, device=device)
noise = torch.randn(2, 3).to(device)  # normal distribution, mean 0
print(counts.tolist(), counts.dtype)
print(zeros.tolist(), zeros.dtype)
print(tuple(noise.shape), f"{noise[0, 0].item():.3f}")
# --8<-- [end:make-tensors]


# --8<-- [start:compute]
scaled = x / 16  # each number, now between 0 and 1
brightness = scaled.mean(dim=(1, 2))  # one number an image
flat = scaled.reshape(len(x), 64)  # (1797, 8, 8) -> (1797, 64)
torch.manual_seed(0)
weight = torch.randn(64, 10).to(device)
scores = flat @ weight  # (1797, 64) @ (64, 10)
print(f"{scaled.max().item():.1f} {brightness[0].item():.3f}")
print(tuple(brightness.shape), tuple(scores.shape), f"{scores[0, 0].item():.2f}")
# --8<-- [end:compute]


# --8<-- [start:shapes-must-agree]
try:
    x[0] + counts  # (8, 8) + (3,)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:shapes-must-agree]


# --8<-- [start:to-returns-a-tensor]
counts.to(torch.float32)  # the result is dropped
print(counts.dtype)
counts = counts.to(torch.float32)
print(counts.dtype)
# --8<-- [end:to-returns-a-tensor]


# --8<-- [start:back-to-python]
brightest = brightness.argmax().item()
print("brightest image:", brightest, "a handwritten", digits.target[brightest])
print(noise.cpu().numpy().shape)
# --8<-- [end:back-to-python]


# --8<-- [start:solution-average-digit]
labels = torch.tensor(digits.target).to(device)
average = torch.stack([x[labels == digit].mean(dim=0) for digit in range(10)])
print(tuple(average.shape))
print([f"{mean:.1f}" for mean in average.mean(dim=(1, 2)).tolist()])
plt.figure(figsize=(6.4, 1.2))
plt.imshow(average.permute(1, 0, 2).reshape(8, 80).cpu().numpy())
plt.axis("off")
plt.show()
# --8<-- [end:solution-average-digit]


# --8<-- [start:solution-predict-shapes]
more = x + torch.ones(8, device=device)
for result in (x[0], x[:, 0], x[0, 2, 2], x.sum(dim=0), more):
    print(tuple(result.shape), "sum", result.sum().item())
# --8<-- [end:solution-predict-shapes]
