"""A tutorial's code cells are named blocks whose code is the script's own lines."""

from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.read.page import read_page
from blocks.read.tutorial import is_tutorial, read_cells, read_prose

SCRIPT = """\
# %% [markdown]
# # First steps

# %% setup
import math

# %% [markdown]
# Now look:
#
# <!--pytest.mark.network-->

# %% print-pi
# the ratio of a circle
pi = math.pi

print(pi)
"""


def tutorial(project, text):
    return project.write("snippets/tutorials/first.py", text)


def test_cells_in_order(project):
    path = tutorial(project, SCRIPT)
    setup, pi = read_cells(path)
    assert (setup.name, setup.code, setup.line, setup.marks) == ("setup", "import math\n", 5, ())
    assert (pi.name, pi.line, [mark.name for mark in pi.marks]) == ("print-pi", 13, ["network"])


@pytest.mark.parametrize(
    "body",
    [
        "x = 1\nprint(x)\n",
        "# copy the weights\nx = 1\n",
        "# ls\n# !pip install torch\nx = 1\n",
        "\nx = 1\n",
        "\n\n# first\n\nx = 1\n",
        "x = 1\n\n\ndef f():\n    return 1\n",
    ],
    ids=["plain", "comment like a command", "commented magic", "blank line", "blank lines", "gap"],
)
def test_code_is_the_lines_of_the_script(project, body):
    path = tutorial(project, f"# %% only\n{body}")
    [cell] = read_cells(path)
    lines = path.read_text().splitlines()
    assert cell.code.splitlines() == lines[cell.line - 1 :]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("# %%\nx = 1\n", ":1: '' is not kebab-case. Name the block like 'slice-rows'."),
        ("# %% Two words\nx = 1\n", ":1: 'Two words' is not kebab-case. Name the block like 'slice-rows'."),
        ("# %% same\nx = 1\n\n# %% same\ny = 2\n", ":4: cell 'same' is already on line 1. Rename one of them."),
        ("import math\n\n# %% only\nx = 1\n", ":1: text outside a cell. "),
        ("# %% only\nx = (1\n", ":2: not Python: '(' was never closed"),
        ("# %% [markdown]\n# <!--pytest.mark.skip-->\n\n# %% only\nx = 1\n", ":2: mark 'skip' without reason"),
        ("# %% [markdown]\n# ```python\n# x = 1\n# ```\n", ":2: a Python fence in the prose"),
        ('# %% [markdown]\n# Text.\nprint("hello")\n', ":3: code in the prose, which no run saw"),
        ('# %% [markdown]\n# Text.\n#\n#     print("hello")\n', ":4: code in the prose, which no run saw"),
        ("# %% [markdown]\n# <!--pytest.mark.network--> <!--pytest.mark.cuda-->\n", ":2: two marks on one line"),
        ("# %% only\nif x:\n    # %% of the total\n    y = 1\n", ":3: jupytext begins a cell here"),
        ("# %% only\nx = 1\n#%% percent of what\n", ":3: jupytext begins a cell here"),
        ('# %% only tags=["x"]\nx = 1\n', ":1: 'only tags=[\"x\"]' is more than a name. Leave out tags"),
        ("# ---\n# learn: [a]\n# ---\n# Text.\n# %% only\nx = 1\n", ":1: text outside a cell. Open every cell with"),
        ("# ---\n# learn: [a]\n# %% only\nx = 1\n", ":1: text outside a cell. Open every cell with"),
    ],
)
def test_script_that_is_refused(project, text, complaint):
    path = tutorial(project, text)
    with pytest.raises(BadInput) as caught:
        read_page(path, project.root)
    assert str(caught.value).removeprefix(str(path)).startswith(complaint)


def test_front_matter_is_no_cell(project):
    path = tutorial(project, f"# ---\n# learn: [count]\n# ---\n\n{SCRIPT}")
    assert [cell.line for cell in read_cells(path)] == [9, 17]
    assert next(read_prose(path)) == ("# First steps\n\n", None)


def test_page_of_a_tutorial(project):
    path = tutorial(project, SCRIPT)
    page = read_page(path, project.root)
    assert page.path == page.snippet == path
    assert [(block.name, block.line) for block in page.blocks] == [("setup", 5), ("print-pi", 13)]


def test_tutorials_run_like_pages(project, start):
    page = read_page(tutorial(project, SCRIPT.replace("math.pi", "math.tau / 0")), project.root)
    *_, result = start().run(page, list(page.blocks))
    assert f'File "{page.snippet}", line 14, in <module>' in result.reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("snippets/tutorials/first.py", True),
        ("snippets/tutorials/first.out", False),
        ("snippets/tensors/first.py", False),
        ("docs/tutorials/first.py", False),
    ],
)
def test_is_tutorial(path, expected):
    assert is_tutorial(Path("/root") / path) is expected
