"""Whether a reader sees what runs: a fence as code, not hidden or as indented text, and every character of it."""

import re
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.spans import Spans, language

HOLDER = re.compile(r"(?:\d+[.)]|[-*+:]|[!?=]{3}[+!]?)(?: |$)")
LATER_STEP = re.compile(r" {0,3}(?:[2-9]|\d\d+)[.)] ")
INLINE_CODE = re.compile(r"`[^`]*`")
RAW = re.compile(r"<pre\b", re.IGNORECASE)
STEP = 4
UNSHOWN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def check_visible(path: Path, lines: list[str], spans: Spans) -> None:
    """Refuse a fence of code that the built page would not show as code."""
    prose = list(lines)
    for opening, closing, match in spans:
        prose[opening - 1 : closing] = [""] * (closing - opening + 1)
        if not language(match["info"]):
            continue
        above = "\n".join(prose[:opening])
        comment = above.rfind("<!--")
        if comment > above.rfind("-->"):
            problem = f"the fence is hidden by the comment of line {above.count(chr(10), 0, comment) + 1}"
            raise BadInput(path, opening, problem, "Close the comment above it, or delete both")
        check_place(path, lines, opening, closing, len(match["prefix"].partition(">")[0]))
    check_prose(path, prose)


def check_place(path: Path, lines: list[str], opening: int, closing: int, indent: int) -> None:
    """Refuse a fence that nothing above holds, or that ends the list it stands in."""
    if not is_held(lines[: opening - 1], indent):
        problem = "the fence is indented, and no list, admonition or tab above holds it"
        raise BadInput(path, opening, problem, "Indent it by four spaces a level, or not at all")
    above = next((line for line in reversed(lines[: opening - 1]) if line.strip() and column(line) < indent), "")
    after = next((line for line in lines[closing:] if line.strip()), "")
    if (0 < indent < STEP and HOLDER.match(above.lstrip(" "))) or (indent < STEP and LATER_STEP.match(after)):
        raise BadInput(path, opening, "the fence ends the list that it stands in", "Indent it by four spaces a level")


def check_prose(path: Path, prose: list[str]) -> None:
    """Refuse what a reader would see as code, and no run saw: indented text, and HTML's `pre`."""
    for number, line in enumerate(prose, start=1):
        if RAW.search(INLINE_CODE.sub("", line)):
            raise BadInput(path, number, "code in HTML, which no run saw", "Write it as a fence")
        blank = number == 1 or not prose[number - 2].strip()
        if blank and column(line) >= STEP and not is_held(prose[: number - 1], column(line)):
            raise BadInput(path, number, "indented code, which no run saw", "Write it as a fence, or indent it less")


def column(line: str) -> int:
    """Return how far a line is indented, 0 for one without text."""
    return len(line) - len(line.lstrip(" ")) if line.strip() else 0


def is_held(above: list[str], indent: int) -> bool:
    """Tell whether a line so far indented is part of what stands above, and not text shown as it stands."""
    least = indent
    for line in reversed(above):
        column = len(line) - len(line.lstrip(" "))
        if least < STEP:
            break
        if line.strip() and column < least:
            if HOLDER.match(line, column):
                return indent - column < 2 * STEP
            least = column
    return indent < STEP


def check_code(source: Path, line: int, code: str) -> None:
    """Refuse a block without code, or with a character that the built page would drop or replace."""
    if not code.strip():
        raise BadInput(source, line - 1, "a block without code", "Write its code, or delete it and its fence")
    if found := UNSHOWN.search(code):
        what = "a tab" if found[0] == "\t" else f"the control character {found[0]!r}"
        at = line + code.count("\n", 0, found.start())
        raise BadInput(source, at, f"{what} in the code", "Indent with spaces; write \\t in a string")
