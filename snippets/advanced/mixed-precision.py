"""Run most of a model in 16 bits: autocast, bfloat16, float16 with a scaler."""

# --8<-- [start:setup]
import math
import time
from statistics import median

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:three-formats]
formats = [torch.float32, torch.bfloat16, torch.float16]
for dtype in formats:
    info = torch.finfo(dtype)
    print(
        f"{dtype}: {info.bits} bits, largest {info.max:.1e}, step at 1 {info.eps:.1e}"
    )
# --8<-- [end:three-formats]


# --8<-- [start:draw-the-ranges]
fig, ax = plt.subplots(figsize=(6.4, 2.2))
for row, dtype in enumerate(formats):
    info = torch.finfo(dtype)
    low, high = math.log10(info.tiny), math.log10(info.max)
    ax.barh(row, high - low, left=low, height=0.5)
    name = str(dtype).removeprefix("torch.")
    ax.text(-37, row + 0.33, f"{name}, {-math.log10(info.eps):.0f} digits")
ax.set(xlabel="power of ten", xlim=(-42, 42), yticks=[], ylim=(-0.4, 2.7))
plt.show()
# --8<-- [end:draw-the-ranges]


# --8<-- [start:one-step-under-autocast]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)


model = make_model()
with torch.autocast(device, dtype=torch.bfloat16):  # [!]
    logits = model(X)
    loss = nn.functional.cross_entropy(logits, y)
loss.backward()  # outside: each step runs in the dtype of its forward
print("logits", logits.dtype, "loss", loss.dtype, f"{loss.item():.2f}")
print("weights", model[0].weight.dtype, "gradients", model[0].weight.grad.dtype)
# --8<-- [end:one-step-under-autocast]


# --8<-- [start:default-dtypes]
for kind in ("cpu", "cuda"):
    print(kind, torch.get_autocast_dtype(kind))
# --8<-- [end:default-dtypes]


# --8<-- [start:two-lists]
def dtypes_under_autocast(kind):
    x = torch.ones(8, 8, device=kind)
    y = torch.zeros(8, dtype=torch.long, device=kind)
    with torch.autocast(kind, dtype=torch.bfloat16):
        product = x @ x
        return {
            "x @ x": product.dtype,
            "gelu": nn.functional.gelu(product).dtype,
            "softmax": product.softmax(dim=1).dtype,
            "sum": product.sum().dtype,
            "exp": product.exp().dtype,
            "layer_norm": nn.functional.layer_norm(product, (8,)).dtype,
            "cross_entropy": nn.functional.cross_entropy(product, y).dtype,
        }


on_gpu, on_cpu = dtypes_under_autocast("cuda"), dtypes_under_autocast("cpu")
for name, dtype in on_gpu.items():
    print(f"{name:13} GPU {dtype}, CPU {on_cpu[name]}")
# --8<-- [end:two-lists]


# --8<-- [start:train-both-ways]
def train(enabled):
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(60):
        batch = torch.randint(len(X), (200,))
        with torch.autocast(device, dtype=torch.bfloat16, enabled=enabled):
            loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


for enabled in (False, True):
    trained = train(enabled)
    with torch.inference_mode():
        logits = trained(X)
    loss = nn.functional.cross_entropy(logits, y)
    accuracy = (logits.argmax(dim=1) == y).float().mean()
    print(f"autocast {enabled}: loss {loss:.3f}, accuracy {accuracy:.3f}")
# --8<-- [end:train-both-ways]


# --8<-- [start:no-bfloat16-in-numpy]
with torch.autocast(device, dtype=torch.bfloat16), torch.inference_mode():
    logits = model(X)
try:
    logits.cpu().numpy()
except TypeError as error:
    print("TypeError:", error)
print(logits.cpu().float().numpy().dtype)
# --8<-- [end:no-bfloat16-in-numpy]


# --8<-- [start:kept-for-backward]
def kept_for_backward(dtype):
    """Return how many MiB a forward pass keeps, beside the parameters themselves."""
    torch.manual_seed(0)
    layers = [layer for _ in range(4) for layer in (nn.Linear(256, 256), nn.GELU())]
    deep = nn.Sequential(*layers).to(device)
    weights = {parameter.data_ptr() for parameter in deep.parameters()}
    sizes = {}

    def remember(tensor):
        if tensor.data_ptr() not in weights:
            sizes[tensor.data_ptr()] = tensor.nbytes
        return tensor.detach()  # the tensor itself could keep its graph alive

    inputs = torch.randn(4096, 256).to(device)
    hooks = torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor)
    with hooks, torch.autocast(device, dtype, enabled=dtype is not torch.float32):
        deep(inputs)
    return sum(sizes.values()) / 2**20


