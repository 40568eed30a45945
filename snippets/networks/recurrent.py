"""Read sequences step by step: cells, layers, padding, packing and state."""

# --8<-- [start:setup]
import copy
import re
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:unrolled]
fig, ax = plt.subplots(figsize=(4.8, 2.2))
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
    from_memory = h @ rnn.weight_hh_l0.T + rnn.bias_hh_l0
    h = torch.tanh(from_input + from_memory)
output, last = rnn(x)
print("output", tuple(output.shape), "last", tuple(last.shape))
print(f"loop and layer differ by {(last[0] - h).abs().max():.2f}")
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
    if isinstance(state, tuple):  # an LSTM returns (h, c)
        state = state[0]
    apart = (output[:, -1, -H:] - state[-1]).abs().max()
    shapes = f"output {tuple(output.shape)} state {tuple(state.shape)}"
    print(f"{name:15} {shapes} apart {apart:.2f}")
# --8<-- [end:outputs-and-state]


# --8<-- [start:batch-first]
other = x.clone()
other[1] = 0.0  # change the second sequence only
for batch_first in (False, True):
    torch.manual_seed(0)
    gru = nn.GRU(D, H, batch_first=batch_first).to(device)
    moved = (gru(x)[0][2] - gru(other)[0][2]).abs().max()
    print(f"batch_first={batch_first}: the third output moves by {moved:.2f}")
# --8<-- [end:batch-first]


# --8<-- [start:pad-and-mask]
torch.manual_seed(0)
sequences = [torch.randn(length, D) for length in (6, 2, 4)]
lengths = torch.tensor([len(sequence) for sequence in sequences])
padded = pad_sequence(sequences, batch_first=True).to(device)
mask = torch.arange(6) < lengths[:, None]
print("padded", tuple(padded.shape))
print(mask.int())
# --8<-- [end:pad-and-mask]


# --8<-- [start:last-real-step]
gru = nn.GRU(D, H, batch_first=True).to(device)
output, last = gru(padded)
real = output[torch.arange(3), lengths - 1]
apart = (last[0] - real).abs().amax(dim=1)
print("last state, off by", [f"{number:.2f}" for number in apart.tolist()])
# --8<-- [end:last-real-step]


# --8<-- [start:packed]
packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
packed_output, packed_last = gru(packed)
print("packed data", tuple(packed.data.shape))
print(f"last state, off by {(packed_last[0] - real).abs().max():.2f}")
unpacked, _ = pad_packed_sequence(packed_output, batch_first=True)
print("unpacked", tuple(unpacked.shape), "after the end:", unpacked[1, 2:].max().item())
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
    """Return the gradient at step 1 of 50 over that at step 50, as a power of ten."""
    torch.manual_seed(1)
    x = torch.randn(50, 4).to(device).requires_grad_()  # one sequence, no batch
    output, _ = layer.to(device)(x)
    output[-1].square().mean().backward()
    sizes = x.grad.norm(dim=1)
    return (sizes[0] / sizes[-1]).log10().item()


torch.manual_seed(0)
print(f"RNN:  10 to the {gradient_left(nn.RNN(4, 32)):.1f}")
for bias in (0.0, 1.0, 3.0):
    torch.manual_seed(0)
    lstm = nn.LSTM(4, 32)
    nn.init.constant_(lstm.bias_ih_l0[32:64], bias)  # input, forget, cell, output
    print(f"LSTM, forget bias {bias}: 10 to the {gradient_left(lstm):.1f}")
# --8<-- [end:gradient-to-the-start]


# --8<-- [start:stream-in-pieces]
torch.manual_seed(0)
stream = torch.randn(1, 12, D).to(device)
whole, _ = gru(stream)
state, fresh, carried = None, [], []
for piece in stream.split(4, dim=1):
    fresh.append(gru(piece)[0])
    output, state = gru(piece, state)  # goes on where it was
    state = state.detach()  # and keeps no graph of the earlier pieces
    carried.append(output)
for name, pieces in (("fresh state", fresh), ("carried", carried)):
    apart = (torch.cat(pieces, dim=1) - whole).abs().max()
    print(f"{name}: differs from the whole stream by {apart:.2f}")
