"""Build a small autograd engine in plain Python, and check it against PyTorch."""

# --8<-- [start:setup]
import math
import random

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
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __sub__(self, other):
        return Value(self.data - other.data, [(self, 1.0), (other, -1.0)])

    def __mul__(self, other):
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])


a, b = Value(2.0), Value(-3.0)
product = a * b
print("value:", product.data)
print("slopes towards a and b:", [slope for _, slope in product.sources])
# --8<-- [end:a-value-that-remembers]


# --8<-- [start:inputs-before-results]
def in_order(root):
    """The values behind root, each after all of its inputs, and root itself."""
    order, seen = [], set()

    def visit(value):
        if value in seen:
            return
        seen.add(value)
        for source, _ in value.sources:
            visit(source)
        order.append(value)

    visit(root)
    return order


def expression(a, b):
    product = a * b
    return product * (product + a)


# --8<-- [end:inputs-before-results]


# --8<-- [start:print-the-order]
out = expression(a, b)
print([value.data for value in in_order(out)])
# --8<-- [end:print-the-order]


# --8<-- [start:backward]
def backward(root):
    root.grad = 1.0
    for value in reversed(in_order(root)):
        for source, slope in value.sources:
            source.grad += slope * value.grad


backward(out)
print("engine: ", a.grad, b.grad)

a_torch = torch.tensor(2.0, device=device, requires_grad=True)
b_torch = torch.tensor(-3.0, device=device, requires_grad=True)
expression(a_torch, b_torch).backward()
print("PyTorch:", a_torch.grad.item(), b_torch.grad.item())
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


# --8<-- [start:fit-a-line]
def mean_loss(w, b):
    total = Value(0.0)
    for x in -1.0, 0.0, 1.0:
        error = w * Value(x) + b - Value(2 * x + 1)
        total = total + error * error
    return total * Value(1 / 3)


w, b = Value(0.0), Value(0.0)
for step in range(31):
    loss = mean_loss(w, b)
    backward(loss)
    for parameter in w, b:
        parameter.data -= 0.1 * parameter.grad
        parameter.grad = 0.0
    if step % 10 == 0:
        print(f"step {step:2}: loss {loss.data:.3f}, w {w.data:.3f}, b {b.data:.3f}")
# --8<-- [end:fit-a-line]


# --8<-- [start:network-of-values]
def tanh(value):
    result = math.tanh(value.data)
    return Value(result, [(value, 1 - result**2)])


random.seed(0)
weights = [[Value(random.uniform(-1, 1)) for _ in range(3)] for _ in range(4)]
output_weights = [Value(random.uniform(-1, 1)) for _ in range(4)]
parameters = [*output_weights, *(weight for row in weights for weight in row)]


def network(x1, x2):
    total = Value(0.0)
    for (w1, w2, bias), output_weight in zip(weights, output_weights, strict=True):
        hidden = tanh(w1 * Value(x1) + w2 * Value(x2) + bias)
        total = total + output_weight * hidden
    return total


# --8<-- [end:network-of-values]


# --8<-- [start:learn-xor]
points = [(-1, -1, -1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)]  # x1, x2, target
for step in range(81):
    loss = Value(0.0)
    for x1, x2, target in points:
        error = network(x1, x2) - Value(target)
        loss = loss + error * error
    backward(loss)
    for parameter in parameters:
        parameter.data -= 0.05 * parameter.grad
        parameter.grad = 0.0
    if step % 20 == 0:
        print(f"step {step:2}: loss {loss.data:.3f}")
print([f"{network(x1, x2).data:.2f}" for x1, x2, _ in points])
# --8<-- [end:learn-xor]


# --8<-- [start:formula-instead-of-slopes]
W = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device=device)
x = torch.ones(3, device=device, requires_grad=True)
incoming = torch.tensor([1.0, 10.0], device=device)  # the gradient of W @ x
(gradient,) = torch.autograd.grad(W @ x, x, incoming)
print("formula:", (W.mT @ incoming).tolist())
print("PyTorch:", gradient.tolist())
# --8<-- [end:formula-instead-of-slopes]


# --8<-- [start:solution-add-exp]
def exp(value):
    result = math.exp(value.data)
    return Value(result, [(value, result)])


ours, theirs = Value(0.5), torch.tensor(0.5, device=device, requires_grad=True)
backward(exp(ours) * ours)
(theirs.exp() * theirs).backward()
print(f"engine {ours.grad:.3f}, PyTorch {theirs.grad.item():.3f}")
# --8<-- [end:solution-add-exp]


# --8<-- [start:broken-order]
def backward_as_met(root):
    root.grad = 1.0
    waiting, met = [root], {root}
    while waiting:
        value = waiting.pop(0)
        for source, slope in value.sources:
            source.grad += slope * value.grad
            if source not in met:
                met.add(source)
                waiting.append(source)


a, b = Value(2.0), Value(-3.0)
backward_as_met(expression(a, b))
print("gradients:", a.grad, b.grad, "should be 24.0 -20.0")
# --8<-- [end:broken-order]


# --8<-- [start:solution-order]
a, b = Value(2.0), Value(-3.0)
out = expression(a, b)
product = out.sources[0][0]
backward_as_met(out)
print("product had collected", product.grad, "in the end")
print("a from product should be", -3.0 * product.grad)
# --8<-- [end:solution-order]


# --8<-- [start:solution-backward-twice]
def backward_to_leaves(root):
    slope_of = {value: 0.0 for value in in_order(root)}
    slope_of[root] = 1.0
    for value in reversed(in_order(root)):
        for source, slope in value.sources:
            slope_of[source] += slope * slope_of[value]
        if not value.sources:  # a leaf
            value.grad += slope_of[value]


for run in backward, backward_to_leaves:
    w = Value(3.0)
    cube = w * w * w
    run(cube)
    once = w.grad
    run(cube)
    print(f"{run.__name__}: {once} after one call, {w.grad} after two")
# --8<-- [end:solution-backward-twice]
