"""A block that ends its process, or leaves it of no use, as an error on a GPU does: it has one of its own."""

import re
from dataclasses import replace

from blocks.read.page import Block, Page
from blocks.run.shared.protocol import Result, headline

MARK = "ends_process"


def program(page: Page, block: Block) -> list[Block]:
    """Return the block with those that it needs, without others that end their process."""
    return [part for part in page.program(block) if part is block or not part.mark(MARK)]


def judge_end(block: Block, results: list[Result]) -> Result:
    """Return the result of such a block from those of its program: right if it ended, and said what it should.

    What it printed last is then the line that matches, or how it ended.
    """
    *before, last = results
    for result in before:
        if result.outcome != "passed":
            return replace(last, outcome="failed", reason=f"'{result.name}', which it needs, failed:\n{result.reason}")
    if last.outcome == "passed":
        return replace(last, outcome="failed", reason="the block went on, and should end its process")
    if not last.end and not last.reason.startswith("Traceback"):
        return last  # ended by a limit
    mark = block.mark(MARK)
    pattern = mark.kwargs.get("match", "") if mark else ""
    end = f"The process {last.end.replace('ended its process', 'ended')}" if last.end else headline(last.reason)
    lines = [*last.reason.splitlines(), end]
    said = next((line for line in reversed(lines) if re.search(pattern, line)), None)
    if said is None:
        reason = f"the process should say what matches {pattern!r} as it ends:\n{last.reason}"
        return replace(last, reason=reason)
    return replace(last, outcome="passed", reason="", output=f"{last.output}{said.strip()}\n")
