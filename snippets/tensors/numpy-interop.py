"""Exchange data with NumPy, compare floats, and keep sums and exponentials right."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import numpy as np
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:shared-both-ways]
tensor = torch.zeros(3)  # on the CPU, where NumPy can see it
array = tensor.numpy()
array[0] = 5
tensor += 1
print(tensor, array)
# --8<-- [end:shared-both-ways]


# --8<-- [start:copy-to-be-safe]
scores = np.array([0.5, 1.5])
shared = torch.from_numpy(scores)
copied = torch.tensor(scores, dtype=torch.float32)
scores[:] = 0
print("shared:", shared)
print("copied:", copied)
# --8<-- [end:copy-to-be-safe]


# --8<-- [start:tensor-in-numpy]
try:
    np.mean(tensor)
except TypeError as error:
    print("np.mean of the tensor:", type(error).__name__)
print("np.mean of an array:", np.mean(tensor.numpy()))
# --8<-- [end:tensor-in-numpy]


# --8<-- [start:results-to-numpy]
weight = torch.ones(3, requires_grad=True)
y_hat = weight * 2
try:
    y_hat.numpy()
except RuntimeError as error:
    print("RuntimeError:", error)
print(y_hat.detach().numpy())
# --8<-- [end:results-to-numpy]


# --8<-- [start:numpy-from-a-gpu]
try:
    torch.ones(3, device="cuda").numpy()
except TypeError as error:
    print("TypeError:", error)
# --8<-- [end:numpy-from-a-gpu]


# --8<-- [start:force]
on_device = torch.ones(3, requires_grad=True).to(device) * 2
print(on_device.numpy(force=True))
try:
    torch.ones(3, dtype=torch.bfloat16).numpy(force=True)
except TypeError as error:
    print("TypeError:", error)
# --8<-- [end:force]


# --8<-- [start:flipped-array]
backward = np.array([1.0, 2.0, 3.0])[::-1]
try:
    torch.from_numpy(backward)
except ValueError as error:
    print("ValueError:", str(error).split(",")[0])
print(torch.from_numpy(backward.copy()))
# --8<-- [end:flipped-array]


# --8<-- [start:same-name-other-result]
x = torch.tensor([1.0, 2.0, 3.0, 10.0])
array = x.numpy()
print(f"std:    torch {x.std():.3f}, NumPy {array.std():.3f}")
print(f"median: torch {x.median():.3f}, NumPy {np.median(array):.3f}")
print(f"again:  std {x.std(correction=0):.3f}, median {x.quantile(0.5):.3f}")
table = torch.tensor([[1, 5], [7, 2]])
print("max along a dimension:", table.max(dim=1).values, table.max(dim=1).indices)
# --8<-- [end:same-name-other-result]


# --8<-- [start:order-of-addition]
big, small = torch.tensor([1e8, 1.0], device=device)
print(f"{big.item():.0f} + {small.item():.0f} = {(big + small).item():.0f}")
print("(big + small) - big:", ((big + small) - big).item())
print("(big - big) + small:", ((big - big) + small).item())
# --8<-- [end:order-of-addition]


# --8<-- [start:sums-on-two-devices]
torch.manual_seed(0)
rows = torch.rand(100, 100_000)
on_cpu = rows.sum(dim=1)
on_gpu = rows.to("cuda").sum(dim=1).cpu()
same = (on_cpu == on_gpu).sum().item()
difference = ((on_cpu - on_gpu) / on_cpu).abs().max().item()
print(f"{same} of 100 sums have the same bits")
print(f"largest relative difference {difference:.1e}")
# --8<-- [end:sums-on-two-devices]


# --8<-- [start:equal-or-close]
a = torch.tensor([0.6, 0.1], device=device).sum()
b = torch.tensor(0.7, device=device)
print(f"{a.item():.9f} {b.item():.9f}")
print("equal:", (a == b).item(), "close:", torch.isclose(a, b).item())
# --8<-- [end:equal-or-close]


# --8<-- [start:assert-close]
actual = torch.tensor([1.0, 2.25])
for expected in (torch.tensor([1.0, 2.0]), actual.double()):
    try:
        torch.testing.assert_close(actual, expected)
    except AssertionError as error:
        print("AssertionError:", error)
torch.testing.assert_close(torch.tensor(1.0), torch.tensor(1.001), rtol=0.01, atol=0)
# --8<-- [end:assert-close]


# --8<-- [start:tiny-numbers]
tiny, twice = torch.tensor([1e-9, 2e-9], device=device)
print(f"{twice / tiny:.1f} times as much")
print("close:", torch.isclose(tiny, twice).item())
print("close with atol=0:", torch.isclose(tiny, twice, atol=0).item())
# --8<-- [end:tiny-numbers]


# --8<-- [start:error-of-sums]
torch.manual_seed(0)
numbers = torch.rand(2**16, 16)  # sixteen columns to be summed
exact = numbers.double().cumsum(0)  # the sums of the first 1, 2, 3, ... numbers
one_by_one = torch.from_numpy(np.cumsum(numbers.numpy(), axis=0))


def mean_error(total, count):
    return (total.double() / exact[count - 1] - 1).abs().mean().item()


counts, errors_one_by_one, errors_in_pairs = [], [], []
pairs, count = numbers, 1
while count < len(numbers):
    pairs, count = pairs[0::2] + pairs[1::2], 2 * count
    counts.append(count)
    errors_one_by_one.append(mean_error(one_by_one[count - 1], count))
    errors_in_pairs.append(mean_error(pairs[0], count))
print(f"{count} numbers one by one {errors_one_by_one[-1]:.1e}")
print(f"{count} numbers in pairs   {errors_in_pairs[-1]:.1e}")
# --8<-- [end:error-of-sums]


# --8<-- [start:error-plot]
plt.loglog(counts, errors_one_by_one, "o-", label="one by one")
plt.loglog(counts, errors_in_pairs, "s-", label="in pairs")
plt.axhline(torch.finfo(torch.float32).eps, color="C7", linestyle="--", label="eps")
plt.xlabel("numbers in the sum")
plt.ylabel("relative error")
plt.legend()
plt.show()
# --8<-- [end:error-plot]


# --8<-- [start:stable-softmax]
logits = torch.tensor([900.0, 1001.0, 1002.0])
naive = logits.exp() / logits.exp().sum()
shifted = (logits - logits.max()).exp()
print("textbook:", naive)
print("shifted: ", (shifted / shifted.sum()).round(decimals=3))
print("softmax: ", logits.softmax(dim=0).round(decimals=3))
# --8<-- [end:stable-softmax]


# --8<-- [start:log-softmax]
logits = torch.tensor([0.0, -200.0])
print("log of softmax:", logits.softmax(dim=0).log())
print("log_softmax:   ", logits.log_softmax(dim=0))
# --8<-- [end:log-softmax]


# --8<-- [start:nan-spreads]
measured = torch.tensor([1.0, float("nan"), 3.0])
print("mean:", measured.mean(), "nanmean:", measured.nanmean())
print("equal to itself:", measured == measured)
print("finite:", measured.isfinite())
# --8<-- [end:nan-spreads]


# --8<-- [start:solution-variance]
x = torch.tensor([10000.0, 10001.0, 10002.0], device=device)
short = x.square().mean() - x.mean().square()
stable = (x - x.mean()).square().mean()
print(f"short {short.item():.3f}, mean first {stable.item():.3f}")
print(f"torch.var {x.var(correction=0).item():.3f}")
# --8<-- [end:solution-variance]


# --8<-- [start:solution-log-sum-exp]
def log_sum_exp(x):
    largest = x.max()
    return largest + (x - largest).exp().sum().log()


x = torch.tensor([900.0, 1000.0, 1001.0], device=device)
print(f"naive {x.exp().sum().log().item()}, stable {log_sum_exp(x).item():.3f}")
print(f"torch.logsumexp {x.logsumexp(dim=0).item():.3f}")
# --8<-- [end:solution-log-sum-exp]


# --8<-- [start:broken-augmentation]
images = np.arange(6.0).reshape(2, 3)
batch = torch.from_numpy(images)
batch /= batch.max()
for epoch in 1, 2:
    noisy = torch.from_numpy(images)
    noisy += 0.5
    print(f"epoch {epoch}: mean of the data {images.mean():.2f}")
# --8<-- [end:broken-augmentation]


# --8<-- [start:solution-augmentation]
images = np.arange(6.0).reshape(2, 3)
batch = torch.tensor(images, dtype=torch.float32)
batch = batch / batch.max()
for epoch in 1, 2:
    noisy = batch + 0.5
    print(f"epoch {epoch}: data {images.mean():.2f}, noisy {noisy.mean().item():.2f}")
# --8<-- [end:solution-augmentation]
