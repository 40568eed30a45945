"""Read sequences step by step: cells, layers, padding, packing and state."""

# --8<-- [start:setup]
import copy

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:unrolled]
fig, ax = plt.subplots(figsize=(6.4, 2.4))
box = {"boxstyle": "round,pad=0.7", "facecolor": "none", "edgecolor": "C1"}
for t in range(4):
    ax.text(t, 1, "cell", ha="center", va="center", bbox=box)
    ax.text(t, 0, f"x[{t}]", ha="center", va="bottom")
    ax.text(t, 2, f"h[{t}]", ha="center", va="top")
    up_in, up_out = ((t, 0.2), (t, 0.75)), ((t, 1.25), (t, 1.8))
    for start, end in (up_in, up_out, ((t + 0.2, 1), (t + 0.8, 1))):
        ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "C0"})
ax.set(xlim=(-0.3, 3.8), ylim=(0, 2))
ax.axis("off")
plt.show()
# --8<-- [end:unrolled]


# --8<-- [start:rnn-by-hand]
torch.manual_seed(0)
B, T, D, H = 3, 6, 5, 4  # batch, time, features, hidden units
x = torch.randn(B, T, D).to(device)
rnn = nn.RNN(D, H, batch_first=True).to(device)
h = torch.zeros(B, H, device=device)
for t in range(T):
    from_input = x[:, t] @ rnn.weight_ih_l0.T + rnn.bias_ih_l0
    h = torch.tanh(from_input + h @ rnn.weight_hh_l0.T + rnn.bias_hh_l0)
output, last = rnn(x)
torch.testing.assert_close(last[0], h, rtol=0, atol=1e-2)
print(tuple(output.shape), tuple(last.shape))
# --8<-- [end:rnn-by-hand]


# --8<-- [start:tf32-lstm]
def rounding_error(precision):
    """Return the largest error of a float32 LSTM under this setting."""
    lstm = nn.LSTM(16, 16, batch_first=True, device=device)
    signal = torch.randn(2, 20, 16, device=device)
    exact, _ = copy.deepcopy(lstm).double()(signal.double())
    before = torch.backends.cudnn.rnn.fp32_precision
    torch.backends.cudnn.rnn.fp32_precision = precision
    rounded, _ = lstm(signal)
    torch.backends.cudnn.rnn.fp32_precision = before
    return (rounded - exact).abs().max().item()


print("default:", torch.backends.cudnn.rnn.fp32_precision)
for precision in ("tf32", "ieee"):
    print(f"{precision}: largest error {rounding_error(precision):.0e}")
# --8<-- [end:tf32-lstm]


# --8<-- [start:outputs-and-state]
torch.manual_seed(0)
layers = {
    "LSTM": nn.LSTM(D, H, batch_first=True),
    "GRU, 2 layers": nn.GRU(D, H, num_layers=2, batch_first=True),
    "GRU, both ways": nn.GRU(D, H, bidirectional=True, batch_first=True),
}
for name, layer in layers.items():
    output, state = layer.to(device)(x)
    state = state[0] if isinstance(state, tuple) else state  # LSTM: (h, c)
    ends = torch.equal(output[:, -1], state[-1])
    print(f"{name:15} {tuple(output.shape)} {tuple(state.shape)} {ends}")
# --8<-- [end:outputs-and-state]


# --8<-- [start:batch-first]
other = x.clone()
other[1].zero_()  # change the second sequence only
for batch_first in (False, True):
    torch.manual_seed(0)
    gru = nn.GRU(D, H, batch_first=batch_first).to(device)
    same = torch.allclose(gru(x)[0][2], gru(other)[0][2], atol=1e-3)
    print(f"batch_first={batch_first!s:5} third sequence unchanged: {same}")
# --8<-- [end:batch-first]


