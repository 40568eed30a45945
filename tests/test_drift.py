"""The issue about coming releases says which blocks fail and which warnings became errors; it is empty if none does."""

import pytest

from blocks.errors import BadInput
from blocks.records.drift import SHOWN, Failure, issue, read_report
from tests.test_plugin import PAGE, project  # noqa: F401

pytest_plugins = ["pytester"]
WHERE = "torch 2.16.0"


@pytest.fixture
def report(pytester, project):  # noqa: F811
    """Return what runs the blocks of a page and reads pytest's own report of it."""

    def report(**blocks):
        project.page(**blocks)
        pytester.runpytest(PAGE, "--junit-xml", "report.xml")
        return read_report(pytester.path / "report.xml")

    return report


def test_report_tells_warnings_from_other_failures(report):
    total, failures = report(fine="x = 1", warns="import warnings\nwarnings.warn('use y', FutureWarning)")
    assert total == 3  # the blocks, and the copy of the one that fails, which is told once
    (only,) = failures
    assert (only.block, only.warning) == ("warns", "FutureWarning: use y")
    assert only.place.startswith("snippets/tensors/sample.py:")


def test_report_of_an_error(report):
    (only,) = report(wrong="1 / 0")[1]
    assert (only.warning, only.last) == ("", "ZeroDivisionError: division by zero")


def test_report_of_an_output_that_differs(report):
    (only,) = report(wrong="print(1)")[1]
    assert only.last == "printed output differs from the record (- recorded, + printed): + 1"


def test_nothing_to_say():
    assert issue(3, [], WHERE) == ""


def test_no_block_ran():
    assert issue(0, [], WHERE) == f"No block ran with {WHERE}.\n"


def test_text():
    failures = [
        Failure("a", "snippets/x.py:3", "FutureWarning: use y", "FutureWarning: use y"),
        Failure("b", "", "", "ValueError: no"),
    ]
    assert issue(9, failures, WHERE) == (
        f"2 of 9 items fail with {WHERE}.\n\n"
        "## Warnings that became errors\n\n- `a` (snippets/x.py:3): `FutureWarning: use y`\n\n"
        "## Other failures\n\n- `b`: `ValueError: no`\n"
    )


def test_long_list_is_cut():
    text = issue(99, [Failure(f"b{n}", "", "", "no") for n in range(SHOWN + 5)], WHERE)
    assert text.endswith("- and 5 more\n") and text.count("\n- ") == SHOWN + 1


@pytest.mark.parametrize("text", [None, "", "<a>"])
def test_what_is_no_report_is_refused(tmp_path, text):
    path = tmp_path / "report.xml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match="no report"):
        read_report(path)
