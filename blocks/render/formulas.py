"""Formulas: LaTeX between dollar signs becomes MathML, which a browser shows without a script."""

import re
from html import unescape
from pathlib import Path

from latex2mathml.converter import convert

from blocks.errors import BadInput

# what `pymdownx.arithmatex` leaves of `$...$`, and of `$$...$$` on lines of their own
FORMULA = re.compile(r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL)
UNREAD = re.compile(r"<m\w+>(&(?!#)|\\)")


def with_formulas(path: Path, html: str) -> str:
    """Return a page's HTML with each formula as MathML; search does not look into it."""
    return FORMULA.sub(lambda found: formula(path, unescape(found["latex"]).strip(), found["tag"] == "div"), html)


def formula(path: Path, latex: str, block: bool) -> str:
    """Return one formula as MathML, in the line or on a line of its own; refuse what is not understood."""
    try:
        made = convert(latex, display="block" if block else "inline")
    except Exception as error:  # of many kinds
        raise BadInput(path, 1, f"the formula '{latex}' cannot be read: {error!r}", "Mend it") from None
    if UNREAD.search(made):
        raise BadInput(path, 1, f"a command in the formula '{latex}' is not known", "Write it in plainer LaTeX")
    made = made.replace("<math", '<math data-search-exclude="yes"', 1)
    return f'<div class="formula">{made}</div>' if block else made
