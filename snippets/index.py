"""Train a network to read handwritten digits, and look at what it says."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:read-digits]
digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).to(device) / 16
y = torch.tensor(digits.target).to(device)
train, test = slice(0, 1300), slice(1300, None)

model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
model = model.to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for _ in range(60):
    loss = nn.functional.cross_entropy(model(x[train]), y[train])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    y_hat = model(x[test]).argmax(dim=1)
accuracy = (y_hat == y[test]).float().mean().item()
print("right on more than 9 of 10 unseen digits:", accuracy > 0.9)
# --8<-- [end:read-digits]


# --8<-- [start:look-at-predictions]
fig, axes = plt.subplots(1, 8, figsize=(6.4, 1.2))
for ax, image, digit in zip(axes, x[test][:8].cpu(), y_hat[:8].tolist(), strict=True):
    ax.imshow(image.numpy())
    ax.set_title(digit)  # what the network says
    ax.axis("off")
plt.show()
# --8<-- [end:look-at-predictions]
