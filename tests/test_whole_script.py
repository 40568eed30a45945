"""A page's script runs whole in a fresh Python, and must print what the page shows."""

import multiprocessing
import time

import pytest

from blocks.outputs.store import write_outputs
from blocks.render.script import program
from blocks.run import process_tree
from blocks.run.whole_script import Ended, Interpreter
from plugin.script import script_fault


@pytest.fixture(scope="module")
def interpreter():
    interpreter = Interpreter("cpu")
    yield interpreter
    interpreter.close()


PROGRAMS = {
    "prints": ("print(1)", Ended(0, "1\n", "")),
    "prints in order": ("import os\nprint(1)\nos.system('echo 2')\nprint(3)", Ended(0, "1\n2\n3\n", "")),
    "is the main module": ("print(__name__, __file__[-9:])", Ended(0, "__main__ script.py\n", "")),
    "finds an empty folder": ("import os\nprint(os.listdir('.'))", Ended(0, "[]\n", "")),
    "finds what it writes": ("open('beside.py', 'w').write('x = 1')\nimport beside", Ended(0, "", "")),
    "has no GPU": ("import torch\nprint(torch.cuda.is_available())", Ended(0, "False\n", "")),
    "warns": ("import warnings\nwarnings.warn('old', FutureWarning)", Ended(0, "FutureWarning: old\n", "")),
    "ends": ("import sys\nsys.exit(3)", Ended(3, "", "")),
    "finds nothing of the tooling": ("import blocks", Ended(1, "", "ModuleNotFoundError: No module named 'blocks'")),
    "lacks an import": (
        "import matplotlib\nmatplotlib.pyplot",
        Ended(1, "", "AttributeError: module 'matplotlib' has no attribute 'pyplot'"),
    ),
    "is killed": ("import os\nos.kill(os.getpid(), 9)", Ended(-9, "", "")),
    "spawns workers": (
        "import torch.multiprocessing as mp\ndef work(n): print('worker')\n"
        "if __name__ == '__main__': mp.spawn(work, nprocs=1)",
        Ended(0, "worker\n", ""),
    ),
}


@pytest.mark.parametrize(("code", "ended"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_runs_as_a_script(interpreter, code, ended):
    found = interpreter.run(code)
    assert (found.code, found.printed) == (ended.code, ended.printed)
    assert found.errors.rstrip().endswith(ended.errors)


def test_empty_lines_at_the_end_of_an_output_are_part_of_it(project):
    page = project.page(first="1", second="2")
    assert script_fault(page, Ended(0, "1\n\n2\n", ""), {"first": "1\n\n", "second": "2\n"}) == ""


def test_the_frames_of_what_runs_it_are_left_out_of_a_report(project, interpreter):
    page = project.page(only="1 / 0")
    found = script_fault(page, interpreter.run(program(page)), {})
    assert found.splitlines()[1] == "Traceback (most recent call last):" and "script.py" in found.splitlines()[2]


def test_the_place_of_a_script_is_that_of_its_page(project, interpreter):
    page = project.page(only="print(__file__)\nprint(f'{__file__}:1')")
    ended = interpreter.run(program(page), page.snippet.resolve())
    assert script_fault(page, ended, {"only": "<page>\n<page>:...\n"}) == ""


def test_what_was_killed_is_gone_before_a_script_runs(interpreter):
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    process.start()
    process_tree.kill(process)
    interpreter.run("")
    assert process_tree.KILLED == []


@pytest.mark.parametrize(
    ("printed", "fault"),
    [
        ("1\ntook 2.1 s\n3\n", ""),
        ("1\ntook 2.1 s\n4\n", "the page's script differs in 'third'"),
        ("1\n", "the page's script differs in 'second'"),
        ("1\ntook 2.1 s\n3\n4\n", "the page's script prints more than the page shows:\n4"),
    ],
)
def test_what_a_script_prints_is_compared_block_by_block(project, printed, fault):
    page = project.page({"second": "varies(reason='time')"}, first="1", second="2", silent="0", third="3")
    recorded = {"first": "1\n", "second": "took 9.8 s\n", "third": "3\n"}
    found = script_fault(page, Ended(0, printed, ""), recorded)
    assert found.startswith(fault) and bool(found) == bool(fault)


def test_a_page_with_marks_prints_the_same_as_a_script(project, interpreter):
    marks = {"old": "warns(UserWarning)", "broken": "raises(ValueError)", "left": "skip(reason='x', until='permanent')"}
    blocks = {
        "first": "print(1)",
        "old": "import warnings\nwarnings.warn('a\\nb')",
        "broken": "int('x')",
        "left": "1 / 0",
        "last": "print(2)",
    }
    page = project.page(marks, **blocks)
    shown = {
        "first": "1\n",
        "old": "UserWarning: a\nb\n",
        "broken": "ValueError: invalid literal for int() with base 10: 'x'\n",
        "last": "2\n",
    }
    write_outputs(page.snippet, shown)
    assert script_fault(page, interpreter.run(program(page)), shown) == ""
