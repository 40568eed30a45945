"""A block's runnable copy holds the earlier blocks that bind or change the names it reads, and those it declares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import BadInput
from blocks.needs.needs import Source, needs, reasons
from blocks.read.page import read_page

PAGES = {
    "imports": (["import math", "x = 1", "print(math.pi)"], "ac"),
    "value": (["x = 1", "y = 2", "print(x)"], "ac"),
    "value of a value": (["x = 1", "y = x + 1", "print(y)"], "abc"),
    "rebound": (["x = 1", "x = 2", "print(x)"], "bc"),
    "rebound and changed": (["x = []", "x.append(1)", "x = [2]", "x.append(3)", "print(x)"], "cde"),
    "maybe rebound": (["x = 1", "if True: x = 2", "print(x)"], "abc"),
    "function": (["def f(): return 1", "y = 1", "f()"], "ac"),
    "function that reads a name": (["k = 1", "def f(): return k", "f()"], "abc"),
    "name that a function reads, bound later": (["def f(): return k", "k = 1", "f()"], "abc"),
    "name that a function reads, bound again": (["k = 1", "def f(): return k", "k = 2", "f()"], "bcd"),
    "function defined again": (["def f(): return 1", "def f(): return 2", "f()"], "bc"),
    "class": (["class A: pass", "class B(A): pass", "B()"], "abc"),
    "class that a call does not change": (["class A: pass", "A().go()", "A()"], "ac"),
    "attribute set": (["x = object()", "x.name = 1", "print(x.name)"], "abc"),
    "in place": (["x = [1]", "x.append(2)", "print(x)"], "abc"),
    "in place through an argument": (["x = []", "def add(rows): rows.append(1)", "add(x)", "print(x)"], "abcd"),
    "augmented": (["x = 1", "x += 1", "print(x)"], "abc"),
    "printed between": (["x = 1", "print(x)", "print(x)"], "ac"),
    "mode of a model": (["m = nn.Linear(1, 1)", "m.eval()", "print(m.training)"], "abc"),
    "unrelated": (["x = 1", "y = x", "print('alone')"], "c"),
    "name of a comprehension": (["v = 1", "x = [v for v in [2]]", "print(v)"], "ac"),
    "name inside a class": (["step = 1", "class A:\n    step = 2\n    def go(self): pass", "print(step)"], "ac"),
    "default value": (["k = 1", "def f(a=k): return a", "f()"], "abc"),
}


@pytest.mark.parametrize(("codes", "expected"), PAGES.values(), ids=PAGES)
def test_names_tell_what_a_block_needs(project, codes, expected):
    page = project.page(**dict(zip("abcdef", codes, strict=False)))
    assert "".join(block.name for block in page.program(page.blocks[-1])) == expected


def test_a_mark_adds_a_block_with_what_that_needs(project):
    codes = {"setup": "import torch", "saved": "torch.save([1], 'x.pt')", "other": "y = 1", "loaded": "open('x.pt')"}
    assert project.page(**codes)["loaded"].needs == ()
    assert project.page({"loaded": 'needs("saved")'}, **codes)["loaded"].needs == ("setup", "saved")


def test_shell_fences_need_and_are_needed(project):
    project.snippet({"read-rows": "open('rows.csv')"})
    shell = "```bash\necho 1 > rows.csv\n```\n"
    python = '<!--pytest.mark.needs("shell-a")-->\n```python\n--8<-- "tensors/sample.py:read-rows"\n```\n'
    after = '<!--pytest.mark.needs("read-rows")-->\n```bash\nls rows.csv\n```\n'
    page = read_page(project.write("docs/tensors/sample.md", f"{shell}\n{python}\n{after}"), project.root)
    assert [block.needs for block in page.blocks] == [(), ("shell-a",), ("shell-a", "read-rows")]


@pytest.mark.parametrize("name", ["nowhere", "later", "only"])
def test_a_need_that_is_no_block_above_is_refused(project, name):
    with pytest.raises(BadInput, match=rf":8: 'only' needs '{name}', which is no block above it. Above it are: first."):
        project.page({"only": f'needs("{name}")'}, first="x = 1", only="x", later="y = 1")


@pytest.mark.parametrize(
    ("raising", "expected"),
    [("x.append(1 / 0)", "ac"), ("x[0] = 1 / 0", "ac"), ("y = 1\nx.append(1 / 0)", "abc"), ("x = 1 / 0", "abc")],
)
def test_a_block_that_raises_is_needed_only_for_what_it_binds(project, raising, expected):
    """What it binds may not have come so far, so the block before it stays."""
    page = project.page({"b": "raises(ZeroDivisionError)"}, a="x = []", b=raising, c="print(x)\ny = 2")
    page = project.page({"b": "raises(ZeroDivisionError)"}, a="x, y = [], 0", b=raising, c="print(x, y)")
    assert "".join(block.name for block in page.program(page["c"])) == expected


def test_reasons_are_names():
    program = [Source("a", "import math\nx = [1]"), Source("b", "x.append(2)"), Source("c", "print(math.pi, x)")]
    assert [(part.name, names) for part, names in reasons(program)] == [("a", ["math", "x"]), ("b", ["x"])]


STATEMENTS = st.sampled_from(["{0} = 1", "{0} = {1}", "{0} += {1}", "def {0}(): return {1}", "[{1} for {0} in '']"])
LINES = st.builds(lambda text, a, b: text.format(a, b), STATEMENTS, st.sampled_from("xyz"), st.sampled_from("xyz"))


@given(st.lists(LINES, min_size=1, max_size=6))
def test_every_name_that_a_copy_reads_is_bound_as_on_the_page(codes):
    """Whatever else a copy may miss, it never misses a name that the page has."""
    found = needs([Source(str(index), code) for index, code in enumerate(codes)])
    for last, code in enumerate(codes):
        if outcome(codes[: last + 1]) is None:
            assert outcome([codes[int(name)] for name in found[last]] + [code]) is None


def outcome(codes):
    """Return the kind of exception that these blocks end with, None if they run."""
    try:
        exec("\n".join(codes), {})
    except Exception as error:
        return type(error)
    return None
