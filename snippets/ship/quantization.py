"""Store weights in eight bits: from nothing first, then with torchao, measured."""

# --8<-- [start:setup]
import io
import time
import warnings
from copy import deepcopy
from statistics import mean, median

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torchao.quantization import (
    Int8DynamicActivationInt8WeightConfig,
    Int8WeightOnlyConfig,
    quantize_,
)

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:train-a-model]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
train_rows, test_rows = torch.arange(1200), torch.arange(1200, 1797)


def train(seed):
    torch.manual_seed(seed)
    layers = nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()
    model = nn.Sequential(*layers, nn.Linear(256, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(10):
        for rows in train_rows[torch.randperm(1200)].split(64):
            loss = F.cross_entropy(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


# --8<-- [end:train-a-model]


# --8<-- [start:accuracy]
@torch.inference_mode()
def accuracy(model):
    predicted = model(X[test_rows]).argmax(dim=1)
    return (predicted == y[test_rows]).double().mean().item()


model = train(seed=0)
print(f"accuracy {accuracy(model):.3f}")
# --8<-- [end:accuracy]


# --8<-- [start:scale-and-zero-point]
def quantize(x, low, high):
    """Map the range from low to high onto the 256 values of int8."""
    scale = (high - low) / 255
    zero_point = (-128 - low / scale).round()
    q = (x / scale + zero_point).round().clamp(-128, 127).to(torch.int8)
    return q, scale, zero_point


def dequantize(q, scale, zero_point):
    return (q.float() - zero_point) * scale


x = torch.tensor([-1.0, 0.0, 0.1, 0.7, 3.0])
q, scale, zero_point = quantize(x, low=x.min(), high=x.max())
back = dequantize(q, scale, zero_point)
print(f"scale {scale:.4f}, zero point {zero_point:.0f}")
print(q.tolist(), "->", [f"{value:.3f}" for value in back.tolist()])
print(f"largest error {(back - x).abs().max():.4f}, half a step {scale / 2:.4f}")
# --8<-- [end:scale-and-zero-point]


# --8<-- [start:outside-the-range]
q, scale, zero_point = quantize(x, low=torch.tensor(-1.0), high=torch.tensor(1.0))
back = dequantize(q, scale, zero_point)
print([f"{value:.3f}" for value in back.tolist()])
# --8<-- [end:outside-the-range]


# --8<-- [start:per-tensor-and-per-channel]
def rounded(weight, bits=8, per_channel=True):
    """Return the weight as it is after symmetric quantization, zero point 0."""
    top = 2 ** (bits - 1) - 1  # 127 for 8 bits
    sizes = weight.abs()
    largest = sizes.amax(dim=1, keepdim=True) if per_channel else sizes.max()
    scale = largest / top
    return (weight / scale).round().clamp(-top, top) * scale


def relative_error(weight, per_channel):
    error = rounded(weight, per_channel=per_channel) - weight
    return (error.norm() / weight.norm()).item()


weight = model[2].weight.detach()
uneven = weight.clone()
uneven[0] *= 50  # one output has much larger weights
for name, w in (("trained", weight), ("uneven", uneven)):
    one, many = (100 * relative_error(w, per_channel) for per_channel in (False, True))
    print(f"{name}: error {one:.2f} % with one scale, {many:.2f} % with one per row")
rest = rounded(uneven, per_channel=False)[1:] - uneven[1:]
print(f"other rows of uneven, one scale: {100 * rest.norm() / uneven[1:].norm():.0f} %")
# --8<-- [end:per-tensor-and-per-channel]


# --8<-- [start:bits-and-accuracy]
def with_bits(model, bits, per_channel):
    model = deepcopy(model)
    for layer in model:
        if isinstance(layer, nn.Linear):
            layer.weight.data = rounded(layer.weight.data, bits, per_channel)
    return model


models = [model, train(seed=1), train(seed=2)]
bits = [8, 6, 5, 4, 3, 2]
curves = {
    name: [mean(accuracy(with_bits(m, b, per_channel)) for m in models) for b in bits]
    for name, per_channel in (("one per row", True), ("one per matrix", False))
}
print(f"float32: accuracy {mean(map(accuracy, models)):.3f}")
for name, curve in curves.items():
    points = zip(bits, curve, strict=True)
    print(f"{name}:", ", ".join(f"{b} bits {a:.3f}" for b, a in points))
# --8<-- [end:bits-and-accuracy]


# --8<-- [start:draw-bits-and-accuracy]
fig, ax = plt.subplots(figsize=(5.5, 3), layout="constrained")
for name, curve in curves.items():
    ax.plot(bits, curve, "o-", label=f"scales: {name}")
ax.axhline(mean(map(accuracy, models)), color="C7", linestyle="--", label="float32")
ax.set(xlabel="bits for each weight", ylabel="accuracy", ylim=(0, 1.05))
ax.invert_xaxis()
ax.legend()
plt.show()
# --8<-- [end:draw-bits-and-accuracy]


# --8<-- [start:quantize-with-torchao]
def kilobytes(model):
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    return buffer.tell() / 1000


weight_only, dynamic = deepcopy(model), deepcopy(model)
quantize_(weight_only, Int8WeightOnlyConfig())
quantize_(dynamic, Int8DynamicActivationInt8WeightConfig())
versions = {"float32": model, "weight-only": weight_only, "dynamic": dynamic}
for name, version in versions.items():
    apart = (version(X) - model(X)).abs().max()
    size = f"{kilobytes(version):.0f} kB"
    print(
        f"{name}: {size}, accuracy {accuracy(version):.3f}, logits within {apart:.2f}"
    )
# --8<-- [end:quantize-with-torchao]


# --8<-- [start:look-inside]
weight = weight_only[2].weight
print(type(weight).__name__, tuple(weight.shape), weight.dtype)
print("stored:", weight.qdata.dtype, tuple(weight.qdata.shape))
print("scales:", weight.scale.dtype, tuple(weight.scale.shape))
by_hand = rounded(model[2].weight.detach())
apart = (weight.dequantize() - by_hand).abs().max() / weight.scale.max()
print(f"largest difference to ours: {apart:.1f} steps")
# --8<-- [end:look-inside]


# --8<-- [start:time-in-turns]
def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@torch.inference_mode()
def ratios(model, x, rounds=12):
    """Return how many times as long the quantized versions take, measured in turns."""
    versions = [deepcopy(model) for _ in range(2)]
    quantize_(versions[0], Int8WeightOnlyConfig())
    quantize_(versions[1], Int8DynamicActivationInt8WeightConfig())
    found = []
    for _ in range(rounds):
        whole = seconds(lambda: model(x))
        found.append([seconds(lambda v=v: v(x)) / whole for v in versions])
    return [median(column) for column in zip(*found[2:], strict=True)]


# --8<-- [end:time-in-turns]


# --8<-- [start:speed]
wide = nn.Sequential(nn.Linear(2048, 2048), nn.ReLU(), nn.Linear(2048, 2048)).eval()
for name, net, x in (
    ("digits, batch 1", model, X[:1]),
    ("2048 wide, batch 1", wide, torch.randn(1, 2048)),
    ("2048 wide, batch 64", wide, torch.randn(64, 2048)),
):
    only, both = ratios(net, x)
    print(f"{name}: weight-only {only:.1f} times as long, dynamic {both:.1f} times")
# --8<-- [end:speed]


# --8<-- [start:quantize-some-layers]
def all_but_the_head(module, name):
    return isinstance(module, nn.Linear) and name != "4"


partly = deepcopy(model)
quantize_(partly, Int8WeightOnlyConfig(), filter_fn=all_but_the_head)
print([type(layer.weight).__name__ for layer in partly if isinstance(layer, nn.Linear)])
print(f"{kilobytes(partly):.0f} kB, accuracy {accuracy(partly):.3f}")
# --8<-- [end:quantize-some-layers]


# --8<-- [start:save-and-load]
buffer = io.BytesIO()
torch.save(weight_only.state_dict(), buffer)
buffer.seek(0)
with torch.device("meta"):
    layers = nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()
    restored = nn.Sequential(*layers, nn.Linear(256, 10))
restored.load_state_dict(torch.load(buffer), assign=True)
print(f"accuracy {accuracy(restored.eval()):.3f}")
# --8<-- [end:save-and-load]


# --8<-- [start:deprecated-eager-quantization]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    old = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
warning = caught[0]
print(f"{warning.category.__name__}:", str(warning.message).split(". ")[0])
print(f"{kilobytes(old):.0f} kB, accuracy {accuracy(old):.3f}")
# --8<-- [end:deprecated-eager-quantization]


# --8<-- [start:solution-groups]
def rounded_in_groups(weight, bits, size):
    """Give every `size` neighbors in a row a scale of their own."""
    return rounded(weight.reshape(-1, size), bits).reshape_as(weight)


weight = model[2].weight.detach()
for size in (256, 64, 32):
    error = (rounded_in_groups(weight, 4, size) - weight).norm() / weight.norm()
    bits_each = 4 + 16 / size  # a scale takes 16 bits
    print(f"groups of {size}: error {100 * error:.1f} %, {bits_each:.2f} bits a weight")
# --8<-- [end:solution-groups]


# --8<-- [start:solution-percentile]
torch.manual_seed(0)
activations = torch.randn(10_000)
activations[0] = 60.0  # one outlier
for share in (1.0, 0.999):
    high = activations.abs().quantile(share)
    back = dequantize(*quantize(activations, -high, high))
    typical = (back - activations)[1:].abs().mean()
    print(f"range to {high:.1f}: typical error {typical:.4f}")
# --8<-- [end:solution-percentile]


# --8<-- [start:wrapped-weights]
def to_int8(weight):
    scale = weight.std() * 1.5 / 127  # most weights are smaller than that
    return (weight / scale).round().to(torch.int8), scale


broken = deepcopy(model)
for layer in (broken[0], broken[2], broken[4]):
    q, scale = to_int8(layer.weight.data)
    layer.weight.data = q * scale
print(f"accuracy {accuracy(broken):.3f}")
# --8<-- [end:wrapped-weights]


# --8<-- [start:solution-wrapped-weights]
print("200 as int8 is", torch.tensor(200.0).to(torch.int8).item())


def to_int8(weight):
    scale = weight.std() * 1.5 / 127
    return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale


repaired = deepcopy(model)
for layer in (repaired[0], repaired[2], repaired[4]):
    q, scale = to_int8(layer.weight.data)
    layer.weight.data = q * scale
print(f"accuracy {accuracy(repaired):.3f}")
# --8<-- [end:solution-wrapped-weights]
