"""The code fences of a page, in every spelling that Material renders, with their marks.

pytest-codeblocks extracts code and marks, but only from fences opened by plain backticks and a bare `python`, `sh` or
`bash`. So the page is first rewritten, line for line, into that form.
"""

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pytest_codeblocks.main import CodeBlock, extract_from_buffer

from blocks.errors import BadInput
from blocks.marks import Mark, read_mark

OPENING = re.compile(r"^(?P<prefix>[ \t]*(?:>[ \t]?)*[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
COMMENT = re.compile(r"^<!--[-\s]*(?P<text>pytest\.mark\..*?)[-\s]*-->$")
KINDS = {
    **dict.fromkeys(("python", "py", "python3", "py3", "pycon", "ipython"), "python"),
    **dict.fromkeys(("bash", "sh", "shell", "zsh", "fish"), "bash"),
}


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


def read_fences(path: Path, text: str) -> list[Fence]:
    """Return every fence of the page in order; raise `BadInput` for one that is unclosed or misread."""
    spans = find_spans(path, text.splitlines())
    plain = rewrite(text.splitlines(), spans)
    extracted = extract(path, plain)
    if [block.lineno for block in extracted] != [opening for opening, _, _ in spans]:
        raise BadInput(path, 1, f"{len(spans)} fences, {len(extracted)} extracted", "Remove skipfile and cont comments")
    comments = comment_lines(plain, spans)
    return [
        Fence(
            opening,
            closing,
            match["prefix"],
            language(match["info"]),
            block.code,
            tuple(read_mark(mark, path, comments.get((opening, mark), opening)) for mark in block.marks),
        )
        for (opening, closing, match), block in zip(spans, extracted, strict=True)
    ]


def find_spans(path: Path, lines: list[str]) -> list[tuple[int, int, re.Match[str]]]:
    """Return opening line, closing line and opening match of every fence."""
    spans = []
    number = 0
    while number < len(lines):
        number += 1
        opening = OPENING.match(lines[number - 1])
        if not opening:
            continue
        closing = find_closing(lines, number, opening)
        if not closing:
            raise BadInput(path, number, f"fence {opening['ticks']} is not closed", f"Close it with {opening['ticks']}")
        spans.append((number, closing, opening))
        number = closing
    return spans


def find_closing(lines: list[str], start: int, opening: re.Match[str]) -> int | None:
    """Return the line that closes the fence opened on line `start`, or None."""
    quote = opening["prefix"].count(">")
    for number, line in enumerate(lines[start:], start=start + 1):
        stripped = line.lstrip(" \t>")
        if stripped.rstrip() == opening["ticks"] and line[: len(line) - len(stripped)].count(">") == quote:
            return number
    return None


def rewrite(lines: list[str], spans: list[tuple[int, int, re.Match[str]]]) -> list[str]:
    """Return the page with each fence in the form that pytest-codeblocks reads, on the same lines."""
    ticks = "`" * (2 + max((len(run) for line in lines for run in re.findall("`+", line)), default=3))
    plain = [line.lstrip(" \t>") if line.lstrip(" \t>").startswith("<!--") else "" for line in lines]
    for opening, closing, match in spans:
        plain[opening - 1] = ticks + language(match["info"])
        for number in range(opening, closing - 1):
            plain[number] = without_prefix(lines[number], match["prefix"])
        plain[closing - 1] = ticks
    return plain


def without_prefix(line: str, prefix: str) -> str:
    """Return the line without the fence's prefix, or without as much of it as it has."""
    if line.startswith(prefix):
        return line[len(prefix) :]
    return line.lstrip(" \t>") if ">" in prefix else line.lstrip(" \t")


def extract(path: Path, plain: list[str]) -> list[CodeBlock]:
    """Return pytest-codeblocks' blocks; its complaints become `BadInput`."""
    try:
        text = StringIO("\n".join(plain) + "\n")
        return list(extract_from_buffer(text, max_num_lines=len(plain) + 2))
    except RuntimeError as error:
        raise BadInput(path, 1, str(error), "Mend the comment") from None


def comment_lines(plain: list[str], spans: list[tuple[int, int, re.Match[str]]]) -> dict[tuple[int, str], int]:
    """Return the line of each mark, by the line of its fence and its text."""
    found: dict[tuple[int, str], int] = {}
    pending: list[tuple[str, int]] = []
    openings = {opening: closing for opening, closing, _ in spans}
    inside = 0
    for number, line in enumerate(plain, start=1):
        comment = COMMENT.match(line.strip())
        if number in openings:
            found |= {(number, text): at for text, at in pending}
            pending, inside = [], openings[number]
        elif comment and number > inside:
            pending.append((comment["text"], number))
    return found


def language(info: str) -> str:
    """Return the kind of code that a fence's info string announces: `python`, `bash` or ''."""
    words = info.strip().strip("{}").split()
    word = words[0].lstrip(".").lower() if words and "=" not in words[0] else ""
    return KINDS.get(word, "")
