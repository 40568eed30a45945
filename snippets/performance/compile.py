"""Compile a function and a model, see what is gained, and what stays as it was."""

# --8<-- [start:setup]
import contextlib
import io
import re
import time
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:a-chain-of-operations]
def gate(x, scale, shift):
    y = x * scale + shift
    y = y * torch.sigmoid(1.702 * y)
    return y.tanh() * y.clamp(-1, 1)


x = torch.randn(1000, 1000).to(device)
scale, shift = torch.randn(2, 1000).to(device)
print(gate(x, scale, shift).shape)
# --8<-- [end:a-chain-of-operations]


# --8<-- [start:compile-it]
compiled_gate = torch.compile(gate)
print(compiled_gate(x, scale, shift).shape)
# --8<-- [end:compile-it]


# --8<-- [start:what-it-records]
def show_operations(graph_module, example_inputs):
    names = [node.name for node in graph_module.graph.nodes if node.op != "placeholder"]
    print(len(names) - 1, "operations:", *names[:-1])
    return graph_module.forward  # run the operations one by one, as before


recorded_gate = torch.compile(gate, backend=show_operations)
for _ in range(3):
    recorded_gate(x, scale, shift)
# --8<-- [end:what-it-records]


# --8<-- [start:first-and-later]
def milliseconds(work):
    """Return the wall time of one call, with everything that it queued."""
    wait()
    start = time.perf_counter()
    work()
    wait()
    return 1000 * (time.perf_counter() - start)


def wait():
    """Let the accelerator finish its queue; on a CPU nothing is queued."""
    if accelerator:
        torch.accelerator.synchronize()


torch.compiler.reset()  # forget what this process has compiled
times = [milliseconds(lambda: compiled_gate(x, scale, shift)) for _ in range(10)]
print(f"first call {times[0]:.0f} ms, later calls {median(times[1:]):.2f} ms")
# --8<-- [end:first-and-later]


# --8<-- [start:faster-than-eager]
def times_as_long(one, other, rounds=11):
    """Return how many times as long `one` takes, each round measuring both."""
    for work in (one, other):
        work()
    return median(milliseconds(one) / milliseconds(other) for _ in range(rounds))


ratio = times_as_long(
    lambda: gate(x, scale, shift),
    lambda: compiled_gate(x, scale, shift),
)
print(f"eager takes {ratio:.1f} times as long")
# --8<-- [end:faster-than-eager]


# --8<-- [start:one-kernel]
def logged(work, **logs):
    """Return what the compiler writes to these logs while `work` runs."""
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        torch._logging.set_logs(**logs)
        work()
    torch._logging.set_logs()  # the usual ones again
    return written.getvalue()


torch.compiler.reset()
log = logged(lambda: compiled_gate(x, scale, shift), output_code=True)
kernels = set(re.findall(r"fused_\w+", log))
print(len(kernels), "kernel:", *kernels)
# --8<-- [end:one-kernel]


# --8<-- [start:close-not-equal]
exact = gate(x.double(), scale.double(), shift.double())
for name, function in (("eager", gate), ("compiled", compiled_gate)):
    error = (function(x, scale, shift) - exact).abs().max().item()
    print(f"{name:8} is off by at most {error:.0e}")
apart = (gate(x, scale, shift) - compiled_gate(x, scale, shift)).abs().max().item()
print(f"the two differ by at most {apart:.0e}")
# --8<-- [end:close-not-equal]


# --8<-- [start:other-random-numbers]
def drop(x):
    return F.dropout(x, 0.5)


def kept(function):
    torch.manual_seed(0)
    return function(torch.ones(10_000, device=device)) > 0


compiled_drop = torch.compile(drop)
again = (kept(compiled_drop) == kept(compiled_drop)).float().mean()
eager = (kept(compiled_drop) == kept(drop)).float().mean()
print(f"compiled twice: {again:.2f} the same, compiled and eager: {eager:.2f}")
# --8<-- [end:other-random-numbers]


# --8<-- [start:where-it-does-not-pay]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024)).to(
    device
)
compiled_model = torch.compile(model)
batch = torch.randn(256, 1024).to(device)
with torch.inference_mode():
    ratio = times_as_long(lambda: model(batch), lambda: compiled_model(batch))
print(f"eager takes {ratio:.2f} times as long")
# --8<-- [end:where-it-does-not-pay]


# --8<-- [start:the-same-weights]
with torch.no_grad():
    next(compiled_model.parameters()).fill_(0.5)  # its first weight
print("weight of the original:", model[0].weight[0, 0].item())
print(list(model.state_dict())[:2])
print(list(compiled_model.state_dict())[:2])
# --8<-- [end:the-same-weights]


# --8<-- [start:compile-in-place]
torch.manual_seed(0)
small = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1)).to(device)
small.compile(backend="eager")
print(type(small).__name__, list(small.state_dict())[:2])
print(small(torch.ones(2, 4, device=device)).shape)
# --8<-- [end:compile-in-place]


# --8<-- [start:solution-mean-of-all]
steady = median(times[1:])
print(f"mean of ten calls {sum(times) / 10:.1f} ms, steady {steady:.2f} ms")
# --8<-- [end:solution-mean-of-all]


# --8<-- [start:solution-break-even]
eager_time = median(milliseconds(lambda: gate(x, scale, shift)) for _ in range(11))
calls = (times[0] - steady) / (eager_time - steady)
print(f"{times[0]:.0f} ms are earned back after about {calls:.0f} calls")
# --8<-- [end:solution-break-even]


# --8<-- [start:solution-load-into-compiled]
checkpoint = compiled_model.state_dict()  # written by someone who did not know
bare = nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024))
cleaned = {name.removeprefix("_orig_mod."): value for name, value in checkpoint.items()}
print(bare.load_state_dict(cleaned))
# --8<-- [end:solution-load-into-compiled]
