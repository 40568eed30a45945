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
    graph, to_visit = {}, [root]
    while to_visit:
        node = to_visit.pop(0)
        if node not in graph:
            graph[node] = [source for source, _ in node.next_functions if source]
            to_visit += graph[node]
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
    tensors = {}
    for attribute in dir(node):
        if attribute.startswith("_saved_"):
            value = getattr(node, attribute)
            if torch.is_tensor(value):
                tensors[attribute.removeprefix("_saved_")] = value
    return tensors


tanh_node = hidden.grad_fn
product_node = tanh_node.next_functions[0][0]
for node in tanh_node, product_node:
    for name, value in saved(node).items():
        print(f"{type(node).__name__} keeps {name} = {value.item():.3f}")
print(
    "bytes from x to what is kept:",
    saved(product_node)["other"].data_ptr() - x.data_ptr(),
)
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


def elements_saved(batch_size):
    sizes = {}

    def note(tensor):
        sizes[tensor.data_ptr()] = tensor.numel()  # count shared memory once
        return tensor.detach()  # the tensor itself could keep its graph alive

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        model(torch.ones(batch_size, 10, device=device))
    return sum(sizes.values())


print("batch of 32:", elements_saved(32))
print("batch of 64:", elements_saved(64))
with torch.no_grad():
    print("batch of 64 under no_grad:", elements_saved(64))
print("parameters:", sum(parameter.numel() for parameter in model.parameters()))
# --8<-- [end:memory-of-a-forward-pass]


# --8<-- [start:leaf-or-not]
weight = torch.ones(3, device=device, requires_grad=True)
tensors = {
    "data": torch.ones(3, device=device),
    "weight": weight,
    "weight.square()": weight.square(),
    "weight.half()": weight.half(),
    "weight.float()": weight.float(),
    'weight.to("meta")': weight.to("meta"),
    "weight.to(device)": weight.to(device),
    "weight.detach()": weight.detach(),
}
for name, t in tensors.items():
    print(f"{name:17} leaf {t.is_leaf!s:5}  requires_grad {t.requires_grad}")
# --8<-- [end:leaf-or-not]


# --8<-- [start:gradient-of-a-result]
weight = torch.ones(3, requires_grad=True)
middle = weight * 2
middle.sum().backward()
print("middle:", middle.grad, "weight:", weight.grad)

middle = weight * 2
middle.retain_grad()
middle.square().sum().backward()
print("middle, retained:", middle.grad)
# --8<-- [end:gradient-of-a-result]


# --8<-- [start:freed-after-backward]
loss.backward(retain_graph=True)  # keep the saved tensors
print(f"after one pass:   {w.grad.item():.3f}")
loss.backward()  # use them a last time
print(f"after two passes: {w.grad.item():.3f}")
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
print(f"sum of tensors: {total.item():.2f}, nodes {len(nodes_behind(total.grad_fn))}")
print(f"sum of numbers: {total_of_numbers:.2f}, no graph")
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


# --8<-- [start:broken-loop]
encoder, head = nn.Linear(3, 4).to(device), nn.Linear(4, 1).to(device)
parameters = [*encoder.parameters(), *head.parameters()]
optimizer = torch.optim.SGD(parameters, lr=0.1)
features = encoder(inputs[0]).tanh()
try:
    for _ in range(2):
        loss = head(features).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(".")[0])
# --8<-- [end:broken-loop]


# --8<-- [start:solution-loop]
for _ in range(2):
    features = encoder(inputs[0]).tanh()
    loss = head(features).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.3f}")
# --8<-- [end:solution-loop]
