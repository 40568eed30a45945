"""Create tensors from lists, from shapes, from other tensors and from NumPy arrays."""

# --8<-- [start:setup]
import numpy as np
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:from-nested-lists]
integers = torch.tensor([[1, 2], [3, 4]])
floats = torch.tensor([[1.0, 2], [3, 4]])
print(integers, integers.dtype)
print(floats, floats.dtype)
# --8<-- [end:from-nested-lists]


# --8<-- [start:integers-have-no-gradient]
try:
    torch.tensor(2, requires_grad=True)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:integers-have-no-gradient]


# --8<-- [start:ragged-lists]
try:
    torch.tensor([[1, 2], [3]])
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:ragged-lists]


# --8<-- [start:from-a-shape]
zeros = torch.zeros(2, 3, device=device)
ones = torch.ones((2, 3), device=device)
sevens = torch.full((2, 2), 7.0, device=device)
identity = torch.eye(3, device=device)
print(zeros.cpu())
print(sevens.cpu())
print(identity.cpu())
# --8<-- [end:from-a-shape]


# --8<-- [start:ranges]
print(torch.arange(0, 10, 2))
print(torch.linspace(0, 1, steps=5))
print(torch.arange(0, 1, 0.1).shape, torch.arange(1, 1.3, 0.1))
# --8<-- [end:ranges]


# --8<-- [start:random-numbers]
print(torch.rand(2, 3))  # uniform, from 0 to 1
print(torch.randn(2, 3))  # normal, mean 0, standard deviation 1
print(torch.randint(1, 7, (10,)))  # dice: the upper end is left out
print(torch.randperm(6))  # 0 to 5 in a random order
# --8<-- [end:random-numbers]


# --8<-- [start:own-generator]
torch.manual_seed(0)
generator = torch.Generator().manual_seed(7)
print("global:", torch.rand(2), "own:", torch.randperm(6, generator=generator))

torch.manual_seed(0)
generator.manual_seed(7)
torch.rand(1000)  # one call more
print("global:", torch.rand(2), "own:", torch.randperm(6, generator=generator))
# --8<-- [end:own-generator]


# --8<-- [start:like-another-tensor]
x = torch.tensor([[1.5, 2.5], [3.5, 4.5]], dtype=torch.float64)
print(torch.zeros_like(x))
print(torch.ones_like(x, dtype=torch.int64))
print(x.new_full((3,), 7))
# --8<-- [end:like-another-tensor]


# --8<-- [start:share-with-numpy]
array = np.array([1, 2, 3])
shared = torch.from_numpy(array)
copied = torch.tensor(array)
array[0] = 100
print("shared:", shared, "copied:", copied)
# --8<-- [end:share-with-numpy]


# --8<-- [start:as-tensor]
print("a tensor comes back itself:", torch.as_tensor(copied) is copied)
shared = torch.as_tensor(array)
array[1] = 200
print("an array is shared:", shared)
print("a list is copied:", torch.as_tensor([1.0, 2.0]))
# --8<-- [end:as-tensor]


# --8<-- [start:copy-a-tensor]
print(torch.tensor(copied))
# --8<-- [end:copy-a-tensor]


# --8<-- [start:list-of-arrays]
rows = [np.zeros(3), np.ones(3)]
print(torch.tensor(rows))
# --8<-- [end:list-of-arrays]


# --8<-- [start:list-of-tensors]
rows = [torch.zeros(3), torch.ones(3)]
try:
    torch.tensor(rows)
except ValueError as error:
    print("ValueError:", error)
print(torch.stack(rows))
# --8<-- [end:list-of-tensors]


# --8<-- [start:empty-then-fill]
buffer = torch.empty(2, 3, device=device)  # whatever the memory held
buffer.fill_(0.5)
print(buffer.cpu())
# --8<-- [end:empty-then-fill]


# --8<-- [start:solution-checkerboard]
n = 4
rows, columns = torch.arange(n)[:, None], torch.arange(n)
print((rows + columns) % 2)
# --8<-- [end:solution-checkerboard]


# --8<-- [start:solution-repeatable-noise]
def noise(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(5, generator=generator)


torch.manual_seed(0)
before = torch.rand(1).item()
torch.manual_seed(0)
for seed in 1, 1, 2:
    print(seed, noise(seed))
print(f"global generator: {before:.4f} before, {torch.rand(1).item():.4f} after")
# --8<-- [end:solution-repeatable-noise]


# --8<-- [start:solution-three-learning-rates]
print(torch.arange(0.1, 0.4, 0.1))
print(torch.linspace(0.1, 0.3, steps=3))
# --8<-- [end:solution-three-learning-rates]


# --8<-- [start:broken-size]
labels = torch.Tensor([3, 5, 4])
best = torch.Tensor(5)
print(labels, "dtype", labels.dtype)
print("shape of best:", best.shape)
# --8<-- [end:broken-size]


# --8<-- [start:solution-size]
print(torch.tensor([3, 5, 4]))
print(torch.tensor(5), "or", torch.zeros(5))
# --8<-- [end:solution-size]
