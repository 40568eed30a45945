"""Names of imported libraries are found through the page's own imports, and only where they are sure."""

import pytest

from blocks.needs.imports import names_of, shorter


@pytest.mark.parametrize(
    ("codes", "used"),
    [
        (["import torch\ntorch.randn(2)"], [{"torch.randn": "torch.randn"}]),
        (["from torch import nn", "nn.Linear(1, 1)"], [{}, {"nn.Linear": "torch.nn.Linear"}]),
        (["import torch.nn.functional as F\nF.relu(1)"], [{"F.relu": "torch.nn.functional.relu"}]),
        (["import torch.nn\ntorch.nn.ReLU()"], [{"torch.nn.ReLU": "torch.nn.ReLU"}]),
        (["from a.b import c as d\nd()"], [{"d": "a.b.c"}]),
        (["import torch\ntorch.ones(1).view(1)"], [{"torch.ones": "torch.ones"}]),
        (["import torch\nx = 1\nx.view(1)"], [{}]),
        (["import torch as F\nF.a", "F = 1\nF.b"], [{}, {}]),
        (["import torch as t", "def f(t): return t.a"], [{}, {}]),
        (["from . import near\nnear.a"], [{}]),
        (["import torch\ntorch.b\ntorch.a\ntorch.b"], [{"torch.b": "torch.b", "torch.a": "torch.a"}]),
    ],
)
def test_names(codes, used):
    found = names_of(dict(zip("abc", codes, strict=False))).values()
    assert [list(names.items()) for names in found] == [list(names.items()) for names in used]


def test_shorter():
    assert list(shorter("a.b.c")) == ["a.b.c", "a.b", "a"]
