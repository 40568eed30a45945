"""Make each of PyTorch's messages about dtypes and values appear, and then go away."""

# --8<-- [start:setup]
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:same-dtype]
features = torch.from_numpy(np.ones((3, 4)))
nn.Linear(4, 2)(features)
# --8<-- [end:same-dtype]


# --8<-- [start:same-dtype-fixed]
features = features.float()
print(features.dtype, nn.Linear(4, 2)(features).shape)
# --8<-- [end:same-dtype-fixed]


# --8<-- [start:scalar-type]
attention = torch.full((2, 3, 3), 1 / 3)
values = torch.from_numpy(np.ones((2, 3, 4)))
attention @ values
# --8<-- [end:scalar-type]


# --8<-- [start:scalar-type-fixed]
values = values.to(attention.dtype)
print((attention @ values).shape)
# --8<-- [end:scalar-type-fixed]


# --8<-- [start:raw-image]
pixels = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
nn.Conv2d(3, 4, kernel_size=3)(pixels)
# --8<-- [end:raw-image]


# --8<-- [start:raw-image-fixed]
images = pixels.float() / 255
print(nn.Conv2d(3, 4, kernel_size=3)(images).shape)
# --8<-- [end:raw-image-fixed]


# --8<-- [start:mixed-norm]
features = torch.ones(3, 4, dtype=torch.float64)
nn.LayerNorm(4)(features)
# --8<-- [end:mixed-norm]


# --8<-- [start:mixed-norm-fixed]
print(nn.LayerNorm(4)(features.float()).dtype)
# --8<-- [end:mixed-norm-fixed]


# --8<-- [start:recurrent-dtype]
series = torch.from_numpy(np.ones((3, 1, 4)))
nn.LSTM(4, 2)(series)
# --8<-- [end:recurrent-dtype]


# --8<-- [start:recurrent-dtype-fixed]
outputs, state = nn.LSTM(4, 2)(series.float())
print(outputs.dtype)
# --8<-- [end:recurrent-dtype-fixed]


# --8<-- [start:embedding-dtype]
tokens = torch.tensor([1.0, 2.0])
nn.Embedding(10, 4)(tokens)
# --8<-- [end:embedding-dtype]


# --8<-- [start:embedding-dtype-fixed]
print(nn.Embedding(10, 4)(tokens.long()).shape)
# --8<-- [end:embedding-dtype-fixed]


# --8<-- [start:float-index]
values = torch.arange(10)
middle = torch.tensor(len(values)) / 2
values[middle]
# --8<-- [end:float-index]


# --8<-- [start:float-index-fixed]
middle = torch.tensor(len(values)) // 2
print(values[middle].item())
# --8<-- [end:float-index-fixed]


# --8<-- [start:mean-of-integers]
predictions, targets = torch.tensor([1, 0, 2]), torch.tensor([1, 1, 2])
accuracy = (predictions == targets).mean()
# --8<-- [end:mean-of-integers]


# --8<-- [start:mean-of-integers-fixed]
print(f"{(predictions == targets).float().mean():.2f}")
print(f"{predictions.mean(dtype=torch.float32):.2f}")
# --8<-- [end:mean-of-integers-fixed]


# --8<-- [start:not-for-long]
scores = torch.tensor([3, 1, 2])
scores.softmax(dim=0)
# --8<-- [end:not-for-long]


# --8<-- [start:not-for-long-fixed]
print([round(value, 2) for value in scores.float().softmax(dim=0).tolist()])
# --8<-- [end:not-for-long-fixed]


# --8<-- [start:not-for-half]
covariance = torch.eye(2, dtype=torch.float16)
torch.linalg.cholesky(covariance)
# --8<-- [end:not-for-half]


# --8<-- [start:not-for-half-fixed]
factor = torch.linalg.cholesky(covariance.float()).half()
print(factor.tolist())
# --8<-- [end:not-for-half-fixed]


# --8<-- [start:bitwise-on-floats]
scores = torch.tensor([-0.5, 0.5, 2.0])
scores[scores > 0 & scores < 1]
# --8<-- [end:bitwise-on-floats]


# --8<-- [start:bitwise-on-floats-fixed]
print(scores[(scores > 0) & (scores < 1)].tolist())
# --8<-- [end:bitwise-on-floats-fixed]


# --8<-- [start:subtract-bool]
padding = torch.tensor([False, False, True])
keep = 1 - padding
# --8<-- [end:subtract-bool]


# --8<-- [start:subtract-bool-fixed]
print((~padding).tolist())
# --8<-- [end:subtract-bool-fixed]


# --8<-- [start:boolean-mask]
scores = torch.zeros(3)
attention_mask = torch.tensor([1, 1, 0])
scores.masked_fill(attention_mask, float("-inf"))
# --8<-- [end:boolean-mask]


