"""What a new process is given: steps to execute, limits, and a main module that is not this program's own."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from blocks.read.page import Block, Page
from blocks.run.shared.protocol import Job, Step
from blocks.run.skip_conditions import must_allocate

Program = tuple[str, ...]  # names of blocks of a page, in order
WRITING = "__import__('pathlib').Path({!r}).write_text({!r}, 'utf-8')\n"  # which leaves no name behind


@dataclass(frozen=True)
class Limits:
    """What one block may take."""

    seconds: float = 120.0
    """Wall time."""
    memory: int = 8 * 2**30
    """Bytes resident in the block's process and its children."""
    printed: int = 2**20
    """Bytes printed."""

    def passed(self, seconds: float, memory: int, printed: int) -> str:
        """Return which limit is passed, or nothing."""
        if printed > self.printed:
            return f"printed more than {self.printed:,} bytes"
        if seconds > self.seconds:
            return f"took longer than {self.seconds:g} s"
        return f"used more than {self.memory / 2**30:.1f} GiB of memory" if memory > self.memory else ""


def names_of(blocks: Sequence[Block]) -> Program:
    """Return the program that these blocks are."""
    return tuple(block.name for block in blocks)


def make_job(page: Page, programs: Sequence[Program], folder: Path, root: Path, device: str) -> Job:
    """Return what the child needs to run programs of the page, which share the blocks that they begin with."""
    order = beginnings(programs)
    blocks = [page[names[-1]] for names in order]
    steps = [replace(step(page, block), depth=len(names) - 1) for names, block in zip(order, blocks, strict=True)]
    allocates = device != "cpu" and must_allocate(page, blocks)
    return Job(str(page.snippet.resolve()), tuple(steps), str(folder), str(root.resolve()), device, allocates)


def beginnings(programs: Sequence[Program]) -> list[Program]:
    """Return every beginning of the programs once, each followed by those that go on from it."""
    order: dict[str, list[Program]] = {}
    for program in programs:
        if program:
            order.setdefault(program[0], []).append(program[1:])
    return [(first, *rest) for first, others in order.items() for rest in ((), *beginnings(others))]


def step(page: Page, block: Block) -> Step:
    """Return what the child needs to execute a block of the page."""
    copy = "\n\n".join(part.text for part in page.program(block) if part.kind == "python")
    expected = {mark.name: (mark.args, mark.kwargs) for mark in block.marks if mark.name in ("raises", "warns")}
    names = {name: tuple(kind.__name__ for kind in args) for name, (args, _) in expected.items()}
    matches = {name: kwargs.get("match", "") for name, (_, kwargs) in expected.items()}
    code, line = block.code, block.line
    if block.file:
        code = WRITING.format(block.file, code)
    elif block.kind == "python" and (future := page.blocks[0].future):  # on the first line, for its features
        code, line = future + "\n" * (line - 1) + code, 1
    return Step(block.name, block.kind, code, str(block.source.resolve()), line, names, matches, copy, block.seconds)


@contextlib.contextmanager
def bare_main() -> Iterator[None]:
    """Hide this program's own main module, which a new process would otherwise import again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
