"""Predict with a trained model: right answers first, then latency and throughput."""

# --8<-- [start:setup]
import time
from statistics import median, quantiles

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:digits]
pixels, targets = load_digits(return_X_y=True)  # pixels are 0 to 16
train_pixels, test_pixels, train_y, test_y = train_test_split(
    torch.tensor(pixels, dtype=torch.float32), torch.tensor(targets), random_state=0
)
low, high = train_pixels.min().item(), train_pixels.max().item()
print(f"{tuple(train_pixels.shape)}, pixels from {low:.0f} to {high:.0f}")
# --8<-- [end:digits]


# --8<-- [start:train-a-model]
def make_model(width=256):
    layers = []
    for inputs in (64, width, width):
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU()]
        layers += [nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def train(model, epochs=15):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(train_y)).split(64):
            x, y = (train_pixels[rows] / 16).to(device), train_y[rows].to(device)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


model = train(make_model().to(device))
# --8<-- [end:train-a-model]


# --8<-- [start:predictor]
class Predictor:
    """A trained model with everything that an answer depends on."""

    def __init__(self, model):
        self.model = model.eval()  # (1)!
        self.device = next(model.parameters()).device

    @torch.inference_mode()  # (2)!
    def __call__(self, images):
        """Return a digit and its probability for each row of 64 pixels, 0 to 16."""
        x = torch.as_tensor(images, dtype=torch.float32).to(self.device) / 16  # (3)!
        confidence, digit = self.model(x).softmax(dim=1).max(dim=1)
        return digit.cpu(), confidence.cpu()  # (4)!


predict = Predictor(model)
digit, confidence = predict(test_pixels)
print(f"accuracy {(digit == test_y).double().mean():.3f}")
print(digit[:8].tolist(), f"first probability {confidence[0]:.2f}")
# --8<-- [end:predictor]


# --8<-- [start:price-of-wrong-answers]
def accuracy(x):
    with torch.no_grad():
        return (model(x.to(device)).argmax(1).cpu() == test_y).double().mean().item()


torch.manual_seed(0)
with torch.no_grad():
    before = model((test_pixels / 16).to(device))
print(f"as trained:      accuracy {accuracy(test_pixels / 16):.3f}")
print(f"not divided:     accuracy {accuracy(test_pixels):.3f}")
print(f"divided by 255:  accuracy {accuracy(test_pixels / 255):.3f}")
transposed = (test_pixels / 16).reshape(-1, 8, 8).mT.flatten(1)
print(f"rows as columns: accuracy {accuracy(transposed):.3f}")
model.train()
print(f"training mode:   accuracy {accuracy(test_pixels / 16):.3f}")
model.eval()
with torch.no_grad():
    moved = (model((test_pixels / 16).to(device)) - before).abs().max()
print(f"eval mode again: logits moved by {moved:.1f}")
# --8<-- [end:price-of-wrong-answers]


# --8<-- [start:answers-that-depend-on-neighbors]
def changed_by_company(model):
    """Return the share of images that change their answer with their company."""
    x = (test_pixels / 16).to(device)
    order = test_y.argsort(stable=True)  # neighbors now show the same digit
    with torch.no_grad():
        mixed = torch.cat([model(part) for part in x.split(32)]).argmax(1)
        alike = torch.cat([model(part) for part in x[order].split(32)]).argmax(1)
    return (mixed[order] != alike).double().mean().item()


without_dropout = make_model().to(device)
without_dropout.load_state_dict(model.state_dict())
for layer in without_dropout.train():
    if isinstance(layer, nn.Dropout):
        layer.eval()  # leave batch norm alone in training mode
for name, served in (("training", without_dropout), ("eval", model)):
    print(f"{name}: share of changed answers {changed_by_company(served):.3f}")
# --8<-- [end:answers-that-depend-on-neighbors]


# --8<-- [start:kept-for-backward]
def kept_for_backward(x):
    """Return the bytes of new tensors that the forward pass keeps for backward."""
    known = {p.untyped_storage().data_ptr() for p in model.parameters()}
    sizes = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # the tensor itself could keep its graph alive

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = model(x)
    return sum(sizes.values()), output.requires_grad


