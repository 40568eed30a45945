"""What torch.compile says when it fails, raised by small programs and repaired."""

# --8<-- [start:setup]
import contextlib
import io
import re
import time

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
x = torch.arange(4.0).to(device)


def compiled(function, **options):
    """Compile without generating code, which is all that most of these errors need."""
    torch.compiler.reset()
    return torch.compile(function, backend="eager", **options)


def first_line(work):
    """Do it, and print the first line of what it raises."""
    try:
        work()
    except Exception as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")


# --8<-- [end:setup]


# --8<-- [start:builtin-operator]
def report(x):
    y = x * 2
    print("doubled")
    return y


first_line(lambda: compiled(report, fullgraph=True)(x))
# --8<-- [end:builtin-operator]


# --8<-- [start:builtin-operator-fixed]
def double(x):
    return x * 2


y = compiled(double, fullgraph=True)(x)
print("doubled", y.tolist())
# --8<-- [end:builtin-operator-fixed]


# --8<-- [start:data-dependent-branching]
def clipped(x):
    if x.max() > 2:
        x = x / x.max()
    return x


first_line(lambda: compiled(clipped, fullgraph=True)(x))
# --8<-- [end:data-dependent-branching]


# --8<-- [start:data-dependent-branching-fixed]
def clipped_by_where(x):
    return torch.where(x.max() > 2, x / x.max(), x)


print(compiled(clipped_by_where, fullgraph=True)(x).tolist())
# --8<-- [end:data-dependent-branching-fixed]


# --8<-- [start:recompile-limit]
def logged(work):
    """Return what the compiler logs meanwhile, which is a warning and no error."""
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        torch._logging.set_logs()
        work()
    torch._logging.set_logs()
    return written.getvalue()


class Counting(nn.Module):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


model = compiled(Counting())
log = logged(lambda: [model(x) for _ in range(12)])
print(re.search(r"torch._dynamo hit config.*", log).group())
# --8<-- [end:recompile-limit]


