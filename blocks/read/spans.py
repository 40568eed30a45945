"""Where the fences of a page open and close, and what kind of code each announces."""

import re
from pathlib import Path

from blocks.errors import BadInput

OPENING = re.compile(r"^(?P<prefix>[ \t]*(?:>[ \t]?)*[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
KINDS = {
    **dict.fromkeys(("python", "py", "python3", "py3", "pycon", "pyi", "python-console", "ipython"), "python"),
    **dict.fromkeys(("bash", "sh", "ksh", "shell", "zsh"), "bash"),
}


Spans = list[tuple[int, int, re.Match[str]]]


def find_spans(path: Path, lines: list[str]) -> Spans:
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


def language(info: str) -> str:
    """Return the kind of code that a fence's info string announces: `python`, `bash` or ''."""
    words = info.strip().strip("{}").split()
    word = words[0].lstrip(".").lower() if words and "=" not in words[0] else ""
    return KINDS.get(word, "")
