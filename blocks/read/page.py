"""A page and its blocks: `docs/x.md` shows the regions of `snippets/x.py`, one fence each, in the same order."""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import count, product
from pathlib import Path
from string import ascii_lowercase

from blocks.errors import BadInput, read_text
from blocks.read.fences import Fence, read_fences
from blocks.read.marks import PERMANENT, Mark
from blocks.read.paths import snippet_path
from blocks.read.pointers import without_pointers
from blocks.read.regions import Region, check_code_outside, read_regions
from blocks.read.tutorial import is_tutorial, read_cells
from blocks.read.visible import check_code

INCLUDE = re.compile(r'^-{2,}8<-{2,} +"(?P<path>[^":]+)(?::(?P<region>[^":]*))?"[ \t]*$')
INSTALLS = re.compile(
    r"\b(pip3?|uv|conda|mamba|brew|apt(-get)?|npm)\b.* (install|add|sync|create)\b|\b(curl|wget)\b|\bgit clone\b"
)


@dataclass(frozen=True)
class Block:
    """One named piece of code that a page shows and a run executes."""

    name: str
    """Test id, output key and anchor."""
    kind: str
    """`python` or `bash`."""
    code: str
    """Exactly what the page shows."""
    page_line: int
    """Line of its fence on the page."""
    source: Path
    """File that holds the code: the snippet, or the page for a shell block."""
    line: int
    """Line of `source` that holds the first line of the code."""
    marks: tuple[Mark, ...] = ()
    """What the page declares about it."""
    lights: tuple[int, ...] = ()
    """Lines of the code that are the point."""
    notes: tuple[int, ...] = ()
    """Lines of the code that the notes below it are about."""

    def mark(self, name: str) -> Mark | None:
        """Return the mark of that name, if the block has it."""
        return next((mark for mark in self.marks if mark.name == name), None)


@dataclass(frozen=True)
class Page:
    """One page with its blocks in page order."""

    path: Path
    """The Markdown file, or the script of a tutorial."""
    snippet: Path
    """The Python file with the same stem; it exists if a block comes from it."""
    blocks: tuple[Block, ...]
    """In page order, which is also snippet order."""

    def __getitem__(self, name: str) -> Block:
        return next(block for block in self.blocks if block.name == name)

    @cached_property
    def python(self) -> dict[str, Block]:
        """The Python blocks by name, in page order."""
        return {block.name: block for block in self.blocks if block.kind == "python"}

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The code of each Python block."""
        return tuple(block.code for block in self.python.values())

    @property
    def prefix(self) -> dict[str, tuple[str, ...]]:
        """Names of the Python blocks up to and including each block."""
        names = tuple(self.python)
        return {name: names[: i + 1] for i, name in enumerate(names)}


def read_page(path: Path, root: Path) -> Page:
    """Return the page; raise `BadInput` where page and snippet do not make one program."""
    if is_tutorial(path):
        cells = read_cells(path)
        blocks = tuple(Block(cell.name, "python", cell.code, cell.line, path, cell.line, cell.marks) for cell in cells)
        return Page(path, path, blocks)
    snippet = snippet_path(path, root)
    regions = read_regions(snippet) if snippet.exists() else {}
    shells = ("shell-" + "".join(letters) for size in count(1) for letters in product(ascii_lowercase, repeat=size))
    blocks = tuple(
        python_block(path, fence, snippet, root, regions)
        if fence.kind == "python"
        else shell_block(path, fence, next(shells))
        for fence in read_fences(path, read_text(path))
        if fence.kind
    )
    check_order(path, snippet, [block for block in blocks if block.kind == "python"], regions)
    return Page(path, snippet, blocks)


def python_block(path: Path, fence: Fence, snippet: Path, root: Path, regions: dict[str, Region]) -> Block:
    """Return the block that a Python fence includes from the page's own snippet."""
    lines = fence.text.splitlines()
    include = INCLUDE.match(lines[0]) if len(lines) == 1 else None
    own = snippet.relative_to(root / "snippets").as_posix()
    advice = f'Write one line: --8<-- "{own}:region-name"'
    if not include:
        more = any(INCLUDE.match(line) for line in lines)
        problem = "a Python fence holds more than one include" if more else "a Python fence holds its own code"
        raise BadInput(path, fence.line, problem, advice)
    if include["path"] != own:
        raise BadInput(path, fence.line, f"the fence includes '{include['path']}', not this page's snippet", advice)
    if not snippet.exists():
        raise BadInput(path, fence.line, f"{snippet} does not exist", "Create it, or mend the include")
    region = regions.get(include["region"] or "")
    if region is None:
        problem = f"no region '{include['region'] or ''}' in {own}"
        raise BadInput(path, fence.line, problem, f"It has: {', '.join(regions) or 'none'}")
    line, code = region.shown()
    code, *pointers = without_pointers(snippet, line, code)
    check_code(snippet, line, code)
    return Block(region.name, "python", code, fence.line, snippet, line, fence.marks, *pointers)


def shell_block(path: Path, fence: Fence, name: str) -> Block:
    """Return the block of a shell fence; one that would install or download is skipped with that reason."""
    marks = fence.marks
    if INSTALLS.search(fence.text) and not any(mark.name == "skip" for mark in marks):
        marks += (Mark("skip", (), {"reason": "it would install or download", "until": PERMANENT}),)
    check_code(path, fence.line + 1, fence.text)
    return Block(name, "bash", fence.text, fence.line, path, fence.line + 1, marks)


def check_order(path: Path, snippet: Path, blocks: list[Block], regions: dict[str, Region]) -> None:
    """Refuse a page whose blocks are not exactly the regions of its snippet, in order."""
    seen: dict[str, Block] = {}
    for block in blocks:
        if block.name in seen:
            first = seen[block.name].page_line
            raise BadInput(path, block.page_line, f"region '{block.name}' is shown on line {first} too", "Show it once")
        seen[block.name] = block
    for region in regions.values():
        if region.name not in seen:
            raise BadInput(snippet, region.line - 1, f"no fence shows region '{region.name}'", f"Show it in {path}")
    for block, name in zip(blocks, regions, strict=True):
        if block.name != name:
            raise BadInput(path, block.page_line, f"'{block.name}' comes before '{name}'", "Keep the snippet's order")
    if snippet.exists():
        check_code_outside(snippet, regions)
