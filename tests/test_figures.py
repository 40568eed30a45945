"""What a block draws comes out as small SVG text, the same each time, that suits both palettes."""

import pytest

DRAW = "import matplotlib.pyplot as plt\n"


def test_open_figure_is_drawn_after_its_block(run):
    setup, drawing, after = run(
        setup=DRAW, drawing="plt.plot([1, 2], label='loss')\nplt.legend()\nplt.show()", after="print(plt.get_fignums())"
    )
    assert (setup.figures, after.figures, after.output) == ((), (), "[]\n")
    [svg] = drawing.figures
    assert svg.startswith("<svg") and svg.rstrip().endswith("</svg>")
    assert ">loss</text>" in svg
    assert "prefers-color-scheme:dark" in svg
    assert "<metadata>" not in svg or "date" not in svg
    assert len(svg.encode()) < 20_000


def test_two_runs_draw_the_same_bytes(run):
    code = DRAW + "fig, axes = plt.subplots(1, 2)\naxes[0].imshow([[1, 2]])\naxes[1].fill_between([1, 2], [3, 4])"
    first, second = (run(only=code)[0].figures for _ in range(2))
    assert len(first) == 1
    assert first == second


@pytest.mark.parametrize(
    ("code", "count"),
    [("plt.plot([1])\nplt.figure()\nplt.plot([2])", 2), ("plt.plot([1])\nplt.close()", 0), ("plt.plot([1])", 1)],
)
def test_only_open_figures_count(run, code, count):
    assert len(run(only=DRAW + code)[0].figures) == count


def test_figure_that_cannot_be_drawn_fails_its_block(run):
    [result] = run(only=DRAW + "plt.title(r'$\\frac{$')")
    assert result.outcome == "failed"
    assert "ParseException" in result.reason or "ValueError" in result.reason


@pytest.mark.parametrize(
    "code",
    [
        "plt.plot([1, 2])\nplt.tight_layout()",
        "fig, axes = plt.subplots(1, 2)\nfig.subplots_adjust(wspace=0.5)",
        "fig, axes = plt.subplots()\nfig.colorbar(axes.imshow([[1, 2]]))\nfig.tight_layout()",
        "fig, axes = plt.subplots()\nfig.colorbar(axes.imshow([[1, 2]]))",
        "fig, axes = plt.subplots(layout='constrained')\nfig.colorbar(axes.imshow([[1, 2]]))",
    ],
)
def test_own_style_makes_no_right_code_warn(run, code):
    [result] = run(only=DRAW + code)
    assert (result.reason, len(result.figures)) == ("", 1)
