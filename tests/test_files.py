"""A block that is a file of its own: written beside the page's program, in every form of it, and run from there."""

import json
import subprocess
import sys

import pytest

from blocks.read.page import read_page
from blocks.render.notebook import notebook
from blocks.render.script import program, script
from blocks.run import skip_conditions
from tests.conftest import STEM, fence

PROGRAM = r"""
import sys
print('''one\\two''', __name__)
if __name__ == "__main__":
    print(sys.argv[1:], 'a' "b")
"""
SHOWN = "one\\two __main__\n['x'] ab\n"


@pytest.fixture
def page(project):
    """A block, the file, and a shell fence that runs it."""
    project.snippet({"first": "sys = 3", "the_program": PROGRAM, "last": "print(sys)"})
    marked = f'<!--pytest.mark.file("train.py")-->\n{fence("the-program")}'
    text = f"# X\n\n{fence('first')}\n{marked}\n```bash\npython train.py x\n```\n\n{fence('last')}"
    return read_page(project.write(f"docs/{STEM}.md", text), project.root)


def test_a_run_writes_it_and_keeps_its_names_apart(page, start):
    results = list(start().run(page, list(page.blocks)))
    assert [(result.outcome, result.output) for result in results] == [
        ("passed", ""),
        ("passed", ""),
        ("passed", SHOWN),
        ("passed", "3\n"),
    ]


def test_a_shell_fence_needs_the_files_it_names(page):
    assert page["shell-a"].needs == ("the-program",)
    assert page["the-program"].needs == ()
    assert page["last"].needs == ("first",)


def test_script_and_copy_write_it(page, tmp_path):
    for text in (
        program(page),
        script(page, "x", page["the-program"], "") + "import runpy\nrunpy.run_path('train.py')",
    ):
        done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True)
        assert done.stderr == ""
        assert done.stdout.startswith("one\\two ")
        (tmp_path / "train.py").unlink()


def test_a_notebook_has_a_cell_that_writes_it(page, project):
    cells = json.loads(notebook(page, project.root, lambda *_: ""))["cells"]
    (cell,) = (cell for cell in cells if cell["id"] == "the-program")
    assert cell["source"].startswith("%%writefile train.py\nimport sys\n")


def test_it_uses_no_accelerator_of_the_page(project):
    code = "import torch\ndevice = torch.accelerator.current_accelerator(check_available=True)\nprint(device)"
    page = project.page({"train": "file('train.py')"}, train=code)
    assert not skip_conditions.must_allocate(page, list(page.blocks))
