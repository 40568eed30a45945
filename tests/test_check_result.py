"""A result is right if the block passed, printed what is recorded and drew what is recorded."""

import pytest

from blocks.outputs.check import fault
from blocks.outputs.figure_files import figure_path
from blocks.run.shared.protocol import Result

SVG = '<svg><path d="M 1.5 2.5"/></svg>'
FIGURE = {"only": "figure(alt='a line')"}


def judged(project, result, recorded="", picture="", marks=None):
    """Return the fault of a result of a page's only block."""
    page = project.page(marks, only="pass")
    path = figure_path(page, page["only"], project.root)
    if picture:
        project.write(str(path.relative_to(project.root)), picture)
    return fault(page, page["only"], result, {"only": recorded} if recorded else {}, project.root).replace(
        f"{project.root}/", ""
    )


def passed(output="", *figures):
    return Result("only", "passed", "", output, figures)


@pytest.mark.parametrize(
    ("printed", "recorded", "marks"),
    [
        ("", "", None),
        ("1\n", "1\n", None),
        ("0.123\n", "0.124\n", None),
        ("took 3 ms\n", "took 5 ms\n", {"only": "varies(reason='time')"}),
        ("ANNA\n\nTHE END\n", "OTTO PAUL\n\nEND\n", {"only": "varies(reason='sampled', words=True)"}),
    ],
)
def test_printed_as_recorded(project, printed, recorded, marks):
    assert judged(project, passed(printed), recorded, marks=marks) == ""


@pytest.mark.parametrize(
    ("printed", "recorded", "difference"),
    [
        ("1\n", "2\n", "- 2\n+ 1\n? ^"),
        ("1\n", "", "+ 1"),
        ("", "1\n", "- 1"),
        ("a\nb\n", "a\nc\n", "  a\n- c\n+ b\n? ^"),
    ],
)
def test_difference_is_shown(project, printed, recorded, difference):
    assert judged(project, passed(printed), recorded).endswith(f"(- recorded, + printed):\n{difference}")


def test_failure_comes_before_output(project):
    assert judged(project, Result("only", "failed", "boom", "1\n"), "2\n") == "boom"


@pytest.mark.parametrize(
    ("figures", "picture", "marks", "message"),
    [
        ([SVG], SVG, FIGURE, ""),
        ([SVG], SVG.replace("1.5", "1.6"), FIGURE, ""),
        ([SVG], SVG.replace("1.5", "9.5"), FIGURE, "the picture differs from docs/assets/figures/"),
        ([SVG], "", FIGURE, "no picture is recorded at docs/assets/figures/tensors/sample/only.svg"),
        ([SVG], SVG, None, "the block draws 1 figures and declares 0: add <!--pytest.mark.figure(alt="),
        ([SVG, SVG], SVG, FIGURE, "the block draws 2 figures and declares 1: end it with one open figure"),
        ([], SVG, FIGURE, "the block draws 0 figures and declares 1"),
        ([], SVG, None, "docs/assets/figures/tensors/sample/only.svg is recorded, and the block draws nothing"),
        ([f"<svg>{'x' * 40_000}</svg>"], SVG, FIGURE, "the figure has 40,011 bytes, more than 40,000"),
    ],
)
def test_pictures(project, figures, picture, marks, message):
    found = judged(project, passed("", *figures), picture=picture, marks=marks)
    assert found.startswith(message)
    assert bool(found) == bool(message)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("later", "NameError: name 'later' is not defined: block 'last', further down, binds it"),
        ("other", "NameError: name 'other' is not defined"),
        ("before", "NameError: name 'before' is not defined"),
    ],
)
def test_name_that_a_later_block_binds(project, name, told):
    page = project.page(first="before = 1", only=f"print({name})", last="import os as later\nif x:\n    y = 2")
    reason = f"Traceback (most recent call last):\nNameError: name '{name}' is not defined"
    assert fault(page, page["only"], Result("only", "failed", reason), {}, project.root).endswith(told)


def test_lines_are_counted_where_words_vary(project):
    marks = {"only": "varies(reason='sampled', words=True)"}
    assert "+ ..." in judged(project, passed("ANNA\nOTTO\n"), "PAUL\n", marks=marks)