# --8<-- [start:recompile-limit-fixed]
class CountingTensor(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x * self.calls


model = compiled(CountingTensor().to(device))
log = logged(lambda: [model(x) for _ in range(12)])
print(f"{log.count('recompile_limit')} warnings, {model.calls.item():.0f} calls")
# --8<-- [end:recompile-limit-fixed]


# --8<-- [start:item-warning]
def normalized(x):
    return x * (1 / x.max().item())


log = logged(lambda: compiled(normalized)(x))
print(re.search(r"Graph break from .*", log).group())
# --8<-- [end:item-warning]


# --8<-- [start:item-warning-fixed]
def normalized_on_device(x):
    return x * (1 / x.max())


print(compiled(normalized_on_device, fullgraph=True)(x).tolist())
# --8<-- [end:item-warning-fixed]


# --8<-- [start:could-not-guard]
def keep_largest(x):
    largest = x.max().item()
    return x * 2 if largest > 3 else x


first_line(lambda: compiled(keep_largest, fullgraph=True)(x))
# --8<-- [end:could-not-guard]


# --8<-- [start:could-not-guard-fixed]
def keep_largest_on_device(x):
    return torch.where(x.max() > 3, x * 2, x)


print(compiled(keep_largest_on_device, fullgraph=True)(x).tolist())
# --8<-- [end:could-not-guard-fixed]


# --8<-- [start:marked-as-skipped]
def delayed(x):
    time.sleep(0.001)
    return x * 2


first_line(lambda: compiled(delayed, fullgraph=True)(x))
# --8<-- [end:marked-as-skipped]


# --8<-- [start:marked-as-skipped-fixed]
call = compiled(double, fullgraph=True)
time.sleep(0.001)  # outside of what is compiled
print(call(x).tolist())
# --8<-- [end:marked-as-skipped-fixed]


# --8<-- [start:fake-tensor-call]
layer = nn.Linear(3, 2).to(device)
first_line(lambda: compiled(layer)(x))
# --8<-- [end:fake-tensor-call]


# --8<-- [start:fake-tensor-call-fixed]
layer = nn.Linear(4, 2).to(device)
print(compiled(layer)(x).shape)
# --8<-- [end:fake-tensor-call-fixed]


# --8<-- [start:no-fake]
@torch.library.custom_op("deep_dive_errors::triple", mutates_args=())
def triple(x: torch.Tensor) -> torch.Tensor:
    return 3 * x


try:
    compiled(lambda x: triple(x))(x)
except Exception as error:
    print(re.search(r"There was no fake impl registered for <\S+>", str(error)).group())
# --8<-- [end:no-fake]


# --8<-- [start:no-fake-fixed]
triple.register_fake(torch.empty_like)
print(compiled(lambda x: triple(x))(x).tolist())
# --8<-- [end:no-fake-fixed]


# --8<-- [start:constraints-violated]
offset = torch.ones(4, device=device)
batch = torch.ones(4, device=device)
torch._dynamo.mark_dynamic(batch, 0)
try:
    compiled(lambda x: x + offset)(batch)
except Exception as error:
    print(type(error).__name__)
    print(re.search(r"You marked .*? to be a constant \(4\)", str(error)).group())
# --8<-- [end:constraints-violated]


# --8<-- [start:constraints-violated-fixed]
print(compiled(lambda x: x + offset[: len(x)])(batch).shape)
# --8<-- [end:constraints-violated-fixed]


# --8<-- [start:fail-on-recompile]
call = compiled(double)
call(x)
with torch.compiler.set_stance("fail_on_recompile"):
    try:
        call(x.double())
    except RuntimeError as error:
        print("RuntimeError:", str(error).split(" filename")[0])
# --8<-- [end:fail-on-recompile]


# --8<-- [start:fail-on-recompile-fixed]
for warm_up in (x, x.double()):
    call(warm_up)
with torch.compiler.set_stance("fail_on_recompile"):
    print(call(x.double()).dtype)
# --8<-- [end:fail-on-recompile-fixed]


# --8<-- [start:invalid-backend]
try:
    torch.compile(double, backend="indcutor")(x)
except Exception as error:
    print(f"{type(error).__name__}: {str(error).split(',')[0]}")
# --8<-- [end:invalid-backend]


# --8<-- [start:invalid-backend-fixed]
print(torch.compile(double, backend="aot_eager")(x).tolist())
# --8<-- [end:invalid-backend-fixed]


# --8<-- [start:unrecognized-mode]
first_line(lambda: torch.compile(double, mode="max_autotune"))
# --8<-- [end:unrecognized-mode]


# --8<-- [start:unrecognized-mode-fixed]
torch.compile(double, mode="max-autotune-no-cudagraphs")
print(*(name for name in torch._inductor.list_mode_options() if "max" in name))
# --8<-- [end:unrecognized-mode-fixed]


# --8<-- [start:backend-raised]
def noisy_backend(graph_module, example_inputs):
    print("compiling", len(list(graph_module.graph.nodes)), "nodes")
    return graph_module.forward(example_inputs)  # calls it, with a list


torch.compiler.reset()
first_line(lambda: torch.compile(double, backend=noisy_backend)(x))
# --8<-- [end:backend-raised]


# --8<-- [start:backend-raised-fixed]
def quiet_backend(graph_module, example_inputs):
    return graph_module.forward


torch.compiler.reset()
print(torch.compile(double, backend=quiet_backend)(x).tolist())
# --8<-- [end:backend-raised-fixed]


# --8<-- [start:no-compiler]
torch.compiler.reset()
with torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",)}):
    first_line(lambda: torch.compile(double)(torch.ones(3)))
# --8<-- [end:no-compiler]


# --8<-- [start:no-compiler-fixed]
torch.compiler.reset()
print(torch.compile(double)(torch.ones(3)).tolist())  # a compiler is found again
# --8<-- [end:no-compiler-fixed]


# --8<-- [start:double-backward]
def energy(position):
    return (position**3).sum()


position = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
compiled_energy = torch.compile(energy, backend="aot_eager")
total = compiled_energy(position)
(force,) = torch.autograd.grad(total, position, create_graph=True)
first_line(lambda: force.sum().backward())
# --8<-- [end:double-backward]


# --8<-- [start:double-backward-fixed]
(force,) = torch.autograd.grad(energy(position), position, create_graph=True)
force.sum().backward()
print(position.grad.tolist())
# --8<-- [end:double-backward-fixed]


# --8<-- [start:orig-mod]
saved = torch.compile(nn.Linear(2, 2)).state_dict()
nn.Linear(2, 2).load_state_dict(saved)
# --8<-- [end:orig-mod]


# --8<-- [start:orig-mod-fixed]
repaired = {name.removeprefix("_orig_mod."): value for name, value in saved.items()}
print(nn.Linear(2, 2).load_state_dict(repaired))
# --8<-- [end:orig-mod-fixed]


# --8<-- [start:not-subscriptable]
model = torch.compile(nn.Sequential(nn.Linear(4, 2), nn.ReLU()))
model[0]
# --8<-- [end:not-subscriptable]


# --8<-- [start:not-subscriptable-fixed]
model = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
model.compile()
print(type(model).__name__, model[0])
# --8<-- [end:not-subscriptable-fixed]


# --8<-- [start:overwritten]
torch.compiler.reset()
call = torch.compile(double, mode="reduce-overhead")
with torch.no_grad():
    for _ in range(3):
        call(x)  # the first calls record
    first = call(x)
    second = call(x)
first_line(lambda: first.tolist())
# --8<-- [end:overwritten]


# --8<-- [start:overwritten-fixed]
with torch.no_grad():
    first = call(x).clone()
    second = call(x)
print(first.tolist())
# --8<-- [end:overwritten-fixed]
