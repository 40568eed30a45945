"""What a block needs and why, what its copy as a script is, and where exactly this code has passed."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from blocks.errors import BadInput
from blocks.needs.effects import read_effects
from blocks.needs.needs import needs
from blocks.read.page import Block, Page, read_page
from blocks.read.paths import is_page
from blocks.record.record import code_hash, page_key, passed_in, read_records

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
    print("\n".join(explained(page, page[wanted], root)))
    return 0


def explained(page: Page, block: Block, root: Path) -> Iterator[str]:
    """Yield the lines of the explanation."""
    program = needs(page, block)
    yield f"{page.path.relative_to(root)}:{block.page_line}: '{block.name}'"
    for part, names in reasons(program):
        yield f"  needs '{part.name}' for {', '.join(names) or 'what it changes or draws'}"
    records = read_records(root / "docs" / "records")
    passed = passed_in(records, page_key(page, root), block.name, code_hash(page, block))
    yield from (f"  passed on {environment}" for environment in passed)
    if not passed:
        yield "  has not passed anywhere as it is now: run its page with --record"
    yield "\n".join(["", "its copy as a script:", "", *(part.code for part in program)]).rstrip()


def reasons(program: list[Block]) -> Iterator[tuple[Block, list[str]]]:
    """Yield each block but the last with the names that it gives to the blocks after it."""
    effects = read_effects(tuple(block.code for block in program)) if program[-1].kind == "python" else []
    for index, part in enumerate(program[:-1]):
        later = {name for effect in effects[index + 1 :] for name in (*effect.uses, *effect.later)}
        yield part, sorted(set(effects[index].binds) & later)
