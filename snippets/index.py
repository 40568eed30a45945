"""Take a gradient; then train a network to read digits, and look at its answers."""

# --8<-- [start:take-a-gradient]
import torch

accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"

x = torch.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
loss = (x**2).sum()
loss.backward()
print(f"loss {loss.item():.1f}, gradient {x.grad.tolist()}")
# --8<-- [end:take-a-gradient]


# --8<-- [start:read-digits]
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).to(device) / 16
labels = torch.tensor(digits.target).to(device)
train, test = slice(0, 1300), slice(1300, None)

model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
model = model.to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for _ in range(60):
    loss = nn.functional.cross_entropy(model(images[train]), labels[train])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    answers = model(images[test]).argmax(dim=1)
accuracy = (answers == labels[test]).float().mean().item()
print(f"right on {accuracy:.1%} of {len(answers)} digits it has never seen")
# --8<-- [end:read-digits]


# --8<-- [start:look-at-predictions]
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 8, figsize=(6.4, 1.2))
shown = zip(axes, images[test][:8].cpu(), answers[:8].tolist(), strict=True)
for ax, image, digit in shown:
    ax.imshow(image.numpy())
    ax.set_title(digit)  # what the network says
    ax.axis("off")
plt.show()
# --8<-- [end:look-at-predictions]
