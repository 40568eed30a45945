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
    print(f"{type(criterion).__name__:19} {shapes:24} {dtype:7} {loss:6.3f} {note}")


N, C, T = 4, 3, 5  # rows, classes, time steps
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
per_step = labels[:, None].repeat(1, T)
row(nn.CrossEntropyLoss(), torch.randn(N, C, T), per_step, note="a class a step")
row(nn.NLLLoss(), logits.log_softmax(1), labels, note="log-probabilities")
row(nn.MultiMarginLoss(), logits, labels, note="any scores")
# --8<-- [end:one-of-many]


# --8<-- [start:time-before-classes]
torch.manual_seed(0)
scores = torch.randn(N, C, C)  # C time steps, each with scores for C classes
steps = torch.randint(C, (N, C))
as_classes_first = F.cross_entropy(scores, steps)
transposed = F.cross_entropy(scores.mT, steps)
print(f"(N, T, C) as it is: {as_classes_first:.3f}, as (N, C, T): {transposed:.3f}")
# --8<-- [end:time-before-classes]


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
print_table("cuda")
# --8<-- [end:target-dtypes-on-a-gpu]


# --8<-- [start:column-against-row]
def what_it_says(name):
    extra = [torch.ones(N)] if name == "GaussianNLL" else []
    column, row_of_targets = torch.full((N, 1), 0.5), torch.zeros(N)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            getattr(nn, f"{name}Loss")()(column, row_of_targets, *extra)
        except (RuntimeError, ValueError) as error:
            return type(error).__name__
    of_size = any("target size" in str(warning.message) for warning in caught)
    return "warns" if of_size else "says nothing"


regression = ["MSE", "L1", "Huber", "SmoothL1", "PoissonNLL", "GaussianNLL"]
others = ["KLDiv", "HingeEmbedding", "MultiLabelSoftMargin", "SoftMargin"]
for name in (*regression, *others, "BCE", "BCEWithLogits"):
    print(f"{name:20} {what_it_says(name)}")
# --8<-- [end:column-against-row]


# --8<-- [start:what-mean-means]
x, y = logits.to(device), labels.to(device)
weight = torch.tensor([1.0, 2.0, 3.0], device=device)
total = F.cross_entropy(x, y, weight=weight, reduction="sum")
print(f"mean, weighted:         {F.cross_entropy(x, y, weight=weight):.3f}")
print(f"sum / weights of rows:  {total / weight[y].sum():.3f}")
print(f"sum / number of rows:   {total / N:.3f}")
ignored = torch.full_like(y, -100)
print(f"nothing left to average: {F.cross_entropy(x, ignored):.3f}")
# --8<-- [end:what-mean-means]


# --8<-- [start:mean-of-distributions]
log_p, q = x.log_softmax(1), x.flip(0).softmax(1)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # KLDivLoss warns of its mean
    mean = F.kl_div(log_p, q, reduction="mean")
by_rows = F.kl_div(log_p, q, reduction="batchmean")
print(f"KLDivLoss, mean {mean:.3f}, batchmean {by_rows:.3f}")
labels_rare = torch.tensor([1.0, 0, 0, 0], device=device)
for factor in (1.0, 3.0):
    pos_weight = torch.tensor(factor, device=device)
    loss = F.binary_cross_entropy_with_logits(
        torch.zeros(N, device=device), labels_rare, pos_weight=pos_weight
    )
    print(f"BCEWithLogitsLoss, pos_weight {factor:.0f}: {loss:.3f}")
# --8<-- [end:mean-of-distributions]


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
print(f"{cross:.3f} = {by_rows:.3f} + {entropy:.3f}")
# --8<-- [end:solution-entropy-between]


# --8<-- [start:solution-soft-labels-with-weights]
one_hot = F.one_hot(y, C).float()
print(f"class numbers: {F.cross_entropy(x, y, weight=weight):.3f}")
print(f"one-hot:       {F.cross_entropy(x, one_hot, weight=weight):.3f}")
total = F.cross_entropy(x, one_hot, weight=weight, reduction="sum")
print(f"the same again: {total / weight[y].sum():.3f}")
# --8<-- [end:solution-soft-labels-with-weights]