# --8<-- [start:boolean-mask-fixed]
print(scores.masked_fill(attention_mask == 0, float("-inf")).tolist())
# --8<-- [end:boolean-mask-fixed]


# --8<-- [start:attention-mask-dtype]
query = torch.randn(1, 2, 3, 4)  # (batch, heads, time, width)
attention_mask = torch.tensor([[1, 1, 0]])
F.scaled_dot_product_attention(query, query, query, attn_mask=attention_mask)
# --8<-- [end:attention-mask-dtype]


# --8<-- [start:attention-mask-dtype-fixed]
mask = attention_mask.bool()[:, None, None]  # (batch, heads, queries, keys)
print(F.scaled_dot_product_attention(query, query, query, attn_mask=mask).shape)
# --8<-- [end:attention-mask-dtype-fixed]


# --8<-- [start:cast-in-place]
counts = torch.tensor([1, 2, 3])
counts /= 2
# --8<-- [end:cast-in-place]


# --8<-- [start:cast-in-place-fixed]
counts = counts / 2
print(counts.dtype, counts.tolist())
# --8<-- [end:cast-in-place-fixed]


# --8<-- [start:scatter-dtype]
sums = torch.zeros(3)
groups = torch.tensor([0, 2, 0])
values = torch.from_numpy(np.array([0.5, 1.0, 1.5]))
sums.scatter_add_(0, groups, values)
# --8<-- [end:scatter-dtype]


# --8<-- [start:scatter-dtype-fixed]
sums.scatter_add_(0, groups, values.to(sums.dtype))
print(sums.tolist())
# --8<-- [end:scatter-dtype-fixed]


# --8<-- [start:integer-gradient]
x = torch.tensor([1, 2], requires_grad=True)
# --8<-- [end:integer-gradient]


# --8<-- [start:integer-gradient-fixed]
x = torch.tensor([1.0, 2.0], requires_grad=True)
print(x.dtype, f"{x.requires_grad=}")
# --8<-- [end:integer-gradient-fixed]


# --8<-- [start:object-array]
table = np.array([[1.5, 2], [0.5, None]])
torch.from_numpy(table)
# --8<-- [end:object-array]


# --8<-- [start:object-array-fixed]
numbers = table.astype(np.float32)
print(torch.from_numpy(numbers).tolist())
# --8<-- [end:object-array-fixed]


# --8<-- [start:none-in-list]
measured = [0.5, None, 1.5]
torch.tensor(measured)
# --8<-- [end:none-in-list]


# --8<-- [start:none-in-list-fixed]
values = torch.tensor([float("nan") if v is None else v for v in measured])
print(values.tolist(), values.nanmean().item())
# --8<-- [end:none-in-list-fixed]


# --8<-- [start:text-labels]
labels = ["cat", "dog", "cat"]
torch.tensor(labels)
# --8<-- [end:text-labels]


# --8<-- [start:text-labels-fixed]
classes = sorted(set(labels))
print(torch.tensor([classes.index(label) for label in labels]).tolist())
# --8<-- [end:text-labels-fixed]


# --8<-- [start:array-as-input]
features = np.ones((3, 4), dtype=np.float32)
nn.Linear(4, 2)(features)
# --8<-- [end:array-as-input]


# --8<-- [start:array-as-input-fixed]
print(nn.Linear(4, 2)(torch.from_numpy(features)).shape)
# --8<-- [end:array-as-input-fixed]


# --8<-- [start:no-astype]
x = torch.ones(2)
try:
    x.astype("float64")
except AttributeError as error:
    print("AttributeError:", error)
# --8<-- [end:no-astype]


# --8<-- [start:no-astype-fixed]
print(x.to(torch.float64).dtype)
# --8<-- [end:no-astype-fixed]


# --8<-- [start:value-overflow]
scores = torch.zeros(3, dtype=torch.float16)
blocked = torch.tensor([False, False, True])
scores.masked_fill(blocked, -1e9)
# --8<-- [end:value-overflow]


# --8<-- [start:value-overflow-fixed]
lowest = torch.finfo(scores.dtype).min
print(lowest, scores.masked_fill(blocked, lowest).tolist())
# --8<-- [end:value-overflow-fixed]


# --8<-- [start:long-overflow]
hashed = 2**63
torch.tensor(hashed)
# --8<-- [end:long-overflow]


# --8<-- [start:long-overflow-fixed]
print(torch.tensor(hashed % 2**32).item(), torch.tensor(hashed, dtype=torch.uint64))
# --8<-- [end:long-overflow-fixed]


# --8<-- [start:bfloat-to-numpy]
outputs = torch.ones(2, dtype=torch.bfloat16)
outputs.numpy()
# --8<-- [end:bfloat-to-numpy]


# --8<-- [start:bfloat-to-numpy-fixed]
print(outputs.float().numpy())
# --8<-- [end:bfloat-to-numpy-fixed]


