"""What a block reads, binds and changes is read off its code, in doubt as more rather than less."""

import pytest

from blocks.needs.effects import read_effects


def effects(code):
    [found] = read_effects([code])
    return found


@pytest.mark.parametrize(
    ("code", "uses"),
    [
        ("y = x + 1", {"x"}),
        ("x = 1\ny = x", set()),
        ("y = x\nx = 1", {"x"}),
        ("x += 1", {"x"}),
        ("print(f'{x:.2f}')", {"print", "x"}),
        ("y = [x for x in rows]", {"rows", "x"}),
        ("with guard(): pass", {"guard"}),
        ("@decorate\ndef f(): pass", {"decorate"}),
        ("def f(a=x): pass", {"x"}),
        ("class A(Base): pass", {"Base"}),
        ("class A:\n    size = x", {"x"}),
        ("model.layer.weight", {"model"}),
        ("x[i] = y", {"x", "i", "y"}),
        ("del x", {"x"}),
        ("if x: print(1)", {"print", "x"}),
        ("if x: y = 1", {"x", "y"}),  # y may keep what it held
        ("assert x", {"x"}),
    ],
)
def test_names_used(code, uses):
    assert effects(code).uses == uses


@pytest.mark.parametrize(
    ("code", "binds"),
    [
        ("x = y = 1", {"x", "y"}),
        ("x, (y, *z) = rows", {"x", "y", "z"}),
        ("import torch.nn as nn\nimport os.path\nfrom torch import optim", {"nn", "os", "optim"}),
        ("def f(): x = 1", {"f"}),
        ("class A: x = 1", {"A"}),
        ("for i in rows: pass", {"i"}),
        ("with open(p) as file: pass", {"file"}),
        ("(n := 1)", {"n"}),
        ("x: int = 1", {"x"}),
    ],
)
def test_names_bound(code, binds):
    assert binds <= effects(code).binds


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("x[0] = 1", "x"),
        ("x.data = 1", "x"),
        ("x[0].y.z = 1", "x"),
        ("x += 1", "x"),
        ("del x[0]", "x"),
        ("x.add_(1)", "x"),
        ("y = x.mul_(2)", "x"),
        ("rows.append(1)", "rows"),
        ("optimizer.step()", "optimizer"),
        ("first = rows.pop()", "rows"),
        ("batch = next(batches)", "batches"),
        ("model.eval()", "model"),
        ("import torch\ntorch.nn.init.zeros_(weight)", "weight"),
        ("import torch\ntorch.set_default_dtype(torch.float64)", "torch"),
        ("torch.manual_seed(0)\nx.zero_()", "x"),
        ("if flag: x = 1", "x"),
        ("for i in range(3): x.add_(i)", "x"),
    ],
)
def test_objects_changed(code, changes):
    assert changes in effects(code).changes


@pytest.mark.parametrize(
    "code", ["print(x)", "y = x + 1", "len(x)", "y = x.sum()", "y = x", "y = x.clone()", "x.shape"]
)
def test_objects_left_alone(code):
    assert "x" not in effects(code).changes


def test_names_in_functions_are_read_later():
    found = effects("def f(a):\n    return a + x\n\n\ng = lambda: y")
    assert {"x", "y"} <= found.later
    assert not {"x", "y"} & found.uses
