"""See and change what PyTorch calls: modes for a while, subclasses for a tensor."""

# --8<-- [start:setup]
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:log-functions]
class LogFunctions(TorchFunctionMode):
    """Print each function of PyTorch that is called, with the shapes of its tensors."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            shapes = [tuple(a.shape) for a in args if isinstance(a, torch.Tensor)]
            print(f"{func.__name__:8}", *shapes, "->", tuple(result.shape))
        return result


layer = nn.Linear(4, 3).to(device)
x = torch.ones(2, 4, device=device)
with LogFunctions():
    F.relu(layer(x)).sum()
# --8<-- [end:log-functions]


# --8<-- [start:log-operations]
class LogOperations(TorchDispatchMode):
    """Print each operation that reaches a device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.name() != "aten::detach":  # only makes a second name
            print(func.name().removeprefix("aten::"), end="  ")
        return func(*args, **(kwargs or {}))


with LogOperations():
    loss = F.relu(layer(x)).sum()
    print("\nbackward:")
    loss.backward()
print()
# --8<-- [end:log-operations]


# --8<-- [start:count-flops]
class CountFlops(TorchDispatchMode):
    """Add up the multiplications and additions of matrix products."""

    def __init__(self):
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            left, right = args[-2:]  # addmm has the bias before them
            rows, inner, columns = *left.shape, right.shape[1]
            self.flops += 2 * rows * inner * columns
        return func(*args, **(kwargs or {}))


# --8<-- [end:count-flops]


# --8<-- [start:compare-flops]
def training_step(model, batch):
    model(batch).square().mean().backward()


model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10)).to(device)
batch = torch.ones(32, 64, device=device)
with CountFlops() as ours:
    model(batch)
print(f"forward: {ours.flops:,}")
with CountFlops() as ours, FlopCounterMode(display=False) as theirs:
    training_step(model, batch)
print(f"step: ours {ours.flops:,}, built in {theirs.get_total_flops():,}")
# --8<-- [end:compare-flops]


# --8<-- [start:what-is-missed]
conv = nn.Conv2d(3, 8, 3).to(device)
image = torch.ones(1, 3, 32, 32, device=device)
with CountFlops() as ours, FlopCounterMode(display=False) as theirs:
    conv(image)
print(f"ours {ours.flops:,}, built in {theirs.get_total_flops():,}")
# --8<-- [end:what-is-missed]


# --8<-- [start:plain-subclass]
class Measured(torch.Tensor):
    """A tensor that should know its unit."""


length = torch.tensor([3.0, 4.0]).as_subclass(Measured)
length.unit = "m"
doubled = length * 2
print(type(doubled).__name__, hasattr(doubled, "unit"))
# --8<-- [end:plain-subclass]


# --8<-- [start:quantity]
class Quantity(torch.Tensor):
    """A tensor with a unit, such as {"m": 1, "s": -1}."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func not in UNIT_RULES and func not in PLAIN:
            raise NotImplementedError(f"no rule for the unit of {func.__name__}")
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
        return result if func in PLAIN else quantity(result, UNIT_RULES[func](*args))

    def __repr__(self):
        return f"{self.tolist()} {self.unit}"


def quantity(values, unit):
    result = torch.as_tensor(values).as_subclass(Quantity)
    result.unit = unit
    return result


def unit_of(x):
    return x.unit if isinstance(x, Quantity) else {}


# --8<-- [end:quantity]


# --8<-- [start:unit-rules]
def same(left, right):
    if unit_of(left) != unit_of(right):
        raise ValueError(f"{unit_of(left)} and {unit_of(right)} do not add")
    return unit_of(left)


def combined(left, right, sign=1):
    names = unit_of(left) | unit_of(right)
    unit = {n: unit_of(left).get(n, 0) + sign * unit_of(right).get(n, 0) for n in names}
    return {name: power for name, power in unit.items() if power}


def divided(left, right):
    return combined(left, right, sign=-1)


T = torch.Tensor
UNIT_RULES = {T.add: same, T.__add__: same, T.sub: same, T.__sub__: same}
UNIT_RULES |= {T.mul: combined, T.__mul__: combined, T.div: divided, T.__div__: divided}
UNIT_RULES |= {T.sum: unit_of, T.mean: unit_of}
PLAIN = {T.tolist, T.shape.__get__, T.dtype.__get__, T.device.__get__}
# --8<-- [end:unit-rules]


# --8<-- [start:speed]
way = quantity([100.0, 42.0], {"m": 1})
took = quantity([10.0, 6.0], {"s": 1})
speed = way / took
print(speed)
print((speed * took).mean())
# --8<-- [end:speed]


# --8<-- [start:apples-and-pears]
way + took
# --8<-- [end:apples-and-pears]


# --8<-- [start:find-item]
class FindWaits(TorchDispatchMode):
    """Count how often a tensor is turned into a Python number."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def epoch(collect):
    total = 0.0
    for _ in range(5):
        loss = model(batch).square().mean()
        total += loss.item() if collect == "numbers" else loss.detach()
    return float(total)


for collect in ("numbers", "tensors"):
    with FindWaits() as waits:
        epoch(collect)
    print(f"collecting {collect}, waits: {waits.count}")
# --8<-- [end:find-item]


# --8<-- [start:compiled-under-a-mode]
def wave(x):
    return x.sin().cos().relu()


compiled = torch.compile(wave)
compiled(x)  # compile before the mode is on
with LogOperations():
    compiled(x)
print()
# --8<-- [end:compiled-under-a-mode]


# --8<-- [start:solution-nan]
class StopAtNan(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and (result != result).any():
            raise FloatingPointError(f"{func.name()} made a nan")
        return result


def entropy(p):
    return -(p * p.log()).sum()


try:
    with StopAtNan():
        entropy(torch.tensor([1.0, 0.0], device=device))
except FloatingPointError as error:
    print(error)
# --8<-- [end:solution-nan]


# --8<-- [start:solution-square]
UNIT_RULES[torch.Tensor.square] = lambda x: combined(x, x)
print(way.square())
# --8<-- [end:solution-square]


# --8<-- [start:solution-level]
class CountLinear(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += func is F.linear
        return func(*args, **(kwargs or {}))


with CountLinear() as functions, CountFlops() as operations:
    training_step(model, batch)
print(functions.count, "linear layers,", f"{operations.flops:,} flops")
# --8<-- [end:solution-level]
