"""Twelve questions about PyTorch, answered by running them."""

# --8<-- [start:setup]
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:answer-dtype-of-a-list]
print("[1, 2]:    ", torch.tensor([1, 2]).dtype)
print("[1.0, 2.0]:", torch.tensor([1.0, 2.0]).dtype)
# --8<-- [end:answer-dtype-of-a-list]


# --8<-- [start:answer-below-zero]
pixel = torch.tensor(5, dtype=torch.uint8)
print(pixel - 10)
# --8<-- [end:answer-below-zero]


# --8<-- [start:answer-column-plus-row]
print((torch.ones(3, 1) + torch.ones(3)).shape)
# --8<-- [end:answer-column-plus-row]


# --8<-- [start:answer-write-into-a-view]
x = torch.zeros(2, 3)
row = x[0]
row += 1
print(x)
# --8<-- [end:answer-write-into-a-view]


# --8<-- [start:answer-backward-twice]
w = torch.tensor(3.0, requires_grad=True)
(w**2).backward()
(w**2).backward()
print(w.grad)
# --8<-- [end:answer-backward-twice]


# --8<-- [start:answer-eval-and-graph]
model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).eval()
print("requires_grad:", model(torch.ones(1, 3)).requires_grad)
# --8<-- [end:answer-eval-and-graph]


# --8<-- [start:answer-layers-in-a-list]
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(3, 3), nn.Linear(3, 3)]


print("parameters:", len(list(Net().parameters())))
# --8<-- [end:answer-layers-in-a-list]


# --8<-- [start:answer-convolution]
print(nn.Conv2d(1, 8, 3)(torch.ones(1, 1, 9, 9)).shape)
# --8<-- [end:answer-convolution]


# --8<-- [start:answer-recurrent]
output, (hidden, cell) = nn.LSTM(4, 5)(torch.ones(7, 2, 4))
print("output:", output.shape, "last state:", hidden.shape)
# --8<-- [end:answer-recurrent]


# --8<-- [start:answer-softmax-twice]
right = torch.tensor([0])
perfect = F.one_hot(right, num_classes=10).float()  # a probability of 1
print(F.cross_entropy(perfect, right))
# --8<-- [end:answer-softmax-twice]


# --8<-- [start:answer-last-batch]
loader = DataLoader(range(10), batch_size=4)
print([len(batch) for batch in loader])
# --8<-- [end:answer-last-batch]


# --8<-- [start:answer-tensor-to]
x, layer = torch.ones(3), nn.Linear(3, 2)
x.to("meta")
layer.to("meta")
print("x:", x.device, "layer:", layer.weight.device)
# --8<-- [end:answer-tensor-to]
