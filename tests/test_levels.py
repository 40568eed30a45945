"""Every statement of a snippet stands in one region, at the margin or below a main guard."""

import pytest

from blocks.errors import BadInput
from blocks.read.levels import under_main_guard
from blocks.read.regions import read_regions

GUARD = 'if __name__ == "__main__":\n'


def region(body, name="only", indent=""):
    return f"{indent}# --8<-- [start:{name}]\n{body}\n{indent}# --8<-- [end:{name}]\n"


BELOW = GUARD + region("    print(x)", "shown", "    ")


@pytest.mark.parametrize(
    ("text", "below"),
    [
        (region("x = 1"), set()),
        ('"""Doc."""\n\n# a comment\n' + region("x = 1"), set()),
        (region("x = (\n    1\n)"), set()),
        (region(GUARD + "    print(1)"), set()),
        (region("x = 1") + BELOW, {"shown"}),
        (region("x = 1") + BELOW + region("    y = 2", "more", "    "), {"shown", "more"}),
        (region("from __future__ import annotations"), set()),
    ],
    ids=["region", "docstring", "long statement", "whole guard", "below a guard", "two below it", "future"],
)
def test_regions_of_whole_statements(project, text, below):
    path = project.write("x.py", text)
    assert under_main_guard(path, read_regions(path)) == below


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("import torch\n" + region("x = 1"), ":1: code outside a region"),
        (region("x = 1") + "print(x)\n", ":4: code outside a region"),
        (region("x = 1") + GUARD + "    print(x)\n", ":5: code outside a region"),
        (region("x = 1") + GUARD + "    pass\nelse:\n    print(x)\n", ":4: code outside a region"),
        (region("x = 1") + "'a second string'\n", ":4: code outside a region"),
        (region("x = (1"), ":2: not Python: '(' was never closed"),
        (region("x = 1\n  y = 2"), ":3: not Python: unexpected indent"),
        (region("    x = 1"), ":2: not Python: unexpected indent"),
        (region("x = '\0'"), ": not Python"),
        (region("x = 1") + region("from __future__ import annotations", "late"), ":5: not Python: from __future__"),
        ("x = (\n" + region("    1") + ")\n", ":1: region 'only' holds only a part"),
        (
            region("for i in 'ab':\n    print(i)") + region("    print(i * 2)", "more", "    "),
            ":2: region 'only' holds only a part",
        ),
        (
            "class A:\n" + region("    def f(self): pass", "first-part", "    "),
            ":1: region 'first-part' holds only a part",
        ),
        (region("@f") + "def g(): pass\n", ":2: region 'only' holds only a part"),
        (GUARD + "    pass\n" + region("    x = 1", indent="    "), ":2: code outside a region"),
        (
            GUARD + "    # --8<-- [start:both]\n    x = 1\ny = 2\n# --8<-- [end:both]\n",
            ":3: region 'both' stands partly below a main guard",
        ),
    ],
)
def test_what_is_no_whole_statement_is_refused(project, text, place):
    path = project.write("x.py", text)
    with pytest.raises(BadInput) as caught:
        under_main_guard(path, read_regions(path))
    assert place in str(caught.value)
