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


print("32, kernel 3:", conv_size(32, kernel=3))
print("32, kernel 3, padding 1:", conv_size(32, kernel=3, padding=1))
print("33, kernel 3, stride 2, padding 1:", conv_size(33, 3, stride=2, padding=1))
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
def width_after(layer, width):
    return layer.to(device)(torch.empty(1, 9, width, device=device)).shape[-1]


for kernel, stride, padding in ((2, 2, 0), (3, 2, 1)):
    layer = nn.MaxPool2d(kernel, stride, padding)
    formula = conv_size(7, kernel, stride, padding)
    print(f"kernel {kernel}: layer {width_after(layer, 7)}, formula {formula}")
print("stride of MaxPool2d(2):", nn.MaxPool2d(2).stride)
print("adaptive, asked for 2:", width_after(nn.AdaptiveAvgPool2d(2), 7))
# --8<-- [end:size-after-pooling]


# --8<-- [start:round-up-or-not]
print("length 7, kernel 2:", width_after(nn.MaxPool2d(2, ceil_mode=True), 7))
gaps = nn.MaxPool2d(2, stride=3, ceil_mode=True)
print("length 6, kernel 2, stride 3:", width_after(gaps, 6), "and not 3")
padded = nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)
print("length 7, kernel 2, padding 1:", width_after(padded, 7), "and not 5")
# --8<-- [end:round-up-or-not]


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
print("7 and 8 become", [conv_size(n, 3, 2, 1) for n in (7, 8)])
print(
    "4 becomes", transposed_size(4, 3, 2, 1), "or", transposed_size(4, 3, 2, 1, extra=1)
)
# --8<-- [end:size-after-transposed]


# --8<-- [start:through-a-network]
def sizes_through(n):
    sizes = [n]
    for _ in range(3):
        after = conv_size(sizes[-1], kernel=3, padding=1)
        sizes.append(conv_size(after, kernel=2, stride=2))  # pooling
    return sizes


for n in (32, 64, 224):
    print(sizes_through(n), "-> in_features", 128 * sizes_through(n)[-1] ** 2)
accepted = [n for n in range(1, 100) if sizes_through(n)[-1] == 4]
print("sizes that end at 4:", accepted)
# --8<-- [end:through-a-network]


# --8<-- [start:any-size]
head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))
for n in (4, 5, 28):
    print(n, "->", tuple(head(torch.zeros(1, 128, n, n)).shape))
# --8<-- [end:any-size]


# --8<-- [start:numbers-in-a-layer]
def conv_numbers(c_in, c_out, kernel, groups):
    return c_out * (c_in // groups) * kernel**2 + c_out  # weight and bias


for c_in, c_out, k, groups in ((3, 32, 3, 1), (64, 128, 1, 1), (64, 64, 3, 64)):
    layer = nn.Conv2d(c_in, c_out, k, groups=groups).to(device)
    counted = sum(w.numel() for w in layer.parameters())
    assert counted == conv_numbers(c_in, c_out, k, groups)
    print(f"weight {tuple(layer.weight.shape)}, {counted} parameters")
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


# --8<-- [start:solution-part-of-the-picture]
class Classifier(nn.Sequential):
    def __init__(self):
        channels = [(1, 8), (8, 16), (16, 128)]
        blocks = []
        for c_in, c_out in channels:
            blocks += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.MaxPool2d(2)]
        super().__init__(*blocks, nn.Flatten(), nn.Linear(128 * 4 * 4, 10))


torch.manual_seed(0)
model = Classifier()
for n in (32, 39):
    images = torch.randn(16, 1, n, n, requires_grad=True)
    model(images).sum().backward()
    by_column = images.grad.abs().sum(dim=(0, 1, 2))
    share = by_column[-7:].mean() / by_column[:-7].mean()
    print(f"{n}: {by_column.count_nonzero()} columns count, the last seven {share:.2f}")
# --8<-- [end:solution-part-of-the-picture]
