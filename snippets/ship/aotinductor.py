"""Compile a model to machine code in one file, and run it without its source."""

# --8<-- [start:setup]
import time
from collections import Counter
from pathlib import Path
from statistics import median
from zipfile import ZipFile

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.export import Dim, export

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:train-a-model]
class DigitReader(nn.Module):
    """Raw pixels from 0 to 16 in, one score for each digit out."""

    def __init__(self):
        super().__init__()
        layers = nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 10)
        self.layers = nn.Sequential(*layers)

    def forward(self, pixels):
        return self.layers(pixels / 16 - 0.5)


digits = load_digits()
pixels, y = torch.tensor(digits.data, dtype=torch.float32), torch.tensor(digits.target)
reader = DigitReader()
optimizer = torch.optim.AdamW(reader.parameters(), lr=3e-3)
for _ in range(10):
    for rows in torch.randperm(1400).split(64):
        loss = F.cross_entropy(reader(pixels[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
reader.eval()
test_pixels, test_y = pixels[1400:], y[1400:]
# --8<-- [end:train-a-model]


# --8<-- [start:compile-to-one-file]
batch = Dim("batch", min=1, max=1024)
program = export(reader, (test_pixels[:8],), dynamic_shapes=({0: batch},))
path = Path.cwd() / "digits.pt2"
torch._inductor.aoti_compile_and_package(program, package_path=str(path))
print("wrote", path.name)
# --8<-- [end:compile-to-one-file]


# --8<-- [start:what-is-inside]
sizes = Counter()
with ZipFile(path) as package:
    for entry in package.infolist():
        sizes[Path(entry.filename).suffix] += entry.file_size
for suffix in (".so", ".cpp"):
    print(f"{suffix} files: {sizes[suffix] / 1000:.0f} kB")
weights = sum(p.numel() * p.element_size() for p in reader.parameters())
print(f"weights: {weights / 1000:.0f} kB")
# --8<-- [end:what-is-inside]


# --8<-- [start:equal-to-eager]
packaged = torch._inductor.aoti_load_package(str(path))
with torch.inference_mode():
    for size in (1, 3, len(test_pixels)):
        apart = packaged(test_pixels[:size]) - reader(test_pixels[:size])
        print(f"batch {size}: largest difference {apart.abs().max():.4f}")
# --8<-- [end:equal-to-eager]


# --8<-- [start:questions-for-another-process]
torch.save({"pixels": test_pixels, "digits": test_y}, "questions.pt")
# --8<-- [end:questions-for-another-process]


# --8<-- [start:a-program-without-the-model]
import torch

read = torch._inductor.aoti_load_package("digits.pt2")
questions = torch.load("questions.pt")
pixels, digits = questions["pixels"], questions["digits"]


def ask(name, pixels):
    try:
        right = (read(pixels).argmax(1) == digits[: len(pixels)]).double().mean()
        print(f"{name}: accuracy {right:.3f}")
    except RuntimeError:
        print(f"{name}: refused")


ask("all questions", pixels)
ask("one question", pixels[:1])
ask("column by column", pixels.T.contiguous().T)  # same numbers, other strides
ask("as float64", pixels.double())
# --8<-- [end:a-program-without-the-model]


# --8<-- [start:start-up-and-speed]
def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


one = test_pixels[:1]
load, again = seconds(lambda: torch._inductor.aoti_load_package(str(path)))
first, _ = seconds(lambda: again(one))
print(f"load the package {1e3 * load:.0f} ms, first answer {1e3 * first:.2f} ms")
with torch.inference_mode():
    for rows in (test_pixels[:1], test_pixels[:256]):
        pairs = [
            seconds(lambda rows=rows: reader(rows))[0]
            / seconds(lambda rows=rows: packaged(rows))[0]
            for _ in range(200)
        ]
        print(f"batch {len(rows)}: eager takes {median(pairs[20:]):.2f} times as long")
# --8<-- [end:start-up-and-speed]


# --8<-- [start:solution-release-check]
@torch.inference_mode()
def release_check(packaged, model, inputs, sizes=(1, 2, 7, 64), tolerance=1e-3):
    """Compare a package with its model: values, decisions, and several batches."""
    for size in sizes:
        wanted, given = model(inputs[:size]), packaged(inputs[:size])
        torch.testing.assert_close(given, wanted, rtol=tolerance, atol=tolerance)
        if not torch.equal(given.argmax(1), wanted.argmax(1)):
            raise ValueError(f"other answers at batch {size}")
    return len(sizes)


print(release_check(packaged, reader, test_pixels), "batch sizes agree")
# --8<-- [end:solution-release-check]


# --8<-- [start:solution-promised-sizes]
print("promised:", *program.range_constraints.values())
many = test_pixels.repeat(4, 1)
try:
    program.module()(many)
except AssertionError as error:
    print("exported program:", error)
print("package:", tuple(packaged(many).shape))
# --8<-- [end:solution-promised-sizes]


# --8<-- [start:images-by-column]
def load_columns():
    """Return the test images as a program in Fortran would lay them out."""
    return test_pixels.T.contiguous().T


def accuracy(pixels):
    return (packaged(pixels).argmax(1) == test_y).double().mean().item()


print("same numbers:", torch.equal(load_columns(), test_pixels))
print(f"accuracy {accuracy(load_columns()):.3f}")
# --8<-- [end:images-by-column]


# --8<-- [start:solution-images-by-column]
print("strides:", load_columns().stride(), "and", test_pixels.stride())
print(f"accuracy {accuracy(load_columns().contiguous()):.3f}")
# --8<-- [end:solution-images-by-column]
