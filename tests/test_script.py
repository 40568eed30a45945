"""What a reader takes away runs: a page goes on after a block that raises, a script names where it is from."""

import subprocess
import sys

import pytest

from blocks.read.page import read_page
from blocks.render.script import program, script
from tests.conftest import fence

RAISING = '''
text = """one
two"""
for line in text.splitlines():
    print(line)

raise ValueError("three")
'''


def execute(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_program_has_no_markers_and_runs(project):
    page = project.page(first="print(1)", second="print(2)")
    assert "8<" not in program(page)
    assert execute(program(page)).stdout == "1\n2\n"


def test_program_goes_on_after_a_block_that_raises(project):
    page = project.page({"second": "raises(ValueError)"}, first="print(1)", second=RAISING, third="print(4)")
    done = execute(program(page))
    assert (done.stdout, done.stderr) == ("1\none\ntwo\nValueError: three\n4\n", "")


RAISES = "raises(SystemExit)", "import sys\nsys.exit('no such option')"
OTHER = "raises(pickle.UnpicklingError)", "import pickle\npickle.loads(b'x')"
GUARDED = """
# --8<-- [start:first]
x = 1
# --8<-- [end:first]
if __name__ == "__main__":
    # --8<-- [start:second]
    text = \'\'\'a
b\'\'\'
    print(text)
    # --8<-- [end:second]

    # --8<-- [start:third]
    raise ValueError("c")
    # --8<-- [end:third]
"""


@pytest.mark.parametrize(
    ("mark", "code", "printed"),
    [
        (*RAISES, "SystemExit: no such option"),
        (*OTHER, "_pickle.UnpicklingError: invalid load key, 'x'."),
        ("raises(KeyboardInterrupt)", "raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("skip(reason='too big', until='permanent')", "1 / 0", ""),
        ("ends_process", "import os\nos._exit(1)", ""),
    ],
)
def test_program_goes_on_after_a_block(project, mark, code, printed):
    page = project.page({"second": mark}, first="print(1)", second=code, third="print(3)")
    done = execute(program(page))
    assert (done.stdout.split("\n"), done.stderr) == (["1", *filter(None, [printed]), "3", ""], "")


def test_program_keeps_main_guards_in_every_form(project):
    project.write("snippets/tensors/sample.py", GUARDED)
    text = f"{fence('first')}{fence('second')}<!--pytest.mark.raises(ValueError)-->\n{fence('third')}"
    page = read_page(project.write("docs/tensors/sample.md", text), project.root)
    assert [block.guarded for block in page.blocks] == [False, True, True]
    assert page["second"].code.startswith("text =")
    done = execute(program(page))
    assert (done.stdout, done.stderr) == ("a\nb\nValueError: c\n", "")
    assert script(page, "a", page["second"], "").endswith(
        "\nif __name__ == \"__main__\":\n    text = '''a\nb'''\n    print(text)\n"
    )


def test_program_runs_shell_fences(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project.snippet({"first": "x = 1", "read-rows": "print(open('rows.csv').read(), x)"})
    shell = "```bash\nprintf 2 > rows.csv\n```\n"
    text = f"{shell}\n{fence('first')}\n{shell.replace('2', '3')}\n{fence('read-rows')}"
    page = read_page(project.write("docs/tensors/sample.md", text), project.root)
    assert execute(program(page)).stdout == "3 1\n"


def test_features_of_the_language_hold_for_the_page_and_its_copies(project, run):
    blocks = {
        "setup": "from __future__ import annotations",
        "other": "x = 1",
        "linked": "class Node:\n    def __init__(self, after: Node | None = None): pass\nprint(Node().__class__)",
    }
    page = project.page(**blocks)
    assert page["linked"].needs == ("setup",)
    assert [result.reason for result in run(**blocks)] == [""] * 3


def test_features_of_the_language_hold_for_a_page_that_begins_with_an_exception(project):
    first = "from __future__ import annotations\n\ndef f(x: Later): raise ValueError(x)\nf(1)"
    page = project.page({"first": "raises(ValueError)"}, first=first, second="print(2)")
    done = execute(program(page))
    assert (done.stdout, done.stderr) == ("ValueError: 1\n2\n", "")


def test_script_is_heading_needs_and_block(project):
    page = project.page(first="x = 1", second="y = 2", third="print(x)")
    tested = script(page, "tensors/sample", page["third"], "2.15.0")
    assert tested == "# PyTorch Deep Dive, tensors/sample: third, tested with torch 2.15.0\nx = 1\n\nprint(x)\n"
    assert script(page, "a", page["first"], "").startswith("# PyTorch Deep Dive, a: first, not yet tested\n")
