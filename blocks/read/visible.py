"""Whether a reader sees what runs: a fence as code, not hidden or as indented text, and every character of it."""

import re
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.spans import Spans, language

HOLDER = re.compile(r"(?:\d+[.)]|[-*+:]|[!?=]{3}[+!]?)(?: |$)")
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
        if not is_held(lines[: opening - 1], len(match["prefix"].partition(">")[0])):
            problem = "the fence is indented, and no list, admonition or tab above holds it"
            raise BadInput(path, opening, problem, "Indent it by four spaces a level, or not at all")


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