x = (test_pixels[:256] / 16).to(device)
print("by default: {:,} bytes, requires_grad {}".format(*kept_for_backward(x)))
with torch.inference_mode():
    print("inference_mode: {:,} bytes, requires_grad {}".format(*kept_for_backward(x)))
# --8<-- [end:kept-for-backward]


# --8<-- [start:latency]
def wait():
    """Let the accelerator finish its queue; on a CPU nothing is queued."""
    if accelerator:
        torch.accelerator.synchronize()


def latencies(work, repeats=60):
    """Return the seconds of each call, the first one included."""
    times = []
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return times


one = test_pixels[:1]
fresh = Predictor(make_model().to(device))
first, *rest = latencies(lambda: fresh(one), repeats=300)
cuts = quantiles(rest, n=100)
print(f"first call {1e3 * first:.2f} ms")
print(f"then median {1e3 * cuts[49]:.2f} ms, 99 of 100 within {1e3 * cuts[98]:.2f} ms")
# --8<-- [end:latency]


# --8<-- [start:batch-sizes]
def measure(size):
    """Return the milliseconds of a batch and the images a second."""
    batch = torch.rand(size, 64) * 16
    seconds = median(latencies(lambda: predict(batch))[10:])
    return 1e3 * seconds, size / seconds


sizes = [1, 4, 16, 64, 256, 1024]
measured = {size: measure(size) for size in sizes}
for size, (latency, throughput) in measured.items():
    print(f"batch {size:>4}: {latency:>6.2f} ms, {throughput:>9,.0f} images a second")
# --8<-- [end:batch-sizes]


# --8<-- [start:draw-batch-sizes]
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5, 4.8), layout="constrained")
top.plot(sizes, [measured[size][0] for size in sizes], "C0o-")
top.set(ylabel="latency of a batch in ms", yscale="log", ylim=(0.01, None))
bottom.plot(sizes, [measured[size][1] for size in sizes], "C1s-")
bottom.set(ylabel="images a second", yscale="log", ylim=(1_000, None))
for ax in (top, bottom):
    ax.set(xscale="log", xlabel="batch size")
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.set_xticks(sizes, [str(size) for size in sizes])
plt.show()
# --8<-- [end:draw-batch-sizes]


# --8<-- [start:one-by-one]
images = test_pixels[:256]


def one_by_one():
    return [predict(image[None])[0].item() for image in images]


def together():
    return predict(images)[0].tolist()


slow, fast = (median(latencies(work, repeats=7)) for work in (one_by_one, together))
same = sum(a == b for a, b in zip(one_by_one(), together(), strict=True))
print(f"one by one takes {slow / fast:.0f} times as long")
print(f"same answer for {same} of {len(images)} images")
# --8<-- [end:one-by-one]


# --8<-- [start:threads]
def images_a_second(batch, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    seconds = median(latencies(lambda: predict(batch), repeats=30)[5:])
    torch.set_num_threads(before)
    return len(batch) / seconds


for size in (1, 1024):
    batch = torch.rand(size, 64) * 16
    ratio = images_a_second(batch, threads=2) / images_a_second(batch, threads=1)
    print(f"batch {size:>4}: two threads serve {ratio:.2f} times as much as one")
# --8<-- [end:threads]


# --8<-- [start:text-model]
class TextModel(nn.Module):
    """Score token sequences; padding is token 0 and must not count."""

    def __init__(self, vocabulary=100, width=64):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=0)
        self.attend = nn.MultiheadAttention(width, 4, batch_first=True)
        self.head = nn.Linear(width, 2)

    def forward(self, tokens):
        padded = tokens == 0  # (batch, seq)
        x = self.embed(tokens)
        mixed, _ = self.attend(x, x, x, key_padding_mask=padded, need_weights=False)
        mixed = mixed.masked_fill(padded[..., None], 0)
        return self.head(mixed.sum(1) / (~padded).sum(1, keepdim=True))


torch.manual_seed(0)
lengths = (8 * 2 ** (4 * torch.rand(512))).long()  # 8 to 127, short ones are common
texts = [torch.randint(1, 100, (length,)) for length in lengths.tolist()]
text_model = TextModel().to(device).eval()
print(f"{len(texts)} texts, median length {lengths.median()}, longest {lengths.max()}")
# --8<-- [end:text-model]


