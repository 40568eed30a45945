"""A tutorial: a percent-format script under `snippets/tutorials/`, whose code cells are named blocks."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jupytext

from blocks.errors import BadInput, read_text
from blocks.marks import Mark, read_mark
from blocks.regions import check_name

HEADER = re.compile(r"^# %%(?P<rest>.*)$")
LINK = re.compile(r'href="(?P<path>[^":#]+\.md)(?P<anchor>#[^"]*)?"')
COMMENT = re.compile(r"<!--[-\s]*(pytest\.mark\..*?)[-\s]*-->")


@dataclass(frozen=True)
class Cell:
    """One code cell, with the marks at the end of the prose above it."""

    name: str
    """The title of the cell."""
    code: str
    """The cell's lines."""
    line: int
    """Line of the script that holds the cell's first line."""
    marks: tuple[Mark, ...]
    """What the comments above it declare."""


def is_tutorial(path: Path) -> bool:
    """Tell whether the file is the script of a tutorial."""
    return path.suffix == ".py" and path.parent.name == "tutorials" and path.parent.parent.name == "snippets"


def read_cells(path: Path) -> list[Cell]:
    """Return the code cells in order; raise `BadInput` for a cell without a name of its own."""
    text = read_text(path)
    headers = [number for number, line in enumerate(text.splitlines(), start=1) if HEADER.match(line)]
    notebook = jupytext.reads(text, fmt="py:percent")
    if len(headers) != len(notebook.cells):
        raise BadInput(path, 1, "text outside a cell", "Open every cell with '# %% name' or '# %% [markdown]'")
    cells: dict[str, Cell] = {}
    marks: list[str] = []
    for line, cell in zip(headers, notebook.cells, strict=True):
        if cell.cell_type != "code":
            marks = COMMENT.findall(cell.source)
            continue
        name = cell.metadata.get("title", "")
        check_name(path, line, name)
        if name in cells:
            raise BadInput(path, line, f"cell '{name}' is already on line {cells[name].line - 1}", "Rename one of them")
        cells[name] = Cell(name, cell.source + "\n", line + 1, tuple(read_mark(mark, path, line) for mark in marks))
        marks = []
    return list(cells.values())


def read_prose(path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the text of each prose cell with None, and for each code cell '' with its name."""
    for cell in jupytext.reads(read_text(path), fmt="py:percent").cells:
        if cell.cell_type == "code":
            yield "", cell.metadata["title"]
        else:
            yield COMMENT.sub("", cell.source).strip() + "\n\n", None


def with_links(path: Path, html: str, addresses: Mapping[str, str]) -> str:
    """Return the rendered prose with its links to pages leading to where these are built, and its headings' marks."""

    def built(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("tutorials", link["path"]))
        if target not in addresses:
            raise BadInput(path, 1, f"a link leads to '{link['path']}', which is no page", "Mend the link")
        return f'href="{addresses[target]}{link["anchor"] or ""}"'

    return LINK.sub(built, html).replace('class="anchor-link"', 'class="headerlink" title="Link to this section"')
