"""The runs of copies: those of a page together, as they begin alike, and one by itself where that is not right."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from blocks.read.page import Block
from blocks.run.job import Program, names_of
from blocks.run.runner import Runner
from blocks.run.shared.protocol import Result

if TYPE_CHECKING:
    from plugin.collector import PageFile

RESULTS = pytest.StashKey[dict[Program, Result]]()


def runs_of(file: "PageFile", program: Sequence[Block], runner: Runner) -> Iterator[list[Result]]:
    """Yield a result for each block of a copy's program, from a run with the page's other copies, then from its own."""
    if RESULTS not in file.stash:
        file.stash[RESULTS] = dict(runner.run_together(file.page, selected(file)))
    shared, names = file.stash[RESULTS], names_of(program)
    if names in shared:
        yield [shared[names[:size]] for size in range(1, len(names) + 1)]
    yield list(runner.run(file.page, program))


def selected(file: "PageFile") -> list[Program]:
    """Return the programs of all copies of the page that are to run in this session."""
    from plugin.items import CopyItem  # late, since that imports this

    items = [item for item in file.session.items if isinstance(item, CopyItem) and item.file is file]
    return [names_of(file.page.program(item.block)) for item in items if not file.why_not(item.block)]