# --8<-- [start:padding-buckets]
@torch.inference_mode()
def score(texts, order, batch_size=32):
    """Return the scores in the order of `texts`, and the share of padding."""
    scores, filled, room = torch.empty(len(texts), 2), 0, 0
    for rows in order.split(batch_size):
        chosen = [texts[row] for row in rows.tolist()]
        tokens = nn.utils.rnn.pad_sequence(chosen, batch_first=True)
        scores[rows] = text_model(tokens.to(device)).cpu()
        filled += sum(map(len, chosen))
        room += tokens.numel()
    return scores, 1 - filled / room


as_they_come, by_length = torch.arange(len(texts)), lengths.argsort(stable=True)
for name, order in (("as they come", as_they_come), ("by length", by_length)):
    print(f"{name}: {100 * score(texts, order)[1]:.1f} % of the tokens are padding")
apart = (score(texts, as_they_come)[0] - score(texts, by_length)[0]).abs().max()
print(f"scores differ by at most {apart:.6f}")
# --8<-- [end:padding-buckets]


# --8<-- [start:time-of-buckets]
times = [
    median(latencies(lambda order=order: score(texts, order), repeats=3))
    for order in (as_they_come, by_length)
]
print(f"as they come takes {times[0] / times[1]:.1f} times as long as by length")
# --8<-- [end:time-of-buckets]


# --8<-- [start:half-the-bytes]
def megabytes(model):
    values = [*model.parameters(), *model.buffers()]
    return sum(value.numel() * value.element_size() for value in values) / 1e6


half = make_model().to(device)
half.load_state_dict(model.state_dict())
half = half.to(torch.bfloat16).eval()
x = (test_pixels / 16).to(device)
with torch.inference_mode():
    full_logits, half_logits = model(x), half(x.to(torch.bfloat16)).float()
print(f"{megabytes(model):.2f} MB become {megabytes(half):.2f} MB")
for name, logits in (("float32", full_logits), ("bfloat16", half_logits)):
    right = (logits.argmax(1).cpu() == test_y).double().mean()
    print(f"{name:8}: accuracy {right:.3f}")
apart = (full_logits - half_logits).abs()
print(f"logits differ by {apart.max():.2f} at most")
# --8<-- [end:half-the-bytes]


# --8<-- [start:solution-largest-batch]
def largest_batch(budget_ms, sizes=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)):
    """Return the largest size that ends within the budget nine times in ten."""
    best = None
    for size in sizes:
        batch = torch.rand(size, 64) * 16
        times = latencies(lambda batch=batch: predict(batch), repeats=40)[10:]
        if 1e3 * quantiles(times, n=10)[-1] <= budget_ms:
            best = size
    return best


print("within 2 ms: up to", largest_batch(budget_ms=2))
# --8<-- [end:solution-largest-batch]


# --8<-- [start:solution-few-shapes]
def bucket(length, smallest=16):
    """Return the next power of two, so that few different shapes occur."""
    return max(smallest, 2 ** (length - 1).bit_length())


padded = [bucket(length) for length in lengths.tolist()]
print(len(set(lengths.tolist())), "lengths become", len(set(padded)), "shapes")
print(f"padding: {100 * (1 - sum(lengths.tolist()) / sum(padded)):.0f} %")
# --8<-- [end:solution-few-shapes]


# --8<-- [start:growing-service]
recent = []


def answer(images):
    scores = model((images / 16).to(device))
    recent.append(scores.max())  # for a report once an hour
    return scores.argmax(1).tolist()


for _ in range(100):
    answer(test_pixels[:64])
print("kept:", len(recent), "numbers, each with", recent[0].grad_fn.name())
# --8<-- [end:growing-service]


# --8<-- [start:solution-growing-service]
recent.clear()


@torch.inference_mode()
def answer(images):
    scores = model((images / 16).to(device))
    recent.append(scores.max().item())
    return scores.argmax(1).tolist()


for _ in range(100):
    answer(test_pixels[:64])
print("kept:", len(recent), "numbers, each a", type(recent[0]).__name__)
# --8<-- [end:solution-growing-service]
