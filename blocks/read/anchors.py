"""Whether each block has its address on the page, `#block-NAME`, for itself."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.fences import read_fences
from blocks.read.sections import slug
from blocks.text_files import split_lines

HEADING = re.compile(r"^[ >]*#{1,6} +(?P<title>.*?)[ #]*$")
IDENTIFIER = re.compile(r"""\{[^{}]*#(?P<braced>[\w-]+)[^{}]*\}|\bid=["']?(?P<raw>[\w-]+)""")


def check_anchors(path: Path, text: str, names: Iterable[str]) -> None:
    """Refuse a heading, or an identifier, that would take the address of a block."""
    taken = {f"block-{name}": name for name in names}
    fenced = {number for fence in read_fences(path, text) for number in range(fence.line, fence.end + 1)}
    for number, line in enumerate(split_lines(text), start=1):
        for anchor in identifiers(line) if number not in fenced else ():
            if anchor in taken:
                problem = f"this line takes the address of block '{taken[anchor]}', #{anchor}"
                raise BadInput(path, number, problem, "Rename one of the two")


def identifiers(line: str) -> Iterator[str]:
    """Yield the identifiers that a line of Markdown gives: its own, and the one made of a heading's words."""
    own = [found["braced"] or found["raw"] for found in IDENTIFIER.finditer(line)]
    yield from own
    heading = HEADING.match(line)
    if heading and not own:
        yield slug(heading["title"])
