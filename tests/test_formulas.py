"""Formulas become MathML when the site is built; code and prices stay as they are."""

from pathlib import Path

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.render.formulas import with_formulas

PAGE = Path("docs/x.md")


@pytest.fixture
def shown(to_html, tmp_path):
    return lambda text: lxml.html.fromstring(f"<div>{with_formulas(PAGE, to_html(tmp_path, text))}</div>")


def test_formula_in_a_line_and_on_lines_of_its_own(shown):
    tree = shown("With $a_1 < b$ and `$c$`:\n\n$$\n\\frac{1}{\\sqrt{d_k}}\n$$\n\n```text\n$x$\n```\n")
    inline, block = tree.xpath("//math")
    assert inline.get("display") == "inline" and inline.xpath(".//msub") and "<" in inline.text_content()
    assert block.get("display") == "block" and block.xpath(".//mfrac//msqrt")
    assert block.getparent().get("class") == "formula"
    assert [code.text_content().strip() for code in tree.iter("code")] == ["$c$", "$x$"]


def test_a_price_is_no_formula(shown):
    assert not shown("It costs 3 $ here and 4 $ there.").xpath("//math")


@pytest.mark.parametrize("latex", [r"\unknown{x}", r"\begin{aligned} a &= b \end{aligned}", r"\left( x"])
def test_what_is_not_understood_is_refused(shown, latex):
    with pytest.raises(BadInput, match="formula"):
        shown(f"$${latex}$$")
