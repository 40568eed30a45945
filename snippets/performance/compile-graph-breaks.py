"""Find the lines that split a compiled function, and what compiles it again."""

# --8<-- [start:setup]
import contextlib
import io
import re
import time
from statistics import median

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:count-graphs]
graphs = []


def counting(graph_module, example_inputs):
    """A backend that notes each graph and runs its operations one by one."""
    graphs.append(graph_module)
    return graph_module.forward


def graphs_after(function, calls, **options):
    """Return how many graphs there are after each of the calls."""
    torch.compiler.reset()
    graphs.clear()
    compiled = torch.compile(function, backend=counting, **options)
    counts = []
    for arguments in calls:
        compiled(*arguments)
        counts.append(len(graphs))
    return counts


# --8<-- [end:count-graphs]


# --8<-- [start:three-breaks]
def scaled(x):
    y = x.relu() * 2
    print("scaling")
    if y.sum() > 0:
        y = y - 1
    return y / y.max().item()


x = torch.arange(1.0, 6.0).to(device)
print("graphs:", graphs_after(scaled, [(x,)]))
# --8<-- [end:three-breaks]


# --8<-- [start:explain]
torch.compiler.reset()
found = torch._dynamo.explain(scaled)(x)
print(f"{found.graph_count} graphs, {found.graph_break_count} breaks")
for reason in found.break_reasons:
    print("   ", reason.user_stack[-1].line.strip())
# --8<-- [end:explain]


# --8<-- [start:full-graph]
torch.compiler.reset()
try:
    torch.compile(scaled, backend=counting, fullgraph=True)(x)
except torch._dynamo.exc.Unsupported as error:
    print("Unsupported:", str(error).splitlines()[0])
# --8<-- [end:full-graph]


# --8<-- [start:remove-one-by-one]
def without_print(x):
    y = x.relu() * 2
    if y.sum() > 0:
        y = y - 1
    return y / y.max().item()


def without_if(x):
    y = x.relu() * 2
    y = torch.where(y.sum() > 0, y - 1, y)  # both results, then one is chosen
    return y / y.max().item()


def without_item(x):
    y = x.relu() * 2
    y = torch.where(y.sum() > 0, y - 1, y)
    return y / y.max()  # a tensor divides as well as a number


for version in (without_print, without_if, without_item):
    print(version.__name__, graphs_after(version, [(x,)]))
# --8<-- [end:remove-one-by-one]


# --8<-- [start:unknown-number]
print("by itself ", graphs_after(without_if, [(x,)]))
print("full graph", graphs_after(without_if, [(x,)], fullgraph=True))
# --8<-- [end:unknown-number]


# --8<-- [start:logged]
def logged(work, **logs):
    """Return what the compiler writes to these logs while `work` runs."""
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        torch._logging.set_logs(**logs)
        work()
    torch._logging.set_logs()  # the usual ones again
    return written.getvalue()


# --8<-- [end:logged]


# --8<-- [start:what-a-break-costs]
def whole(x):
    y = (x * 1.5 + 0.5).relu()
    return (y * 3.0 - 1.0).abs()


def broken(x):
    y = (x * 1.5 + 0.5).relu()
    torch._dynamo.graph_break()
    return (y * 3.0 - 1.0).abs()


torch.compiler.reset()
numbers = torch.randn(8000, 1000).to(device)
for function in (whole, broken):
    compiled = torch.compile(function)
    log = logged(lambda call=compiled: call(numbers), output_code=True)
    print(function.__name__, sorted(set(re.findall(r"fused_\w+", log))))
# --8<-- [end:what-a-break-costs]


# --8<-- [start:time-of-a-break]
def milliseconds(work):
    """Return the wall time of one call, with everything that it queued."""
    if accelerator:
        torch.accelerator.synchronize()
    start = time.perf_counter()
    work()
    if accelerator:
        torch.accelerator.synchronize()
    return 1000 * (time.perf_counter() - start)


compiled_whole, compiled_broken = torch.compile(whole), torch.compile(broken)
ratios = []
for _ in range(15):
    slow = milliseconds(lambda: compiled_broken(numbers))
    ratios.append(slow / milliseconds(lambda: compiled_whole(numbers)))
