"""What each loss takes: shapes, dtypes and the meaning of its inputs."""

# --8<-- [start:setup]
import warnings

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:print-a-row]
def row(criterion, *inputs, note):
    """Compute the loss, and print what went in and what came out."""
    loss = criterion(*(x.to(device) for x in inputs))
    assert loss.ndim == 0 and loss.isfinite()
    shapes = " ".join(str(tuple(x.shape)).replace(" ", "") for x in inputs)
    dtype = str(inputs[1].dtype).removeprefix("torch.")
    print(f"{type(criterion).__name__:22} {shapes:21} {dtype:7} {loss:6.3f} {note}")


N, C = 4, 3  # rows, classes
# --8<-- [end:print-a-row]


# --8<-- [start:numbers]
torch.manual_seed(0)
guess, truth = torch.randn(2, N)
row(nn.MSELoss(), guess, truth, note="mean of squares")
row(nn.L1Loss(), guess, truth, note="mean of distances")
row(nn.HuberLoss(), guess, truth, note="square near 0, distance beyond")
row(nn.SmoothL1Loss(), guess, truth, note="Huber / delta")
row(nn.PoissonNLLLoss(), guess, torch.tensor([0.0, 2, 1, 5]), note="log rate, count")
row(nn.GaussianNLLLoss(), guess, truth, truth.exp(), note="mean, target, variance")
# --8<-- [end:numbers]


# --8<-- [start:one-of-many]
torch.manual_seed(0)
logits, labels = torch.randn(N, C), torch.tensor([0, 2, 1, 2])
row(nn.CrossEntropyLoss(), logits, labels, note="logits, class numbers")
row(nn.CrossEntropyLoss(), logits, logits.softmax(1), note="logits, probabilities")
row(nn.CrossEntropyLoss(), logits[0], labels[0], note="one row, no batch")
row(
    nn.CrossEntropyLoss(),
    torch.randn(N, C, 5),
    labels[:, None].repeat(1, 5),
    note="T=5",
)
row(nn.NLLLoss(), logits.log_softmax(1), labels, note="log-probabilities")
row(nn.MultiMarginLoss(), logits, labels, note="any scores")
# --8<-- [end:one-of-many]


# --8<-- [start:yes-or-no]
flags = torch.tensor([0.0, 1, 1, 0])
signs = 2 * flags - 1  # -1 and 1
row(nn.BCEWithLogitsLoss(), guess, flags, note="logits, 0 to 1")
row(nn.BCEWithLogitsLoss(), logits, logits.sigmoid(), note="many labels a row")
row(nn.BCELoss(), guess.sigmoid(), flags, note="probabilities, 0 to 1")
row(nn.SoftMarginLoss(), guess, signs, note="logits, -1 or 1")
row(nn.HingeEmbeddingLoss(), guess.abs(), signs, note="distances, -1 or 1")
# --8<-- [end:yes-or-no]


# --8<-- [start:distributions-pairs-sequences]
kl = nn.KLDivLoss(reduction="batchmean")
row(kl, logits.log_softmax(1), logits.flip(0).softmax(1), note="log-prob., prob.")
torch.manual_seed(0)
a, b, c = torch.randn(3, N, 8)  # embeddings
row(nn.CosineEmbeddingLoss(), a, b, signs, note="1 alike, -1 not")
row(nn.TripletMarginLoss(), a, b, c, note="anchor, alike, not alike")
row(nn.MarginRankingLoss(), guess, truth, signs, note="1: the first ranks higher")
spoken = torch.randn(9, N, C).log_softmax(2)  # (time, batch, classes), 0 is blank
lengths = torch.full((N,), 9), torch.full((N,), 2)
row(nn.CTCLoss(), spoken, torch.randint(1, C, (N, 2)), *lengths, note="log-prob.")
# --8<-- [end:distributions-pairs-sequences]


# --8<-- [start:try-a-dtype]
def accepts(criterion, given, dtype, device):
    """Try a target of zeros and ones, forward and backward."""
    target = torch.tensor([0, 1, 1, 0]).to(device, dtype)
    y_hat = given.to(device).requires_grad_()
    try:
        criterion(y_hat, target).square().backward()
    except RuntimeError:  # NotImplementedError is one too
        return "-"
    return "yes"


def print_table(device):
    dtypes = {"f32": torch.float32, "f64": torch.float64, "i64": torch.int64}
    dtypes |= {"i32": torch.int32, "u8": torch.uint8, "bool": torch.bool}
    print(" " * 13, *(f"{name:>4}" for name in dtypes))
    for name in ("MSE", "L1", "Huber", "CrossEntropy", "NLL", "BCEWithLogits", "BCE"):
        classes = name in ("CrossEntropy", "NLL")
        given = torch.full((4, 2) if classes else (4,), 0.25)
        criterion = getattr(nn, f"{name}Loss")()
        cells = [accepts(criterion, given, dtype, device) for dtype in dtypes.values()]
        print(f"{name:13}", *(f"{cell:>4}" for cell in cells))


# --8<-- [end:try-a-dtype]


# --8<-- [start:target-dtypes]
print_table("cpu")
# --8<-- [end:target-dtypes]


# --8<-- [start:target-dtypes-on-a-gpu]
print_table(device)
# --8<-- [end:target-dtypes-on-a-gpu]


# --8<-- [start:column-against-row]
for name in ("MSE", "L1", "Huber", "SmoothL1", "PoissonNLL", "BCEWithLogits"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            getattr(nn, f"{name}Loss")()(guess[:, None], flags)
            verdict = "warns" if caught else "silent"
        except (RuntimeError, ValueError) as error:
            verdict = type(error).__name__
    print(f"{name:14} (4, 1) against (4,): {verdict}")
# --8<-- [end:column-against-row]


# --8<-- [start:what-mean-means]
log_p, q = logits.log_softmax(1).to(device), logits.flip(0).softmax(1).to(device)
x, y = logits.to(device), labels.to(device)
divergence = F.kl_div(log_p, q, reduction="batchmean")
torch.testing.assert_close(divergence, F.kl_div(log_p, q, reduction="sum") / N)
weight = torch.tensor([1.0, 2.0, 3.0], device=device)
total = F.cross_entropy(x, y, weight=weight, reduction="sum")
averaged = F.cross_entropy(x, y, weight=weight)
torch.testing.assert_close(averaged, total / weight[y].sum())  # not by N
print(f"{divergence:.3f} {averaged:.3f}")
print(F.cross_entropy(x, torch.full_like(y, -100)).item())  # nothing to average
# --8<-- [end:what-mean-means]


# --8<-- [start:solution-every-pixel]
torch.manual_seed(0)
maps, classes = torch.randn(N, C, 6, 6), torch.randint(0, C, (N, 6, 6))
row(nn.CrossEntropyLoss(), maps, classes, note="(N,C,H,W) and (N,H,W)")
as_rows = maps.permute(0, 2, 3, 1).reshape(-1, C)
flat = F.cross_entropy(as_rows, classes.flatten())
torch.testing.assert_close(F.cross_entropy(maps, classes), flat)
# --8<-- [end:solution-every-pixel]


# --8<-- [start:solution-entropy-between]
entropy = -(q * q.log()).sum(dim=1).mean()
cross = F.cross_entropy(x, q)
torch.testing.assert_close(cross, divergence + entropy)
print(f"{cross:.3f} = {divergence:.3f} + {entropy:.3f}")
# --8<-- [end:solution-entropy-between]
