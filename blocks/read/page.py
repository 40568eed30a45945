"""A page and its blocks: `docs/x.md` shows the regions of `snippets/x.py`, one fence each, in the same order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, product
from pathlib import Path
from string import ascii_lowercase

from blocks.errors import BadInput
from blocks.needs.needs import Source, needs
from blocks.read.anchors import check_anchors
from blocks.read.block import Block, python_block, shell_block
from blocks.read.fences import read_fences
from blocks.read.front import front_matter, names
from blocks.read.levels import under_main_guard
from blocks.read.paths import snippet_path
from blocks.read.regions import Region, read_regions
from blocks.read.tutorial import is_tutorial, read_cells
from blocks.text_files import read_text

__all__ = ["Block", "Page", "read_page"]


@dataclass(frozen=True)
class Page:
    """One page with its blocks in page order."""

    path: Path
    """The Markdown file, or the script of a tutorial."""
    snippet: Path
    """The Python file with the same stem; it exists if a block comes from it."""
    blocks: tuple[Block, ...]
    """In page order, which is also snippet order."""
    key: str = ""
    """Its name in records and addresses: section and stem."""
    packages: tuple[str, ...] = ()
    """Packages it needs beyond those that every page may use."""
    systems: tuple[str, ...] = ()
    """Systems that it is for, as environments name them; none stands for all."""
    devices: tuple[str, ...] = ()
    """Kinds of devices that it is for: `cpu`, `cuda`, `simulated`; none stands for all."""

    def __getitem__(self, name: str) -> Block:
        return self.by_name[name]

    @cached_property
    def by_name(self) -> dict[str, Block]:
        """The blocks by their names."""
        return {block.name: block for block in self.blocks}

    @cached_property
    def codes(self) -> dict[str, str]:
        """The code of each Python block by its name."""
        return {block.name: block.code for block in self.blocks if block.kind == "python"}

    def program(self, block: Block) -> list[Block]:
        """Return the blocks of a block's runnable copy, in page order, itself last."""
        return [*map(self.by_name.__getitem__, block.needs), block]

    def before(self, block: Block) -> list[Block]:
        """Return the blocks that a run of the page executes before a block."""
        return [part for part in self.blocks[: self.blocks.index(block)] if not part.mark("skip")]


def read_page(path: Path, root: Path) -> Page:
    """Return the page; raise `BadInput` where page and snippet do not make one program."""
    if is_tutorial(path):
        cells = read_cells(path)
        blocks = tuple(Block(cell.name, "python", cell.code, cell.line, path, cell.line, cell.marks) for cell in cells)
        return Page(path, path, with_needs(path, blocks), f"tutorials/{path.stem}")
    snippet, text = snippet_path(path, root), read_text(path)
    regions = read_regions(snippet) if snippet.exists() else {}
    shells = ("shell-" + "".join(letters) for size in count(1) for letters in product(ascii_lowercase, repeat=size))
    blocks = tuple(
        python_block(path, fence, snippet, root, regions)
        if fence.kind == "python"
        else shell_block(path, fence, next(shells))
        for fence in read_fences(path, text)
        if fence.kind
    )
    check_order(path, snippet, [block for block in blocks if block.kind == "python"], regions)
    check_anchors(path, text, [block.name for block in blocks])
    below = under_main_guard(snippet, regions) if snippet.exists() else set[str]()
    blocks = tuple(replace(block, guarded=block.name in below) for block in blocks)
    key = path.relative_to(root / "docs").with_suffix("").as_posix()
    front = front_matter(path, text)
    limits = {word: names(path, front, word) for word in ("packages", "systems", "devices")}
    return Page(path, snippet, with_needs(path, blocks), key, **limits)


def with_needs(path: Path, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks of a page, each with what it needs by the names in its code and by its mark."""
    sources = []
    known: list[str] = []
    future = [block.name for block in blocks[:1] if block.future]
    files: dict[str, str] = {}
    for block in blocks:
        mark = block.mark("needs")
        declared = (*(mark.args if mark else ()), *files_of(block, files))
        for name in declared:
            if name not in known:
                problem = f"'{block.name}' needs '{name}', which is no block above it"
                raise BadInput(path, block.page_line, problem, f"Above it are: {', '.join(known) or 'none'}")
        python = block.kind == "python" and not block.file
        code, first = (block.code, future if known else []) if python else ("", [])
        broken = bool(block.mark("raises") or block.mark("ends_process"))
        sources.append(Source(block.name, code, (*first, *declared), broken))
        known.append(block.name)
        files |= {block.file: block.name} if block.file else {}
    return tuple(replace(block, needs=names) for block, names in zip(blocks, needs(sources), strict=True))


def files_of(block: Block, files: Mapping[str, str]) -> list[str]:
    """Return the earlier blocks whose files a shell block names."""
    named = [name for file, name in files.items() if re.search(rf"(?<![\w./-]){re.escape(file)}(?![\w.-])", block.code)]
    return named if block.kind == "bash" else []


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
