"""A failure says where it is, shows the code around it, and names the next command."""

import pytest

from blocks.run.shared.protocol import ERRORS
from plugin.failure import report_on

TRACE = 'Traceback (most recent call last):\n  File "{0}", line {1}, in f\n    return 1 / 0\nZeroDivisionError: zero'


@pytest.fixture
def block(project):
    return project.page(first="x = 1", second="a = 1\nb = 2\nc = 3\nd = a / 0\ne = 5")["second"]


def report(project, block, wrong, **options):
    return report_on(block, project.root / "docs/tensors/sample.md", project.root, wrong, **options)


def test_traceback_shows_the_line_that_raised(project, block):
    text = report(project, block, TRACE.format(block.source, block.line + 3))
    assert text.startswith("block 'second': ZeroDivisionError: zero\n  page    docs/tensors/sample.md:7\n")
    assert f"  code    snippets/tensors/sample.py:{block.line}\n" in text
    assert f"\n>   {block.line + 3:2} | d = a / 0\n" in text
    assert text.endswith("\n  again   pytest docs/tensors/sample.md::second")


def test_difference_shows_how_to_record(project, block):
    text = report(project, block, "printed output differs from the record (- recorded, + printed):\n+ 1")
    assert text.splitlines()[-1].startswith("  record  pytest docs/tensors/sample.md --update-outputs")
    assert " | " not in text


def test_copy_names_its_program(project, block):
    assert "\n  copy    second\n" in report(project, block, "boom", program=[block])


def test_copy_that_differs_from_its_page_is_not_to_be_recorded(project, block):
    assert "--update-outputs" not in report(project, block, "printed output differs from the record", program=[block])


def test_frames_of_the_tooling_are_left_out(project, block):
    wrong = (
        f'took longer\n\nFatal Python error: Aborted\n\n  File "{block.source}", line {block.line} in <module>\n'
        '  File "/x/blocks/run/child/main.py", line 4 in main\n  File "/x/runpy.py", line 9 in run\n'
    )
    text = report(project, block, wrong)
    assert [word for word in ("child.py", "runpy.py", "Aborted") if word in text] == []
    assert "> " in text


def test_what_is_said_is_said_once(project, block):
    assert report(project, block, "the shell ended with exit code 2").count("the shell ended") == 1


def test_standard_error_is_no_headline(project, block):
    text = report(project, block, TRACE.format(block.source, block.line) + f"{ERRORS}W1127 a line of a library")
    assert text.startswith("block 'second': ZeroDivisionError: zero\n")
    assert "standard error:\nW1127 a line of a library\n" in text


def test_why_nothing_was_recorded_takes_the_place_of_the_advice(project, block):
    text = report(project, block, "printed output differs from the record", unrecorded="block 'first' failed")
    assert text.splitlines()[-1] == "  record  nothing was recorded: block 'first' failed"
    assert "--update-outputs" not in text
