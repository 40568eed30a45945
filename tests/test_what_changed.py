"""Every row of What changed: the old form says what its right column tells, the form of today says nothing."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Variable
from torch.nn import attention
from torch.optim.lr_scheduler import StepLR
from torch.utils.checkpoint import checkpoint

pytestmark = pytest.mark.skipif(torch.__version__ < "2.15", reason="the page tells what torch 2.15 says")
PAGE = Path(__file__).parents[1] / "docs/reference/what-changed.md"
ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| (warns|raises|runs)(?:: (.+))? \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text("utf-8"))


@pytest.fixture
def names():
    models = pytest.importorskip("torchvision.models")
    from torchvision import transforms
    from torchvision.transforms import v2

    torch.set_warn_always(True)
    weight = torch.ones(1, requires_grad=True)
    yield {
        **{"torch": torch, "nn": nn, "F": F, "np": np, "v2": v2, "transforms": transforms, "Variable": Variable},
        **{"backend": attention.SDPBackend.MATH, "checkpoint": checkpoint, "StepLR": StepLR},
        **{"a": torch.rand(3), "b": torch.rand(3), "s": torch.rand(2, 2) + torch.eye(2), "c": torch.rand(2, 1)},
        **{"model": nn.Linear(3, 2), "layer": nn.Linear(2, 2), "x": torch.rand(4, 3), "images": torch.rand(1, 1, 2, 2)},
        **{"arrays": [np.ones(2), np.ones(2)], "optimizer": torch.optim.SGD([weight], lr=0.1)},
        "squeezenet1_1": models.squeezenet1_1,
    }
    torch.set_warn_always(False)


def said(code, names):
    """Return whether a piece of code runs, warns or raises, and all that it says."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            eval(code, names)
        except Exception as error:
            return "raises", str(error)
    return ("warns" if caught else "runs"), " ".join(str(warning.message) for warning in caught)


def test_page_has_rows():
    assert len(ROWS) > 35
    assert {kind for _, _, kind, _ in ROWS} == {"warns", "raises", "runs"}


@pytest.mark.parametrize(("old", "today", "kind", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_row(old, today, kind, message, names):
    found, text = said(old, names)
    assert found == kind
    assert message in text.replace("`", "")
    assert said(today, {**names, "layer": nn.Linear(2, 2)}) == ("runs", "")
