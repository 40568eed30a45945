"""What the mutation check changes in a block, and what it leaves alone."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "benchmarks"))

from mutations import mutants


def changes(code):
    """Return the changes of a block."""
    return [mutant.change for mutant in mutants(f"{code}\n")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("y = x + 1", ["+ -> -", "1 -> 2", "y = x + 1 -> pass"]),
        ("a @ b", ["@ -> *", "a @ b -> pass"]),
        ("x.sum()", ["sum -> mean", "x.sum() -> pass"]),
        ("f(a, b)", ["a, b -> b, a", "f(a, b) -> pass"]),
        ("f(size=3)", ["3 -> 4", "f(size=3) -> pass", "size=3 -> (nothing)"]),
        ("flag = True", ["True -> False", "flag = True -> pass"]),
        ("if a < b:\n    c()", ["< -> >", "c() -> pass", "if a < b: c() -> pass"]),
    ],
)
def test_one_thing_is_changed(code, expected):
    assert sorted(changes(code)) == sorted(expected)


@pytest.mark.parametrize(
    "code",
    [
        "import torch",
        '"""What it does."""',
        "def f():\n    pass",
        "plt.show()",
        "device = torch.accelerator.current_accelerator()",
        "x, y = x.to(device), y.to(device)",
        "torch.manual_seed(0)",
        "torch.set_num_threads(1)",
        "torch.testing.assert_close(a, b, rtol=1e-3)",
    ],
)
def test_what_no_run_could_tell_apart_is_left_alone(code):
    assert changes(code) == []


def test_every_mutant_is_other_code_on_the_same_lines():
    code = (
        "x = torch.zeros(\n    2,\n    3,\n)\nfor i in range(4):\n    x += i * 2.5\nprint(f'{x.sum():.2f}', x.dtype)\n"
    )
    found = mutants(code)
    assert len({mutant.code for mutant in found}) == len(found) > 10
    for mutant in found:
        assert mutant.code != code
        assert mutant.code.count("\n") == code.count("\n")
        compile(mutant.code, "mutant", "exec")
