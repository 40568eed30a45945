"""Compile a training step: backward, optimizer, precision, hooks, debugging."""

# --8<-- [start:setup]
import time
from functools import partial
from statistics import median

import torch
import torch.nn.functional as F
from functorch.compile import make_boxed_func
from sklearn.datasets import load_digits
from torch import nn
from torch._dynamo.backends.common import aot_autograd

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits-and-model]
digits = load_digits()
X = (torch.tensor(digits.data, dtype=torch.float32) / 16)[:512].to(device)
y = torch.tensor(digits.target)[:512].to(device)


def build():
    torch.manual_seed(0)
    layers = nn.Linear(64, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 10)
    return nn.Sequential(*layers).to(device)


print(build()(X).shape)
# --8<-- [end:digits-and-model]


# --8<-- [start:same-losses]
def losses(model, parameters, steps=40):
    optimizer = torch.optim.AdamW(parameters, lr=0.01)
    values = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    return [f"{value:.3f}" for value in values[::13]]


eager = build()
print("eager   ", losses(eager, eager.parameters()))
original = build()
compiled = torch.compile(original)
print("compiled", losses(compiled, original.parameters()))
# --8<-- [end:same-losses]


# --8<-- [start:forward-and-backward]
def count_products(name):
    def compiler(graph_module, example_inputs):
        nodes = [n for n in graph_module.graph.nodes if n.op == "call_function"]
        products = [n.name for n in nodes if n.name.startswith(("mm", "addmm"))]
        print(f"{name:8} {len(products)} matrix products:", *products)
        return make_boxed_func(graph_module.forward)

    return compiler


backend = aot_autograd(
    fw_compiler=count_products("forward"),
    bw_compiler=count_products("backward"),
)
torch.compiler.reset()
recorded = torch.compile(build(), backend=backend)
F.cross_entropy(recorded(X), y).backward()
# --8<-- [end:forward-and-backward]


# --8<-- [start:graphs-after]
graphs = []


def counting(graph_module, example_inputs):
    """A backend that notes each graph and runs its operations one by one."""
    graphs.append(graph_module)
    return graph_module.forward


def graphs_after(calls):
    """Return how many graphs there are after each call."""
    torch.compiler.reset()
    graphs.clear()
    counts = []
    for call in calls:
        call()
        counts.append(len(graphs))
    return counts


# --8<-- [end:graphs-after]


# --8<-- [start:whole-step]
def step(clip):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    if clip:
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


for clip in (False, True):
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    compiled_step = torch.compile(step, backend=counting)
    counts = graphs_after([partial(compiled_step, clip)] * 3)
    print(f"clip {clip!s:5} graphs {counts}")
# --8<-- [end:whole-step]


# --8<-- [start:milliseconds]
def milliseconds(work):
    """Return the wall time of one call, with everything that it queued."""
    start = time.perf_counter()
    work()
    if accelerator:
        torch.accelerator.synchronize()
    return 1000 * (time.perf_counter() - start)


# --8<-- [end:milliseconds]


# --8<-- [start:time-of-optimizers]
weights = [nn.Parameter(torch.randn(64, 64).to(device)) for _ in range(8)]
for weight in weights:
    weight.grad = torch.ones_like(weight)
steps = {
    "one by one": torch.optim.AdamW(weights, foreach=False).step,
    "foreach": torch.optim.AdamW(weights, foreach=True).step,
    "fused": torch.optim.AdamW(weights, fused=True).step,
    "compiled": torch.compile(torch.optim.AdamW(weights).step),
}
for work in steps.values():
    work()
rounds = [{name: milliseconds(work) for name, work in steps.items()} for _ in range(21)]
for name in steps:
    print(f"{name:10} {median(times[name] for times in rounds):.3f} ms")
# --8<-- [end:time-of-optimizers]


# --8<-- [start:four-situations]
model = build()
called = torch.compile(model, backend=counting)


def train():
    model.train()
    called(X).sum().backward()


@torch.no_grad()
def validate():
    model.eval()
    called(X)


@torch.inference_mode()
def infer():
    called(X)


def train_in_bfloat16():
    with torch.autocast(device, dtype=torch.bfloat16):
        train()


# --8<-- [end:four-situations]


# --8<-- [start:one-graph-a-situation]
calls = [train, validate, infer, train_in_bfloat16]
print("first round ", graphs_after(calls))
graphs.clear()
for call in calls:
    call()
print("second round", len(graphs), "more")
# --8<-- [end:one-graph-a-situation]


# --8<-- [start:custom-function]
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 2 * x * grad


def cubed(x):
    return x * Square.apply(x)


x = torch.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
torch.compile(cubed, backend="aot_eager", fullgraph=True)(x).sum().backward()
print(x.grad.tolist())
# --8<-- [end:custom-function]


# --8<-- [start:find-the-stage]
def cube(x):
    return x * x.square()


def gradient_penalty(loss, x):
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    return slope.square().sum()


for backend in ("eager", "aot_eager"):
    torch.compiler.reset()
    loss = torch.compile(cube, backend=backend)
    x = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
    try:
        gradient_penalty(loss(x).sum(), x).backward()
        print(f"{backend:9} {x.grad.tolist()}")
    except RuntimeError as error:
        print(f"{backend:9} {str(error).splitlines()[0]}")
# --8<-- [end:find-the-stage]


# --8<-- [start:force-eager]
with torch.compiler.set_stance("force_eager"):
    x = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
    gradient_penalty(loss(x).sum(), x).backward()
print(x.grad.tolist())
# --8<-- [end:force-eager]


# --8<-- [start:solution-hook]
def recorder(keep):
    return lambda module, inputs, output: keep.append(output.detach().mean())


for where in ("inside", "outside"):
    model, kept = build(), []
    if where == "inside":
        model[0].register_forward_hook(recorder(kept))
    called = torch.compile(model, backend=counting)
    if where == "outside":
        called.register_forward_hook(recorder(kept))
    counts = graphs_after([partial(called, X)] * 5)
    print(f"hook {where:7} graphs {counts}, {len(kept)} kept")
# --8<-- [end:solution-hook]


# --8<-- [start:solution-learning-rate]
for name, rate in (("float", 0.1), ("tensor", torch.tensor(0.1))):
    weights = [nn.Parameter(torch.ones(3, device=device))]
    optimizer = torch.optim.SGD(weights, lr=rate)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    weights[0].grad = torch.ones_like(weights[0])
    compiled_step = torch.compile(optimizer.step, backend=counting)

    def scheduled(compiled_step=compiled_step, scheduler=scheduler):
        compiled_step()
        scheduler.step()

    print(f"{name:6} graphs {graphs_after([scheduled] * 5)}")
# --8<-- [end:solution-learning-rate]


# --8<-- [start:solution-dropout]
for backend in ("eager", "aot_eager", "inductor"):
    torch.compiler.reset()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.Dropout(), nn.Linear(64, 10)).to(device)
    called = torch.compile(model, backend=backend)
    torch.manual_seed(1)
    print(f"{backend:9}", losses(called, model.parameters()))
# --8<-- [end:solution-dropout]
