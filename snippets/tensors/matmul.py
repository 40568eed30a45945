"""Multiply vectors, matrices and batches, and write any product with einsum."""

# --8<-- [start:setup]
import time

import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:dot-product]
a = torch.tensor([1.0, 2.0, 3.0])
b = torch.tensor([4.0, 5.0, 6.0])
print("a * b:", a * b)
print("a @ b:", a @ b)
print("outer:", torch.outer(a, b))
# --8<-- [end:dot-product]


# --8<-- [start:matrix-product]
A = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]], device=device)  # (2, 3)
B = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], device=device)  # (3, 2)
C = A @ B
print(C.cpu())
print("row 1 with column 0:", (A[1] @ B[:, 0]).item())
# --8<-- [end:matrix-product]


# --8<-- [start:shape-rules]
pairs = [
    ((4,), (4,)),
    ((3, 4), (4,)),
    ((3, 4), (4, 5)),
    ((2, 3, 4), (4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((6, 1, 3, 4), (2, 4, 5)),
]
for first, second in pairs:
    product = torch.empty(first, device=device) @ torch.empty(second, device=device)
    print(first, "@", second, "->", tuple(product.shape))
# --8<-- [end:shape-rules]


# --8<-- [start:inner-sizes-differ]
# on the CPU: the wording may differ elsewhere
matrix, stack = torch.empty(3, 4), torch.empty(2, 3, 4)
for left in (matrix, stack):
    try:
        left @ left
    except RuntimeError as error:
        print("RuntimeError:", error)
print("with mT:", (matrix @ matrix.mT).shape, (stack @ stack.mT).shape)
# --8<-- [end:inner-sizes-differ]


# --8<-- [start:linear-layer]
layer = torch.nn.Linear(4, 2).to(device)
x = torch.randn(3, 4).to(device)
by_hand = x @ layer.weight.mT + layer.bias
print("weight:", layer.weight.shape, "result:", by_hand.shape)
print(f"largest difference {(layer(x) - by_hand).abs().max().item():.4f}")
# --8<-- [end:linear-layer]


# --8<-- [start:order-of-products]
def multiplications(rows, inner, columns):
    return rows * inner * columns


n = 1000  # two (n, n) matrices and one (n, 1) column
left_first = multiplications(n, n, n) + multiplications(n, n, 1)
right_first = multiplications(n, n, 1) + multiplications(n, n, 1)
print(f"(P @ Q) @ v: {left_first:,}")
print(f"P @ (Q @ v): {right_first:,}")
# --8<-- [end:order-of-products]


# --8<-- [start:grouping-measured]
P, Q, v = torch.rand(n, n), torch.rand(n, n), torch.rand(n, 1)


def seconds(product):
    product()  # warm up
    start = time.perf_counter()
    product()
    return time.perf_counter() - start


ratio = seconds(lambda: (P @ Q) @ v) / seconds(lambda: P @ (Q @ v))
print(f"(P @ Q) @ v takes {ratio:.0f} times as long")
difference = ((P @ Q) @ v - P @ (Q @ v)) / (P @ (Q @ v))
print(f"largest relative difference {difference.abs().max().item():.0e}")
assert ratio > 5
# --8<-- [end:grouping-measured]


# --8<-- [start:einsum-equations]
M = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
print("i,i->      dot product", torch.einsum("i,i->", a, b))
print("ij->i      row sums   ", torch.einsum("ij->i", M))
print("ii->       trace      ", torch.einsum("ii->", M))
print("ij->ji     transpose  ", torch.einsum("ij->ji", M).tolist())
print("ij,jk->ik  product    ", torch.einsum("ij,jk->ik", M, M).tolist())
print("           M @ M      ", (M @ M).tolist())
# --8<-- [end:einsum-equations]


# --8<-- [start:attention-scores]
queries = torch.randn(2, 5, 3, 8).to(device)  # (batch, time, heads, depth)
keys = torch.randn(2, 6, 3, 8).to(device)  # (batch, source time, heads, depth)
scores = torch.einsum("bthd,bshd->bhts", queries, keys)
with_transposes = queries.transpose(1, 2) @ keys.transpose(1, 2).mT
print("einsum:", scores.shape, "with transposes:", with_transposes.shape)
difference = (scores - with_transposes).abs().max().item()
print(f"largest difference {difference:.3f}")
# --8<-- [end:attention-scores]


# --8<-- [start:index-diagram]
results = {letter: (1.5 + place, 0) for place, letter in enumerate("bhts")}
results["d"] = (7.0, 0)
colors = dict(zip("bhtsd", ["C0", "C3", "C2", "C4", "C1"], strict=True))
boxes = list(results.items())
fig, ax = plt.subplots(figsize=(6.4, 2.8))
for left, letters in [(0, "bthd"), (5, "bshd")]:
    for place, letter in enumerate(letters, left):
        line = {"arrowstyle": "->", "color": colors[letter], "shrinkB": 11}
        ax.annotate("", results[letter], (place, 0.94), arrowprops=line)
        boxes.append((letter, (place, 1)))
for letter, spot in boxes:
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": colors[letter]}
    ax.text(*spot, letter, ha="center", va="center", bbox=box)
titles = {"queries": (1.5, 1.3), "keys": (6.5, 1.3)}
titles |= {"scores": (3, -0.4), "summed": (7, -0.4)}
for title, spot in titles.items():
    ax.text(*spot, title, ha="center")
ax.set(xlim=(-0.5, 8.5), ylim=(-0.5, 1.5))
ax.axis("off")
plt.show()
# --8<-- [end:index-diagram]


# --8<-- [start:letters-that-go-wrong]
print("ba:       ", torch.einsum("ba", M).tolist())  # sorted, so transposed
print("ij,jk->ij:", torch.einsum("ij,jk->ij", M, M).tolist())  # k is missing
print("by hand:  ", (M * M.sum(dim=1)).tolist())
# --8<-- [end:letters-that-go-wrong]


# --8<-- [start:solution-row-by-row]
torch.manual_seed(0)
first, second = torch.randn(100, 16).to(device), torch.randn(100, 16).to(device)
by_einsum = torch.einsum("nd,nd->n", first, second)
by_sum = (first * second).sum(dim=1)
by_diagonal = (first @ second.mT).diagonal()
for result in by_einsum, by_sum, by_diagonal:
    print(result.shape, [f"{value:.2f}" for value in result[:3].tolist()])
# --8<-- [end:solution-row-by-row]


# --8<-- [start:solution-attention-values]
weights = scores.softmax(dim=-1)  # (batch, heads, time, source time)
values = torch.randn(2, 6, 3, 8).to(device)  # (batch, source time, heads, depth)
mixed = torch.einsum("bhts,bshd->bthd", weights, values)
with_transposes = (weights @ values.transpose(1, 2)).transpose(1, 2)
difference = (mixed - with_transposes).abs().max().item()
print(mixed.shape, f"largest difference {difference:.3f}")
# --8<-- [end:solution-attention-values]


# --8<-- [start:solution-bilinear]
left, right = torch.randn(7, 3).to(device), torch.randn(7, 5).to(device)
W = torch.randn(3, 5).to(device)
bilinear = torch.einsum("ni,ij,nj->n", left, W, right)
in_two_steps = ((left @ W) * right).sum(dim=1)
difference = (bilinear - in_two_steps).abs().max().item()
print(bilinear.shape, f"largest difference {difference:.3f}")
# --8<-- [end:solution-bilinear]


# --8<-- [start:broken-layer]
torch.manual_seed(0)
layer = torch.nn.Linear(4, 4).to(device)
x = torch.randn(3, 4).to(device)
by_hand = x @ layer.weight + layer.bias
print(f"largest difference {(layer(x) - by_hand).abs().max().item():.2f}")
# --8<-- [end:broken-layer]


# --8<-- [start:solution-layer]
by_hand = x @ layer.weight.mT + layer.bias
print(f"largest difference {(layer(x) - by_hand).abs().max().item():.2f}")
# --8<-- [end:solution-layer]
