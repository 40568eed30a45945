"""Cut a tensor from its graph, and change tensors in place without wrong gradients."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:detach]
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x.detach()  # same values, no history
z = x.detach().requires_grad_()  # a new leaf, with a gradient of its own
(z**2).sum().backward()
print("y:", y, "requires_grad", y.requires_grad)
print("gradient of z:", z.grad, "of x:", x.grad)
# --8<-- [end:detach]


# --8<-- [start:detached-shares-memory]
shared = x.detach()
copied = x.detach().clone()
shared[0] = 100
print("original:", x.tolist())
print("copied:  ", copied.tolist())
# --8<-- [end:detached-shares-memory]


# --8<-- [start:to-numpy]
try:
    x.numpy()
except RuntimeError as error:
    print("RuntimeError:", error)
array = x.detach().cpu().numpy()
array[1] = 200
print(x)
# --8<-- [end:to-numpy]


# --8<-- [start:treat-as-constant]
a = torch.tensor(3.0, device=device, requires_grad=True)
(through_both,) = torch.autograd.grad(a * a, a)
(through_one,) = torch.autograd.grad(a * a.detach(), a)
print("through both factors:", through_both.item())
print("through one of them: ", through_one.item())
# --8<-- [end:treat-as-constant]


# --8<-- [start:version-error]
x = torch.ones(3, requires_grad=True)
y = x.exp()
y += 1  # overwrites what exp saved  # [!]
try:
    y.sum().backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(" Hint:")[0])

y = x.exp()
y = y + 1  # a new tensor
y.sum().backward()
print(x.grad)
# --8<-- [end:version-error]


# --8<-- [start:producer-not-saver]
h = x * 2
z = h.square()
h += 1
try:
    z.sum().backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(" Hint:")[0])
# --8<-- [end:producer-not-saver]


# --8<-- [start:version-error-on-a-gpu]
x_gpu = torch.ones(3, device="cuda", requires_grad=True)
y_gpu = x_gpu.exp()
y_gpu += 1
try:
    y_gpu.sum().backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(" Hint:")[0])
# --8<-- [end:version-error-on-a-gpu]


# --8<-- [start:count-versions]
statements, versions = [], []


def note(statement):
    statements.append(statement)
    versions.append(y._version)
    print(f"{statement:22} version {y._version}, first element {y[0]:.2f}")


y = x.exp()
note("y = x.exp()")
z = y + 1
note("z = y + 1")
y.add_(1)
note("y.add_(1)")
y[0] = 5
note("y[0] = 5")
y.detach().zero_()
note("y.detach().zero_()")
y.data.fill_(7)
note("y.data.fill_(7)")
# --8<-- [end:count-versions]


# --8<-- [start:version-staircase]
y.detach().numpy()[0] = 9
note("y.detach().numpy()[0] = 9")
plt.step(range(7), versions, "o-", where="post", label="version of y now")
plt.axhline(0, linestyle="--", color="C1", label="version that exp saved")
plt.xticks(range(7), statements, rotation=25, ha="right")
plt.yticks(range(4))
plt.legend()
plt.show()
# --8<-- [end:version-staircase]


# --8<-- [start:who-minds]
for operation in torch.exp, torch.sigmoid, torch.sin, torch.square:
    x = torch.tensor(1.0, device=device, requires_grad=True)
    y = operation(x)
    y += 1
    try:
        y.backward()
        print(f"{operation.__name__}: fine, slope {x.grad.item():.3f}")
    except RuntimeError:
        print(f"{operation.__name__}: refused")
# --8<-- [end:who-minds]


# --8<-- [start:write-through-a-view]
w = torch.ones(4, requires_grad=True)
h = w * 3
h[0] = 10
print(h)
h.sum().backward()
print(w.grad)
# --8<-- [end:write-through-a-view]


# --8<-- [start:views-that-refuse]
try:
    w[0] = 10
except RuntimeError as error:
    print("RuntimeError:", str(error).split(".")[0])
first, second = (w * 3).split(2)
try:
    first += 1
except RuntimeError as error:
    print("RuntimeError:", str(error).split(".")[0])
# --8<-- [end:views-that-refuse]


# --8<-- [start:leaf-update]
w = torch.tensor([1.0, 2.0], requires_grad=True)
try:
    w -= 0.1
except RuntimeError as error:
    print("RuntimeError:", error)
with torch.no_grad():
    w -= 0.5
    print("a step:", w)
    w.copy_(torch.tensor([7.0, 8.0]))
    print("new values:", w)
# --8<-- [end:leaf-update]


# --8<-- [start:data-gives-wrong-gradients]
def gradient_after(change):
    x = torch.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    y = x**2
    change(x)
    try:
        y.sum().backward()
        return x.grad.tolist()
    except RuntimeError:
        return "refused"


print("unchanged:     ", gradient_after(lambda x: x))
print("through .data: ", gradient_after(lambda x: x.data.mul_(10)))
print("through detach:", gradient_after(lambda x: x.detach().mul_(10)))
# --8<-- [end:data-gives-wrong-gradients]


# --8<-- [start:solution-round-with-a-slope]
def round_straight_through(x):
    return x + (x.round() - x).detach()


x = torch.tensor([0.2, 1.7], device=device, requires_grad=True)
(plain,) = torch.autograd.grad(x.round().sum(), x)
(through,) = torch.autograd.grad(round_straight_through(x).sum(), x)
print("values:", round_straight_through(x).tolist())
print("gradient of round:", plain.tolist(), "straight through:", through.tolist())
# --8<-- [end:solution-round-with-a-slope]


# --8<-- [start:solution-step-between-losses]
w = torch.tensor(2.0, device=device, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)


def losses():
    return w**2, w**3


first, second = losses()
first.backward()
optimizer.step()  # changes w in place
try:
    second.backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).split(":")[0])

optimizer.zero_grad()
first, second = losses()
(first + second).backward()  # both before the step
optimizer.step()
print(f"w after both steps: {w.item():.3f}")
# --8<-- [end:solution-step-between-losses]


# --8<-- [start:solution-remember-weights]
model = nn.Linear(2, 1).to(device)
alias, snapshot = model.weight.detach(), model.weight.detach().clone()
model(torch.ones(4, 2, device=device)).mean().backward()
torch.optim.SGD(model.parameters(), lr=0.1).step()
for name, kept in ("alias", alias), ("snapshot", snapshot):
    gap = (kept - model.weight).max().item()
    print(f"{name}: largest difference {gap:.1f}")
# --8<-- [end:solution-remember-weights]
