"""Named regions of a snippet or of its recorded output, between pymdownx snippet markers."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from blocks.errors import BadInput, read_text, split_lines
from blocks.needs.reader import is_main_guard

MARKER = re.compile(r"^[ \t]*# *-{2,}8<-{2,} *\[ *(?P<kind>\w+) *: *(?P<name>[^\]\s]*) *\][ \t]*$")
LOOSE = re.compile(r"-8<-+ *\[ *(?:start|end)")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
EMPTY_NAMES = {"code", "example", "here", "main", "output", "snippet", "test"}


@dataclass(frozen=True)
class Region:
    """The lines between one pair of markers."""

    name: str
    """Kebab-case, unique in the file."""
    line: int
    """Line of the file that holds the region's first line, counted from 1."""
    text: str
    """The lines as they stand, each with its line end."""

    def shown(self) -> tuple[int, str]:
        """Return the number of the first line of code, and the code without common indentation and blank ends."""
        text = dedent(self.text).rstrip() + "\n"
        code = text.lstrip("\n") or "\n"
        return self.line + len(text) - len(code), code


def read_regions(path: Path) -> dict[str, Region]:
    """Return the file's regions in order; raise `BadInput` on unpaired, nested or repeated markers."""
    regions: dict[str, Region] = {}
    opened: tuple[str, int] | None = None
    lines = split_lines(read_text(path))
    for number, line in enumerate(lines, start=1):
        found = MARKER.match(line)
        if not found:
            check_no_marker(path, number, line)
            continue
        kind, name = found["kind"], found["name"]
        if kind == "start":
            check_start(path, number, name, opened, regions)
            opened = name, number
        elif kind == "end" and opened and opened[0] == name:
            text = "".join(f"{line}\n" for line in lines[opened[1] : number - 1])
            regions[name] = Region(name, opened[1] + 1, text)
            opened = None
        else:
            raise BadInput(path, number, f"marker [{kind}:{name}] closes nothing", "Pair it with its start marker")
    if opened:
        raise BadInput(path, opened[1], f"region '{opened[0]}' is not closed", f"Add [end:{opened[0]}]")
    return regions


def check_no_marker(path: Path, line: int, text: str) -> None:
    """Refuse a marker that the site or this module might read in another way than it was meant."""
    if LOOSE.search(text):
        advice = "Give it a line of its own, like '# --8<-- [start:slice-rows]'"
        raise BadInput(path, line, "a marker that does not stand alone", advice)


def check_start(path: Path, line: int, name: str, opened: tuple[str, int] | None, regions: dict[str, Region]) -> None:
    """Refuse a start marker that nests, repeats a name, or whose name says nothing."""
    if opened:
        raise BadInput(path, line, f"region '{name}' starts inside '{opened[0]}'", f"End '{opened[0]}' first")
    if name in regions:
        raise BadInput(path, line, f"region '{name}' is already on line {regions[name].line - 1}", "Rename one of them")
    check_name(path, line, name)


def check_name(path: Path, line: int, name: str) -> None:
    """Refuse a block name that is not kebab-case or does not say what the block shows."""
    if not NAME.fullmatch(name):
        raise BadInput(path, line, f"'{name}' is not kebab-case", "Name the block like 'slice-rows'")
    if name in EMPTY_NAMES or name[-1].isdigit():
        raise BadInput(path, line, f"'{name}' does not say what the block shows", "Name the block like 'slice-rows'")


def check_code_outside(path: Path, regions: dict[str, Region]) -> None:
    """Refuse executable code that no region holds, but for the docstring and a main guard."""
    if are_all(read_text(path), regions):
        return
    inside = {n for region in regions.values() for n in range(region.line, region.line + region.text.count("\n"))}
    try:
        body = ast.parse(read_text(path), filename=str(path)).body
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise BadInput(path, line, f"not Python: {error}", "Mend the snippet") from None
    if body and is_docstring(body[0]):
        body = body[1:]
    for node in body:
        for part in node.body if isinstance(node, ast.If) and is_main_guard(node) else [node]:
            if not set(range(part.lineno, (part.end_lineno or part.lineno) + 1)) <= inside:
                raise BadInput(path, part.lineno, "code outside a region", "Put it between markers and show it")


def are_all(text: str, regions: dict[str, Region]) -> bool:
    """Tell whether each region is a program by itself and only a docstring stands before them, as is almost always so.

    This is cheaper than a syntax tree of the whole file.
    """
    lines = split_lines(text)
    for region in regions.values():
        size = region.text.count("\n")
        lines[region.line - 1 : region.line - 1 + size] = [""] * size
    try:
        around = ast.parse("\n".join(lines)).body
        for region in regions.values():
            compile(region.shown()[1], region.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    first = min((region.line for region in regions.values()), default=0)
    return all(is_docstring(node) and node.lineno < first for node in around[:1]) and len(around) <= 1


def is_docstring(node: ast.stmt) -> bool:
    """Tell whether the statement is a bare string."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
