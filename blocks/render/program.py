"""Programs to take away: a page as a script, a block with what it needs as a script."""

import io
import re
import tokenize

from blocks.errors import read_text, split_lines
from blocks.read.page import Block, Page
from blocks.read.pointers import POINTER
from blocks.read.regions import MARKER


def program(page: Page) -> str:
    """Return the snippet's text without region markers, blank lines tidied, what raises guarded."""
    lines = split_lines(read_text(page.snippet))
    for block in reversed(page.blocks):
        if block.mark("raises"):
            lines[block.line - 1 : block.line - 1 + block.code.count("\n")] = guarded(block)
    text = "\n".join(POINTER.sub("", line) for line in lines if not MARKER.match(line))
    return re.sub(r"\n{4,}", "\n\n\n", text).strip() + "\n"


def guarded(block: Block) -> list[str]:
    """Return the block's lines so that a script prints the exception that they end with, and goes on."""
    tokens = tokenize.generate_tokens(io.StringIO(block.code).readline)
    inside = {line for token in tokens for line in range(token.start[0] + 1, token.end[0] + 1)}  # of a long string
    lines = enumerate(split_lines(block.code), 1)
    body = [line if number in inside or not line else f"    {line}" for number, line in lines]
    return ["try:", *body, "except Exception as error:", '    print(f"{type(error).__name__}: {error}")']


def heading(key: str, block: Block, torch: str) -> str:
    """Return the first line of a block's script: where it is from, and the newest torch in which it passed."""
    tested = f"tested with torch {torch}" if torch else "not yet tested"
    return f"# PyTorch Deep Dive, {key}: {block.name}, {tested}"


def script(page: Page, key: str, block: Block, torch: str) -> str:
    """Return what "Copy as script" gives: the heading, the blocks that the block needs, the block."""
    return "\n".join([heading(key, block, torch), *(part.code for part in page.program(block))])
