"""Turn a model into a graph without Python, and repair what will not export."""

# --8<-- [start:setup]
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim, export

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:export-a-model]
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 16)
        self.norm = nn.BatchNorm1d(16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        x = self.norm(self.hidden(x)).relu()
        return self.head(x).softmax(dim=1)


model = Classifier().to(device).eval()
x = torch.randn(8, 4).to(device)
program = export(model, (x,), dynamic_shapes=({0: Dim("batch")},))
print(type(program).__name__)
# --8<-- [end:export-a-model]


# --8<-- [start:read-the-graph]
def operations(program):
    """Return the names of the operations of an exported program, in order."""
    nodes = program.graph.nodes
    return [str(node.target) for node in nodes if node.op == "call_function"]


print(*operations(program), sep="\n")
print("inputs:", program.graph_signature.user_inputs)
print("parameters:", program.graph_signature.parameters)
print("buffers:", program.graph_signature.buffers)
# --8<-- [end:read-the-graph]


# --8<-- [start:equal-to-eager]
def largest_difference(program, model, batches):
    """Return how far the exported program is from the model, over all batches."""
    exported = program.module()
    with torch.inference_mode():
        return max((exported(x) - model(x)).abs().max().item() for x in batches)


batches = [torch.randn(size, 4).to(device) for size in (1, 2, 8, 100)]
print(f"largest difference {largest_difference(program, model, batches):.6f}")
# --8<-- [end:equal-to-eager]


# --8<-- [start:shape-is-frozen]
frozen = export(model, (x,))  # no word about shapes
try:
    frozen.module()(batches[0])
except AssertionError as error:
    print("AssertionError:", error)
# --8<-- [end:shape-is-frozen]


# --8<-- [start:dynamic-dimensions]
def input_shape(program):
    """Return the sizes of the only input: numbers, or `?` where they are free."""
    name = program.graph_signature.user_inputs[0]
    node = next(node for node in program.graph.nodes if node.name == name)
    sizes = [str(size) for size in node.meta["val"].shape]  # symbols have names, as s31
    return [size if size.isdigit() else "?" for size in sizes]


promises = {
    'Dim("batch")': {0: Dim("batch")},
    "Dim.DYNAMIC": {0: Dim.DYNAMIC},
    "Dim.AUTO for both": {0: Dim.AUTO, 1: Dim.AUTO},
}
for name, shapes in promises.items():
    print(name, input_shape(export(model, (x,), dynamic_shapes=(shapes,))))
limited = export(model, (x,), dynamic_shapes=({0: Dim("batch", max=64)},)).module()
try:
    limited(batches[-1])
except AssertionError as error:
    print("AssertionError:", error)
# --8<-- [end:dynamic-dimensions]


# --8<-- [start:wrong-promise]
def complaint(error):
    """Return the sentence of a message that says what is wrong."""
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip()]
    line = lines[1] if lines[0].startswith("Constraints violated") else lines[0]
    return f"{type(error).__name__}: {line.split('. ')[0]}"


def attempt(model, *inputs, **options):
    """Export, and print the operations, or what the message says."""
    try:
        program = export(model, inputs, **options)
    except Exception as error:
        print(complaint(error))
        return None
    print("exported:", *operations(program))
    return program


attempt(model, x, dynamic_shapes=({0: Dim("batch"), 1: Dim("features")},))
# --8<-- [end:wrong-promise]


# --8<-- [start:example-of-one]
attempt(model, x[:1], dynamic_shapes=({0: Dim("batch")},))
# --8<-- [end:example-of-one]


# --8<-- [start:branch-on-data]
class Flip(nn.Module):
    """Turn a negative sum into a positive one."""

    def forward(self, x):
        if x.sum() < 0:
            return -x
        return x


attempt(Flip(), x)
# --8<-- [end:branch-on-data]


# --8<-- [start:branch-in-the-graph]
class FlipWithCond(nn.Module):
    def forward(self, x):
        negative = x.sum() < 0
        return torch.cond(negative, lambda x: -x, lambda x: x.clone(), (x,))


class FlipWithWhere(nn.Module):
    def forward(self, x):
        return torch.where(x.sum() < 0, -x, x)


positive, negative = torch.ones(3, device=device), -torch.ones(3, device=device)
for repaired in (FlipWithCond(), FlipWithWhere()):
    exported = export(repaired, (positive,)).module()
    answers = [exported(x).tolist() for x in (positive, negative)]
    print(f"{type(repaired).__name__}:", *answers)
# --8<-- [end:branch-in-the-graph]


# --8<-- [start:branch-on-shape]
class Pool(nn.Module):
    """Average pairs of rows of long inputs."""

    def forward(self, x):
        if x.shape[0] > 4:
            return (x[0::2] + x[1::2]) / 2
        return x


even = {0: 2 * Dim("pairs", min=3)}
attempt(Pool(), x, dynamic_shapes=({0: Dim("rows")},))
pool = attempt(Pool(), x, dynamic_shapes=(even,))
try:
    pool.module()(x[:4])
except AssertionError as error:
    print("AssertionError:", str(error).splitlines()[0])
# --8<-- [end:branch-on-shape]


