"""Build a small autograd engine in plain Python, and check it against PyTorch."""

# --8<-- [start:setup]
import math

import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:a-value-that-remembers]
class Value:
    def __init__(self, data, sources=()):
        self.data = data
        self.sources = sources  # pairs: an input, and the slope towards it
        self.grad = 0.0

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    __radd__, __rmul__ = __add__, __mul__


a, b = Value(2.0), Value(-3.0)
product = a * b
print(product.data, [slope for _, slope in product.sources])
# --8<-- [end:a-value-that-remembers]


# --8<-- [start:inputs-before-results]
def in_order(value, order=None):
    """The values behind this one, each after all of its inputs, and itself."""
    order = [] if order is None else order
    if value not in order:
        for source, _ in value.sources:
            in_order(source, order)
        order.append(value)
    return order


def expression(a, b):
    product = a * b
    return product * (product + a)


out = expression(a, b)
print([value.data for value in in_order(out)])
# --8<-- [end:inputs-before-results]


# --8<-- [start:backward]
def backward(root):
    root.grad = 1.0
    for value in reversed(in_order(root)):
        for source, slope in value.sources:
            source.grad += slope * value.grad


backward(out)
tensors = [torch.tensor(v, device=device, requires_grad=True) for v in (2.0, -3.0)]
expression(*tensors).backward()
print([a.grad, b.grad], [tensor.grad.item() for tensor in tensors])
# --8<-- [end:backward]


# --8<-- [start:draw-the-graph]
names = dict(zip(in_order(out), ["a", "b", "product", "sum", "out"], strict=True))
fig, ax = plt.subplots(figsize=(6.4, 2.6))
level, boxes = dict.fromkeys(names, 0), {}
for value in reversed(in_order(out)):
    for source, _ in value.sources:
        level[source] = max(level[source], level[value] + 1)
    place = -level[value], {a: 1, b: -1}.get(value, 0)
    label = f"{names[value]} = {value.data:g}\ngrad {value.grad:g}"
    style = {"boxstyle": "round", "facecolor": "none", "edgecolor": "C0"}
    text = ax.text(*place, label, ha="center", va="center", bbox=style)
    boxes[value] = place, text.get_bbox_patch()
for value, source in ((v, s) for v in boxes for s, _ in v.sources):
    (start, box_a), (to, box_b) = boxes[value], boxes[source]
    bend = f"arc3,rad={0.4 if level[source] - level[value] > 1 else 0}"
    arrow = {"arrowstyle": "->", "color": "C1", "patchA": box_a, "patchB": box_b}
    ax.annotate("", to, start, arrowprops=arrow | {"connectionstyle": bend})
ax.set(xlim=(-3.5, 0.5), ylim=(-1.4, 1.4))
ax.axis("off")
plt.show()
# --8<-- [end:draw-the-graph]


# --8<-- [start:train-both]
def mean_loss(w, b):
    errors = [w * x + b + -(2 * x + 1) for x in (-1.0, 0.0, 1.0)]
    return sum(error * error for error in errors) * (1 / 3)


engine = [Value(0.0), Value(0.0)]
tensors = [torch.zeros((), device=device, requires_grad=True) for _ in engine]
optimizer = torch.optim.SGD(tensors, lr=0.1)
for step in range(21):
    optimizer.zero_grad()
    losses = mean_loss(*engine), mean_loss(*tensors)
    backward(losses[0])
    losses[1].backward()
    optimizer.step()
    for value in engine:
        value.data, value.grad = value.data - 0.1 * value.grad, 0.0
    if step % 5 == 0:
        print(f"step {step}: {losses[0].data:.3f} {losses[1].item():.3f}")
print([f"{value.data:.3f}" for value in engine], [f"{t.item():.3f}" for t in tensors])
# --8<-- [end:train-both]


# --8<-- [start:solution-add-tanh]
def tanh(self):
    result = math.tanh(self.data)
    return Value(result, [(self, 1 - result**2)])


Value.tanh = tanh
ours, theirs = Value(0.5), torch.tensor(0.5, device=device, requires_grad=True)
backward(ours.tanh() * ours)
(theirs.tanh() * theirs).backward()
print(f"{ours.grad:.3f} {theirs.grad.item():.3f}")
# --8<-- [end:solution-add-tanh]


# --8<-- [start:solution-wrong-order]
def backward_as_met(root):
    root.grad, queue = 1.0, [root]
    for value in queue:
        for source, slope in value.sources:
            source.grad += slope * value.grad
        queue += [source for source, _ in value.sources if source not in queue]


ours = Value(2.0), Value(-3.0)
backward_as_met(expression(*ours))
print([value.grad for value in ours])
# --8<-- [end:solution-wrong-order]


# --8<-- [start:solution-backward-twice]
def backward_to_leaves(root):
    slope_of = {value: 0.0 for value in in_order(root)} | {root: 1.0}
    for value in reversed(in_order(root)):
        for source, slope in value.sources:
            slope_of[source] += slope * slope_of[value]
        if not value.sources:
            value.grad += slope_of[value]


for run in backward, backward_to_leaves:
    w = Value(3.0)
    cube = w * w * w
    run(cube)
    once = w.grad
    run(cube)
    print(once, w.grad)
# --8<-- [end:solution-backward-twice]
