"""One compiled graph for many sizes: when it comes by itself, and how to ask for it."""

# --8<-- [start:setup]
import torch
from torch import nn
from torch._dynamo.decorators import mark_unbacked

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:note-the-shapes]
shapes = []


def noting(graph_module, example_inputs):
    """A backend that notes for which input shape each graph was made."""
    nodes = graph_module.graph.find_nodes(op="placeholder")
    inputs = [node.meta["example_value"] for node in nodes]
    sizes = [value.shape for value in inputs if isinstance(value, torch.Tensor)][-1]
    shapes.append(" x ".join(str(n) if isinstance(n, int) else "any" for n in sizes))
    return graph_module.forward


def graphs_after(function, inputs, **options):
    """Return how many graphs there are after each call."""
    torch.compiler.reset()
    shapes.clear()
    compiled = torch.compile(function, backend=noting, **options)
    counts = []
    for x in inputs:
        compiled(x)
        counts.append(len(shapes))
    return counts


# --8<-- [end:note-the-shapes]


# --8<-- [start:automatic]
def with_length(length):
    return torch.ones(length, 3, device=device)


def center(x):
    return x - x.mean(dim=0)


print(graphs_after(center, [with_length(n) for n in (40, 41, 42, 43)]), shapes)
# --8<-- [end:automatic]


# --8<-- [start:static-or-dynamic]
inputs = [with_length(n) for n in (40, 41, 42, 43)]
print("dynamic=False", graphs_after(center, inputs, dynamic=False), shapes)
print("dynamic=True ", graphs_after(center, inputs, dynamic=True), shapes)
# --8<-- [end:static-or-dynamic]


# --8<-- [start:mark-dynamic]
inputs = [with_length(n) for n in (40, 41, 42, 43)]
torch._dynamo.mark_dynamic(inputs[0], 0)  # the first input is enough  # [!]
print(graphs_after(center, inputs), shapes)
# --8<-- [end:mark-dynamic]


# --8<-- [start:zero-and-one]
lengths = (40, 41, 1, 0, 42, 1)
print(graphs_after(center, [with_length(n) for n in lengths]), shapes)
# --8<-- [end:zero-and-one]


# --8<-- [start:unbacked]
inputs = [with_length(n) for n in lengths]
for x in inputs:
    mark_unbacked(x, 0)
print(graphs_after(center, inputs), shapes)
# --8<-- [end:unbacked]


# --8<-- [start:branch-on-a-size]
def center_long(x):
    if x.shape[0] > 100:
        return x - x.mean(dim=0)
    return x - 0.5


inputs = [with_length(n) for n in (40, 41, 42, 300, 301, 43)]
print(graphs_after(center_long, inputs), shapes)
# --8<-- [end:branch-on-a-size]


# --8<-- [start:loop-over-a-size]
def decay(x):
    state = torch.zeros_like(x[0])
    for row in x:
        state = 0.9 * state + row
    return state


def decay_at_once(x):
    age = torch.arange(x.shape[0] - 1, -1, -1, device=x.device)
    return (0.9 ** age[:, None] * x).sum(dim=0)


inputs = [with_length(n) for n in (4, 5, 6, 7, 8)]
torch.testing.assert_close(decay(inputs[2]), decay_at_once(inputs[2]))
print("loop   ", graphs_after(decay, inputs))
print("at once", graphs_after(decay_at_once, inputs))
# --8<-- [end:loop-over-a-size]


# --8<-- [start:violated]
offset = torch.ones(40, 3, device=device)
x = with_length(40)
torch._dynamo.mark_dynamic(x, 0)
torch.compiler.reset()
try:
    torch.compile(lambda x: x + offset, backend=noting)(x)
except torch.fx.experimental.symbolic_shapes.ConstraintViolationError as error:
    print(str(error).splitlines()[1].strip().split(". ")[0])
# --8<-- [end:violated]


# --8<-- [start:sliced]
def add_offset(x):
    return x + offset[: x.shape[0]]


inputs = [with_length(n) for n in (30, 31, 32)]
print(graphs_after(add_offset, inputs, dynamic=True))
# --8<-- [end:sliced]


# --8<-- [start:buckets]
def padded(x, multiple=64):
    missing = -x.shape[0] % multiple
    return nn.functional.pad(x, (0, 0, 0, missing))


torch.manual_seed(0)
lengths = torch.randint(2, 257, (200,)).tolist()
inputs = [padded(with_length(n)) for n in lengths]
counts = graphs_after(nn.Linear(3, 3).to(device), inputs, dynamic=False)
share = sum(len(x) for x in inputs) / sum(lengths)
print(f"{len(set(lengths))} lengths, {counts[-1]} graphs, {share:.2f} x rows")
# --8<-- [end:buckets]


# --8<-- [start:solution-last-batch]
batches = torch.ones(1000, 3, device=device).split(64)
print("kept   ", graphs_after(center, batches)[-1], "graphs")
whole = [batch for batch in batches if len(batch) == 64]
print("dropped", graphs_after(center, whole)[-1], "graph")
# --8<-- [end:solution-last-batch]


# --8<-- [start:solution-two-dimensions]
def scores(x):
    return x @ x.mT


sizes = [(2, 30), (2, 31), (3, 31), (4, 50), (5, 60)]
inputs = [torch.ones(batch, length, 8, device=device) for batch, length in sizes]
print("by itself", graphs_after(scores, inputs), shapes)
torch._dynamo.mark_dynamic(inputs[0], (0, 1))
print("marked   ", graphs_after(scores, inputs), shapes)
# --8<-- [end:solution-two-dimensions]


# --8<-- [start:solution-size-as-constant]
class Positions(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(length, 3))

    def forward(self, x):
        return x + self.table[: x.shape[0]]


model = Positions(512).to(device)
inputs = [with_length(n) for n in (40, 41, 42)]
torch._dynamo.mark_dynamic(inputs[0], 0)
print(graphs_after(model, inputs), "graphs,", shapes)
# --8<-- [end:solution-size-as-constant]