# --8<-- [start:pad-and-mask]
torch.manual_seed(0)
sequences = [torch.randn(length, D) for length in (6, 2, 4)]
lengths = torch.tensor([len(sequence) for sequence in sequences])
padded = pad_sequence(sequences, batch_first=True).to(device)
mask = torch.arange(6) < lengths[:, None]
print(tuple(padded.shape))
print(mask.int().tolist())
# --8<-- [end:pad-and-mask]


# --8<-- [start:last-real-step]
gru = nn.GRU(D, H, batch_first=True).to(device)
output, last = gru(padded)
real = output[torch.arange(3), lengths - 1]
same = torch.isclose(last[0], real, atol=1e-2).all(dim=1)
print("last step is the last real step:", same.tolist())
# --8<-- [end:last-real-step]


# --8<-- [start:packed]
packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
packed_output, packed_last = gru(packed)
torch.testing.assert_close(packed_last[0], real, rtol=0, atol=1e-2)
unpacked, _ = pad_packed_sequence(packed_output, batch_first=True)
print(tuple(packed.data.shape), tuple(unpacked.shape))
# --8<-- [end:packed]


# --8<-- [start:lengths-on-the-gpu]
try:
    moved = lengths.to(device)
    wrong = pack_padded_sequence(padded, moved, True, enforce_sorted=False)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:lengths-on-the-gpu]


# --8<-- [start:gradient-to-the-start]
def gradient_left(layer):
    """Return how much of the last step's gradient step 1 of 50 gets, as 10 to the..."""
    x = torch.randn(50, 4).to(device).requires_grad_()  # one sequence, no batch
    layer.to(device)(x)[0][-1].sum().backward()
    sizes = x.grad.norm(dim=1)
    return f"10 to the {(sizes[0] / sizes[-1]).log10().item():.0f}"


torch.manual_seed(0)
print("RNN: ", gradient_left(nn.RNN(4, 32)))
lstm = nn.LSTM(4, 32)
print("LSTM:", gradient_left(lstm))
nn.init.constant_(lstm.bias_ih_l0[32:64], 3.0)  # input, forget, cell, output
print("LSTM, forget gate open:", gradient_left(lstm))
# --8<-- [end:gradient-to-the-start]


# --8<-- [start:read-digits]
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 32, batch_first=True)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        _, last = self.gru(x)
        return self.head(last[-1])


torch.manual_seed(0)
reader = Reader().to(device)
digits = load_digits()
X = torch.tensor(digits.images / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)
print(tuple(X.shape), tuple(reader(X).shape))
# --8<-- [end:read-digits]


# --8<-- [start:train-reader]
torch.manual_seed(0)
train, test = torch.randperm(len(X)).split([1300, 497])
optimizer = torch.optim.AdamW(reader.parameters(), lr=0.01)
for _ in range(12):
    for batch in train[torch.randperm(len(train))].split(64):
        loss = F.cross_entropy(reader(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
correct = reader(X[test]).argmax(dim=1) == y[test]
print("more than 9 in 10 right:", correct.float().mean().item() > 0.9)
# --8<-- [end:train-reader]


# --8<-- [start:solution-both-ends]
torch.manual_seed(0)
both = nn.GRU(D, H, bidirectional=True, batch_first=True).to(device)
output, state = both(x)
summary = torch.cat([state[0], state[1]], dim=1)
ends = torch.cat([output[:, -1, :H], output[:, 0, H:]], dim=1)
print(tuple(summary.shape), torch.allclose(summary, ends, atol=1e-3))
# --8<-- [end:solution-both-ends]


# --8<-- [start:solution-masked-mean]
output, _ = gru(padded)
weights = mask[..., None].to(device)
mean = (output * weights).sum(dim=1) / weights.sum(dim=1)
torch.testing.assert_close(mean[1], output[1, :2].mean(dim=0))
print(torch.allclose(output.mean(dim=1)[1], mean[1], atol=1e-3))
# --8<-- [end:solution-masked-mean]
