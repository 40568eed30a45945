"""What a reader takes away runs: a page goes on after a block that raises, a script names where it is from."""

import subprocess
import sys

from blocks.render.program import program, script

RAISING = '''
text = """one
two"""
for line in text.splitlines():
    print(line)

raise ValueError("three")
'''


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_program_has_no_markers_and_runs(project):
    page = project.page(first="print(1)", second="print(2)")
    assert "8<" not in program(page)
    assert run(program(page)).stdout == "1\n2\n"


def test_program_goes_on_after_a_block_that_raises(project):
    page = project.page({"second": "raises(ValueError)"}, first="print(1)", second=RAISING, third="print(4)")
    done = run(program(page))
    assert (done.stdout, done.stderr) == ("1\none\ntwo\nValueError: three\n4\n", "")


def test_script_is_heading_needs_and_block(project):
    page = project.page(first="x = 1", second="y = 2", third="print(x)")
    tested = script(page, "tensors/sample", page["third"], "2.15.0")
    assert tested == "# PyTorch Deep Dive, tensors/sample: third, tested with torch 2.15.0\nx = 1\n\nprint(x)\n"
    assert script(page, "a", page["first"], "").startswith("# PyTorch Deep Dive, a: first, not yet tested\n")
