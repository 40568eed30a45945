"""The code fences of a page, in every spelling that Material renders, with their marks.

pytest-codeblocks extracts code and marks, but only from fences opened by plain backticks and a bare `python`, `sh` or
`bash`. So the page is first rewritten, line for line, into that form.
"""

import re
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path

from pytest_codeblocks.main import CodeBlock, extract_from_buffer

from blocks.errors import BadInput
from blocks.read.comments import COMMENT, check_comment
from blocks.read.marks import Mark, read_mark
from blocks.read.spans import Spans, find_spans, language
from blocks.read.visible import check_visible
from blocks.text_files import split_lines

INCLUDED = re.compile(r"-+8<-+ +[\"']")


@dataclass(frozen=True)
class Fence:
    """One fenced block of a page."""

    line: int
    """Line of the opening fence, counted from 1."""
    end: int
    """Line of the closing fence."""
    prefix: str
    """What stands before the ticks: indentation, or the quote marks of a block quote."""
    kind: str
    """`python`, `bash`, or '' for text that is not run."""
    text: str
    """What stands inside, without the prefix."""
    marks: tuple[Mark, ...]
    """What the comments above it declare."""
    info: str
    """What stands behind the opening ticks: language and options."""


@cache
def read_fences(path: Path, text: str) -> list[Fence]:
    """Return every fence of the page in order; raise `BadInput` for one that is unclosed or misread."""
    lines = [line.expandtabs(4) for line in split_lines(text)]  # as Markdown does
    spans = find_spans(path, lines)
    plain = rewrite(lines, spans)
    check_outside(path, lines, spans)
    check_visible(path, lines, spans)
    extracted = extract(path, plain)
    if [block.lineno for block in extracted] != [opening for opening, _, _ in spans]:
        raise BadInput(path, 1, f"{len(spans)} fences, {len(extracted)} extracted", "Write each in the plain form")
    comments = comment_lines(path, plain, spans)
    return [
        Fence(
            opening,
            closing,
            match["prefix"],
            language(match["info"]),
            block.code,
            tuple(read_mark(mark, path, comments.get((opening, mark), opening)) for mark in block.marks),
            match["info"].strip(),
        )
        for (opening, closing, match), block in zip(spans, extracted, strict=True)
    ]


def rewrite(lines: list[str], spans: Spans) -> list[str]:
    """Return the page with each fence in the form that pytest-codeblocks reads, on the same lines."""
    ticks = "`" * (2 + max((len(run) for line in lines for run in re.findall("`+", line)), default=3))
    plain = [line.lstrip(" >") if line.lstrip(" >").startswith("<!--") else "" for line in lines]
    for opening, closing, match in spans:
        plain[opening - 1] = ticks + language(match["info"])
        for number in range(opening, closing - 1):
            plain[number] = lines[number][len(match["prefix"]) :]
        plain[closing - 1] = ticks
    return plain


def extract(path: Path, plain: list[str]) -> list[CodeBlock]:
    """Return pytest-codeblocks' blocks; its complaints become `BadInput`."""
    try:
        text = StringIO("\n".join(plain) + "\n")
        return list(extract_from_buffer(text, max_num_lines=len(plain) + 2))
    except RuntimeError as error:
        raise BadInput(path, 1, str(error), "Mend the comment") from None


def comment_lines(path: Path, plain: list[str], spans: Spans) -> dict[tuple[int, str], int]:
    """Return the line of each mark, by the line of its fence and its text."""
    found: dict[tuple[int, str], int] = {}
    pending: list[tuple[str, int]] = []
    openings = {opening: closing for opening, closing, _ in spans}
    inside = 0
    for number, line in enumerate(plain, start=1):
        comment = COMMENT.fullmatch(line.strip())
        if number in openings:
            found |= {(number, text): at for text, at in pending}
            pending, inside = [], openings[number]
        elif comment and number > inside:
            pending.append((comment["text"], number))
    for text, number in pending:
        raise BadInput(path, number, f"mark '{text}' stands above no fence", "Put it right above its fence")
    return found


def check_outside(path: Path, lines: list[str], spans: Spans) -> None:
    """Refuse an include that no Python fence holds, and comments that look like marks and are none."""
    python: set[int] = set()
    fenced: set[int] = set()
    for opening, closing, match in spans:
        fenced.update(range(opening, closing + 1))
        if language(match["info"]) == "python":
            python.update(range(opening, closing + 1))
    for number, line in enumerate(lines, start=1):
        if number not in fenced:
            check_comment(path, number, line)
        if INCLUDED.match(line.lstrip(" >")) and number not in python:
            raise BadInput(path, number, "an include outside a Python fence", "Put it between ```python and ```")