# --8<-- [start:number-in-the-code]
class Positions(nn.Module):
    """Add a learned position to each of at most 8 tokens."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(8, 4))

    def forward(self, tokens):  # (seq, features)
        return tokens + self.table


attempt(Positions().to(device), x, dynamic_shapes=({0: Dim("seq")},))
silent = export(Positions().to(device), (x,), dynamic_shapes=({0: Dim.AUTO},))
print("AUTO accepts", input_shape(silent))
# --8<-- [end:number-in-the-code]


# --8<-- [start:size-of-the-input]
class PositionsOfAnyLength(Positions):
    def forward(self, tokens):
        return tokens + self.table[: tokens.shape[0]]


positions = PositionsOfAnyLength().to(device)
program = export(positions, (x[:5],), dynamic_shapes=({0: Dim("seq", max=8)},))
print("accepts", input_shape(program))
for length in (1, 5, 8):
    print(length, "tokens give", tuple(program.module()(x[:length]).shape))
# --8<-- [end:size-of-the-input]


# --8<-- [start:side-effects]
class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        print("forward runs, call", self.calls)
        return x + self.calls


counting = Counting()
exported = export(counting, (torch.zeros(1),)).module()
print("eager:   ", [counting(torch.zeros(1)).item() for _ in range(2)])
print("exported:", [exported(torch.zeros(1)).item() for _ in range(3)])
# --8<-- [end:side-effects]


# --8<-- [start:count-in-a-buffer]
class CountingBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x + self.calls


exported = export(CountingBuffer(), (torch.zeros(1),)).module()
print("exported:", [exported(torch.zeros(1)).item() for _ in range(3)])
# --8<-- [end:count-in-a-buffer]


# --8<-- [start:strict-or-not]
folder = tempfile.TemporaryDirectory()  # deleted at the end
settings = Path(folder.name, "scale.txt")


class ReadScale(nn.Module):
    def forward(self, x):
        with open(settings) as file:
            return x * float(file.read())


settings.write_text("2")
for strict in (False, True):
    print(f"strict={strict}:", end=" ")
    attempt(ReadScale(), torch.ones(1), strict=strict)
exported = export(ReadScale(), (torch.ones(1),)).module()
settings.write_text("5")
print(
    "eager",
    ReadScale()(torch.ones(1)).item(),
    "exported",
    exported(torch.ones(1)).item(),
)
# --8<-- [end:strict-or-not]


# --8<-- [start:inputs-of-other-types]
@dataclass
class Batch:
    features: torch.Tensor
    scale: float


class Scale(nn.Module):
    def forward(self, batch):
        return batch.features * batch.scale


attempt(Scale(), Batch(x, 2.0))
torch.export.register_dataclass(Batch, serialized_type_name="Batch")
scale = attempt(Scale(), Batch(x, 2.0))
try:
    scale.module()(Batch(x, 3.0))
except AssertionError as error:
    print("AssertionError:", str(error).splitlines()[0])
# --8<-- [end:inputs-of-other-types]


# --8<-- [start:save-and-load]
path = Path(folder.name, "classifier.pt2")
program = export(model, (x,), dynamic_shapes=({0: Dim("batch")},))
torch.export.save(program, path)
loaded = torch.export.load(path)
print(f"{path.stat().st_size / 1000:.0f} kB")
print(f"largest difference {largest_difference(loaded, model, batches):.6f}")
# --8<-- [end:save-and-load]


# --8<-- [start:examples-in-the-file]
table = torch.randn(10_000, 4).to(device)  # stands for data of customers
with_table = export(model, (table[:8],), dynamic_shapes=({0: Dim("batch")},))
torch.export.save(with_table, path)
print(f"with a slice of the table: {path.stat().st_size / 1000:.0f} kB")
(found,), _ = torch.export.load(path).example_inputs
print("numbers that came along:", found.untyped_storage().nbytes() // 4)
with_table.example_inputs = None
torch.export.save(with_table, path)
print(f"without examples: {path.stat().st_size / 1000:.0f} kB")
# --8<-- [end:examples-in-the-file]


# --8<-- [start:decompose]
core = program.run_decompositions()
print(operations(program))
print(operations(core))
print(f"largest difference {largest_difference(core, model, batches):.6f}")
# --8<-- [end:decompose]


# --8<-- [start:solution-two-inputs]
class Pair(nn.Module):
    def forward(self, x, y):
        return (x[:, None] - y[None]).square().sum(-1)  # distances


y = torch.randn(5, 4).to(device)
rows, columns = Dim("rows"), Dim("columns")
distances = export(Pair(), (x, y), dynamic_shapes=({0: rows}, {0: columns}))
print(tuple(distances.module()(x[:3], y[:2]).shape))
# --8<-- [end:solution-two-inputs]


# --8<-- [start:solution-clip]
class Clip(nn.Module):
    def forward(self, x):
        length = x.norm()
        return torch.where(length > 1, x / length, x)


clip = export(Clip(), (x,), dynamic_shapes=({0: Dim("rows")},)).module()
print(f"{clip(100 * x).norm():.3f} and {clip(x / 100).norm():.3f}")
# --8<-- [end:solution-clip]


# --8<-- [start:noisy-program]
dropping = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).to(device)
noisy = export(dropping, (x,))
served = noisy.module()
shares = [(served(x) == 0).double().mean().item() for _ in range(200)]
print(f"share of zeros among the answers {sum(shares) / len(shares):.2f}")
# --8<-- [end:noisy-program]


# --8<-- [start:solution-noisy-program]
print("in training mode:", operations(noisy))
try:
    noisy.module().eval()
except NotImplementedError as error:
    print("NotImplementedError:", error)
quiet = export(dropping.eval(), (x,)).module()
print("distance of two answers:", (quiet(x) - quiet(x)).abs().max().item())
# --8<-- [end:solution-noisy-program]
