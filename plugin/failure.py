"""What a contributor is told about a block that failed: where it is, its code, what is wrong, what to run next."""

import re
from collections.abc import Sequence
from pathlib import Path

from blocks.read.page import Block
from blocks.run.shared.protocol import headline

AROUND = 3
OWN_FRAMES = re.compile(r'\n  File "[^"]*blocks.run.child.main\.py", line \d+ in .*', re.DOTALL)  # of an ended process
ABORTED = re.compile(r"^Fatal Python error: Aborted\n+", re.MULTILINE)


def report_on(
    block: Block, page: Path, root: Path, wrong: str, program: Sequence[Block] = (), unrecorded: str = ""
) -> str:
    """Return the report on a block of a page, or on its copy, run as this program.

    `unrecorded` says why nothing was recorded, where that was asked for.
    """
    wrong = ABORTED.sub("", OWN_FRAMES.sub("", wrong)).rstrip()
    what = headline(wrong)
    place, page_place = (path.relative_to(root).as_posix() for path in (block.source, page))
    where = f"  page    {page_place}:{block.page_line}\n  code    {place}:{block.line}"
    if program:
        where += f"\n  copy    {', '.join(part.name for part in program)}"
    again = f"  again   pytest {page_place}::{block.name}"
    if unrecorded:
        again += f"\n  record  nothing was recorded: {unrecorded}"
    elif not program and ("the record" in wrong or "picture" in wrong):
        again += f"\n  record  pytest {page_place} --update-outputs    if what it shows now is right"
    body = wrong if wrong.startswith("Traceback") else wrong.removeprefix(what).strip("\n")
    parts = (f"block '{block.name}': {what}\n{where}", excerpt(block, failing_line(block, wrong)), body, again)
    return "\n\n".join(part for part in parts if part)


def failing_line(block: Block, wrong: str) -> int | None:
    """Return the line of the block that a traceback passed through last, if there is one."""
    lines = re.findall(rf'File "{re.escape(str(block.source.resolve()))}", line (\d+)', wrong)
    inside = range(block.line, block.line + block.code.count("\n"))
    return next((int(line) for line in reversed(lines) if int(line) in inside), None)


def excerpt(block: Block, failing: int | None) -> str:
    """Return the code around a line of the block, that line marked; nothing where no line is known."""
    if failing is None:
        return ""
    lines = enumerate(block.code.splitlines(), start=block.line)
    shown = [(number, line) for number, line in lines if abs(number - failing) <= AROUND]
    return "\n".join(f"{'>' if number == failing else ' '} {number:4} | {line}".rstrip() for number, line in shown)