# --8<-- [end:stream-in-pieces]


# --8<-- [start:words-and-scrambles]
def scramble(word):
    return "".join(word[i] for i in torch.randperm(len(word)).tolist())


def encode(word):
    return torch.tensor([ord(letter) - ord("a") + 1 for letter in word])  # 0 is padding


torch.manual_seed(0)
text = " ".join(topics.values())  # the help texts that come with Python
words = sorted(set(re.findall(r"\b[a-z]{5,12}\b", text)))
scrambled = [scramble(word) for word in words]
print(encode("torch").tolist(), encode("chort").tolist())
# --8<-- [end:words-and-scrambles]


# --8<-- [start:word-reader]
class WordReader(nn.Module):
    def __init__(self, dim=16, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(27, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, tokens, lengths):
        x = self.embed(tokens)  # (batch, time) to (batch, time, dim)
        packed = pack_padded_sequence(x, lengths, True, enforce_sorted=False)
        _, last = self.gru(packed)
        return self.head(last[-1]).squeeze(1)


def collate(texts):
    """Return padded tokens, and the lengths on the CPU."""
    tokens = pad_sequence([encode(text) for text in texts], batch_first=True)
    return tokens.to(device), torch.tensor([len(text) for text in texts])


torch.manual_seed(0)
reader = WordReader().to(device)
print("scores", tuple(reader(*collate(["torch", "gradient", "norm"])).shape))
# --8<-- [end:word-reader]


# --8<-- [start:train-reader]
order = torch.randperm(len(words)).tolist()
test, train = order[:500], order[500:]
texts = [words[i] for i in train] + [scrambled[i] for i in train]
y = torch.tensor([1.0] * len(train) + [0.0] * len(train))
optimizer = torch.optim.AdamW(reader.parameters(), lr=0.01)
for _ in range(5):
    for rows in torch.randperm(len(texts)).split(64):
        scores = reader(*collate([texts[row] for row in rows]))
        loss = F.binary_cross_entropy_with_logits(scores, y[rows].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    on_words = reader(*collate([words[i] for i in test])) > 0
    on_scrambled = reader(*collate([scrambled[i] for i in test])) < 0
accuracy = torch.cat([on_words, on_scrambled]).float().mean()
print(f"new words and scrambles: accuracy {accuracy:.2f}")
# --8<-- [end:train-reader]


# --8<-- [start:solution-both-ends]
torch.manual_seed(0)
both = nn.GRU(D, H, bidirectional=True, batch_first=True).to(device)
output, state = both(x)
summary = torch.cat([state[0], state[1]], dim=1)
ends = torch.cat([output[:, -1, :H], output[:, 0, H:]], dim=1)
print("summary", tuple(summary.shape), f"apart {(summary - ends).abs().max():.2f}")
print(f"output[:, -1] is off by {(summary - output[:, -1]).abs().max():.2f}")
# --8<-- [end:solution-both-ends]


# --8<-- [start:solution-masked-mean]
output, _ = gru(padded)
weights = mask[..., None].to(device)
mean = (output * weights).sum(dim=1) / weights.sum(dim=1)
right = output[1, :2].mean(dim=0)  # the second sequence has two real steps
print(f"masked mean off by {(mean[1] - right).abs().max():.2f}")
print(f"plain mean off by {(output.mean(dim=1)[1] - right).abs().max():.2f}")
# --8<-- [end:solution-masked-mean]


# --8<-- [start:diagnosis-stream]
torch.manual_seed(0)
follower = nn.GRU(D, H, batch_first=True).to(device)
optimizer = torch.optim.SGD(follower.parameters(), lr=0.1)
memory = None
try:
    for piece in stream.split(4, dim=1):
        output, memory = follower(piece, memory)
        loss = output.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
except RuntimeError as error:
    print("RuntimeError:", str(error).partition(" (")[0])
# --8<-- [end:diagnosis-stream]


# --8<-- [start:solution-detach-the-state]
memory = None
for piece in stream.split(4, dim=1):
    output, memory = follower(piece, memory)
    memory = memory.detach()
    loss = output.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss:.3f}")
# --8<-- [end:solution-detach-the-state]