for dtype in (torch.float32, torch.bfloat16):
    print(f"{dtype}: {kept_for_backward(dtype):.1f} MiB kept for backward")
# --8<-- [end:kept-for-backward]


# --8<-- [start:sixteen-bits-on-a-cpu]
def seconds_on_cpu(dtype):
    square = torch.randn(512, 512).to(dtype)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        square @ square
        times.append(time.perf_counter() - started)
    return median(times)


ratio = seconds_on_cpu(torch.bfloat16) / seconds_on_cpu(torch.float32)
print(f"on this CPU, a product takes {ratio:.2f} times as long in bfloat16")
# --8<-- [end:sixteen-bits-on-a-cpu]


# --8<-- [start:updates-that-vanish]
for dtype in (torch.float32, torch.bfloat16):
    weight = torch.ones((), dtype=dtype, device=device)
    for _ in range(100):
        weight += 0.001
    print(dtype, f"{weight.item():.4f}")
# --8<-- [end:updates-that-vanish]


# --8<-- [start:underflow]
gradient = torch.tensor(1e-8, device=device)
for dtype in (torch.bfloat16, torch.float16):
    print(dtype, f"{gradient.to(dtype).item():.2e}")
scaled = (gradient * 65536).to(torch.float16)
print(f"scaled {scaled.item():.2e} and back {scaled.float().item() / 65536:.2e}")
# --8<-- [end:underflow]


# --8<-- [start:gradient-scaler]
model = make_model()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler(device)


def scaled_step():
    with torch.autocast(device, dtype=torch.float16):
        loss = nn.functional.cross_entropy(model(X), y)
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)  # before anything that looks at gradients
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    scaler.step(optimizer)
    scaler.update()
    return f"loss {loss.item():.2f}, gradient norm {norm.item():.2f}"


for _ in range(3):
    print(scaled_step())
print("scale", scaler.get_scale())
# --8<-- [end:gradient-scaler]


# --8<-- [start:real-overflow]
layer = nn.Linear(2, 1, bias=False).to(device)
nn.init.ones_(layer.weight)
x = torch.full((1, 2), 4.0, device=device)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
scaler = torch.amp.GradScaler(device, init_scale=2.0**16, growth_interval=2)
for step in range(7):
    scale = scaler.get_scale()
    with torch.autocast(device, dtype=torch.float16):
        loss = layer(x).float().sum()  # its true gradient is 4 for both weights
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    gradient = layer.weight.grad[0, 0].item()  # a multiple of the true one, or inf
    scaler.step(optimizer)
    scaler.update()
    weight = layer.weight[0, 0].item()
    print(f"step {step}, scale {scale:.0f}: {gradient:.0f}, weight {weight:.2f}")
# --8<-- [end:real-overflow]


# --8<-- [start:float32-settings]
print("products:", torch.get_float32_matmul_precision())
print("convolutions:", torch.backends.cudnn.conv.fp32_precision)
print("recurrent layers:", torch.backends.cudnn.rnn.fp32_precision)
# --8<-- [end:float32-settings]


# --8<-- [start:error-of-a-product]
def largest_error(result, exact):
    return ((result - exact).abs().max() / exact.abs().max()).item()


def error_of_product(precision):
    torch.set_float32_matmul_precision(precision)
    error = largest_error(A @ A, A.double() @ A.double())
    torch.set_float32_matmul_precision("highest")
    return error


A = torch.randn(1024, 1024).to(device)
for precision in ("highest", "high", "medium"):
    print(f"{precision:7} error {error_of_product(precision):.1e}")
# --8<-- [end:error-of-a-product]


# --8<-- [start:error-of-other-layers]
def set_cudnn_precision(precision):
    torch.backends.cudnn.conv.fp32_precision = precision
    torch.backends.cudnn.rnn.fp32_precision = precision


@torch.inference_mode()
def outputs(precision, dtype=torch.float32):
    """Return what a convolution and an LSTM compute from the same numbers."""
    set_cudnn_precision(precision)
    convolved = convolution.to(dtype)(images.to(dtype))
    recurrent, _ = lstm.to(dtype)(sequence.to(dtype))
    set_cudnn_precision("tf32")  # the default
    return convolved, recurrent


