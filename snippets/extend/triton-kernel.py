"""Write a GPU kernel in Python, run it on any machine, and see what masks are for."""

# --8<-- [start:setup]
import importlib
import os
import re
from statistics import median

import torch
import triton
import triton.language as tl

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"

if device == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"
    importlib.reload(tl.standard)  # torch may have imported triton already
    importlib.reload(tl)
# --8<-- [end:setup]


# --8<-- [start:who-does-what]
@triton.jit
def note_program(out, BLOCK: tl.constexpr):
    program = tl.program_id(0)
    places = program * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + places, program)


out = torch.zeros(12, dtype=torch.int32, device=device)
note_program[(3,)](out, BLOCK=4)
print(out.tolist())
# --8<-- [end:who-does-what]


# --8<-- [start:add-vectors]
@triton.jit
def add_kernel(x, y, out, size, BLOCK: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = places < size
    total = tl.load(x + places, mask=inside) + tl.load(y + places, mask=inside)
    tl.store(out + places, total, mask=inside)


def add(x, y, block=64):
    out = torch.empty_like(x)
    programs = triton.cdiv(x.numel(), block)  # rounded up
    add_kernel[(programs,)](x, y, out, x.numel(), BLOCK=block)
    return out


x, y = torch.randn(2, 100).to(device)
torch.testing.assert_close(add(x, y), x + y)
print(add(x, y).shape, triton.cdiv(100, 64), "programs")
# --8<-- [end:add-vectors]


# --8<-- [start:no-mask]
@triton.jit
def double_kernel(x, out, size, BLOCK: tl.constexpr, MASKED: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = places < size if MASKED else places >= 0
    tl.store(out + places, 2 * tl.load(x + places, mask=inside), mask=inside)


for masked in (True, False):
    memory = torch.ones(8, device=device)
    x, neighbor = memory[:5], memory[5:]
    double_kernel[(2,)](x, x, 5, BLOCK=4, MASKED=masked)
    print(f"masked {masked!s:5} x {x.tolist()}, its neighbor {neighbor.tolist()}")
# --8<-- [end:no-mask]


# --8<-- [start:softmax-kernel]
@triton.jit
def softmax_kernel(
    x, out, row_stride, columns, FILL: tl.constexpr, BLOCK: tl.constexpr
):
    row = tl.program_id(0)
    places = tl.arange(0, BLOCK)
    inside = places < columns
    values = tl.load(x + row * row_stride + places, mask=inside, other=FILL)
    weights = tl.exp(values - tl.max(values, axis=0))
    share = weights / tl.sum(weights, axis=0)
    tl.store(out + row * columns + places, share, mask=inside)


# --8<-- [end:softmax-kernel]


# --8<-- [start:softmax]
def softmax(x, fill=float("-inf")):
    rows, columns = x.shape
    out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    block = triton.next_power_of_2(columns)
    softmax_kernel[(rows,)](x, out, x.stride(0), columns, FILL=fill, BLOCK=block)
    return out


torch.manual_seed(0)
scores = torch.randn(6, 100).to(device)
torch.testing.assert_close(softmax(scores), scores.softmax(dim=1))
print([f"{total:.3f}" for total in softmax(scores).sum(dim=1).tolist()])
# --8<-- [end:softmax]


# --8<-- [start:wrong-fill]
for columns in (64, 100):
    part = scores[:, :columns].contiguous()
    totals = softmax(part, fill=0.0).sum(dim=1)
    print(columns, "columns", [f"{total:.3f}" for total in totals.tolist()])
# --8<-- [end:wrong-fill]


# --8<-- [start:power-of-two]
try:
    double_kernel[(3,)](x, x, 5, BLOCK=3, MASKED=True)
except Exception as error:
    print(re.search("arange's range must be a power of 2", str(error)).group())
# --8<-- [end:power-of-two]


# --8<-- [start:an-operator]
@torch.library.custom_op("deep_dive::row_softmax", mutates_args=())
def row_softmax(x: torch.Tensor) -> torch.Tensor:
    return softmax(x)


row_softmax.register_fake(lambda x: x.new_empty(x.shape))  # contiguous


def keep_output(ctx, inputs, output):
    ctx.save_for_backward(output)


def softmax_backward(ctx, grad):
    (share,) = ctx.saved_tensors
    return share * (grad - (grad * share).sum(dim=1, keepdim=True))


row_softmax.register_autograd(softmax_backward, setup_context=keep_output)
# --8<-- [end:an-operator]


# --8<-- [start:check-gradient]
def gradient(function):
    x = scores.clone().requires_grad_()
    function(x)[:, 0].sum().backward()
    return x.grad


torch.testing.assert_close(gradient(row_softmax), gradient(lambda x: x.softmax(dim=1)))
compiled = torch.compile(row_softmax, backend="aot_eager", fullgraph=True)
torch.testing.assert_close(gradient(compiled), gradient(row_softmax))
print(f"largest slope {gradient(row_softmax).max():.3f}")
# --8<-- [end:check-gradient]


# --8<-- [start:times-on-a-gpu]
def milliseconds(work, repeats=30):
    """Return the median time of a call between two events on the GPU."""
    times = []
    for _ in range(5 + repeats):
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        marks[0].record()
        work()
        marks[1].record()
        torch.cuda.synchronize()
        times.append(marks[0].elapsed_time(marks[1]))
    return median(times[5:])


def by_hand(x):
    weights = (x - x.amax(dim=1, keepdim=True)).exp()
    return weights / weights.sum(dim=1, keepdim=True)


large = torch.randn(4096, 2048, device="cuda")
compiled_by_hand = torch.compile(by_hand)
for function in (by_hand, softmax, compiled_by_hand, lambda x: x.softmax(dim=1)):
    name = getattr(function, "__name__", "compiled").replace("<lambda>", "x.softmax")
    print(f"{name:10} {milliseconds(lambda f=function: f(large)):.3f} ms")
# --8<-- [end:times-on-a-gpu]


# --8<-- [start:solution-rounded-down]
def add_rounded_down(x, y, block=64):
    out = torch.zeros_like(x)
    add_kernel[(x.numel() // block,)](x, y, out, x.numel(), BLOCK=block)
    return out


x, y = torch.ones(2, 100, device=device)
print("written:", add_rounded_down(x, y).count_nonzero().item(), "of 100")
print("written:", add(x, y).count_nonzero().item(), "of 100")
# --8<-- [end:solution-rounded-down]


# --8<-- [start:solution-strides]
turned = scores.t()  # 100 x 6: neighbors of a row are 100 numbers apart
print(f"turned as it is {softmax(turned).sum(1).mean():.3f}, stride {turned.stride()}")
torch.testing.assert_close(softmax(turned.contiguous()), turned.softmax(dim=1))
print(f"made contiguous {softmax(turned.contiguous()).sum(1).mean():.3f}")
wrong = (softmax(turned) - turned.softmax(dim=1)).abs().max()
print(f"largest error as it is {wrong:.2f}")
# --8<-- [end:solution-strides]


# --8<-- [start:solution-scaled-relu]
@triton.jit
def scaled_relu_kernel(x, out, scale, size, BLOCK: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = places < size
    values = tl.load(x + places, mask=inside)
    tl.store(out + places, tl.maximum(values * scale, 0.0), mask=inside)


torch.manual_seed(0)
x = torch.randn(1000).to(device)
out = torch.empty_like(x)
scaled_relu_kernel[(triton.cdiv(1000, 256),)](x, out, 0.5, 1000, BLOCK=256)
torch.testing.assert_close(out, (x * 0.5).relu())
print(f"share of zeros {(out == 0).float().mean():.2f}")
# --8<-- [end:solution-scaled-relu]
