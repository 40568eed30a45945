"""Create tensors from lists, from shapes, from other tensors and from NumPy arrays."""

# --8<-- [start:setup]
import numpy as np
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:from-nested-lists]
integers = torch.tensor([[1, 2], [3, 4]], device=device)
floats = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
print(integers.tolist(), integers.shape, integers.dtype)
print(floats.tolist(), floats.shape, floats.dtype)
# --8<-- [end:from-nested-lists]


# --8<-- [start:integers-have-no-gradient]
try:
    torch.tensor(2, requires_grad=True)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:integers-have-no-gradient]


# --8<-- [start:from-a-shape]
zeros = torch.zeros(2, 3, device=device)
ones = torch.ones((3, 2), device=device)
sevens = torch.full((2, 2), 7.0, device=device)
identity = torch.eye(3, device=device)
print(zeros.tolist())
print(ones.tolist(), sevens.tolist())
print(identity.tolist())
# --8<-- [end:from-a-shape]


# --8<-- [start:ranges]
print(torch.arange(0, 10, 2, device=device).tolist())
print(torch.linspace(0, 1, steps=5, device=device).tolist())
print(len(torch.arange(0, 1, 0.1)), len(torch.arange(1, 1.3, 0.1)))
# --8<-- [end:ranges]


# --8<-- [start:random-numbers]
uniform = torch.rand(2, 3)  # [0, 1)
normal = torch.randn(2, 3)  # mean 0, standard deviation 1
dice = torch.randint(1, 7, (10,))  # the upper end is left out
print(tuple(uniform.shape), f"from {uniform.min():.3f} to {uniform.max():.3f}")
print(tuple(normal.shape), f"mean {normal.mean():.3f}, std {normal.std():.3f}")
print(dice.tolist())
# --8<-- [end:random-numbers]


# --8<-- [start:own-generator]
torch.manual_seed(0)
generator = torch.Generator().manual_seed(7)
first = torch.randperm(6, generator=generator)
between = torch.rand(1000)  # advances the global generator only
second = torch.randperm(6, generator=generator.manual_seed(7))
print(first.tolist(), torch.equal(first, second), f"mean {between.mean():.3f}")
# --8<-- [end:own-generator]


# --8<-- [start:like-another-tensor]
x = torch.randn(2, 3).to(device)
like = torch.zeros_like(x)
counts = torch.zeros_like(x, dtype=torch.int64)
row = x.new_ones(4)
print(like.tolist(), like.dtype, like.device == x.device)
print(counts.tolist(), counts.dtype)
print(row.tolist(), row.dtype)
# --8<-- [end:like-another-tensor]


# --8<-- [start:share-with-numpy]
array = np.array([1, 2, 3])
shared = torch.from_numpy(array)
copied = torch.tensor(array)
array[0] = 100
print(shared.tolist(), copied.tolist())
# --8<-- [end:share-with-numpy]


# --8<-- [start:empty-then-fill]
buffer = torch.empty(2, 3, device=device)  # whatever the memory held
buffer.fill_(0.5)
print(buffer.tolist())
# --8<-- [end:empty-then-fill]


# --8<-- [start:solution-checkerboard]
n = 4
rows, columns = torch.arange(n)[:, None], torch.arange(n)
checkerboard = (rows + columns) % 2
print(checkerboard.tolist())
# --8<-- [end:solution-checkerboard]


# --8<-- [start:solution-repeatable-noise]
def noise(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(5, generator=generator)


state = torch.get_rng_state()
for seed in 1, 1, 2:
    print([f"{value:.2f}" for value in noise(seed).tolist()])
print("untouched:", torch.equal(torch.get_rng_state(), state))
# --8<-- [end:solution-repeatable-noise]


# --8<-- [start:solution-three-learning-rates]
by_step = torch.arange(0.1, 0.4, 0.1)
by_count = torch.linspace(0.1, 0.3, steps=3)
print(by_step)
print(by_count)
# --8<-- [end:solution-three-learning-rates]
