"""A difference shows both lines, one above the other, and marks what a reader must look at."""

from itertools import pairwise

import pytest

from blocks.outputs.difference import difference


def marked(expected, printed):
    """Return the parts of the printed lines that carets stand under."""
    lines = difference(expected, printed).splitlines()
    found = []
    for line, below in pairwise(lines):
        if below.startswith("?"):
            found += ["".join(a for a, b in zip(line.ljust(len(below)), below, strict=False) if b == "^").rstrip()]
    return found


@pytest.mark.parametrize(
    ("expected", "printed", "parts"),
    [
        ("loss 0.123, 0.901\n", "loss 0.123, 0.950\n", ["0.950"]),
        ("loss 0.1234, 0.901\n", "loss 0.1235, 0.950\n", ["0.950"]),
        ("[[1, 2],\n [3, 4]]\n", "[[1, 2],\n [3, 40]]\n", ["40"]),
        ("torch.float32\n", "torch.float64\n", ["64"]),
        ("a\n", "", []),
    ],
)
def test_what_differs_is_marked(expected, printed, parts):
    assert marked(expected, printed) == parts


def test_lines_that_agree_stay_and_others_stand_above_each_other():
    text = difference("one\n0.1234\nthree\n", "one\n0.1235\nthree\nfour\n")
    assert text == "  one\n  0.1235\n  three\n+ four"
    assert difference("1\n2\n", "1\n3\n") == "  1\n- 2\n+ 3\n? ^"


def test_only_what_is_out_of_tolerance_is_marked():
    text = difference("loss 0.31, 0.22\n", "loss 0.35, 0.99\n", tolerances={"loss": 0.1})
    assert text.splitlines()[-1] == f"?{' ' * 12}^^^^"


def test_long_difference_is_cut():
    lines = difference("".join(f"a{n}\n" for n in range(5000)), "".join(f"b{n}\n" for n in range(5000))).splitlines()
    assert len(lines) == 81 and lines[-1] == "  ... and 14920 lines more"
