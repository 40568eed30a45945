"""Choose an activation, start weights at the right size, normalize in between."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:without-activation]
first, second = nn.Linear(8, 64).to(device), nn.Linear(64, 3).to(device)
x = torch.randn(5, 8).to(device)
merged_weight = second.weight @ first.weight
merged_bias = second.weight @ first.bias + second.bias
torch.testing.assert_close(second(first(x)), F.linear(x, merged_weight, merged_bias))
print("one weight", tuple(merged_weight.shape), "for both", end=", ")
print("output", tuple(second(first(x)).shape))
# --8<-- [end:without-activation]


# --8<-- [start:activation-curves]
z = torch.linspace(-4, 4, 81)
fig, ax = plt.subplots(figsize=(4.8, 3.2))
for function in (F.relu, F.gelu, F.silu, torch.tanh, torch.sigmoid):
    ax.plot(z, function(z), label=function.__name__)
ax.set(xlabel="input", ylabel="output", ylim=(-1.2, 3))
ax.legend()
plt.show()
# --8<-- [end:activation-curves]


# --8<-- [start:signal-through-depth]
def signal(init, act=torch.relu, width=256, depth=9):
    """Return what each of several layers puts out."""
    torch.manual_seed(0)
    h, outputs = torch.randn(256, width).to(device), []
    for _ in range(depth):
        weight = init(torch.empty(width, width)).to(device)
        h = act(h @ weight.T)
        outputs.append(h)
    return outputs


starts = {
    "std 0.01": lambda w: nn.init.normal_(w, std=0.01),
    "std 0.2": lambda w: nn.init.normal_(w, std=0.2),
    "xavier": nn.init.xavier_normal_,
    "kaiming": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
}
for name, init in starts.items():
    print(f"{name:9}", [f"{h.std():.2e}" for h in signal(init)[::3]])
# --8<-- [end:signal-through-depth]


# --8<-- [start:histograms-per-layer]
fig, axes = plt.subplots(3, 1, figsize=(4.8, 5.4), sharex=True)
for ax, name in zip(axes, ("std 0.01", "xavier", "std 0.2"), strict=True):
    for layer, h in list(enumerate(signal(starts[name], torch.tanh), start=1))[::3]:
        share = torch.histc(h.cpu(), bins=20, min=-1, max=1) / h.numel()
        ax.stairs(share, torch.linspace(-1, 1, 21), label=f"layer {layer}")
    ax.set(title=name, ylabel="share of outputs")
axes[-1].set_xlabel("output")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
plt.show()
# --8<-- [end:histograms-per-layer]


# --8<-- [start:initialize-a-model]
def init_weights(module):
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
bias = model[0].bias
print(f"default: {model[0].weight.std():.4f}, largest bias {bias.max():.4f}")
model.apply(init_weights)
print(f"kaiming: {model[0].weight.std():.4f}, largest bias {bias.max():.4f}")
print(f"root of 2 / inputs: {(2 / 512) ** 0.5:.4f}")
# --8<-- [end:initialize-a-model]


# --8<-- [start:default-through-depth]
def deep_net(depth, n_in=16, width=64, classes=3):
    layers = [nn.Linear(n_in, width)]
    for _ in range(depth - 2):
        layers += [nn.ReLU(), nn.Linear(width, width)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(width, classes))


for depth in (3, 30):
    for start in ("default", "kaiming"):
        torch.manual_seed(0)
        net = deep_net(depth)
        if start == "kaiming":
            net.apply(init_weights)
        net.to(device)
        scores = net(torch.randn(256, 16).to(device))
        print(f"{depth:2} layers, {start}: {scores.std(dim=0).mean():.1e}")
# --8<-- [end:default-through-depth]


# --8<-- [start:all-zero]
torch.manual_seed(0)
x, y = torch.randn(64, 8).to(device), torch.randint(0, 3, (64,)).to(device)
zero = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)).to(device)
for parameter in zero.parameters():
    nn.init.zeros_(parameter)
F.cross_entropy(zero(x), y).backward()
for name, parameter in zero.named_parameters():
    print(f"{name:8} largest gradient: {parameter.grad.abs().max():.3f}")
# --8<-- [end:all-zero]


# --8<-- [start:batch-norm-modes]
torch.manual_seed(0)
norm = nn.BatchNorm1d(4).to(device)
batch = (torch.randn(32, 4) * 3 + 10).to(device)
print(f"mean {batch.mean():.2f} becomes {norm(batch).mean().abs():.2f}")
for mode in ("train", "eval"):
    norm.train(mode == "train")
    in_pair, in_batch = norm(batch[:2])[0], norm(batch)[0]
    difference = (in_pair - in_batch).abs().max()
    print(f"{mode:5} mode: the same row differs by {difference:.2f}")
# --8<-- [end:batch-norm-modes]


# --8<-- [start:batch-of-one]
try:
    nn.BatchNorm1d(4).to(device)(batch[:1])
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:batch-of-one]


# --8<-- [start:running-statistics]
norm = nn.BatchNorm1d(4).to(device)
for step in range(1, 31):
    norm(batch)
    if step in (1, 10, 30):
        mean = norm.running_mean.mean()
        print(f"after step {step:2}: {mean:5.2f} of {batch.mean():.2f}")
# --8<-- [end:running-statistics]


# --8<-- [start:layer-and-rms]
torch.manual_seed(0)
h = torch.randn(2, 5, 16).to(device)  # (batch, seq, dim)
centered = h - h.mean(-1, keepdim=True)
by_layer = centered / (centered.square().mean(-1, keepdim=True) + 1e-5).sqrt()
by_rms = h / (h.square().mean(-1, keepdim=True) + 1e-5).sqrt()
torch.testing.assert_close(F.layer_norm(h, (16,)), by_layer)
torch.testing.assert_close(F.rms_norm(h, (16,), eps=1e-5), by_rms)
for norm in (nn.LayerNorm(16), nn.RMSNorm(16)):
    learned = [name for name, _ in norm.named_parameters()]
    print(f"{type(norm).__name__:9} learns {learned}, eps {norm.eps}")
# --8<-- [end:layer-and-rms]


# --8<-- [start:group-norm]
torch.manual_seed(0)
images = torch.randn(4, 8, 6, 6).to(device)  # (batch, channels, height, width)
norms = {
    "BatchNorm2d(8)  ": nn.BatchNorm2d(8),
    "GroupNorm(2, 8) ": nn.GroupNorm(2, 8),  # two groups of four channels
    "GroupNorm(8, 8) ": nn.GroupNorm(8, 8),  # each channel by itself
    "GroupNorm(1, 8) ": nn.GroupNorm(1, 8),  # all channels together
}
for name, norm in norms.items():
    norm.to(device)
    difference = (norm(images[:1]) - norm(images)[:1]).abs().max()
    print(f"{name} alone or in a batch: differs by {difference:.2f}")
# --8<-- [end:group-norm]


# --8<-- [start:solution-equal-weights]
torch.manual_seed(0)
equal = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3)).to(device)
for parameter in equal.parameters():
    nn.init.constant_(parameter, 0.1)
optimizer = torch.optim.SGD(equal.parameters(), lr=0.5)
losses = []
for _ in range(20):
    loss = F.cross_entropy(equal(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.3f} to {losses[-1]:.3f}")
weight = equal[0].weight
print(f"spread over the units  {weight.std(dim=0).max():.3f}")
print(f"spread over the inputs {weight.std(dim=1).max():.3f}")
# --8<-- [end:solution-equal-weights]


# --8<-- [start:solution-useless-bias]
torch.manual_seed(0)
linear, norm = nn.Linear(8, 4).to(device), nn.BatchNorm1d(4).to(device)
before = norm(linear(x))
with torch.no_grad():
    linear.bias += 10
torch.testing.assert_close(norm(linear(x)), before, rtol=1e-4, atol=1e-4)
print(f"mean {linear(x).mean():.2f}, after the norm {norm(linear(x)).mean().abs():.2f}")
# --8<-- [end:solution-useless-bias]


# --8<-- [start:solution-exact-statistics]
norm = nn.BatchNorm1d(4, momentum=None).to(device)  # plain average of all batches
for half in batch.split(16):
    norm(half)
print("running:", [f"{value:.3f}" for value in norm.running_mean.tolist()])
print("exact:  ", [f"{value:.3f}" for value in batch.mean(dim=0).tolist()])
# --8<-- [end:solution-exact-statistics]


# --8<-- [start:diagnosis-loss-stands]
def fit(net):
    """Return the loss of every 25th step."""
    torch.manual_seed(0)
    X = torch.randn(256, 16).to(device)
    y = X[:, :3].argmax(dim=1)  # which of three inputs is the largest
    net.to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    losses = []
    for _ in range(101):
        loss = F.cross_entropy(net(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(f"{loss:.2f}")
    return losses[::25]


torch.manual_seed(0)
print(" 3 layers:", *fit(deep_net(3)))
torch.manual_seed(0)
print("30 layers:", *fit(deep_net(30)))
# --8<-- [end:diagnosis-loss-stands]


# --8<-- [start:solution-start-larger]
torch.manual_seed(0)
print("30 layers, kaiming:", *fit(deep_net(30).apply(init_weights)))
# --8<-- [end:solution-start-larger]
