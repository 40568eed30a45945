"""Multiply vectors, matrices and batches, and write any product with einsum."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:dot-product]
a = torch.tensor([1.0, 2.0, 3.0], device=device)
b = torch.tensor([4.0, 5.0, 6.0], device=device)
print("a * b:", (a * b).tolist())
print("a @ b:", (a @ b).item())
print("outer:", torch.outer(a, b).tolist())
# --8<-- [end:dot-product]


# --8<-- [start:matrix-product]
A = torch.randn(3, 4).to(device)
B = torch.randn(4, 5).to(device)
C = A @ B
torch.testing.assert_close(C, torch.matmul(A, B))
torch.testing.assert_close(C[1, 2], A[1] @ B[:, 2])  # row 1 with column 2
print(tuple(C.shape))
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
print(tuple((matrix @ matrix.mT).shape), tuple((stack @ stack.mT).shape))
# --8<-- [end:inner-sizes-differ]


# --8<-- [start:linear-layer]
layer = torch.nn.Linear(4, 2).to(device)
x = torch.randn(3, 4).to(device)
by_hand = x @ layer.weight.mT + layer.bias
torch.testing.assert_close(layer(x), by_hand)
print(tuple(layer.weight.shape), tuple(by_hand.shape))
# --8<-- [end:linear-layer]


# --8<-- [start:order-of-products]
def multiplications(rows, inner, columns):
    return rows * inner * columns


n = 1000  # two (n, n) matrices and one (n, 1) column
left_first = multiplications(n, n, n) + multiplications(n, n, 1)
right_first = multiplications(n, n, 1) + multiplications(n, n, 1)
print(f"(P @ Q) @ v: {left_first:,}\nP @ (Q @ v): {right_first:,}")
P, Q, v = (torch.randn(shape).to(device) for shape in [(50, 50), (50, 50), (50, 1)])
torch.testing.assert_close((P @ Q) @ v, P @ (Q @ v), rtol=1e-4, atol=1e-3)
# --8<-- [end:order-of-products]


# --8<-- [start:einsum-equations]
M = torch.randn(4, 4).to(device)
batch = torch.randn(2, 3, 4).to(device)
torch.testing.assert_close(torch.einsum("i,i->", a, b), a @ b)
torch.testing.assert_close(torch.einsum("i,j->ij", a, b), torch.outer(a, b))
torch.testing.assert_close(torch.einsum("ij,jk->ik", A, B), A @ B)
torch.testing.assert_close(torch.einsum("ij->ji", A), A.mT)
torch.testing.assert_close(torch.einsum("ij->i", A), A.sum(dim=1))
torch.testing.assert_close(torch.einsum("ii->", M), M.trace())
torch.testing.assert_close(torch.einsum("bij,jk->bik", batch, M), batch @ M)
print("seven equations hold")
# --8<-- [end:einsum-equations]


# --8<-- [start:attention-scores]
queries = torch.randn(2, 5, 3, 8).to(device)  # (batch, time, heads, depth)
keys = torch.randn(2, 6, 3, 8).to(device)  # (batch, source time, heads, depth)
scores = torch.einsum("bthd,bshd->bhts", queries, keys)
with_transposes = queries.transpose(1, 2) @ keys.transpose(1, 2).mT
torch.testing.assert_close(scores, with_transposes)
print(tuple(scores.shape))
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
torch.testing.assert_close(torch.einsum("ba", A), A.mT)  # sorted, so transposed
row_sums = torch.einsum("ij,jk->ij", A, B)  # k is missing on the right
torch.testing.assert_close(row_sums, A * B.sum(dim=1))
print(tuple(torch.einsum("ba", A).shape), tuple(row_sums.shape))
# --8<-- [end:letters-that-go-wrong]


# --8<-- [start:solution-row-by-row]
first, second = torch.randn(100, 16).to(device), torch.randn(100, 16).to(device)
by_einsum = torch.einsum("nd,nd->n", first, second)
torch.testing.assert_close(by_einsum, (first * second).sum(dim=1))
torch.testing.assert_close(by_einsum, (first @ second.mT).diagonal())
print(tuple(by_einsum.shape))
# --8<-- [end:solution-row-by-row]


# --8<-- [start:solution-attention-values]
weights = scores.softmax(dim=-1)  # (batch, heads, time, source time)
values = torch.randn(2, 6, 3, 8).to(device)  # (batch, source time, heads, depth)
mixed = torch.einsum("bhts,bshd->bthd", weights, values)
with_transposes = (weights @ values.transpose(1, 2)).transpose(1, 2)
torch.testing.assert_close(mixed, with_transposes)
print(tuple(mixed.shape))
# --8<-- [end:solution-attention-values]


# --8<-- [start:solution-bilinear]
left, right = torch.randn(7, 3).to(device), torch.randn(7, 5).to(device)
W = torch.randn(3, 5).to(device)
bilinear = torch.einsum("ni,ij,nj->n", left, W, right)
torch.testing.assert_close(bilinear, ((left @ W) * right).sum(dim=1))
print(tuple(bilinear.shape))
# --8<-- [end:solution-bilinear]