print(f"with the break it takes {median(ratios):.1f} times as long")
# --8<-- [end:time-of-a-break]


# --8<-- [start:keep-it-out]
@torch.compiler.disable
def report(y):
    print(f"largest {y.max().item():.1f}")


def reporting(x):
    y = x * 2
    report(y)
    return y + 1


print("graphs:", graphs_after(reporting, [(x,)]))
# --8<-- [end:keep-it-out]


# --8<-- [start:what-recompiles]
def with_name(x, name):
    return x * 2 if name == "double" else x + 1


def with_number(x, number):
    return x * number


def with_list(tensors):
    return sum(tensors)


def with_tensor(x):
    return x * 2


names = [(x, name) for name in ("double", "a", "b", "c", "d")]
floats = [(x, number) for number in (1.5, 2.5, 3.5, 4.5, 5.5)]
lists = [([x] * length,) for length in (1, 2, 3, 4, 5)]
dtypes = [(x,), (x.double(),), (x.half(),), (x,), (x,)]
print("another string    ", graphs_after(with_name, names))
print("another list length", graphs_after(with_list, lists))
print("another dtype     ", graphs_after(with_tensor, dtypes))
print("another float     ", graphs_after(with_number, floats))
# --8<-- [end:what-recompiles]


# --8<-- [start:why-it-recompiles]
log = logged(lambda: graphs_after(with_tensor, dtypes[:2]), recompiles=True)
print(*re.findall(r"- 0/0: (.*)", log))
log = logged(lambda: graphs_after(with_name, names[:2]), recompiles=True)
print(*re.findall(r"- 0/0: (\S+ == \S+)", log))
# --8<-- [end:why-it-recompiles]


# --8<-- [start:a-counter]
class Warmup(nn.Module):
    """Scale by a factor that grows with the number of calls."""

    def __init__(self):
        super().__init__()
        self.step = 0

    def forward(self, x):
        self.step += 1
        return x * min(self.step / 100, 1.0)


print(graphs_after(Warmup(), [(x,)] * 12))
# --8<-- [end:a-counter]


# --8<-- [start:a-counter-as-tensor]
class TensorWarmup(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("step", torch.zeros(()))

    def forward(self, x):
        self.step += 1
        return x * (self.step / 100).clamp(max=1.0)


warmup = TensorWarmup().to(device)
print(graphs_after(warmup, [(x,)] * 12), "step", warmup.step.item())
# --8<-- [end:a-counter-as-tensor]


# --8<-- [start:forbid-recompiles]
torch.compiler.reset()
serve = torch.compile(with_tensor, backend=counting)
serve(x)  # warm up
try:
    with torch.compiler.set_stance("fail_on_recompile"):
        serve(x)
        serve(x.double())
except RuntimeError as error:
    print(str(error).split(". ")[0])
# --8<-- [end:forbid-recompiles]


# --8<-- [start:solution-mask]
def positive_sum(x):
    return x[x > 0].square().sum()


def masked_sum(x):
    return torch.where(x > 0, x, 0).square().sum()


print(graphs_after(positive_sum, [(x,)]), positive_sum(x).item())
print(graphs_after(masked_sum, [(x,)]), masked_sum(x).item())
# --8<-- [end:solution-mask]


# --8<-- [start:solution-global]
def with_global(x):
    return x * temperature


def with_argument(x, temperature):
    return x * temperature


torch.compiler.reset()
graphs.clear()
compiled = torch.compile(with_global, backend=counting)
temperature, counts = 1, []
while temperature <= 5:
    compiled(x)
    counts.append(len(graphs))
    temperature += 1
print("global  ", counts)
print("argument", graphs_after(with_argument, [(x, t) for t in (1, 2, 3, 4, 5)]))
# --8<-- [end:solution-global]


# --8<-- [start:solution-loop-outside]
def doubled_until_large(x):
    while x.sum() < 100:
        x = x * 2
    return x


print("inside ", graphs_after(doubled_until_large, [(x,), (x,)]))

torch.compiler.reset()
graphs.clear()
double = torch.compile(with_tensor, backend=counting)
y = x
while y.sum() < 100:
    y = double(y)
print("outside", len(graphs), y.tolist())
# --8<-- [end:solution-loop-outside]
