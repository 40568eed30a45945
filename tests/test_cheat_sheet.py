"""Every row of the cheat sheet gives what its right column says."""

import re
from pathlib import Path

import numpy
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from blocks.read.regions import read_regions

ROOT = Path(__file__).parents[1]
SHEET = ROOT / "docs/reference/cheat-sheet.md"
CODE = re.compile(r"`([^`]+)`")
ON_A_GPU = re.compile(r"torch\.accelerator\.(synchronize|empty_cache)\(\)")


def rows():
    """Return the calls of each row, and what its right column starts with, as code."""
    for line in SHEET.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            given = re.match(CODE, cells[1])
            yield CODE.findall(cells[0]), given and given[1]


def names():
    """Return what the rows may use: the page's own model, and the tensors that its text names."""
    model = read_regions(ROOT / "snippets/reference/cheat-sheet.py")["build-a-model"].text
    known = {"torch": torch, "F": F, "nn": nn, "device": "cpu", "array": numpy.array([1.0, 2.0])}
    exec(model, known)
    known["x"] = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    known["w"] = torch.tensor([1.0, 2.0], requires_grad=True)
    known["images"], known["words"] = torch.rand(2, 3, 8, 8), torch.rand(1, 3, 4)
    return known


def run(call, known):
    """Return what a call gives, or nothing if it is a statement."""
    try:
        code = compile(call, call, "eval")
    except SyntaxError:
        return exec(compile(call, call, "exec"), known)
    return eval(code, known)


def shown(value, expected):
    """Return a value in the form in which the right column writes it."""
    if isinstance(value, tuple) and all(isinstance(part, torch.Tensor) for part in value):
        return [tuple(part.shape) for part in value]
    if not isinstance(value, torch.Tensor):
        return value
    return tuple(value.shape) if isinstance(expected, tuple) else value.double().mul(1e4).round().div(1e4).tolist()


def test_rows_give_what_they_say():
    known, wrong = names(), []
    found = list(rows())
    precision = torch.get_float32_matmul_precision()
    for calls, given in found:
        for call in calls:
            if ON_A_GPU.fullmatch(call) and not torch.accelerator.is_available():
                continue
            value = run(call, known)
            expected = eval(given, known) if given and given not in known else None
            if expected is not None and shown(value, expected) != expected:
                wrong.append((call, value, expected))
    torch.set_float32_matmul_precision(precision)
    assert wrong == []
    assert len(found) > 100
    assert sum(bool(given) for _, given in found) > 90


def test_a_wrong_row_is_noticed():
    assert shown(torch.zeros(2, 3), (2, 2)) != (2, 2)
    assert shown(torch.tensor([1.0]), [2.0]) != [2.0]


@pytest.mark.parametrize("name", ["scatter", "vmap", "profile", "RMSNorm", "compile"])
def test_sheet_has(name):
    assert name in SHEET.read_text("utf-8")
