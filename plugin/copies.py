"""Copies that begin another copy's program run in its process: they are that program up to their own block."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from blocks.read.page import Block
from blocks.run.runner import Runner
from blocks.run.shared.protocol import Result

if TYPE_CHECKING:
    from plugin.collector import PageFile

Names = tuple[str, ...]
RESULTS = pytest.StashKey[dict[Names, Result]]()
PROGRAMS = pytest.StashKey[list[Names]]()


def results_of(file: "PageFile", program: Sequence[Block], runner: Runner) -> list[Result]:
    """Return a result for each block of a copy's program, run in a process that has run nothing else before them."""
    wanted = tuple(block.name for block in program)
    known = file.stash.setdefault(RESULTS, {})
    if wanted not in known:
        longest = max((other for other in selected(file) if other[: len(wanted)] == wanted), key=len, default=wanted)
        for size, result in enumerate(runner.run(file.page, [file.page[name] for name in longest]), start=1):
            known[longest[:size]] = result
    return [known[wanted[:size]] for size in range(1, len(wanted) + 1)]


def selected(file: "PageFile") -> list[Names]:
    """Return the programs of all copies of the page that can run in this session."""
    from plugin.items import CopyItem  # late, since that imports this

    if PROGRAMS not in file.stash:
        items = [item for item in file.session.items if isinstance(item, CopyItem) and item.file is file]
        blocks = [item.block for item in items if not file.why_not(item.block)]
        file.stash[PROGRAMS] = [tuple(part.name for part in file.page.program(block)) for block in blocks]
    return file.stash[PROGRAMS]