convolution, images = nn.Conv2d(64, 64, 3).to(device), torch.randn(8, 64, 32, 32)
lstm, sequence = nn.LSTM(64, 64).to(device), torch.randn(20, 8, 64)
images, sequence = images.to(device), sequence.to(device)
exact = outputs("ieee", torch.float64)
for precision in ("tf32", "ieee"):
    pairs = zip(outputs(precision), exact, strict=True)
    errors = [f"{largest_error(result, right):.1e}" for result, right in pairs]
    print(f"{precision}: convolution {errors[0]}, LSTM {errors[1]}")
# --8<-- [end:error-of-other-layers]


# --8<-- [start:two-models]
def stack_of_linear():
    layers = []
    for _ in range(8):
        layers += [nn.Linear(2048, 2048), nn.GELU()]
    return nn.Sequential(*layers), torch.randn(4096, 2048)


def stack_of_convolutions():
    layers = []
    for channels in (3, 128, 128, 128, 128, 128, 128):
        convolution = nn.Conv2d(channels, 128, 3, padding=1)
        layers += [convolution, nn.BatchNorm2d(128), nn.ReLU()]
    return nn.Sequential(*layers), torch.randn(128, 3, 32, 32)


# --8<-- [end:two-models]


# --8<-- [start:time-and-memory]
def cost(step, repeat=11):
    """Return the median time of a step in milliseconds and its peak memory in MiB."""
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(3 + repeat):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        step()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return median(times[3:]), torch.cuda.max_memory_allocated() / 2**20


# --8<-- [end:time-and-memory]


# --8<-- [start:cost-of-a-step]
def cost_of_a_step(build, dtype=None, tf32=False):
    """Return what a training step costs in this dtype, or in float32 without one."""
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    set_cudnn_precision("tf32" if tf32 else "ieee")
    model, x = (part.to("cuda") for part in build())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    scaler = torch.amp.GradScaler("cuda", enabled=dtype is torch.float16)

    def step():
        optimizer.zero_grad()
        with torch.autocast("cuda", dtype=dtype, enabled=dtype is not None):
            loss = model(x).square().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    result = cost(step)
    torch.set_float32_matmul_precision("highest")  # back to the defaults
    set_cudnn_precision("tf32")
    return result


# --8<-- [end:cost-of-a-step]


# --8<-- [start:compare-the-costs]
ways = {
    "float32": {},
    "TF32": {"tf32": True},
    "bfloat16": {"dtype": torch.bfloat16},
    "float16": {"dtype": torch.float16},
}
for build in (stack_of_linear, stack_of_convolutions):
    print(build.__name__)
    for name, options in ways.items():
        took, memory = cost_of_a_step(build, **options)
        print(f"  {name:8} {took:5.1f} ms, peak {memory:5.0f} MiB")
# --8<-- [end:compare-the-costs]


# --8<-- [start:solution-leave-autocast]
x = torch.full((64,), 30.0, device=device)
with torch.autocast(device, dtype=torch.float16):
    y_hat = nn.functional.linear(x, torch.ones(2, 64, device=device))
    overflown = y_hat @ y_hat
    with torch.autocast(device, enabled=False):
        kept = y_hat.float() @ y_hat.float()
print("under autocast:", overflown.dtype, overflown.item())
print("without:", kept.dtype, kept.item())
# --8<-- [end:solution-leave-autocast]


# --8<-- [start:solution-counting]
total = torch.zeros((), dtype=torch.bfloat16, device=device)
for _ in range(1000):
    total += 1
at_once = torch.ones(1000, dtype=torch.bfloat16, device=device).sum()
print("one at a time:", total.item(), "at once:", at_once.item())
# --8<-- [end:solution-counting]


# --8<-- [start:solution-clip-too-early]
torch.manual_seed(0)
for clip_first in (True, False):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    scaler = torch.amp.GradScaler(device)
    for _ in range(20):
        with torch.autocast(device, dtype=torch.float16):
            loss = nn.functional.cross_entropy(model(X), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        if not clip_first:
            scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        scaler.step(optimizer)
        scaler.update()
    print(f"clipped first {clip_first}: norm {norm:.2f}, loss {loss:.2f}")
# --8<-- [end:solution-clip-too-early]