# --8<-- [start:unsigned-promotion]
depth = torch.from_numpy(np.array([500, 60000], dtype=np.uint16))
depth + torch.tensor([1, 1], dtype=torch.int32)
# --8<-- [end:unsigned-promotion]


# --8<-- [start:unsigned-promotion-fixed]
print((depth.to(torch.int32) + 1).tolist())
# --8<-- [end:unsigned-promotion-fixed]


# --8<-- [start:allclose-dtype]
computed = torch.ones(2)
expected = torch.from_numpy(np.ones(2))
torch.allclose(computed, expected)
# --8<-- [end:allclose-dtype]


# --8<-- [start:allclose-dtype-fixed]
print("close:", torch.allclose(computed, expected.float()))
torch.testing.assert_close(computed, expected, check_dtype=False)
# --8<-- [end:allclose-dtype-fixed]


# --8<-- [start:negative-power]
steps = torch.arange(1, 4)
steps**-1
# --8<-- [end:negative-power]


# --8<-- [start:negative-power-fixed]
print([round(value, 2) for value in (steps**-1.0).tolist()])
# --8<-- [end:negative-power-fixed]


# --8<-- [start:negative-stride]
image = np.arange(6.0).reshape(2, 3)
try:
    torch.from_numpy(image[:, ::-1])
except ValueError as error:
    print(f"ValueError: {error}".strip())
# --8<-- [end:negative-stride]


# --8<-- [start:negative-stride-fixed]
print(torch.from_numpy(image[:, ::-1].copy()).tolist())
print(torch.from_numpy(image).flip(1).tolist())
# --8<-- [end:negative-stride-fixed]


# --8<-- [start:list-of-arrays]
rows = [np.zeros(3, dtype=np.float32) for _ in range(4)]
print(torch.tensor(rows).shape)
# --8<-- [end:list-of-arrays]


# --8<-- [start:list-of-arrays-fixed]
print(torch.from_numpy(np.stack(rows)).shape)
# --8<-- [end:list-of-arrays-fixed]


# --8<-- [start:tensor-of-a-tensor]
target = torch.tensor([0, 2])
print(torch.tensor(target).tolist())
# --8<-- [end:tensor-of-a-tensor]


# --8<-- [start:tensor-of-a-tensor-fixed]
print(torch.as_tensor(target) is target, target.detach().clone().tolist())
# --8<-- [end:tensor-of-a-tensor-fixed]


# --8<-- [start:not-writable]
frozen = np.frombuffer(b"\x01\x02", dtype=np.uint8)
print(torch.from_numpy(frozen).tolist())
# --8<-- [end:not-writable]


# --8<-- [start:not-writable-fixed]
pixels = torch.tensor(frozen)
pixels += 1
print(pixels.tolist(), frozen.tolist())
# --8<-- [end:not-writable-fixed]


# --8<-- [start:multinomial-nan]
logits = torch.tensor([2.0, 1.0])
temperature = 0.0
torch.multinomial((logits / temperature).softmax(dim=0), num_samples=1)
# --8<-- [end:multinomial-nan]


# --8<-- [start:multinomial-nan-fixed]
print(logits.argmax().item())
print([round(p, 2) for p in (logits / 0.7).softmax(dim=0).tolist()])
# --8<-- [end:multinomial-nan-fixed]


# --8<-- [start:distribution-constraint]
loc = torch.tensor([0.5, float("nan")])
torch.distributions.Normal(loc, 1.0)
# --8<-- [end:distribution-constraint]


# --8<-- [start:distribution-constraint-fixed]
def first_bad(named):
    for name, tensor in named.items():
        if not torch.isfinite(tensor).all():
            return name


print(first_bad({"inputs": torch.ones(2), "loc": loc}))
# --8<-- [end:distribution-constraint-fixed]


# --8<-- [start:singular-matrix]
design = torch.tensor([[1.0, 2.0], [2.0, 4.0]])
try:
    torch.linalg.inv(design)
except torch.linalg.LinAlgError as error:
    print(f"{type(error).__name__}: {error}")
# --8<-- [end:singular-matrix]


# --8<-- [start:singular-matrix-fixed]
solution = torch.linalg.lstsq(design, torch.tensor([[1.0], [2.0]])).solution
print([round(value, 2) for value in solution.flatten().tolist()])
# --8<-- [end:singular-matrix-fixed]


# --8<-- [start:complex-to-real]
spectrum = torch.fft.fft(torch.tensor([1.0, 0.0, -1.0, 0.0]))
print(spectrum.float().tolist())
# --8<-- [end:complex-to-real]


# --8<-- [start:complex-to-real-fixed]
print(spectrum.abs().tolist(), torch.view_as_real(spectrum).shape)
# --8<-- [end:complex-to-real-fixed]
