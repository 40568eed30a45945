"""Walk the graph that autograd records: its nodes, leaves and saved tensors."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:walk-the-graph]
def nodes_behind(root):
    """Each node behind root, with the nodes it passes gradients on to."""
    graph, queue = {}, [root]
    for node in queue:  # the queue grows while you walk it
        if node not in graph:
            graph[node] = [n for n, _ in node.next_functions if n is not None]
            queue += graph[node]
    return graph


x = torch.tensor(2.0, device=device)
w = torch.tensor(0.5, device=device, requires_grad=True)
hidden = torch.tanh(w * x)
loss = hidden**2 + 3 * hidden
print(f"loss {loss.item():.3f}, and behind it:")
for node in nodes_behind(loss.grad_fn):
    print(type(node).__name__)
# --8<-- [end:walk-the-graph]


# --8<-- [start:saved-tensors]
def saved(node):
    """The tensors that a node keeps for the backward pass, by name."""
    values = {name: getattr(node, name) for name in dir(node) if "_saved_" in name}
    return {name[7:]: t for name, t in values.items() if torch.is_tensor(t)}


tanh_node = hidden.grad_fn
print(list(saved(tanh_node)), torch.equal(tanh_node._saved_result, hidden))
product_node = tanh_node.next_functions[0][0]
print(list(saved(product_node)), torch.equal(product_node._saved_other, x))
# --8<-- [end:saved-tensors]


# --8<-- [start:draw-the-graph]
fig, ax = plt.subplots(figsize=(6.4, 2.4))
graph, boxes = nodes_behind(loss.grad_fn), {}
level = dict.fromkeys(graph, 0)  # steps back from the loss
for node in graph:
    for target in graph[node]:
        level[target] = level[node] + 1
for node in graph:
    column = [n for n in graph if level[n] == level[node]]
    place = -level[node], (len(column) - 1) / 2 - column.index(node)
    label = [type(node).__name__.removesuffix("Backward0"), *saved(node)]
    style = {"boxstyle": "round", "facecolor": "none", "edgecolor": "C0"}
    text = ax.text(*place, "\nkeeps ".join(label), ha="center", va="center", bbox=style)
    boxes[node] = place, text.get_bbox_patch()
for node, target in ((n, t) for n in graph for t in graph[n]):
    (a, box_a), (b, box_b) = boxes[node], boxes[target]
    arrow = {"arrowstyle": "->", "color": "C1", "patchA": box_a, "patchB": box_b}
    ax.annotate("", b, a, arrowprops=arrow)
ax.set(xlim=(-4.6, 0.4), ylim=(-0.8, 0.8))
ax.axis("off")
plt.show()
# --8<-- [end:draw-the-graph]


# --8<-- [start:memory-of-a-forward-pass]
model = nn.Sequential(nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 1)).to(device)


def numbers_saved(batch_size):
    sizes = {}

    def note(tensor):
        sizes[tensor.data_ptr()] = tensor.numel()  # count shared memory once
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        scores = model(torch.ones(batch_size, 10, device=device))
    return scores.requires_grad, sum(sizes.values())


print(numbers_saved(32), numbers_saved(64))
with torch.no_grad():
    print(numbers_saved(64))
# --8<-- [end:memory-of-a-forward-pass]


# --8<-- [start:leaf-or-not]
weight = torch.ones(3, device=device, requires_grad=True)
tensors = {
    "data": torch.ones(3, device=device),
    "weight": weight,
    "weight.square()": weight.square(),
    "weight.double()": weight.double(),
    "weight.detach()": weight.detach(),
}
for name, t in tensors.items():
    print(f"{name:16} leaf {t.is_leaf!s:5}  requires_grad {t.requires_grad}")
# --8<-- [end:leaf-or-not]


# --8<-- [start:gradient-of-a-result]
middle = weight * 2
middle.sum().backward()
print(middle.grad, weight.grad.tolist())

middle = weight * 2
middle.retain_grad()
middle.square().sum().backward()
print(middle.grad.tolist())
# --8<-- [end:gradient-of-a-result]


# --8<-- [start:freed-after-backward]
loss.backward(retain_graph=True)  # keep the saved tensors
once = w.grad.item()
loss.backward()  # use them a last time
print("two passes give", w.grad.item() / once, "times the gradient")
try:
    loss.backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(".")[0])
# --8<-- [end:freed-after-backward]


# --8<-- [start:total-keeps-every-graph]
X = torch.eye(10, device=device)
total, total_of_numbers = 0.0, 0.0
for _ in range(100):
    loss = model(X).square().mean()
    total += loss
    total_of_numbers += loss.item()
print(f"tensor {total.item():.2f} with {len(nodes_behind(total.grad_fn))} nodes")
print(f"number {total_of_numbers:.2f}, a {type(total_of_numbers).__name__}")
# --8<-- [end:total-keeps-every-graph]


# --8<-- [start:solution-carry-a-state]
cell = nn.RNNCell(3, 4).to(device)
inputs = torch.ones(2, 1, 3, device=device)
for keep_history in True, False:
    state = torch.zeros(1, 4, device=device)
    try:
        for step in inputs:
            state = cell(step, state if keep_history else state.detach())
            state.sum().backward()
        print(len(inputs), "steps done, state of shape", tuple(state.shape))
    except RuntimeError as error:
        print("RuntimeError:", str(error).split(".")[0])
# --8<-- [end:solution-carry-a-state]


# --8<-- [start:solution-freeze-and-count]
for frozen in None, 0, 2:
    model.requires_grad_(True)
    if frozen is not None:
        model[frozen].requires_grad_(False)
    graph = nodes_behind(model(X).grad_fn)
    print(f"layer {frozen} frozen: {len(graph)} nodes")
# --8<-- [end:solution-freeze-and-count]
