"""What a block needs and why, what its copy as a script is, and where exactly this code has passed."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from blocks.errors import BadInput
from blocks.needs.needs import Source, reasons
from blocks.read.page import Block, Page, read_page
from blocks.read.paths import is_page
from blocks.records.record import code_hash, passed_in, read_records

HELP = "tell what a block needs and why, and where it passed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("block", help="page and block, such as docs/tensors/creating.md::ranges")


def run(root: Path, options: argparse.Namespace) -> int:
    """Print the explanation."""
    name, _, wanted = options.block.partition("::")
    path = (Path.cwd() / name).resolve()
    if not path.is_file() or not is_page(path, root):
        raise BadInput(path, 1, "no such page", "Write it like docs/tensors/creating.md::ranges")
    page = read_page(path, root)
    known = [block.name for block in page.blocks]
    if wanted not in known:
        raise BadInput(path, 1, f"no block '{wanted}'", f"It has: {', '.join(known)}")
    print("\n".join(explanation(page, page[wanted], root)))
    return 0


def explanation(page: Page, block: Block, root: Path) -> Iterator[str]:
    """Yield the lines of the explanation."""
    program = page.program(block)
    yield f"{page.path.relative_to(root)}:{block.page_line}: '{block.name}'"
    parts = [Source(part.name, part.code if part.kind == "python" else "") for part in program]
    for part, names in reasons(parts):
        yield f"  needs '{part.name}' for {', '.join(names) or 'what names do not tell: a mark says so'}"
    records = read_records(root / "docs" / "records")
    passed = passed_in(records, page.key, block.name, code_hash(page, block))
    yield from (f"  passed on {environment}" for environment in passed)
    if not passed:
        yield "  has not passed anywhere as it is now"
    yield "\n".join(["", "its copy as a script:", "", *(part.code for part in program)]).rstrip()
