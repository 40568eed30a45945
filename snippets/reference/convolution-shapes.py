"""Compute what comes out of convolutions and poolings, and prove the formula."""

# --8<-- [start:setup]
from itertools import product

import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:size-after-convolution]
def conv_size(n, kernel, stride=1, padding=0, dilation=1):
    """Return the length that a convolution makes of length n."""
    reach = dilation * (kernel - 1) + 1  # from the first tap to the last
    return (n + 2 * padding - reach) // stride + 1


print(conv_size(32, kernel=3), conv_size(32, 3, padding=1), conv_size(33, 3, 2, 1))
# --8<-- [end:size-after-convolution]


# --8<-- [start:test-every-setting]
same, refused = 0, 0
for n, k, s, p, d in product((7, 8, 9), (1, 2, 3, 5), range(1, 4), range(3), (1, 2)):
    layer = nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d).to(device)
    x = torch.empty(1, n, n + 1, device=device)  # only its shape matters
    expected = [conv_size(size, k, s, p, d) for size in (n, n + 1)]
    if min(expected) < 1:
        refused += 1  # the window is larger than the padded image
        continue
    assert list(layer(x).shape[1:]) == expected
    same += 1
print(same, "settings agree,", refused, "do not fit")
# --8<-- [end:test-every-setting]


# --8<-- [start:window-too-large]
try:
    nn.Conv2d(1, 1, kernel_size=5, dilation=2)(torch.empty(1, 1, 8, 8))
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
# --8<-- [end:window-too-large]


# --8<-- [start:size-after-pooling]
x = torch.empty(1, 9, 7, device=device)  # width 7
print(tuple(nn.MaxPool2d(2)(x).shape), conv_size(7, kernel=2, stride=2))
print(tuple(nn.MaxPool2d(2, ceil_mode=True)(x).shape))
print(tuple(nn.MaxPool2d(3, stride=2, padding=1)(x).shape), conv_size(7, 3, 2, 1))
print(tuple(nn.AdaptiveAvgPool2d(2)(x).shape))  # asks for the result instead
# --8<-- [end:size-after-pooling]


# --8<-- [start:keep-the-size]
paddings = []
for k, d in product((1, 3, 5, 7), (1, 2, 3)):
    padding = d * (k - 1) // 2
    paddings.append(padding)
    assert conv_size(32, k, padding=padding, dilation=d) == 32
    layer = nn.Conv2d(1, 1, k, padding="same", dilation=d).to(device)
    assert layer(torch.empty(1, 32, 32, device=device)).shape == (1, 32, 32)
print("padding:", paddings)
try:
    nn.Conv2d(1, 1, 3, padding="same", stride=2)
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:keep-the-size]


# --8<-- [start:size-after-transposed]
def transposed_size(n, kernel, stride, padding, dilation=1, extra=0):
    """Return the length that a transposed convolution makes; extra: output_padding."""
    return (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1


same = 0
for n, k, s, p, e in product((4, 7), range(2, 5), range(1, 4), range(2), range(2)):
    if e < s:  # a rule of the layer
        layer = nn.ConvTranspose2d(1, 1, k, s, p, output_padding=e).to(device)
        x = torch.empty(1, n, n, device=device)
        size = transposed_size(n, k, s, p, extra=e)
        assert layer(x).shape == (1, size, size)
        same += 1
print(same, "settings agree")
print([conv_size(n, 3, 2, 1) for n in (7, 8)])
print(transposed_size(4, 3, 2, 1), transposed_size(4, 3, 2, 1, extra=1))
# --8<-- [end:size-after-transposed]


# --8<-- [start:through-a-network]
for n in (32, 64, 224):
    sizes = [n]
    for _ in range(3):
        after = conv_size(sizes[-1], kernel=3, padding=1)
        sizes.append(conv_size(after, kernel=2, stride=2))  # pooling
    print(sizes, "-> in_features", 128 * sizes[-1] ** 2)
# --8<-- [end:through-a-network]


# --8<-- [start:numbers-in-a-layer]
def conv_numbers(c_in, c_out, kernel, groups):
    return c_out * (c_in // groups) * kernel**2 + c_out  # weight and bias


for c_in, c_out, k, groups in ((3, 32, 3, 1), (64, 128, 1, 1), (64, 64, 3, 64)):
    layer = nn.Conv2d(c_in, c_out, k, groups=groups).to(device)
    counted = sum(w.numel() for w in layer.parameters())
    assert counted == conv_numbers(c_in, c_out, k, groups)
    print(tuple(layer.weight.shape), counted)
# --8<-- [end:numbers-in-a-layer]


# --8<-- [start:solution-seven-by-seven]
sizes = [224]
for kernel, stride, padding in ((7, 2, 3), (3, 2, 1), (3, 2, 1), (3, 2, 1), (3, 2, 1)):
    sizes.append(conv_size(sizes[-1], kernel, stride, padding))
print(sizes)
# --8<-- [end:solution-seven-by-seven]


# --8<-- [start:solution-double-the-size]
for k, s, p in product(range(1, 6), range(1, 4), range(3)):
    if all(transposed_size(n, k, s, p) == 2 * n for n in range(1, 50)):
        layer = nn.ConvTranspose2d(1, 1, k, s, p).to(device)
        x = torch.empty(1, 9, 9, device=device)
        assert layer(x).shape == (1, 18, 18)
        print("kernel", k, "stride", s, "padding", p)
# --8<-- [end:solution-double-the-size]
