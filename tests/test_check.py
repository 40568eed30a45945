"""Style errors name file and line; no page of the guide has one."""

from pathlib import Path

import pytest

from blocks.__main__ import main
from blocks.commands.check import check, faults
from blocks.read.page import read_page
from blocks.read.paths import find_pages

ROOT = Path(__file__).parents[1]
PAGES = find_pages(ROOT)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_have_no_style_errors(path):
    assert [remark for remark in check(read_page(path, ROOT)) if remark.error] == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("#### Too deep", "deeper"),
        ("## Usage", "says nothing"),
        ("## Notes {#notes}", "says nothing"),
        ("![](figure.svg)", "alternative text"),
        ("See [here](x.md).", "where it leads"),
    ],
)
def test_line_with_a_fault(line, problem):
    [fault] = faults(line)
    assert problem in fault


@pytest.mark.parametrize("line", ["## Slice rows", "### Why", "![A line](x.svg)", "See [views](views.md).", "# Title"])
def test_line_without_a_fault(line):
    assert list(faults(line)) == []


def test_sizes_and_rhythm(project):
    page = project.page(setup="x = 1\n" * 21, next="y = 1\nz = 2\nprint(x)")
    found = {(remark.path.name, remark.line): remark.text for remark in check(page) if remark.error and remark.line > 1}
    assert set(found) == {("sample.py", page["setup"].line), ("sample.md", page["next"].page_line)}
    assert "21 lines" in found["sample.py", page["setup"].line]


def test_a_short_block_that_raises_stands_alone(project):
    page = project.page({"only": "raises(ZeroDivisionError)"}, only="1 / 0")
    assert [remark.text for remark in check(page) if not remark.error] == []


def test_front_matter_without_aims_is_refused(project):
    page = project.page(first="x = 1\ny = 2\nprint(x)")
    assert [remark.text[:10] for remark in check(page)] == ["no 'learn'", "no 'recap'"]
    page.path.write_text(f"---\nlearn: [a]\nrecap:\n  - b\n---\n{page.path.read_text()}")
    assert list(check(read_page(page.path, project.root))) == []


def test_a_tutorial_has_aims_too(project):
    cell = "# %% first\nx = 1\ny = 2\nprint(x)\n"
    page = read_page(project.write("snippets/tutorials/first.py", cell), project.root)
    assert [remark.text[:10] for remark in check(page)] == ["no 'learn'", "no 'recap'"]
    page.path.write_text(f"# ---\n# learn: [a]\n# recap: b\n# ---\n{cell}")
    assert list(check(read_page(page.path, project.root))) == []


def test_command_names_file_and_line(capsys):
    assert main(["check", str(PAGES[0])]) == 0
    assert main(["check", "docs/nowhere.md"]) == 1
    assert "no such page" in capsys.readouterr().err
