"""A tutorial: a percent-format script under `snippets/tutorials/`, whose code cells are named blocks."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.comments import COMMENT, check_comment
from blocks.read.front import without_front
from blocks.read.marks import Mark, read_mark
from blocks.read.regions import check_name
from blocks.text_files import read_text, split_lines

HEADER = re.compile(r"^# %%(?!%)")
LOOSE_HEADER = re.compile(r"^\s*#\s*%%(?!%)")
ASSET = re.compile(r'(\b(?:src|href)=")\.\./assets/')
LINK = re.compile(r'href="(?P<path>[^":#]+\.(?:md|py))(?P<anchor>#[^"]*)?"')


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
    """Return the code cells in order; raise `BadInput` for one without a name of its own, or that is not Python."""
    cells: dict[str, Cell] = {}
    marks: list[Mark] = []
    for header, line, body in split_cells(path):
        if header.startswith("["):
            marks = prose_marks(path, line, body)
            continue
        if "=" in header or "[" in header:
            raise BadInput(path, line - 1, f"'{header}' is more than a name", "Leave out tags and options of the cell")
        check_name(path, line - 1, header)
        if header in cells:
            place = cells[header].line - 1
            raise BadInput(path, line - 1, f"cell '{header}' is already on line {place}", "Rename one of them")
        code = "\n".join(body).rstrip() + "\n"
        check_syntax(path, line, code)
        cells[header] = Cell(header, code, line, tuple(marks))
        marks = []
    return list(cells.values())


def split_cells(path: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Yield what stands behind `# %%`, the number of the line after it, and the lines, for each cell."""
    script = read_text(path)
    lines = split_lines(script)
    for number, text in enumerate(lines, start=1):
        if LOOSE_HEADER.match(text) and not HEADER.match(text):
            advice = "Write '# %% name-of-the-block', or a comment without %% at its start"
            raise BadInput(path, number, "jupytext begins a cell here, and the guide does not", advice)
    starts = [number for number, line in enumerate(lines) if HEADER.match(line)]
    above = without_front(script).lstrip()
    if above and not HEADER.match(above):
        advice = "Open every cell with '# %% name' or '# %% [markdown]'; only front matter stands above them"
        raise BadInput(path, 1, "text outside a cell", advice)
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start].removeprefix("# %%").strip(), start + 2, lines[start + 1 : stop]


def prose_marks(path: Path, line: int, body: list[str]) -> list[Mark]:
    """Return the marks in a prose cell; refuse code that would be shown there without being run."""
    marks = []
    for number, text in enumerate(body, start=line):
        if re.match(r"^# *(?:`{3,}|~{3,}) *\{?\.?(?:py|python|bash|sh)\b", text):
            raise BadInput(path, number, "a Python fence in the prose", "Make it a cell, '# %% name-of-the-block'")
        indented = text.startswith("#     ") and not body[number - line - 1].strip("# ")
        if indented or (text.strip() and not text.startswith("#")):
            raise BadInput(path, number, "code in the prose, which no run saw", "Make it a cell, '# %% name-of-it'")
        check_comment(path, number, text)
        marks += [read_mark(mark, path, number) for mark in COMMENT.findall(text)]
    return marks


def check_syntax(path: Path, line: int, code: str) -> None:
    """Refuse a cell that is not Python."""
    try:
        compile("\n" * (line - 1) + code, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise BadInput(path, getattr(error, "lineno", None) or line, f"not Python: {error}", "Mend the cell") from None


def read_prose(path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the text of each prose cell with None, and for each code cell '' with its name."""
    import jupytext  # late, since only the site asks for prose

    for cell in jupytext.reads(without_front(read_text(path)), fmt="py:percent").cells:
        if cell.cell_type == "code":
            yield "", cell.metadata["title"]
        else:
            yield COMMENT.sub("", cell.source).strip() + "\n\n", None


def with_links(path: Path, html: str, title: Callable[[str], tuple[str, str] | None], top: str) -> str:
    """Return the rendered prose with its links to pages leading to where these are built, and its headings' marks.

    `top` leads from the tutorial to the site's root, where its pictures are.
    """

    def built(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("tutorials", link["path"]))
        if not (found := title(target)):
            raise BadInput(path, 1, f"a link leads to '{link['path']}', which is no page", "Mend the link")
        return f'href="{found[1]}{link["anchor"] or ""}"'

    html = ASSET.sub(rf"\1{top}assets/", html)
    return LINK.sub(built, html).replace('class="anchor-link"', 'class="headerlink" title="Link to this section"')
