"""Markers at the end of a snippet's line, for readers: `# [!]` lights the line up, `# (1)!` is the number of a note.

They are comments, so the snippet stays a program; blocks, copies and scripts do without them.
"""

import re
from pathlib import Path

from blocks.errors import BadInput

POINTER = re.compile(r"[ \t]*# (?=\[!\]|\(\d+\)!)(?P<light>\[!\])? ?(?:\((?P<note>\d+)\)!)?[ \t]*$")


def without_pointers(path: Path, line: int, code: str) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Return a block's code without its markers, the lines to light up, and the lines of the notes."""
    lines, lights = [], []
    notes: dict[int, int] = {}
    for number, text in enumerate(code.split("\n"), start=1):
        if found := POINTER.search(text):
            text = text[: found.start()]
            lights += [number] if found["light"] else []
            notes |= {int(found["note"]): number} if found["note"] else {}
        lines.append(text)
    if sorted(notes) != list(range(1, len(notes) + 1)):
        raise BadInput(path, line, f"the notes of the block are {sorted(notes)}", "Number them from 1, each once")
    return "\n".join(lines), tuple(lights), tuple(notes[number] for number in sorted(notes))
